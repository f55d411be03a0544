//! What is said where a ticket was not moved: no transition leads there, or Jira refused the one that does. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::transition::{Choice, RESOLUTION, Way};
use crate::{
    api::{
        condition::{ConditionType::PhaseReached, Finding},
        issue::{JiraIssueSpec, JiraIssueStatus},
        reason::Reason,
    },
    atlassian::write_error::Refusal,
};

/// What Jira says of a field that is empty and must not be.
const EMPTY: [&str; 2] = ["is required", "must specify"];

/// A ticket that is not where it is wanted.
pub struct Unmoved<'a> {
    /// Its spec.
    pub spec: &'a JiraIssueSpec,
    /// What is known of it.
    pub status: &'a JiraIssueStatus,
    /// Where it is wanted, as people read it.
    pub wanted: &'a str,
}

impl Unmoved<'_> {
    fn between(&self, way: &Way) -> String {
        let (key, here) = (&self.status.key, &self.status.status);
        format!(
            "{} is wanted, {key} is {here}. The transition {} to {}",
            self.wanted, way.name, way.to.status
        )
    }

    /// Where no transition can be made. `may`: whether the account may make any.
    #[must_use]
    pub fn without_way(&self, choice: &Choice<'_>, available: &[String], may: bool) -> Finding {
        let (key, here) = (&self.status.key, &self.status.status);
        match choice {
            Choice::NeedsFields(way, problems) => {
                let what = format!("{} needs: {}", self.between(way), problems.join(" "));
                finding(Reason::TransitionNeedsFields, &what)
            }
            Choice::Conditional(way) => {
                let what = format!(
                    "{} has a condition that is not met, such as an approval.",
                    self.between(way)
                );
                finding(Reason::TransitionConditional, &what)
            }
            _ if !may => self.denied(),
            _ => {
                let whereto = if available.is_empty() {
                    "nowhere".to_owned()
                } else {
                    format!("to {}", listed(available))
                };
                let what = format!(
                    "{} is wanted, {key} is {here}. From there this account can move it {whereto}.",
                    self.wanted
                );
                finding(Reason::NoTransition, &what)
            }
        }
    }

    fn denied(&self) -> Finding {
        let (key, here) = (&self.status.key, &self.status.status);
        let what = format!(
            "{} is wanted, {key} is {here}, and the account may not move it.",
            self.wanted
        );
        finding(Reason::TransitionDenied, &what)
    }

    /// Where no status of the issue type is the one. `known`: the statuses or phases that there are.
    #[must_use]
    pub fn unknown(&self, known: &BTreeSet<&str>) -> Finding {
        let known: Vec<&str> = known.iter().copied().collect();
        let (what, are) = match self.spec.phase {
            Some(_) => ("stands for the phase", "Its statuses stand for"),
            None => ("is called", "Its statuses are"),
        };
        let what = format!(
            "No status of the type {} in {} {what} {}. {are} {}.",
            self.status.issue_type,
            self.status.project,
            self.wanted,
            known.join(", ")
        );
        finding(Reason::PhaseUnknown, &what)
    }

    /// What a refused transition is tried once more with: what it demands, and no list had told of.
    #[must_use]
    pub fn further(&self, refusal: &Refusal, sent: &Map<String, Value>) -> Option<Map<String, Value>> {
        if refusal.fields.is_empty() || !refusal.fields.values().all(|words| is_empty(words)) {
            return None;
        }
        let mut more = sent.clone();
        for field in refusal.fields.keys() {
            let value = match (field.as_str(), &self.spec.resolution) {
                _ if sent.contains_key(field) => None,
                (RESOLUTION, Some(name)) => Some(json!({"name": name})),
                (id, _) => self.spec.fields.get(id).cloned(),
            };
            more.insert(field.clone(), value?);
        }
        Some(more)
    }

    /// Whether only the account's permissions, or where the ticket is by now, tell what a refusal is about.
    #[must_use]
    pub fn is_unclear(refusal: &Refusal) -> bool {
        refusal.fields.is_empty() && matches!(refusal.status, 400 | 401 | 403)
    }

    /// What is said of a refusal. `may`: whether the account may make transitions, where that was asked.
    #[must_use]
    pub fn refused(&self, refusal: &Refusal, way: &Way, may: Option<bool>) -> Finding {
        if may == Some(false) {
            return self.denied();
        }
        if !refusal.fields.is_empty() && refusal.fields.values().all(|words| is_empty(words)) {
            let named = refusal.fields.iter().map(|(id, words)| {
                let field = way.fields.iter().find(|field| field.id == *id);
                let choices = field
                    .map(super::metadata::TicketField::choices)
                    .filter(|choices| !choices.is_empty());
                let choices = choices.map_or_else(String::new, |choices| format!(" It takes one of: {choices}."));
                let set = if id == RESOLUTION {
                    "spec.resolution".to_owned()
                } else {
                    format!("spec.fields.{id}")
                };
                format!("{set} ({}).{choices}", words.trim_end_matches('.'))
            });
            let what = format!("{} needs: {}", self.between(way), named.collect::<Vec<_>>().join(" "));
            return finding(Reason::TransitionNeedsFields, &what);
        }
        let words = refusal.text();
        let what = format!("{} was refused: {}.", self.between(way), words.trim_end_matches('.'));
        finding(Reason::TransitionRefused, &what)
    }
}

