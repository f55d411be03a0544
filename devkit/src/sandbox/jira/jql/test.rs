//! A query made ready: names have become ids, so that testing tens of thousands of issues is quick.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::parser::Operator;
use crate::sandbox::world::Issue;

/// What an issue must be like.
#[derive(Debug)]
pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Project {
        ids: BTreeSet<u64>,
        not: bool,
    },
    Id {
        ids: BTreeSet<u64>,
        not: bool,
    },
    /// Keys of one project before or behind another.
    Number {
        project: u64,
        operator: Operator,
        number: u64,
    },
    Parent {
        ids: BTreeSet<u64>,
        empty: bool,
        not: bool,
    },
    Word {
        of: Word,
        values: Vec<String>,
        empty: bool,
        not: bool,
    },
    /// Whether the issue is resolved.
    Resolved(bool),
    Time {
        of: Moment,
        operator: Operator,
        at: Timestamp,
    },
    /// Words of the summary, in lower case; one with a star behind it is the beginning of a word.
    Text {
        words: Vec<String>,
        not: bool,
    },
    /// Met by no issue, or by all.
    Constant(bool),
}

/// A field that holds ids or words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Status,
    Type,
    Priority,
    Assignee,
    Reporter,
    Creator,
    Labels,
}

/// A field that holds a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Updated,
    Created,
    Resolved,
}

impl Test {
    /// Whether an issue, known to be in this project, meets it.
    pub(super) fn meets(&self, project: u64, issue: &Issue) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.meets(project, issue)),
            Self::Any(tests) => tests.iter().any(|test| test.meets(project, issue)),
            Self::Not(test) => !test.meets(project, issue),
            Self::Project { ids, not } => ids.contains(&project) != *not,
            Self::Id { ids, not } => ids.contains(&issue.id) != *not,
            Self::Number {
                project: home,
                operator,
                number,
            } => *home == project && operator.compares(&issue.number, number),
            Self::Parent { ids, empty, not } => compare(issue.parent.as_ref().map(|id| ids.contains(id)), *empty, *not),
            Self::Word { of, values, empty, not } => {
                let is = |own: &str| values.iter().any(|value| value == own);
                compare(of.any(issue, is), *empty, *not)
            }
            Self::Resolved(resolved) => issue.resolved.is_some() == *resolved,
            Self::Time { of, operator, at } => of.get(issue).is_some_and(|own| operator.compares(&own, at)),
            Self::Text { words, not } => has_words(&issue.summary, words) != *not,
            Self::Constant(met) => *met,
        }
    }
}

/// Emptiness is not different from something: Jira leaves such issues out of `!=` and `not in`.
fn compare(found: Option<bool>, empty: bool, not: bool) -> bool {
    match found {
        None => empty && !not,
        Some(found) => found != not,
    }
}

fn has_words(summary: &str, words: &[String]) -> bool {
    let summary = summary.to_lowercase();
    words.iter().all(|word| {
        let mut own = summary.split(|letter: char| !letter.is_alphanumeric());
        match word.strip_suffix('*') {
            Some(beginning) => own.any(|own| own.starts_with(beginning)),
            None => own.any(|own| own == word),
        }
    })
}

impl Operator {
    /// Whether two values stand to each other as it says.
    fn compares<T: Ord>(self, own: &T, other: &T) -> bool {
        match self {
            Self::Less => own < other,
            Self::AtMost => own <= other,
            Self::More => own > other,
            Self::AtLeast => own >= other,
            Self::NotEqual => own != other,
            _ => own == other,
        }
    }
}

impl Word {
    /// Whether one of the issue's values is meant; `None` when it has none.
    fn any(self, issue: &Issue, is: impl Fn(&str) -> bool) -> Option<bool> {
        match self {
            Self::Status => Some(is(&issue.status_id)),
            Self::Type => Some(is(&issue.type_id)),
            Self::Priority => issue.priority_id.as_deref().map(is),
            Self::Assignee => issue.assignee.as_deref().map(is),
            Self::Reporter => issue.reporter.as_deref().map(is),
            Self::Creator => Some(is(&issue.creator)),
            Self::Labels if issue.labels.is_empty() => None,
            Self::Labels => Some(issue.labels.iter().any(|label| is(label))),
        }
    }
}

impl Moment {
    fn get(self, issue: &Issue) -> Option<Timestamp> {
        match self {
            Self::Updated => Some(issue.updated),
            Self::Created => Some(issue.created),
            Self::Resolved => issue.resolved,
        }
    }
}
