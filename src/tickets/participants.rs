//! People whom a spec names and who have not their role yet: participants that are still to be added, each once, and an
//! assignee whom Jira did not let. Pure.

use super::{
    people::Person,
    spec_fields::{ASSIGNEE, digests},
    values::digest,
};
use crate::api::issue::{JiraIssueSpec, JiraIssueStatus, PersonReference, TicketPerson};

/// By what it is remembered that somebody was added, in the status and in the ticket's marker: an address does not belong
/// into either.
#[must_use]
pub fn remembered_as(reference: &PersonReference) -> String {
    remembered(reference.named().unwrap_or_default())
}

fn remembered(named: &str) -> String {
    digest(&named.trim().to_lowercase())
}

/// The participants that a request was raised with, as they are remembered. `said`: what was said of each.
#[must_use]
pub fn added_participants(persons: &[Person], said: &[TicketPerson]) -> Vec<String> {
    let all = persons.iter().zip(said);
    let added = all.filter(|(_, said)| said.reason.is_none());
    added
        .map(|(person, _)| match person {
            Person::Account { named, .. } => remembered(named),
            Person::Unknown { email, .. } => remembered(email),
        })
        .collect()
}

/// Whether somebody is to be added to a request, or what is said of its participants is of an earlier spec.
#[must_use]
pub fn are_participants_due(spec: &JiraIssueSpec, status: &JiraIssueStatus) -> bool {
    let added = status.applied.iter().flat_map(|applied| &applied.participants);
    let added: Vec<&String> = added.collect();
    let said = status.people.as_ref().map_or(0, |people| people.participants.len());
    let wanted: Vec<String> = spec.participants.iter().map(remembered_as).collect();
    let has_left = |known: &&String| !wanted.contains(*known);
    wanted.iter().any(|name| !added.contains(&name)) || added.iter().any(has_left) || said != wanted.len()
}

/// Whether the ticket is not assigned to whom the spec names because that person has no account, or Jira did not let them.
/// Of somebody whom the spec names since, that is not known yet.
#[must_use]
pub fn is_unassigned(spec: &JiraIssueSpec, status: &JiraIssueStatus) -> bool {
    let said = status.people.as_ref().and_then(|people| people.assignee.as_ref());
    let is_told = said.is_some_and(|person| person.reason.is_some());
    let written = status
        .applied
        .as_ref()
        .and_then(|applied| applied.written.fields.get(ASSIGNEE));
    is_told && written.is_some_and(|written| digests(spec).get(ASSIGNEE) == Some(&written.wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::issue::{AppliedField, TicketApplied, TicketPeople};

    fn by_email(email: &str) -> PersonReference {
        PersonReference {
            email: Some(email.into()),
            account_id: None,
        }
    }

    fn spec(emails: &[&str]) -> JiraIssueSpec {
        JiraIssueSpec {
            participants: emails.iter().map(|email| by_email(email)).collect(),
            ..JiraIssueSpec::default()
        }
    }

    /// The status where these were added, and so many were told.
    fn status(added: &[&str], told: usize) -> JiraIssueStatus {
        JiraIssueStatus {
            applied: Some(TicketApplied {
                participants: added.iter().map(|email| remembered_as(&by_email(email))).collect(),
                ..TicketApplied::default()
            }),
            people: Some(TicketPeople {
                participants: vec![TicketPerson::default(); told],
                ..TicketPeople::default()
            }),
            ..JiraIssueStatus::default()
        }
    }

    #[test]
    fn who_was_added_is_not_added_again_however_the_address_is_written() {
        assert!(!are_participants_due(&spec(&[]), &JiraIssueStatus::default()));
        assert!(!are_participants_due(
            &spec(&["Dana@acme.example"]),
            &status(&["dana@acme.example "], 1)
        ));
        assert!(are_participants_due(
            &spec(&["a@a.example", "b@a.example"]),
            &status(&["a@a.example"], 2)
        ));
    }

    #[test]
    fn who_left_the_spec_is_not_told_of_any_more() {
        assert!(are_participants_due(&spec(&[]), &status(&["a@a.example"], 1)));
        assert!(are_participants_due(&spec(&[]), &status(&[], 1)), "one who was refused");
    }

    #[test]
    fn only_those_who_were_let_count_as_added() {
        let account = |named: &str| Person::Account {
            id: "1".into(),
            matched: "Email",
            named: named.into(),
        };
        let refused = TicketPerson {
            reason: Some("ParticipantUnknown".into()),
            ..TicketPerson::default()
        };
        let added = added_participants(
            &[account("a@a.example"), account("b@a.example")],
            &[TicketPerson::default(), refused],
        );
        assert_eq!(added, [remembered_as(&by_email("A@a.example"))]);
    }

    #[test]
    fn an_assignee_of_another_spec_is_none_who_was_not_let() {
        let wants = |email| JiraIssueSpec {
            assignee: Some(by_email(email)),
            ..JiraIssueSpec::default()
        };
        let mut known = status(&[], 0);
        let wanted = digests(&wants("a@a.example")).remove(ASSIGNEE).unwrap_or_default();
        let written = AppliedField {
            wanted,
            ..AppliedField::default()
        };
        let applied = known.applied.get_or_insert_default();
        applied.written.fields.insert(ASSIGNEE.to_owned(), written);
        known.people.get_or_insert_default().assignee = Some(TicketPerson::default());
        assert!(!is_unassigned(&wants("a@a.example"), &known), "it is assigned");
        known.people.get_or_insert_default().assignee = Some(TicketPerson {
            reason: Some("AssigneeNotAssignable".into()),
            ..TicketPerson::default()
        });
        assert!(is_unassigned(&wants("a@a.example"), &known));
        assert!(!is_unassigned(&wants("b@a.example"), &known));
        assert!(!is_unassigned(&JiraIssueSpec::default(), &known));
    }
}
