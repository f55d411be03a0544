//! How a report reaches the person or the program that asked: the format, the terminal's width,
//! and whether it takes colours.

use std::{
    io::{IsTerminal, Write},
    os::fd::AsFd,
};

use clap::ValueEnum;
use terminal_size::{Width, terminal_size_of};

use super::{
    error::CliError,
    layout::{self, Block, PageLayout},
    render,
    report::CheckReport,
};

/// Columns where there is no terminal to ask.
const COLUMNS: usize = 80;

/// The format of what is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Grouped by object, for people.
    #[default]
    Text,
    /// One line for each thing that is not fine.
    Short,
    /// A list of {object, namespace, name, condition, status, reason, message, hint}.
    Json,
    /// The same as YAML.
    Yaml,
}

/// The report as text for people on standard error.
#[must_use]
pub fn on_stderr(report: &CheckReport) -> String {
    render::text(report, page(&std::io::stderr()))
}

/// Says something on standard error, wrapped to its width. A terminal that is gone does not matter: what is
/// under way is finished.
pub fn say_on_stderr(text: &str) {
    show_on_stderr(&layout::prose(text, page(&std::io::stderr())));
}

/// The same as it stands.
pub fn show_on_stderr(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Says something on standard output, wrapped.
pub fn say(text: &str) {
    let text = layout::prose(text, page(&std::io::stdout()));
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Prints blocks of text on standard output, each wrapped after what it starts with, a blank line
/// before each paragraph.
pub fn say_blocks(blocks: &[Block]) -> Result<(), CliError> {
    print_text(&layout::blocks(blocks, page(&std::io::stdout())))
}

/// Prints text as it stands.
pub fn print_text(text: &str) -> Result<(), CliError> {
    written_out(text).map_err(CliError::system("it could not be printed"))
}

fn written_out(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints the report.
pub fn print(report: &CheckReport, format: OutputFormat) -> Result<(), CliError> {
    let text = written(report, format, page(&std::io::stdout()))?;
    written_out(&text).map_err(CliError::system("the findings could not be printed"))
}

fn written(report: &CheckReport, format: OutputFormat, page: PageLayout) -> Result<String, CliError> {
    match format {
        OutputFormat::Text => Ok(render::text(report, page)),
        OutputFormat::Short => Ok(render::short(report)),
        OutputFormat::Json => Ok(serde_json::to_string_pretty(&report.rows())? + "\n"),
        OutputFormat::Yaml => Ok(serde_saphyr::to_string(&report.rows())?),
    }
}

fn page(out: &(impl IsTerminal + AsFd)) -> PageLayout {
    let terminal = out.is_terminal();
    let width = terminal_size_of(out).map(|(Width(columns), _)| usize::from(columns));
    PageLayout {
        width: width.filter(|width| terminal && *width > 0).unwrap_or(COLUMNS),
        colour: terminal && wants_colour(|name| std::env::var(name).ok()),
    }
}

/// Whether a terminal may be written to in colours: see no-color.org and bixense.com/clicolors.
fn wants_colour(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is = |name: &str, value: &str| variable(name).is_some_and(|v| v == value);
    let no_colour = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_colour && !is("CLICOLOR", "0") && !is("TERM", "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_can_be_declined() {
        let with = |name: &'static str, value: &'static str| {
            wants_colour(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert!(with("TERM", "xterm"));
        assert!(with("NO_COLOR", ""), "empty counts as unset");
        assert!(!with("NO_COLOR", "1"));
        assert!(!with("CLICOLOR", "0"));
        assert!(with("CLICOLOR", "1"));
        assert!(!with("TERM", "dumb"));
    }
}
