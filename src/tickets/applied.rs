//! Whether a ticket has the fields and links that its spec asks for: from the spec and what was written. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    draft::Draft,
    links::LinkPlan,
    parts::Part,
    spec_fields::{digests, outstanding},
    unwritten_fields::{Unwritten, edited},
    write_backs::rests_until,
};
use crate::api::{
    condition::{ConditionType::FieldsApplied, Finding},
    issue::{JiraIssueSpec, JiraIssueStatus, TicketApplied, TicketDrift, WritePolicy},
    reason::Reason,
};

/// Most fields that people changed of which a message tells.
const TOLD: usize = 3;
/// What Jira says of a field that is not on the screen.
const OFF_SCREEN: &str = "cannot be set";

/// The fields that a ticket was created without, each with Jira's words.
#[must_use]
pub fn refused_fields(draft: &Draft) -> BTreeMap<String, String> {
    let of_fields = draft.without.iter().filter_map(|(part, words)| match part {
        Part::Labels => Some(("labels".to_owned(), words.clone())),
        Part::Field(id) => Some((id.clone(), words.clone())),
        Part::Reporter | Part::Assignee | Part::Participant(_) | Part::Formatting => None,
    });
    of_fields.collect()
}

/// What the condition says, without asking Jira.
#[must_use]
pub fn fields_finding(spec: &JiraIssueSpec, status: &JiraIssueStatus, now: Timestamp) -> Finding {
    let applied = status.applied.clone().unwrap_or_default();
    let finding = written_finding(spec, &applied);
    let suspended = suspended(spec, status, &applied, now);
    let finding = suspended
        .into_iter()
        .fold(finding, |before, later| later.and_then(before));
    let stands = status
        .drift
        .iter()
        .take(TOLD)
        .map(edited)
        .collect::<Vec<_>>()
        .join("; ");
    if stands.is_empty() || !finding.is_true() {
        return finding;
    }
    finding.noting(&format!("{stands}, which stands."))
}

/// Where fields are not written back any more, which somebody changes again and again.
fn suspended(
    spec: &JiraIssueSpec,
    status: &JiraIssueStatus,
    applied: &TicketApplied,
    now: Timestamp,
) -> Option<Finding> {
    if spec.policy().fields != WritePolicy::Keep {
        return None;
    }
    let digests = digests(spec);
    let of_field = |drift: &TicketDrift| {
        let (kept, wanted) = (applied.kept_fields.get(&drift.field)?, digests.get(&drift.field)?);
        Some((drift.clone(), kept.by.clone(), rests_until(Some(kept), wanted, now)?))
    };
    let all: Vec<(TicketDrift, Option<String>, Timestamp)> = status.drift.iter().filter_map(of_field).collect();
    let until = all.iter().map(|(.., until)| *until).max()?;
    let fields: Vec<(&TicketDrift, Option<&str>)> = all.iter().map(|(drift, by, _)| (drift, by.as_deref())).collect();
    Unwritten { spec, status }.suspended(&fields, until)
}

