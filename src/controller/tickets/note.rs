//! Names a reporter who has no account in a comment: written down first, made once, and looked for where its answer is
//! lost.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::context::{TicketContext, TicketSession};
use crate::{
    api::{
        condition::{ConditionType::PeopleMatched, Finding},
        issue::{JiraIssue, JiraIssueStatus, TicketPerson},
        reason::Reason,
    },
    atlassian::{ticket_models::CreatedIssue, write_error::WriteError},
    cluster::error::describe,
    tickets::{Found, Identity, ReporterNote, Settled, TicketStore, WritePermit},
};

/// How long what failed is put off.
const RETRY: Duration = Duration::from_secs(10);

/// What came of it.
pub enum NoteStep {
    /// There is nothing to do.
    Nothing,
    /// It goes on after a while.
    After(Duration),
    /// Jira refused it.
    Refused(Finding),
}

/// Whether the comment may be lacking, as far as the object says that is known.
#[must_use]
pub fn is_pending(object: &JiraIssue) -> bool {
    let names = object
        .spec
        .reporter
        .as_ref()
        .is_some_and(|person| person.email.is_some());
    names && reporter(object).is_none_or(|person| person.matched == "None" && person.note.is_none())
}

/// Makes the comment, unless it is there or nobody is to be named.
pub async fn note(
    object: &JiraIssue,
    ctx: &TicketContext,
    session: &TicketSession,
    permit: &WritePermit,
    ticket: &CreatedIssue,
) -> NoteStep {
    let Some(email) = object.spec.reporter.as_ref().and_then(|person| person.email.as_deref()) else {
        return NoteStep::Nothing;
    };
    let store = TicketStore::new(&ctx.ctx.client, &object.namespace().unwrap_or_default());
    let live = match store.live(object).await {
        Ok(Some(live)) => live,
        Ok(None) => return NoteStep::Nothing,
        Err(_) => return NoteStep::After(RETRY),
    };
    let Some(reporter) = reporter(&live).filter(|person| person.matched == "None" && person.note.is_none()) else {
        return NoteStep::Nothing;
    };
    let identity = Identity::read(
        live.status
            .as_ref()
            .and_then(|status| status.identity.as_deref())
            .unwrap_or_default(),
    );
    let note = ReporterNote {
        session: &session.session,
        ticket,
        is_request: object.spec.request_type.is_some(),
        account: &permit.account,
        identity: &identity,
        email,
    };
    if reporter.note_since.is_some()
        && let Some(step) = settle(&live, ctx, &store, &note).await
    {
        return step;
    }
    send(&live, ctx, &store, &note).await
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

fn place(object: &JiraIssue) -> String {
    format!("{}/note", object.uid().unwrap_or_default())
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
        Err(WriteError::Refused(refusal)) => {
            keep(&marked, store, None).await;
            let words = refusal.text();
            let what = format!("{} has no account, and the comment was refused: {words}.", note.email);
            NoteStep::Refused(Finding::with_remedy(PeopleMatched, Reason::NoteRefused, &what))
        }
        Err(WriteError::NotDone(error)) => {
            keep(&marked, store, None).await;
            NoteStep::After(error.retry_after().unwrap_or(RETRY))
        }
        // It may have been made: it is looked for from now on.
        Err(WriteError::Uncertain(_)) => {
            ctx.settled(&place(live));
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
    let place = place(live);
    let mut settling = ctx.settling(&place);
    let found = match note.find().await {
        Ok(Some(id)) => {
            ctx.settled(&place);
            let step = keep(live, store, Some(id.clone())).await;
            note.keep_in_marker(&id).await;
            return Some(step);
        }
        Ok(None) => Found::Nothing,
        Err(error) => return Some(NoteStep::After(error.retry_after().unwrap_or(RETRY))),
    };
    let settled = settling.lookups.note(found, settling.since.elapsed(), ctx.outbox.times);
    ctx.keep_settling(&place, settling);
    if let Settled::Again(wait) = settled {
        return Some(NoteStep::After(wait));
    }
    ctx.settled(&place);
    None
}
