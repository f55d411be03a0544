//! Sets the links of a ticket that its spec asks for, and removes those of ours that left it. How long it waits after a 429:
//! `atlassian/rate_limit/waits_after_429.rs`.

use std::time::Duration;

use super::context::TicketSession;
use crate::{
    api::{
        condition::{ConditionType::FieldsApplied, Finding},
        issue::{AppliedLink, JiraIssue, JiraIssueStatus, TicketApplied, TicketLink},
        reason::Reason,
    },
    atlassian::{
        error::JiraError,
        rate_limit::waits_after_429::RETRY,
        ticket_models::CreatedIssue,
        write_error::{Refusal, WriteError},
    },
    cluster::error::describe,
    tickets::{Creation, Identity, LinkPlan, TicketStore, WritePermit, done, global_id, link_body, own_links},
};

/// How long what Jira refused is left alone, unless something changes.
const REFUSED: Duration = Duration::from_mins(30);
/// A link that is gone is refused with this, and is as it is to be.
const GONE: u16 = 404;

/// What came of it.
pub enum LinkStep {
    /// All links are as they are to be.
    Done,
    /// It goes on after a while.
    After(Duration),
    /// Jira refused one.
    Refused(Finding, Duration),
}

/// Whether a link is to be set or removed.
#[must_use]
pub fn is_pending(object: &JiraIssue) -> bool {
    !plan(object).is_empty()
}

/// What is said of links that are not set because nothing is to be sent, and what would be.
#[must_use]
pub fn withheld(object: &JiraIssue, reason: Reason) -> (Option<Finding>, Vec<String>) {
    let (plan, identity) = (plan(object), identity(object));
    if plan.is_empty() {
        return (None, Vec::new());
    }
    let what = format!(
        "Links that are not set or removed yet: {}.",
        plan.set.len() + plan.remove.len()
    );
    let finding = Finding::with_remedy(FieldsApplied, reason, &what);
    if reason != Reason::Planned {
        return (Some(finding), Vec::new());
    }
    let path = "/rest/api/3/issue/{id}/remotelink";
    let set = plan
        .set
        .iter()
        .map(|link| format!("POST {path} {}", link_body(&identity, link)));
    let removed = plan
        .remove
        .iter()
        .map(|url| format!("DELETE {path}?globalId={}", global_id(&identity, url)));
    (Some(finding), set.chain(removed).collect())
}

/// The links of ours that a ticket has: a rebuilt cluster sets none again, and removes those that left the spec. Where it
/// cannot have any, or they are not shown, there are none.
pub async fn of_ticket(creation: &Creation, ticket: &CreatedIssue) -> Result<Vec<AppliedLink>, JiraError> {
    match creation.session.remote_links(&ticket.id).await {
        Ok(all) => Ok(own_links(&creation.marker.identity, &all)),
        Err(JiraError::Forbidden(_) | JiraError::NotFound(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Sets and removes links. What is as it is to be costs no call.
pub async fn links(
    (object, store): (&JiraIssue, &TicketStore),
    session: &TicketSession,
    permit: &WritePermit,
    ticket: &CreatedIssue,
) -> LinkStep {
    if plan(object).is_empty() || !permit.writes(object) {
        return LinkStep::Done;
    }
    let begun = |current: &JiraIssue| with_links(current, |links| plan(current).begun(links));
    let live = match store.change(object, begun).await {
        Ok(Some(live)) => live,
        Ok(None) => return LinkStep::Done,
        Err(error) => {
            tracing::debug!(error = describe(&error), "links could not be written down");
            return LinkStep::After(RETRY);
        }
    };
    let plan = plan(&live);
    let sent = send(&plan, session, &identity(&live), ticket).await;
    let kept = store
        .change(&live, |current| {
            with_links(current, |links| done(links, &sent.set, &sent.removed))
        })
        .await;
    match (kept, sent.stopped) {
        (Err(_), _) => LinkStep::After(RETRY),
        (Ok(_), None) => LinkStep::Done,
        (Ok(_), Some(error)) => stopped(ticket, &error),
    }
}

fn plan(object: &JiraIssue) -> LinkPlan {
    let status = object.status.as_ref();
    let applied = status.and_then(|status| status.applied.as_ref());
    let links = applied.map_or(&[][..], |applied| applied.links.as_slice());
    LinkPlan::of(&object.spec.links, links)
}

fn identity(object: &JiraIssue) -> Identity {
    let status = object.status.as_ref();
    Identity::read(status.and_then(|status| status.identity.as_deref()).unwrap_or_default())
}

fn with_links(object: &JiraIssue, change: impl FnOnce(&[AppliedLink]) -> Vec<AppliedLink>) -> JiraIssueStatus {
    let before = object.status.clone().unwrap_or_default();
    let applied = before.applied.clone().unwrap_or_default();
    let applied = TicketApplied {
        links: change(&applied.links),
        ..applied
    };
    JiraIssueStatus {
        applied: Some(applied).filter(|applied| *applied != TicketApplied::default()),
        ..before
    }
}

/// How far it came.
#[derive(Default)]
struct SentLinks {
    set: Vec<TicketLink>,
    removed: Vec<String>,
    stopped: Option<WriteError>,
}

/// One after the other, until one fails. Each can be repeated, so that no answer can be lost.
async fn send(plan: &LinkPlan, session: &TicketSession, identity: &Identity, ticket: &CreatedIssue) -> SentLinks {
    let (mut sent, session) = (SentLinks::default(), &session.session);
    for link in &plan.set {
        match session.link_remotely(&ticket.id, &link_body(identity, link)).await {
            Ok(()) => sent.set.push(link.clone()),
            Err(error) => {
                sent.stopped = Some(error);
                return sent;
            }
        }
    }
    for url in &plan.remove {
        match session.unlink_remotely(&ticket.id, &global_id(identity, url)).await {
            Ok(()) | Err(WriteError::Refused(Refusal { status: GONE, .. })) => sent.removed.push(url.clone()),
            Err(error) => {
                sent.stopped = Some(error);
                return sent;
            }
        }
    }
    sent
}

fn stopped(ticket: &CreatedIssue, error: &WriteError) -> LinkStep {
    match error {
        WriteError::Refused(refusal) => {
            let words = refusal.text();
            let what = format!(
                "Jira refused a link of {}: {}.",
                ticket.key,
                words.trim_end_matches('.')
            );
            LinkStep::Refused(Finding::with_remedy(FieldsApplied, Reason::LinkDenied, &what), REFUSED)
        }
        WriteError::NotDone(error) | WriteError::Uncertain(error) => LinkStep::After(error.retry_after_or(RETRY)),
    }
}
