//! What the status says of a creation: that it is about to be sent, what came of it, and the ticket. Pure, but for the time.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{creation::Creation, parts::Part, settle::CreationTimes};
use crate::{
    api::issue::{JiraIssue, JiraIssueStatus, TicketApplied, TicketCreation, TicketPeople},
    atlassian::{error::JiraError, ticket_models::CreatedIssue, write_error::Refusal},
};

/// What came of sending a creation.
#[derive(Clone, Debug)]
pub enum Sent {
    /// The ticket was created, and the object says so.
    Created(CreatedIssue),
    /// The ticket was created, and the rest is still to be done: it goes on by itself. Why.
    Unfinished(String),
    /// Jira refused it.
    Refused(Refusal),
    /// It could not be written down, so that nothing was sent. Why.
    NotMarked(String),
    /// Nothing was sent: it is tried again.
    NotDone(JiraError),
    /// It may have been created.
    Uncertain(String),
}

/// The status before a creation is sent: who is about to send what, until when.
#[must_use]
pub fn marked(
    object: &JiraIssue,
    creation: &Creation,
    (holder, times): (&str, CreationTimes),
    floor: i64,
) -> JiraIssueStatus {
    let now = Timestamp::now();
    let before = object.status.clone().unwrap_or_default();
    let attempt = before.creation.as_ref().map_or(0, |earlier| earlier.attempt) + 1;
    let deadline = SignedDuration::try_from(times.deadline()).unwrap_or(SignedDuration::ZERO);
    let mark = TicketCreation {
        identity: creation.marker.identity.as_str().to_owned(),
        number: creation.marker.n,
        attempt,
        at: Time(now),
        deadline: Time(now + deadline),
        holder: holder.to_owned(),
        floor,
        digest: creation.digest(),
        uncertain_since: None,
        without: creation.draft.without.keys().map(Part::to_string).collect(),
    };
    JiraIssueStatus {
        identity: Some(mark.identity.clone()),
        creation: Some(mark),
        // Who is to be named in a note is known whatever comes after the creation.
        people: people(creation, before.people.as_ref()),
        ..before
    }
}

/// The status of an object that has its ticket.
#[must_use]
pub fn bound(current: &JiraIssue, creation: &Creation, ticket: &CreatedIssue) -> JiraIssueStatus {
    let before = current.status.clone().unwrap_or_default();
    let applied = TicketApplied {
        written: creation.marker.kept.written.clone(),
        participants: creation.marker.kept.participants.clone(),
        links: creation.links.clone(),
        phase: creation.marker.kept.phase.clone(),
        ..TicketApplied::default()
    };
    let is_same = before.id.is_empty() || before.id == ticket.id;
    let known = before.people.as_ref().filter(|_| is_same);
    JiraIssueStatus {
        id: ticket.id.clone(),
        key: ticket.key.clone(),
        identity: Some(creation.marker.identity.as_str().to_owned()),
        creation: None,
        portal_url: ticket
            .portal_url
            .clone()
            .or_else(|| before.portal_url.clone().filter(|_| is_same)),
        request_type: creation.request_type().map(str::to_owned),
        people: people(creation, known),
        applied: Some(applied).filter(|applied| *applied != TicketApplied::default()),
        ..before
    }
}

/// Who was found. What is known of a note stays.
fn people(creation: &Creation, before: Option<&TicketPeople>) -> Option<TicketPeople> {
    let found = creation.people.clone().map(|people| people.keeping_note(before));
    found.or_else(|| before.cloned())
}

/// The status after a creation was sent that is not known to have made a ticket. `object` has its mark.
#[must_use]
pub fn noted(current: &JiraIssue, object: &JiraIssue, sent: &Sent) -> JiraIssueStatus {
    let mark = object.status.as_ref().and_then(|status| status.creation.as_ref());
    let Some(mark) = mark else {
        return current.status.clone().unwrap_or_default();
    };
    with_mark(current, mark, |now| match sent {
        Sent::Refused(_) | Sent::NotDone(_) => None,
        Sent::Uncertain(_) => Some(TicketCreation {
            uncertain_since: now.uncertain_since.clone().or_else(|| Some(Time(Timestamp::now()))),
            ..now
        }),
        Sent::Created(_) | Sent::Unfinished(_) | Sent::NotMarked(_) => Some(now),
    })
}

/// The status with something else in the place of a mark; the same where another process has begun anew since.
#[must_use]
pub fn with_mark(
    current: &JiraIssue,
    mark: &TicketCreation,
    change: impl FnOnce(TicketCreation) -> Option<TicketCreation>,
) -> JiraIssueStatus {
    let before = current.status.clone().unwrap_or_default();
    let creation = match before.creation.clone() {
        Some(now) if now.is_same(mark) => change(now),
        other => other,
    };
    JiraIssueStatus { creation, ..before }
}