fn written_finding(spec: &JiraIssueSpec, applied: &TicketApplied) -> Finding {
    let is_asked = |field: &str| match field {
        "labels" => !spec.labels.is_empty(),
        "priority" => spec.priority.is_some(),
        "description" => spec.description.is_some(),
        "parent" => spec.parent.is_some(),
        _ => true,
    };
    let refused: Vec<(&String, &String)> = applied
        .written
        .refused
        .iter()
        .filter(|(field, _)| is_asked(field))
        .collect();
    if !refused.is_empty() {
        let is_off_screen = |words: &str| words.is_empty() || words.contains(OFF_SCREEN);
        let reason = if refused.iter().all(|(_, words)| is_off_screen(words)) {
            Reason::FieldNotOnScreen
        } else {
            Reason::FieldRefused
        };
        let said = refused.iter().map(|(field, words)| match words.trim_end_matches('.') {
            "" => format!("{field} could not be set when the ticket was created."),
            words => format!("{field} could not be set: {words}."),
        });
        return Finding::with_remedy(FieldsApplied, reason, &said.collect::<Vec<_>>().join(" "));
    }
    let outstanding = outstanding(spec, applied);
    if !outstanding.is_empty() {
        let what = format!("To be written: {}.", outstanding.join(", "));
        return Finding::with_remedy(FieldsApplied, Reason::ChangesPending, &what);
    }
    let plan = LinkPlan::of(&spec.links, &applied.links);
    if plan.is_empty() {
        return Finding::plain(FieldsApplied, Reason::AsWritten);
    }
    let what = match (plan.set.len(), plan.remove.len()) {
        (set, 0) => format!("Links to be set: {set}."),
        (0, remove) => format!("Links to be removed: {remove}."),
        (set, remove) => format!("Links to be set: {set}, to be removed: {remove}."),
    };
    Finding::with_remedy(FieldsApplied, Reason::ChangesPending, &what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::api::issue::{AppliedLink, TicketLink, WrittenFields};

    fn spec(labels: &[&str], links: &[&str]) -> JiraIssueSpec {
        let link = |url: &&str| TicketLink {
            url: (*url).to_owned(),
            title: None,
        };
        JiraIssueSpec {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            links: links.iter().map(link).collect(),
            ..JiraIssueSpec::default()
        }
    }

    fn refused(field: &str, words: &str) -> TicketApplied {
        TicketApplied {
            written: WrittenFields {
                refused: BTreeMap::from([(field.to_owned(), words.to_owned())]),
                ..WrittenFields::default()
            },
            ..TicketApplied::default()
        }
    }

    /// What is said where the fields of the spec were written.
    fn said(spec: &JiraIssueSpec, applied: &TicketApplied) -> Finding {
        let status = JiraIssueStatus {
            applied: Some(TicketApplied {
                written: crate::tickets::written_of(spec).without(applied.written.refused.clone()),
                ..applied.clone()
            }),
            ..JiraIssueStatus::default()
        };
        fields_finding(spec, &status, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn labels_that_could_not_be_set_are_told_where_the_spec_has_some() {
        let off = refused("labels", "Field 'labels' cannot be set.");
        assert_eq!(said(&spec(&["gitops"], &[]), &off).reason, Reason::FieldNotOnScreen);
        // The label by which a ticket is found nobody asked for.
        assert_eq!(said(&spec(&[], &[]), &off).reason, Reason::AsWritten);
        let other = refused("priority", "Priority is not valid");
        let found = said(
            &JiraIssueSpec {
                priority: Some("High".into()),
                ..spec(&[], &[])
            },
            &other,
        );
        assert_eq!(found.reason, Reason::FieldRefused);
        assert!(found.message().contains("Priority is not valid"), "{}", found.message());
    }

    #[test]
    fn a_link_that_is_not_there_yet_is_pending() {
        let wanted = spec(&[], &["https://a"]);
        assert_eq!(said(&wanted, &TicketApplied::default()).reason, Reason::ChangesPending);
        let there = TicketApplied {
            links: vec![AppliedLink {
                url: "https://a".into(),
                title: "https://a".into(),
                pending: false,
            }],
            ..TicketApplied::default()
        };
        assert_eq!(said(&wanted, &there).reason, Reason::AsWritten);
        assert_eq!(said(&spec(&[], &[]), &there).reason, Reason::ChangesPending);
    }

    #[test]
    fn what_people_changed_is_told_and_what_is_fought_over_is_graver() {
        let drift = TicketDrift {
            field: "summary".into(),
            actual: "Slow in EU".into(),
            by: Some("Dana".into()),
            at: None,
        };
        let mut wants = JiraIssueSpec {
            summary: Some("Slow".into()),
            ..JiraIssueSpec::default()
        };
        let mut status = JiraIssueStatus {
            applied: Some(TicketApplied {
                written: crate::tickets::written_of(&wants),
                ..TicketApplied::default()
            }),
            drift: vec![drift],
            ..JiraIssueStatus::default()
        };
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let found = fields_finding(&wants, &status, now);
        assert_eq!(found.reason, Reason::AsWritten);
        let expected = "Dana changed summary to \"Slow in EU\" in Jira, which stands.";
        assert!(found.message().contains(expected), "{}", found.message());
        wants.policy = Some(crate::api::issue::TicketPolicy {
            fields: WritePolicy::Keep,
            ..crate::api::issue::TicketPolicy::default()
        });
        let kept = crate::api::issue::WriteBacks {
            wanted: digests(&wants).remove("summary").unwrap_or_default(),
            at: vec![k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now); 3],
            by: Some("Automation for Jira".into()),
        };
        status
            .applied
            .as_mut()
            .unwrap()
            .kept_fields
            .insert("summary".into(), kept);
        let found = fields_finding(&wants, &status, now);
        assert_eq!(found.reason, Reason::KeepSuspended);
        assert!(
            found.message().starts_with("Automation for Jira changed summary again"),
            "{}",
            found.message()
        );
    }
}
