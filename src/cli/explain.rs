//! `jira-operator explain`: what the documentation says of a reason, for who has the program and not
//! its documentation.

use clap::Args;

use super::markdown::{anchor, headings, lines, section};
use crate::cli::context::{Block, CliError, say_blocks};
use crate::{
    api::reason::{Holds, Reason},
    diagnose::nearest,
};

/// What the documentation says of the reasons, and what is done about them in Jira.
const TROUBLESHOOTING: &str = include_str!("../../docs/troubleshooting.md");
/// The heading that all reasons share which name the condition to fix first.
const SKIPPED: &str = "skippedafter";

/// Options of `explain`.
// What stands here is what --help prints, where Markdown has no place.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Args)]
pub struct Options {
    /// A reason, such as ProjectArchived, a condition, or one of the topics that a text names.
    /// Without one, all are listed.
    topic: Option<String>,
}

/// Prints what there is to say of the topic, or the topics.
pub(super) fn run(options: &Options) -> Result<(), CliError> {
    let blocks = match &options.topic {
        Some(topic) => blocks(&find(topic)?),
        None => contents(),
    };
    say_blocks(&blocks)
}

fn find(topic: &str) -> Result<String, CliError> {
    let wanted = anchor(topic);
    let mut reasons = Reason::ALL.iter();
    let reason = reasons.find(|reason| reason.as_str().to_lowercase() == wanted);
    let found = section(TROUBLESHOOTING, &wanted);
    if let Some(found) = found.or_else(|| without_heading(*reason?)) {
        return Ok(found);
    }
    let headings = headings(TROUBLESHOOTING).map(|(_, heading)| heading);
    let all = headings.chain(Reason::ALL.iter().map(|reason| reason.as_str()));
    let hint = nearest(topic, all).map(|meant| format!(" Did you mean {meant}?"));
    let hint = hint.unwrap_or_default();
    Err(format!("there is nothing on {topic}.{hint} jira-operator explain lists what there is").into())
}

/// What the page has in a table or under one heading for several: reasons that need nobody, and those that
/// name the condition to fix first.
fn without_heading(reason: Reason) -> Option<String> {
    let entry = reason.entry();
    if entry.holds == Holds::True {
        let conditions: Vec<&str> = entry.conditions.iter().map(|condition| condition.as_str()).collect();
        let conditions = conditions.join(" or ");
        return Some(format!("### {reason}\n\n{conditions} is True. {}\n", entry.meaning));
    }
    section(TROUBLESHOOTING, SKIPPED).filter(|_| reason.entry().is_consequence)
}

/// Each part of the page with what stands in it.
fn contents() -> Vec<Block> {
    let mut parts: Vec<(String, Vec<String>)> = Vec::new();
    for (depth, heading) in headings(TROUBLESHOOTING) {
        match parts.last_mut() {
            Some((_, topics)) if depth > 2 => topics.push(heading.to_owned()),
            _ => parts.push((heading.to_owned(), Vec::new())),
        }
    }
    parts.retain(|(_, topics)| !topics.is_empty());
    let block = |(part, topics): (String, Vec<String>)| Block::text("", &format!("{part}: {}.", topics.join(" · ")));
    parts.into_iter().map(block).collect()
}

/// The section without Markdown's marks.
fn blocks(section: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (code, line) in lines(section) {
        let line = if code { line.to_owned() } else { seen(line) };
        let text = line.trim();
        let goes_on = open && !code;
        open = !code && !text.is_empty() && !text.starts_with('#');
        if text.is_empty() || text.starts_with("```") {
            continue;
        }
        if code || text.starts_with('|') {
            blocks.push(Block::line(&line));
        } else if let Some((start, rest)) = item(text) {
            blocks.push(Block::text(start, rest));
        } else if let Some(block) = blocks.last_mut().filter(|_| goes_on) {
            block.text.push(' ');
            block.text.push_str(text);
        } else {
            blocks.push(Block::text("", text.trim_start_matches('#').trim_start()));
        }
    }
    for block in blocks.iter_mut().filter(|block| !block.verbatim) {
        block.text = plain(&without_links(&block.text));
    }
    blocks
}