fn finding(reason: Reason, what: &str) -> Finding {
    Finding::with_remedy(PhaseReached, reason, what)
}

fn is_empty(words: &str) -> bool {
    EMPTY.iter().any(|known| words.contains(known))
}

/// Names as a sentence lists them, of which one will do.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refusal(status: u16, fields: &[(&str, &str)], message: &str) -> Refusal {
        let fields = fields.iter().map(|(id, words)| ((*id).to_owned(), (*words).to_owned()));
        Refusal {
            status,
            fields: fields.collect(),
            messages: vec![message.to_owned()],
            ..Refusal::default()
        }
    }

    fn with<T>(spec: &JiraIssueSpec, test: impl FnOnce(&Unmoved<'_>) -> T) -> T {
        let status = JiraIssueStatus {
            key: "ENG-98".into(),
            status: "Open".into(),
            issue_type: "Bug".into(),
            project: "ENG".into(),
            ..JiraIssueStatus::default()
        };
        test(&Unmoved {
            spec,
            status: &status,
            wanted: "Done",
        })
    }

    #[test]
    fn it_is_said_from_where_and_whereto() {
        let names: Vec<String> = ["In Progress", "Blocked", "Cancelled"].map(str::to_owned).to_vec();
        with(&JiraIssueSpec::default(), |unmoved| {
            let said = unmoved.without_way(&Choice::Nowhere, &names, true);
            assert_eq!(said.reason, Reason::NoTransition);
            let expected = "Done is wanted, ENG-98 is Open. From there this account can move it to In Progress, Blocked or \
                            Cancelled. ";
            assert!(said.message().starts_with(expected), "{}", said.message());
            assert!(
                unmoved
                    .without_way(&Choice::Nowhere, &[], true)
                    .message()
                    .contains("move it nowhere.")
            );
            assert_eq!(
                unmoved.without_way(&Choice::Nowhere, &[], false).reason,
                Reason::TransitionDenied
            );
            let approval = Way {
                name: "Approve".into(),
                ..Way::default()
            };
            let waits = unmoved.without_way(&Choice::Conditional(&approval), &names, true);
            assert_eq!(waits.reason, Reason::TransitionConditional);
        });
    }

    #[test]
    fn a_resolution_that_no_list_told_of_is_sent_once_more() {
        let wants = JiraIssueSpec {
            resolution: Some("Fixed".into()),
            ..JiraIssueSpec::default()
        };
        let refused = refusal(400, &[(RESOLUTION, "Resolution is required.")], "");
        let none = Map::new();
        with(&wants, |unmoved| {
            let more = unmoved.further(&refused, &none).unwrap();
            assert_eq!(Value::Object(more.clone()), json!({"resolution": {"name": "Fixed"}}));
            assert_eq!(unmoved.further(&refused, &more), None, "it did not help");
            let invalid = refusal(400, &[(RESOLUTION, "The resolution is not valid.")], "");
            assert_eq!(unmoved.further(&invalid, &none), None);
        });
        with(&JiraIssueSpec::default(), |unmoved| {
            assert_eq!(unmoved.further(&refused, &none), None);
            let said = unmoved.refused(&refused, &Way::default(), None);
            assert_eq!(said.reason, Reason::TransitionNeedsFields);
            assert!(said.message().contains("spec.resolution"), "{}", said.message());
        });
    }

    #[test]
    fn a_refusal_is_told_by_its_fields_the_permission_or_its_words() {
        let validator = refusal(400, &[], "All checks must have passed.");
        assert!(Unmoved::is_unclear(&validator));
        assert!(!Unmoved::is_unclear(&refusal(422, &[], "x")));
        with(&JiraIssueSpec::default(), |unmoved| {
            let said = |may| unmoved.refused(&validator, &Way::default(), may);
            assert_eq!(said(Some(false)).reason, Reason::TransitionDenied);
            assert_eq!(said(Some(true)).reason, Reason::TransitionRefused);
            assert!(said(Some(true)).message().contains("All checks must have passed."));
            let off = refusal(400, &[("summary", "Field 'summary' cannot be set.")], "");
            assert_eq!(
                unmoved.refused(&off, &Way::default(), None).reason,
                Reason::TransitionRefused
            );
        });
    }

    #[test]
    fn phases_that_no_status_stands_for_are_told_with_those_there_are() {
        let wants = JiraIssueSpec {
            phase: Some("Waiting".into()),
            ..JiraIssueSpec::default()
        };
        with(&wants, |unmoved| {
            let said = unmoved.unknown(&BTreeSet::from(["Done", "InProgress"]));
            let expected = "No status of the type Bug in ENG stands for the phase Done. Its statuses stand for Done, \
                            InProgress.";
            assert!(said.message().starts_with(expected), "{}", said.message());
        });
    }
}
