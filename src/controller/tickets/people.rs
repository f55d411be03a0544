//! Gives people the role that a spec names once the ticket is there: adds participants to a request, each once and never
//! removed, and finds out whether an assignee can be assigned by now whom Jira did not let before. How long it waits after
//! a 429: `atlassian/rate_limit/waits_after_429.rs`.

use std::time::Duration;

use super::{
    conclude::TicketOutcome,
    context::TicketContext,
    look::SOON,
    phase::{Mover, Pending, REFUSED},
    rested::Moment,
};
use crate::{
    api::{
        condition::ConditionType::Created,
        integration::JiraIntegration,
        issue::{JiraIssue, JiraIssueStatus, TicketPerson},
        reason::Reason,
    },
    atlassian::{rate_limit::waits_after_429::RETRY, write_error::WriteError},
    cluster::error::describe,
    tickets::{
        ASSIGNEE, DirectoryError, Marker, PROPERTY, People, Person, Searching, are_participants_due, is_unassigned,
        remembered_as, taking_part,
    },
};

/// Whether somebody has not the role that the spec names, as far as is known.
pub fn pending(object: &JiraIssue, ctx: &TicketContext, integration: &JiraIntegration) -> Pending {
    let status = object.status.clone().unwrap_or_default();
    if !(are_participants_due(&object.spec, &status) || is_unassigned(&object.spec, &status)) {
        return Pending::default();
    }
    let rests = ctx.rested_people.left(object, &Moment::of(object, integration, ""));
    Pending {
        is_due: rests.is_none(),
        rests,
        ..Pending::default()
    }
}

/// A ticket was created just now: whoever has not the role was refused in that moment.
pub fn created(outcome: &TicketOutcome, object: &JiraIssue, (ctx, integration): (&TicketContext, &JiraIntegration)) {
    let is_new = |reason| reason == Reason::TicketCreated;
    let said = outcome.findings.iter().find(|finding| finding.condition == Created);
    if said.is_some_and(|finding| is_new(finding.reason)) {
        rest(object, ctx, integration);
    }
}

fn rest(object: &JiraIssue, ctx: &TicketContext, integration: &JiraIntegration) {
    let moment = Moment::of(object, integration, "");
    ctx.rested_people.note(object, moment, REFUSED);
}

/// What would be sent, where nothing is to be.
#[must_use]
pub fn withheld(object: &JiraIssue, reason: Reason) -> Option<String> {
    let status = object.status.clone().unwrap_or_default();
    let added = status.applied.unwrap_or_default().participants;
    let is_new = |name: &String| !added.contains(name);
    let new = object
        .spec
        .participants
        .iter()
        .map(remembered_as)
        .filter(is_new)
        .count();
    (reason == Reason::Planned && new > 0)
        .then(|| format!("POST /rest/servicedeskapi/request/{{id}}/participant, of {new}"))
}

/// Who takes part, as far as that was found out.
#[derive(Default)]
struct Participants {
    said: Vec<TicketPerson>,
    /// Those who were added, as they are remembered.
    added: Vec<String>,
    /// After how long it goes on.
    stopped: Option<Duration>,
}

/// Sees to the people of a ticket.
pub struct PeopleStep<'a>(pub &'a Mover<'a>);

