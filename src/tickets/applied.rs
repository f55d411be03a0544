//! Whether a ticket has the fields and links that its spec asks for: from the spec and what was written. Pure.

use std::collections::BTreeMap;

use super::{draft::Draft, links::LinkPlan, parts::Part};
use crate::api::{
    condition::{ConditionType::FieldsApplied, Finding},
    issue::{JiraIssueSpec, TicketApplied},
    reason::Reason,
};

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

/// What the condition says.
#[must_use]
pub fn fields_finding(spec: &JiraIssueSpec, applied: &TicketApplied) -> Finding {
    let is_asked = |field: &str| match field {
        "labels" => !spec.labels.is_empty(),
        "priority" => spec.priority.is_some(),
        "description" => spec.description.is_some(),
        "parent" => spec.parent.is_some(),
        _ => true,
    };
    let refused: Vec<(&String, &String)> = applied.refused.iter().filter(|(field, _)| is_asked(field)).collect();
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
    use super::*;
    use crate::api::issue::{AppliedLink, TicketLink};

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
            refused: BTreeMap::from([(field.to_owned(), words.to_owned())]),
            ..TicketApplied::default()
        }
    }

    #[test]
    fn labels_that_could_not_be_set_are_told_where_the_spec_has_some() {
        let off = refused("labels", "Field 'labels' cannot be set.");
        assert_eq!(
            fields_finding(&spec(&["gitops"], &[]), &off).reason,
            Reason::FieldNotOnScreen
        );
        // The label by which a ticket is found nobody asked for.
        assert_eq!(fields_finding(&spec(&[], &[]), &off).reason, Reason::AsWritten);
        let other = refused("priority", "Priority is not valid");
        let found = fields_finding(
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
        assert_eq!(
            fields_finding(&wanted, &TicketApplied::default()).reason,
            Reason::ChangesPending
        );
        let there = TicketApplied {
            links: vec![AppliedLink {
                url: "https://a".into(),
                title: "https://a".into(),
                pending: false,
            }],
            ..TicketApplied::default()
        };
        assert_eq!(fields_finding(&wanted, &there).reason, Reason::AsWritten);
        assert_eq!(fields_finding(&spec(&[], &[]), &there).reason, Reason::ChangesPending);
    }
}
