//! `jira-operator completions`: what a shell needs to complete commands and flags.

use std::io::Write;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

use super::context::CliError;

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Options {
    /// The shell.
    shell: SupportedShell,
}

/// Shells that are completed in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SupportedShell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script for the program under this name.
pub(super) fn run(options: &Options, mut command: Command, name: &str) -> Result<(), CliError> {
    let shell = match options.shell {
        SupportedShell::Bash => Shell::Bash,
        SupportedShell::Zsh => Shell::Zsh,
        SupportedShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}