/// A line without comments and anchors, which pages do not show either.
fn seen(line: &str) -> String {
    let mut out = line.to_owned();
    for (begin, end) in [("<!--", "-->"), ("<a id=", "</a>")] {
        while let Some((before, after)) = out.split_once(begin) {
            let rest = after.split_once(end).map_or("", |(_, rest)| rest);
            out = format!("{before}{rest}");
        }
    }
    out
}

/// An item of a list: its mark, and its text.
fn item(text: &str) -> Option<(&str, &str)> {
    let (mark, rest) = text.split_at_checked(text.find(' ')? + 1)?;
    let number = mark.trim_end().strip_suffix('.');
    let is_number = number.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()));
    (mark == "- " || is_number).then_some((mark, rest))
}

/// Links as a terminal can show them.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let (Some((lead, shown)), Some((target, next))) = (before.rsplit_once('['), after.split_once(')')) else {
            break;
        };
        out.push_str(lead);
        out.push_str(shown);
        let leads = match target.strip_prefix('#') {
            Some(topic) if anchor(shown) == topic => String::new(),
            Some(topic) => format!(" (`jira-operator explain {topic}`)"),
            None if target.contains("://") => format!(" ({target})"),
            None => format!(" (docs/{target})"),
        };
        out.push_str(&leads);
        rest = next;
    }
    out.push_str(rest);
    out
}

/// Without marks of emphasis, which code may contain.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let (mut code, mut escaped) = (false, false);
    for letter in text.chars() {
        code ^= letter == '`';
        match letter {
            '\\' if !code && !escaped => escaped = true,
            '*' if !code && !escaped => {}
            _ => {
                escaped = false;
                out.push(letter);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{api::reason::Reason, diagnose::judge::person::PersonReason};

    #[test]
    fn every_reason_can_be_explained_whatever_its_letters() {
        let of_people = PersonReason::ALL.iter().map(|reason| reason.as_str());
        for reason in Reason::ALL.iter().map(|reason| reason.as_str()).chain(of_people) {
            let found = find(reason).unwrap();
            assert_eq!(find(&reason.to_lowercase()).unwrap(), found);
            assert!(blocks(&found).len() > 1, "{found}");
        }
        let wrong = find("ProjectArchivd").unwrap_err().to_string();
        assert!(wrong.contains("Did you mean ProjectArchived?"), "{wrong}");
    }

    #[test]
    fn every_topic_that_a_text_names_is_there() {
        let command = "`jira-operator explain ";
        let texts = blocks(TROUBLESHOOTING).into_iter().map(|block| block.text);
        let mut named = 0;
        for text in texts {
            for rest in text.split(command).skip(1) {
                let topic = rest.split('`').next().unwrap();
                assert!(find(topic).is_ok(), "{topic} in {text}");
                named += 1;
            }
        }
        assert!(named > 20, "{named}");
    }

    #[test]
    fn a_text_has_no_marks_of_markdown() {
        let page = "### One\n\n**Two.** `a*b` is \\*.com,\n*see* [Three](#three) or [how](#how-to).\n\n- one\n  more\n2. [two](https://x.example)\n\n```sh\n# code\n```\n";
        let said: Vec<_> = blocks(page)
            .into_iter()
            .map(|block| (block.start, block.text))
            .collect();
        let expected = [
            ("", "One"),
            (
                "",
                "Two. `a*b` is *.com, see Three or how (`jira-operator explain how-to`).",
            ),
            ("- ", "one more"),
            ("2. ", "two (https://x.example)"),
            ("    ", "# code"),
        ];
        assert_eq!(said, expected.map(|(start, text)| (start.to_owned(), text.to_owned())));
    }

    #[test]
    fn without_a_topic_all_are_listed() {
        let all: String = contents().into_iter().map(|block| block.text + "\n").collect();
        for topic in [
            "Accessible: ",
            "ProjectArchived",
            "How to connect",
            "DefinitionMissing",
            "PersonNotFound",
        ] {
            assert!(all.contains(topic), "{topic} is not in:\n{all}");
        }
    }
}