impl PeopleStep<'_> {
    /// Sees to them; after how long it goes on.
    pub async fn take(&self, object: &JiraIssue) -> Option<Duration> {
        let live = self.0.store.latest(object);
        if !self.0.permit.writes(&live) {
            return None;
        }
        // Whom Jira refused in this very pass it is not asked for again.
        let was_unassigned = object
            .status
            .as_ref()
            .is_some_and(|status| is_unassigned(&object.spec, status));
        Box::pin(self.see_to(&live, was_unassigned)).await.err()
    }

    async fn see_to(&self, live: &JiraIssue, was_unassigned: bool) -> Result<(), Duration> {
        let status = live.status.clone().unwrap_or_default();
        let people = self.people(live).await.map_err(|error| error.retry_after_or(RETRY))?;
        if are_participants_due(&live.spec, &status) {
            let found = self.participants(live, &status, &people).await;
            self.keep(live, &status, &found).await?;
            if let Some(wait) = found.stopped {
                return Err(wait);
            }
        }
        // Who is refused from now on is asked for again after a while.
        rest(live, self.0.ctx, self.0.integration);
        if was_unassigned && is_unassigned(&live.spec, &status) && self.can_be_assigned(live, &status, &people).await? {
            return self.assign_anew(live).await;
        }
        let live = self.0.store.latest(live);
        match pending(&live, self.0.ctx, self.0.integration).rests {
            Some(left) => Err(left),
            None => Ok(()),
        }
    }

    /// Who is meant by the spec.
    async fn people(&self, live: &JiraIssue) -> Result<People, DirectoryError> {
        let searching = Searching {
            session: self.0.jira(),
            account: &self.0.permit.account,
            searches: &self.0.ctx.searches,
        };
        let named = live.spec.participants.iter().chain(&live.spec.assignee);
        let addresses = named.filter_map(|person| person.email.clone());
        People::find(searching, self.0.integration.spec.pinned(), addresses).await
    }

    /// Adds one after the other, until Jira does not answer. Each can be repeated, so that no answer can be lost.
    async fn participants(&self, live: &JiraIssue, status: &JiraIssueStatus, people: &People) -> Participants {
        let before = status.applied.clone().unwrap_or_default().participants;
        let mut found = Participants::default();
        for reference in &live.spec.participants {
            let (name, person) = (remembered_as(reference), people.of(reference));
            let is_in = before.contains(&name) || found.added.contains(&name);
            let answer = match person.account() {
                Some(account) if !is_in && found.stopped.is_none() => {
                    self.0.jira().add_participant(&status.id, account).await
                }
                _ => Ok(()),
            };
            let refused = match answer {
                Ok(()) => None,
                Err(WriteError::Refused(refusal)) => Some(refusal.text()),
                Err(WriteError::NotDone(error) | WriteError::Uncertain(error)) => {
                    found.stopped = Some(error.retry_after_or(RETRY));
                    None
                }
            };
            let said = match person {
                // Whom nobody is found for any more still takes part.
                Person::Unknown { .. } if is_in => TicketPerson {
                    matched: "None".to_owned(),
                    ..TicketPerson::default()
                },
                person => taking_part(&person, refused.as_deref()),
            };
            let is_added = said.reason.is_none() && found.stopped.is_none();
            if is_in || is_added {
                found.added.push(name);
            }
            found.said.push(said);
        }
        found
    }

    /// Writes down who takes part: first in the marker, for a rebuilt cluster, so that who is known to the status is known
    /// there too.
    async fn keep(&self, live: &JiraIssue, status: &JiraIssueStatus, found: &Participants) -> Result<(), Duration> {
        let before = status.applied.clone().unwrap_or_default().participants;
        if found.added != before {
            self.mark(status, &found.added).await?;
        }
        let kept = |current: &JiraIssue| {
            let mut status = current.status.clone().unwrap_or_default();
            let is_told = status.people.is_some() || !found.said.is_empty();
            if is_told {
                status
                    .people
                    .get_or_insert_default()
                    .participants
                    .clone_from(&found.said);
            }
            let applied = status.applied.get_or_insert_default();
            applied.participants.clone_from(&found.added);
            status
        };
        let written = self.0.store.change(live, kept).await;
        written.map(|_| ()).map_err(|error| {
            tracing::debug!(error = describe(&error), "who takes part could not be written down");
            SOON
        })
    }

    /// Where a person took the marker away there is none to be written.
    async fn mark(&self, status: &JiraIssueStatus, added: &[String]) -> Result<(), Duration> {
        let (jira, id) = (self.0.jira(), &status.id);
        let found = jira.fetch_marked(std::slice::from_ref(id), PROPERTY).await;
        let found = found.map_err(|error| error.retry_after_or(RETRY))?;
        let property = found.issues.first().and_then(|issue| issue.properties.get(PROPERTY));
        let is_ours = |marker: &Marker| Some(marker.identity.as_str()) == status.identity.as_deref();
        let Some(mut marker) = property.and_then(Marker::read).filter(is_ours) else {
            return Ok(());
        };
        marker.kept.participants = added.to_vec();
        match jira.set_property(id, PROPERTY, &marker.value()).await {
            Ok(()) => Ok(()),
            Err(WriteError::Refused(refusal)) => {
                tracing::info!(key = status.key, %refusal, "the marker of a ticket does not name its participants");
                Ok(())
            }
            Err(WriteError::NotDone(error) | WriteError::Uncertain(error)) => Err(error.retry_after_or(RETRY)),
        }
    }

    async fn can_be_assigned(
        &self,
        live: &JiraIssue,
        status: &JiraIssueStatus,
        people: &People,
    ) -> Result<bool, Duration> {
        let person = live.spec.assignee.as_ref().map(|reference| people.of(reference));
        let Some(account) = person.as_ref().and_then(Person::account) else {
            return Ok(false);
        };
        let answer = self.0.jira().is_assignable(&status.project, account).await;
        answer.map_err(|error| error.retry_after_or(RETRY))
    }

    /// The assignee is no longer known to be written, so that the fields are compared anew.
    async fn assign_anew(&self, live: &JiraIssue) -> Result<(), Duration> {
        let forgotten = |current: &JiraIssue| {
            let mut status = current.status.clone().unwrap_or_default();
            let updated = status.updated.clone();
            let applied = status.applied.get_or_insert_default();
            applied.written.fields.remove(ASSIGNEE);
            // It is not taken for a ticket of which nothing is known.
            applied.compared.get_or_insert(updated);
            status
        };
        match self.0.store.change(live, forgotten).await {
            Ok(Some(_)) => Err(Duration::ZERO),
            Ok(None) => Ok(()),
            Err(_) => Err(SOON),
        }
    }
}
