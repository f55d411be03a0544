//! How the demo speaks: in lines of at most 80 columns, between the commands that it runs.

use super::cluster::Error;
use super::processes::Processes;
use crate::sandbox::Command;

/// Widest line; only what cannot be broken is wider.
const WIDTH: usize = 80;

/// A paragraph of its own.
pub(super) fn say(text: &str) {
    println!("\n{}\n", wrapped(text, "── ", "   "));
}

/// What something says, below a line that tells what.
pub(super) fn tell(who: &str, words: &str) {
    paragraph(3, who);
    paragraph(5, words);
}

/// A paragraph that begins so far to the right.
pub(super) fn paragraph(indent: usize, text: &str) {
    let indent = " ".repeat(indent);
    println!("{}", wrapped(text, &indent, &indent));
}

/// A text that is shown as it is, with lines that are too long broken and indented further.
pub(super) fn print_broken(text: &str) {
    for line in text.lines() {
        let words = line.trim_start();
        let indent = line.strip_suffix(words).unwrap_or_default();
        println!("{}", wrapped(words, indent, &format!("{indent}    ")));
    }
}

/// Runs kubectl and shows what it prints.
pub(super) async fn show(demo: &Processes, arguments: &[&str]) -> Result<(), Error> {
    println!("$ kubectl {}", arguments.join(" "));
    println!("{}", narrowed(&demo.cluster.kubectl(arguments).await?));
    Ok(())
}

/// A table that is too wide, with one blank between its columns in place of kubectl's three.
fn narrowed(table: &str) -> String {
    let lines: Vec<Vec<char>> = table.lines().map(|line| line.chars().collect()).collect();
    if lines.iter().all(|line| line.len() <= WIDTH) {
        return table.to_owned();
    }
    let is_blank = |at: usize| lines.iter().all(|line| line.get(at).is_none_or(|c| *c == ' '));
    let kept = |line: &Vec<char>| -> String {
        let of_columns = line
            .iter()
            .enumerate()
            .filter(|(at, _)| !is_blank(*at) || *at > 0 && !is_blank(at - 1));
        of_columns.map(|(_, c)| *c).collect()
    };
    lines
        .iter()
        .map(|line| kept(line).trim_end().to_owned() + "\n")
        .collect()
}

/// Changes something in Jira.
pub(super) fn change(demo: &Processes, command: Command) -> Result<(), Error> {
    demo.sandbox
        .command(command)
        .map(|_| ())
        .map_err(|error| Error::Start(error.to_string()))
}

fn wrapped(text: &str, first: &str, further: &str) -> String {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(further)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_table_that_is_too_wide_has_narrow_gaps() {
        let site = "https://acme.atlassian.net";
        let table = |name: usize| {
            let row = |cells: [&str; 3]| format!("{:name$}   {:6}   {}\n", cells[0], cells[1], cells[2]);
            row(["NAME", "READY", "SITE"]) + &row(["acme", "True", site])
        };
        assert_eq!(narrowed(&table(20)), table(20));
        let wide = narrowed(&table(43));
        let lines: Vec<&str> = wide.lines().collect();
        assert!(lines.iter().all(|line| line.len() <= WIDTH), "{wide}");
        assert_eq!(lines[0].find("SITE"), lines[1].find(site));
        assert_eq!(
            lines[0].split_whitespace().collect::<Vec<_>>(),
            ["NAME", "READY", "SITE"]
        );
    }
}
