//! Names a reporter who could not be set in a comment: written down first, made once, and looked for where its answer is
//! lost. How long it waits after a 429: `atlassian/rate_limit/waits_after_429.rs`.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::context::{TicketContext, TicketSession, note_place};
use crate::{
    api::{
        condition::{ConditionType::PeopleMatched, Finding, find},
        issue::{JiraIssue, JiraIssueStatus, TicketPerson},
        reason::Reason,
    },
    atlassian::{rate_limit::waits_after_429::RETRY, ticket_models::CreatedIssue, write_error::WriteError},
    cluster::error::describe,
    tickets::{Found, FoundNote, Identity, NOTED, ReporterNote, Settled, TicketStore, WritePermit},
};

/// How long Jira's refusal is believed, unless the spec changes.
const BELIEVED: Duration = Duration::from_hours(1);

/// What came of it.
pub enum NoteStep {
    /// There is nothing to do.
    Nothing,
    /// It goes on after a while.
    After(Duration),
    /// It cannot be made, or Jira refused it and is asked again after a while.
    Refused(Finding, Option<Duration>),
}

/// Whether the comment may be lacking, as far as the object says that is known.
#[must_use]
pub fn is_pending(object: &JiraIssue) -> bool {
    let is_noted = |person: TicketPerson| {
        let reason = person.reason.as_deref().and_then(Reason::parse);
        person.note.is_none() && reason.is_some_and(|reason| NOTED.contains(&reason))
    };
    object.spec.reporter.is_some() && reporter(object).is_none_or(is_noted)
}

/// Makes the comment, unless it is there or nobody is to be named.
pub async fn note(
    (object, store): (&JiraIssue, &TicketStore),
    ctx: &TicketContext,
    session: &TicketSession,
    permit: &WritePermit,
    ticket: &CreatedIssue,
) -> NoteStep {
    if object.spec.reporter.is_none() || !permit.writes(object) {
        return NoteStep::Nothing;
    }
    let live = store.latest(object);
    let Some((named, _)) = to_be_named(&live) else {
        return NoteStep::Nothing;
    };
    let project = live.status.as_ref().map_or("", |status| status.project_id.as_str());
    if live.spec.request_type.is_none() && ctx.is_service_project(&live, project) {
        let what = format!(
            "{} is in a service project and no request: customers would read a comment that names {named}.",
            ticket.key
        );
        return NoteStep::Refused(Finding::with_remedy(PeopleMatched, Reason::NoteRefused, &what), None);
    }
    if let Some(RefusedNote { finding, left }) = RefusedNote::of(&live, Timestamp::now()) {
        if left.is_some() {
            return NoteStep::Refused(finding, left);
        }
        // It is known that it was not made: it is begun anew.
        if let failed @ NoteStep::After(_) = keep(&live, store, None).await {
            return failed;
        }
    }
    Box::pin(make((&store.latest(object), store), ctx, session, permit, ticket)).await
}

/// Makes the comment where it is not there yet.
async fn make(
    (live, store): (&JiraIssue, &TicketStore),
    ctx: &TicketContext,
    session: &TicketSession,
    permit: &WritePermit,
    ticket: &CreatedIssue,
) -> NoteStep {
    let Some((named, reason)) = to_be_named(live) else {
        return NoteStep::Nothing;
    };
    let identity = live.status.as_ref().and_then(|status| status.identity.as_deref());
    let note = ReporterNote {
        session: &session.session,
        ticket,
        is_request: live.spec.request_type.is_some(),
        account: &permit.account,
        identity: &Identity::read(identity.unwrap_or_default()),
        named,
        reason,
    };
    let is_lost = reporter(live).is_some_and(|person| person.note_since.is_some());
    let found = match note.may_be_sent() {
        _ if is_lost => settle(live, ctx, store, &note).await,
        Ok(()) => look_for(live, store, &note).await,
        Err(error) => Some(NoteStep::After(error.retry_after_or(RETRY))),
    };
    match found {
        Some(step) => step,
        None => Box::pin(send(live, ctx, store, &note)).await,
    }
}

