//! What writers say of the reasons, in `docs/reasons/`: one file for each condition, one heading for each
//! reason, and under it a part for each question.

use std::path::Path;

use jira_operator::{
    api::{
        condition::ConditionType,
        reason::{Holds, Reason},
    },
    cli::markdown::lines,
    diagnose::judge::person::PersonReason,
};

use super::{files, read, troubleshooting};

/// Where they are.
pub const FOLDER: &str = "docs/reasons";
/// The file about what depends on another condition.
pub const SKIPPED: &str = "skipped";
/// The file about single people.
pub const PEOPLE: &str = "people";

/// The parts of an entry, in the order in which the files have them.
pub const FIX: &str = "What to do";
pub const CAUSES: &str = "Causes";
pub const OPERATOR: &str = "What the operator does";
pub const FOUND: &str = "How it was found out";
pub const TERMS: &str = "Also searched for";
const PARTS: [&str; 5] = [FIX, CAUSES, OPERATOR, FOUND, TERMS];

/// One file.
pub struct Prose {
    /// Its heading.
    pub title: String,
    /// What stands before the first reason.
    pub introduction: String,
    /// The reasons.
    pub entries: Vec<Entry>,
}

/// What there is to say of one reason, or of all whose names begin alike: the heading ends in `…` then.
pub struct Entry {
    pub heading: String,
    parts: Vec<(String, String)>,
}

impl Entry {
    /// The text of a part; empty where there is none.
    pub fn part(&self, name: &str) -> &str {
        let part = self.parts.iter().find(|(part, _)| part == name);
        part.map_or("", |(_, text)| text)
    }

    /// Whether it is about the reason of this name.
    pub fn is_of(&self, name: &str) -> bool {
        let alike = self.heading.strip_suffix('…');
        alike.map_or(self.heading == name, |start| name.starts_with(start))
    }
}

/// The file of this name, its links as the page needs them.
pub fn load(name: &str) -> Prose {
    parse(&linked(&read(format!("{FOLDER}/{name}.md"))))
}

/// A whole file that has no reasons.
pub fn text(name: &str) -> String {
    linked(&read(format!("{FOLDER}/{name}.md")))
}

/// The name of the file about a condition.
pub fn of(condition: ConditionType) -> String {
    let mut name = String::new();
    for letter in condition.as_str().chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// The files lie a folder deeper than the page that they become.
fn linked(text: &str) -> String {
    let mut out = text.replace("](../", "](");
    for file in files(FOLDER, "md") {
        let file = file.file_name().unwrap().to_string_lossy().into_owned();
        out = out.replace(&format!("]({file}#"), "](#");
    }
    out.replace("](troubleshooting.md#", "](#")
}

fn parse(text: &str) -> Prose {
    let mut prose = Prose {
        title: String::new(),
        introduction: String::new(),
        entries: Vec::new(),
    };
    for (code, line) in lines(text) {
        let heading = |mark: &str| line.strip_prefix(mark).filter(|_| !code).map(str::to_owned);
        if let Some(part) = heading("### ") {
            assert!(
                PARTS.contains(&part.as_str()),
                "{}: there is no part {part}",
                prose.title
            );
            prose.entries.last_mut().unwrap().parts.push((part, String::new()));
        } else if let Some(heading) = heading("## ") {
            let parts = Vec::new();
            prose.entries.push(Entry { heading, parts });
        } else if let Some(title) = heading("# ") {
            prose.title = title;
        } else {
            let into = match prose.entries.last_mut() {
                None => Some(&mut prose.introduction),
                Some(entry) => entry.parts.last_mut().map(|(_, text)| text),
            };
            let Some(into) = into else {
                assert!(line.is_empty(), "{}: {line} is in no part", prose.title);
                continue;
            };
            into.push_str(line);
            into.push('\n');
        }
    }
    prose.introduction = prose.introduction.trim().to_owned();
    for (_, text) in prose.entries.iter_mut().flat_map(|entry| &mut entry.parts) {
        *text = text.trim().to_owned();
    }
    prose
}

/// The names of the reasons that need a person, by the file that has to speak of them.
fn wanted() -> Vec<(String, &'static str)> {
    let of_conditions = Reason::ALL.iter().filter(|reason| {
        let entry = reason.entry();
        entry.holds != Holds::True || !entry.remedy.is_empty()
    });
    let of_people = PersonReason::ALL.iter().filter(|reason| !reason.remedy().is_empty());
    let file = |reason: &Reason| troubleshooting::home(*reason).map_or(SKIPPED.to_owned(), of);
    of_conditions
        .map(|reason| (file(reason), reason.as_str()))
        .chain(of_people.map(|reason| (PEOPLE.to_owned(), reason.as_str())))
        .collect()
}

#[test]
fn each_reason_that_needs_somebody_has_its_heading_and_no_heading_is_without_a_reason() {
    let wanted = wanted();
    let others = ["check", "procedures", "start"];
    for path in files(FOLDER, "md") {
        let name = Path::new(path.file_name().unwrap()).with_extension("");
        let name = name.to_string_lossy().into_owned();
        if others.contains(&name.as_str()) {
            continue;
        }
        let here = |reason: &&(String, &str)| reason.0 == name;
        assert!(
            wanted.iter().any(|reason| here(&reason)),
            "no reason belongs into {}",
            path.display()
        );
        for entry in load(&name).entries {
            let is_meant = wanted.iter().filter(here).any(|(_, reason)| entry.is_of(reason));
            assert!(is_meant, "{}: {} is no reason of it", path.display(), entry.heading);
            for part in [FIX, CAUSES, OPERATOR, FOUND] {
                let text = entry.part(part);
                assert!(!text.is_empty(), "{}: {} lacks: {part}", path.display(), entry.heading);
            }
        }
    }
    for (file, reason) in wanted {
        let entries = load(&file).entries;
        let told = entries.iter().filter(|entry| entry.is_of(reason)).count();
        assert_eq!(told, 1, "{FOLDER}/{file}.md has to have one heading {reason}");
    }
}

#[test]
fn every_cause_is_found_from_what_people_see() {
    let start = text("start");
    for (file, reason) in wanted().iter().filter(|(file, _)| file != SKIPPED) {
        let link = format!("[{reason}](#{})", reason.to_lowercase());
        assert!(
            start.contains(&link),
            "{FOLDER}/start.md does not lead to {reason} of {file}.md"
        );
    }
}
