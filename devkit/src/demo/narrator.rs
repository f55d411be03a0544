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
    println!("{}", demo.cluster.kubectl(arguments).await?);
    Ok(())
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
