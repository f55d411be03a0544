//! Judges the comments of a history, which three programs ask for on each ticket: each is made once, those that are not
//! for customers are never public, and what people delete stays deleted.

use std::collections::{BTreeMap, BTreeSet};

use devkit::sandbox::{Comment, Effect, Sandbox};
use jira_operator::api::{
    condition::{ConditionType, find},
    issue::JiraIssueStatus,
};
use serde_json::{Value, json};

use super::ledger::issue;

/// The programs, by whose names their entries go, and whether customers read them.
const PROGRAMS: [(&str, bool); 3] = [("alerts", false), ("deployer", true), ("oncall", false)];
/// What begins each text.
const BEGIN: &str = "From ";

/// An issue, and a program.
type Place = (u64, &'static str);

/// See the module.
#[derive(Default)]
pub struct Talk {
    /// Which edition of its entry each program wants, by object.
    wanted: BTreeMap<&'static str, BTreeMap<&'static str, u8>>,
    /// How many comments of it each place has had.
    made: BTreeMap<Place, usize>,
    /// How many more there may be: the former ones cannot be found, or not be changed.
    lost: BTreeMap<Place, usize>,
    /// From these a person deleted a comment.
    deleted: BTreeSet<Place>,
    /// The ids of such comments.
    gone: BTreeMap<u64, &'static str>,
}

impl Talk {
    /// A program wants its entry in this edition; 0 withdraws it.
    pub fn say(&mut self, name: &'static str, (program, edition): (u8, u8)) {
        let (program, _) = PROGRAMS[usize::from(program) % PROGRAMS.len()];
        let of_object = self.wanted.entry(name).or_default();
        if edition == 0 {
            of_object.remove(program);
        } else {
            of_object.insert(program, edition);
        }
    }

    /// The entries of an object; null where it has none.
    pub fn spec(&self, name: &str) -> Value {
        let wanted = self.wanted.get(name).into_iter().flatten();
        let entries: Vec<Value> = wanted
            .map(|(program, edition)| {
                let visibility = if is_public(program) { "Public" } else { "Internal" };
                json!({"name": program, "body": text(program, name, *edition), "visibility": visibility})
            })
            .collect();
        if entries.is_empty() {
            Value::Null
        } else {
            json!(entries)
        }
    }

    /// A person deletes the newest comment of a ticket that a program asked for. Its id.
    pub fn delete(&mut self, sandbox: &Sandbox, id: u64) -> Option<u64> {
        let (program, comment) = comments(sandbox, id)
            .into_iter()
            .rev()
            .find_map(|comment| Some((program_of(&comment)?, comment.id)))?;
        *self.lost.entry((id, program)).or_default() += 1;
        self.deleted.insert((id, program));
        self.gone.insert(comment, program);
        Some(comment)
    }

    /// Whether it is a comment that a program asked for; if so, what must not be of it. One that was sent for a former
    /// object may come late, and one that carries no mark is found by its words alone, once the status is lost.
    pub fn judge(&mut self, effect: &Effect, is_reborn: bool, sandbox: &Sandbox) -> Option<Result<(), String>> {
        let (id, of_effect) = (effect.issue_id, effect.comment_id?);
        let all = comments(sandbox, id);
        let made = all.iter().find(|comment| comment.id == of_effect);
        let program = made.map_or_else(|| self.gone.get(&of_effect).copied(), program_of)?;
        let is_unmarked = |other: &Comment| {
            let differs = made.is_none_or(|made| words(made) != words(other));
            program_of(other) == Some(program) && other.properties.is_empty() && other.id != of_effect && differs
        };
        let place = (id, program);
        let count = self.made.entry(place).or_default();
        *count += 1;
        let lost = self.lost.entry(place).or_default();
        if *count > 1 + *lost && (is_reborn || all.iter().any(is_unmarked)) {
            *lost += 1;
        }
        let (count, most, key) = (*count, 1 + *lost, &effect.issue_key);
        Some(if count > most {
            Err(format!("{key} has {count} comments of {program}, and may have {most}"))
        } else if key.starts_with("SUP-") && effect.internal == Some(is_public(program)) {
            Err(format!("the comment of {program} on {key} is not for whom it is meant"))
        } else {
            Ok(())
        })
    }

    /// Whether each entry of an object is a comment of its ticket, and customers read none that is not for them.
    ///
    /// # Errors
    /// What is missing.
    pub fn is_settled(
        &self,
        (name, id): (&str, u64),
        status: &JiraIssueStatus,
        sandbox: &Sandbox,
    ) -> Result<(), String> {
        let all = comments(sandbox, id);
        let is_service = sandbox
            .state(|world| Some(issue(world, id)?.0 == "SUP"))
            .unwrap_or_default();
        let exposed = all
            .iter()
            .find(|comment| is_service && !comment.internal && program_of(comment).is_some_and(|of| !is_public(of)));
        if let Some(exposed) = exposed {
            return Err(format!("has a comment that customers read: {}", exposed.body));
        }
        let Some(wanted) = self.wanted.get(name).filter(|wanted| !wanted.is_empty()) else {
            return Ok(());
        };
        let told = find(&status.conditions, ConditionType::CommentsSent).map(|told| told.reason.as_str());
        if told != Some("AllSent") {
            return Err(format!("wants comments and says {told:?}"));
        }
        for (program, edition) in wanted {
            let is_there = all
                .iter()
                .any(|comment| words(comment) == words_of(&text(program, name, *edition)));
            let is_deleted = self.deleted.iter().any(|(of, by)| *of == id && by == program);
            if !is_there && !is_deleted {
                return Err(format!("lacks the comment of {program}"));
            }
        }
        Ok(())
    }

    /// How many comments were made.
    pub fn count(&self) -> usize {
        self.made.values().sum()
    }
}

fn is_public(program: &str) -> bool {
    PROGRAMS.iter().any(|(of, is_public)| *of == program && *is_public)
}

fn text(program: &str, name: &str, edition: u8) -> String {
    format!("{BEGIN}{program} on **{name}**, edition {edition}")
}

/// The comments of an issue, oldest first.
fn comments(sandbox: &Sandbox, id: u64) -> Vec<Comment> {
    sandbox.state(|world| {
        let site = world.site("acme");
        site.map(|site| site.comments(id).to_vec()).unwrap_or_default()
    })
}

fn program_of(comment: &Comment) -> Option<&'static str> {
    let text = texts(&comment.body);
    let after = text.strip_prefix(BEGIN)?;
    PROGRAMS
        .iter()
        .map(|(program, _)| *program)
        .find(|program| after.starts_with(program))
}

/// The texts of a document, one after the other.
fn texts(document: &Value) -> String {
    match document {
        Value::Object(node) => match node.get("text").and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => node.get("content").map(texts).unwrap_or_default(),
        },
        Value::Array(nodes) => nodes.iter().map(texts).collect(),
        _ => String::new(),
    }
}

fn words(comment: &Comment) -> String {
    words_of(&texts(&comment.body))
}

fn words_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}