/// The reporter as the spec names them and why they are not the reporter, where a comment still has to say so.
fn to_be_named(live: &JiraIssue) -> Option<(&str, Reason)> {
    let named = live.spec.reporter.as_ref()?.named()?;
    let reporter = reporter(live).filter(|person| person.note.is_none())?;
    let reason = Reason::parse(reporter.reason.as_deref()?)?;
    NOTED.contains(&reason).then_some((named, reason))
}

/// A comment that Jira refused, as the status has it.
struct RefusedNote {
    /// What was said of it.
    finding: Finding,
    /// How much longer that is believed.
    left: Option<Duration>,
}

impl RefusedNote {
    /// The condition says that it was refused and for which spec, and the reporter since when it was sent. One that cannot
    /// be made was never sent.
    fn of(live: &JiraIssue, now: Timestamp) -> Option<Self> {
        let conditions = &live.status.as_ref()?.conditions;
        let finding = Finding::carried(PeopleMatched, conditions)?;
        let sent = reporter(live)?.note_since?.0;
        let is_of_this_spec = find(conditions, PeopleMatched)?.observed_generation == live.metadata.generation;
        let age = Duration::try_from(now.duration_since(sent)).unwrap_or_default();
        let left = BELIEVED.checked_sub(age).filter(|left| !left.is_zero());
        (finding.reason == Reason::NoteRefused).then_some(Self {
            finding,
            left: left.filter(|_| is_of_this_spec),
        })
    }
}

/// Looks for the comment: the ticket may have been found in a rebuilt cluster and have it. None where it has none.
async fn look_for(live: &JiraIssue, store: &TicketStore, note: &ReporterNote<'_>) -> Option<NoteStep> {
    match note.find().await {
        Ok(FoundNote::Nothing) => None,
        Ok(FoundNote::There(id)) => Some(keep(live, store, Some(id)).await),
        Ok(FoundNote::Exposed(words)) => Some(exposed(note, &words)),
        Err(error) => Some(NoteStep::After(error.retry_after_or(RETRY))),
    }
}

/// Customers read it, and people have to delete it: nothing is made in its place.
fn exposed(note: &ReporterNote<'_>, words: &str) -> NoteStep {
    let (key, named, words) = (&note.ticket.key, note.named, words.trim_end_matches('.'));
    let what = format!(
        "Delete the comment on {key} that names {named}: customers can read it, and the account may not delete it: {words}."
    );
    let finding = Finding::with_remedy(PeopleMatched, Reason::NoteRefused, &what);
    NoteStep::Refused(finding, Some(BELIEVED))
}

fn reporter(object: &JiraIssue) -> Option<TicketPerson> {
    object.status.as_ref()?.people.as_ref()?.reporter.clone()
}

fn with_reporter(object: &JiraIssue, change: impl FnOnce(&mut TicketPerson)) -> JiraIssueStatus {
    let mut status = object.status.clone().unwrap_or_default();
    let people = status.people.get_or_insert_default();
    change(people.reporter.get_or_insert_default());
    status
}

async fn send(live: &JiraIssue, ctx: &TicketContext, store: &TicketStore, note: &ReporterNote<'_>) -> NoteStep {
    let marked = with_reporter(live, |person| person.note_since = Some(Time(Timestamp::now())));
    let Ok(marked) = store.write(live, &marked).await else {
        return NoteStep::After(RETRY);
    };
    match note.send().await {
        Ok(made) => {
            let step = keep(&marked, store, Some(made.id.clone())).await;
            note.keep_in_marker(&made.id).await;
            step
        }
        // When it was sent stays written down: so long the refusal is believed.
        Err(WriteError::Refused(refusal)) => {
            let words = refusal.text();
            let what = format!("The comment that would name {} was refused: {words}.", note.named);
            let finding = Finding::with_remedy(PeopleMatched, Reason::NoteRefused, &what);
            NoteStep::Refused(finding, Some(BELIEVED))
        }
        Err(WriteError::NotDone(error)) => {
            keep(&marked, store, None).await;
            NoteStep::After(error.retry_after_or(RETRY))
        }
        // It may have been made: it is looked for from now on.
        Err(WriteError::Uncertain(_)) => {
            ctx.settled(&note_place(&live.uid().unwrap_or_default()));
            NoteStep::After(Duration::ZERO)
        }
    }
}

