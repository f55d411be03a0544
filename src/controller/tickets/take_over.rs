//! Binds a ticket to its object: one that was created, or found and taken over.

use kube::ResourceExt;

use super::{bound::there, conclude::TicketOutcome, context::TicketContext, links::of_ticket};
use crate::{
    api::{
        condition::{ConditionType::Created, Finding},
        issue::{JiraIssue, WrittenFields},
        reason::Reason,
    },
    atlassian::{
        error::JiraError, rate_limit::waits_after_429::RETRY, ticket_models::CreatedIssue, write_error::WriteError,
    },
    tickets::{Creation, FoundTicket, Wish, mark, mark_alone},
};

/// A ticket that was found is marked where it is not, and bound. Of one that was there before, what Jira has stands: it is
/// marked and nothing else. One that was created just now is filled with what its form did not take.
pub async fn take_over(
    live: &JiraIssue,
    ctx: &TicketContext,
    mut creation: Creation,
    ticket: FoundTicket,
    reason: Reason,
) -> TicketOutcome {
    let named = ticket.name();
    // Of many that are applied again those without links cost no call.
    if reason == Reason::TicketFound && !live.spec.links.is_empty() {
        creation.links = match of_ticket(&creation, &named).await {
            Ok(links) => links,
            Err(error) => return unanswered(&error),
        };
    }
    match &ticket.marker {
        Some(marker) => {
            // Of one that was bound before it is known, or looked for, whether its reporter was named in a note.
            if reason == Reason::TicketFound {
                creation = creation.noted(marker);
            }
            creation.marker.kept.written.clone_from(&marker.kept.written);
            creation.marker.kept.participants.clone_from(&marker.kept.participants);
            let former = marker.former.clone().filter(|_| reason == Reason::TicketCreated);
            creation = creation.numbered(marker.n, former);
        }
        None if reason == Reason::TicketFound => {
            // Nothing is known of what was written to it, or where it was moved.
            creation.marker.kept.written = WrittenFields::default();
            creation.marker.kept.participants = Vec::new();
            creation.marker.kept.phase = Wish::of(&live.spec).map(|wish| wish.written());
            match mark_alone(&creation, &named).await {
                Ok(()) | Err(WriteError::Refused(_)) => {}
                Err(error) => return unmarked(&named, &error),
            }
        }
        None => match mark(&creation, &named).await {
            Ok(draft) => creation = creation.with(draft),
            Err(WriteError::Refused(_)) => {}
            Err(error) => return unmarked(&named, &error),
        },
    }
    let mut outcome = bind(live, ctx, &creation, &named, reason).await;
    outcome.found = outcome.ticket.is_some().then_some(ticket.issue);
    outcome
}

/// Writes down that an object has its ticket.
pub async fn bind(
    live: &JiraIssue,
    ctx: &TicketContext,
    creation: &Creation,
    ticket: &CreatedIssue,
    reason: Reason,
) -> TicketOutcome {
    match ctx.outbox.bind(creation, live, ticket).await {
        Ok(()) => claimed(live, ctx, there(reason, ticket)),
        Err(why) => pending(&why).after(RETRY),
    }
}

/// The mirror makes no other object of it, also before the watch has told.
pub fn claimed(object: &JiraIssue, ctx: &TicketContext, outcome: TicketOutcome) -> TicketOutcome {
    let id = outcome.ticket.as_ref().and_then(|ticket| ticket.id.parse().ok());
    if let Some(id) = id {
        let claimed = ctx
            .ctx
            .claims
            .of(&object.namespace().unwrap_or_default(), &object.spec.integration);
        claimed.insert(&object.name_any(), id);
    }
    outcome
}

/// It is not created yet.
pub fn pending(why: &str) -> TicketOutcome {
    let what = format!("{}.", why.trim_end_matches('.'));
    TicketOutcome::of(Finding::with_remedy(Created, Reason::CreationPending, &what))
}

/// A ticket that was found could not be marked.
fn unmarked(ticket: &CreatedIssue, error: &WriteError) -> TicketOutcome {
    pending(&format!("{} is not marked yet: {error}", ticket.key)).after(error.retry_after_or(RETRY))
}

/// Jira could not be asked, or asked to wait.
pub fn unanswered(error: &JiraError) -> TicketOutcome {
    pending(&format!("Jira could not be asked for the ticket: {error}")).after(error.retry_after_or(RETRY))
}