/// Writes what became of it.
async fn keep(object: &JiraIssue, store: &TicketStore, id: Option<String>) -> NoteStep {
    let kept = store.change(object, |current| {
        with_reporter(current, |person| {
            person.note.clone_from(&id);
            person.note_since = None;
        })
    });
    match kept.await {
        Ok(_) => NoteStep::Nothing,
        Err(error) => {
            tracing::warn!(
                error = describe(&error),
                "a comment was made and could not be written down; it is found again"
            );
            NoteStep::After(RETRY)
        }
    }
}

/// Looks for a comment whose answer is lost. None where it was not made.
async fn settle(
    live: &JiraIssue,
    ctx: &TicketContext,
    store: &TicketStore,
    note: &ReporterNote<'_>,
) -> Option<NoteStep> {
    let place = note_place(&live.uid().unwrap_or_default());
    let since = reporter(live).and_then(|person| person.note_since);
    let since = since.map(|since| since.0.to_string()).unwrap_or_default();
    let mut settling = ctx.settling(&place, &since);
    let found = match note.find().await {
        Ok(FoundNote::There(id)) => {
            ctx.settled(&place);
            let step = keep(live, store, Some(id.clone())).await;
            note.keep_in_marker(&id).await;
            return Some(step);
        }
        Ok(FoundNote::Exposed(words)) => return Some(exposed(note, &words)),
        Ok(FoundNote::Nothing) => Found::Nothing,
        Err(error) => return Some(NoteStep::After(error.retry_after_or(RETRY))),
    };
    let settled = settling.lookups.note(found, settling.since.elapsed(), ctx.outbox.times);
    ctx.keep_settling(&place, settling);
    if let Settled::Again(wait) = settled {
        return Some(NoteStep::After(wait));
    }
    ctx.settled(&place);
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    const SENT: &str = "2026-11-30T10:00:00Z";

    fn object(reason: &str, note_since: Option<&str>) -> JiraIssue {
        serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue", "metadata": {"name": "a", "generation": 2},
            "spec": {"integration": "acme"},
            "status": {
                "people": {"reporter": {"matched": "None", "reason": "ReporterUnknown", "noteSince": note_since}},
                "conditions": [{
                    "type": "PeopleMatched", "status": "False", "reason": reason, "message": "It was refused.",
                    "observedGeneration": 2, "lastTransitionTime": SENT,
                }],
            },
        }))
        .unwrap()
    }

    /// How it stands so many minutes after it was sent.
    fn after(object: &JiraIssue, minutes: i64) -> Option<RefusedNote> {
        let sent: Timestamp = SENT.parse().unwrap();
        RefusedNote::of(object, sent + jiff::SignedDuration::from_mins(minutes))
    }

    #[test]
    fn a_refusal_is_believed_for_an_hour_or_until_the_spec_changes() {
        let mut refused = object("NoteRefused", Some(SENT));
        let left = |object: &JiraIssue, minutes| after(object, minutes).unwrap().left;
        assert_eq!(left(&refused, 20), Some(Duration::from_mins(40)));
        assert_eq!(after(&refused, 20).unwrap().finding.message(), "It was refused.");
        // Also when it is to be sent again it is known that it was not made.
        assert_eq!(left(&refused, 60), None);
        refused.metadata.generation = Some(3);
        assert_eq!(left(&refused, 20), None);
    }

    #[test]
    fn one_that_was_not_sent_or_whose_answer_is_lost_is_not_refused() {
        assert!(after(&object("NoteRefused", None), 0).is_none());
        assert!(after(&object("ReporterUnknown", Some(SENT)), 0).is_none());
    }
}
