//! Marks a ticket that was created without its marker, so that it is found again, and links it to the one before it.

use std::time::{Duration, Instant};

use super::{creation::Creation, draft::Draft, identity::PROPERTY};
use crate::atlassian::{jira::Session, ticket_models::CreatedIssue, write_error::WriteError};

/// How long the first failure is put off; each further one twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest time that one is put off.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The kind of link between a ticket and the one before it, where the site has it.
const RELATES: &str = "Relates";

/// Marks a ticket, for so long as Jira does not answer. `began_waiting` is called where it does not at once. Where Jira
/// refuses something else that is set, it goes without; what it refuses altogether is left as it is. The draft is what Jira
/// took, none where it is not marked.
pub async fn until_marked(
    creation: &Creation,
    ticket: &CreatedIssue,
    longest: Duration,
    began_waiting: &mut (impl FnMut(&str) + Send),
) -> Option<Draft> {
    let (began, mut wait) = (Instant::now(), FIRST_WAIT);
    loop {
        let error = match mark(creation, ticket).await {
            Ok(draft) => return Some(draft),
            Err(error) => error,
        };
        let is_final = matches!(error, WriteError::Refused(_)) || began.elapsed() >= longest;
        if is_final {
            tracing::warn!(key = ticket.key, %error, "a ticket was created and cannot be marked");
            return None;
        }
        began_waiting(&error.to_string());
        tokio::time::sleep(error.retry_after_or(wait)).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Marks a ticket, with what its form did not take. The draft is what Jira took.
///
/// # Errors
/// As every change; it can be repeated.
pub async fn mark(creation: &Creation, ticket: &CreatedIssue) -> Result<Draft, WriteError> {
    let mut creation = creation.clone();
    while let Some(second) = creation.draft.second.clone() {
        let refusal = match creation.session.edit_issue(&ticket.id, &second).await {
            Ok(()) => return Ok(creation.draft),
            Err(WriteError::Refused(refusal)) => refusal,
            Err(error) => return Err(error),
        };
        let reduced = creation.draft.clone().without_refused(&refusal);
        if reduced == creation.draft {
            tracing::warn!(key = ticket.key, %refusal, "what a form does not take was refused; the ticket is marked alone");
            let nothing_else = creation.draft.clone().without_second(&refusal.text());
            creation = creation.with(nothing_else);
            break;
        }
        creation = creation.with(reduced);
    }
    mark_alone(&creation, ticket).await.map(|()| creation.draft)
}

/// Marks a ticket, and changes nothing else of it.
///
/// # Errors
/// As every change; it can be repeated.
pub async fn mark_alone(creation: &Creation, ticket: &CreatedIssue) -> Result<(), WriteError> {
    match creation.session.edit_issue(&ticket.id, &creation.marking()).await {
        // A property by itself asks nothing of the fields.
        Err(WriteError::Refused(_)) => {
            let marker = creation.marker.value();
            creation.session.set_property(&ticket.id, PROPERTY, &marker).await
        }
        other => other,
    }
}

/// Links a ticket to the one before it. A person sees it, and nothing depends on it: where Jira refuses, it stays
/// without.
pub async fn link(session: &Session, ticket: &str, former: &str) {
    let kinds = match session.link_types().await {
        Ok(kinds) => kinds,
        Err(error) => {
            tracing::info!(ticket, former, %error, "a ticket is not linked to the one before it");
            return;
        }
    };
    let usual = kinds.iter().find(|kind| *kind == RELATES).or(kinds.first());
    let Some(kind) = usual else {
        return;
    };
    if let Err(error) = session.link_issues(kind, ticket, former).await {
        tracing::info!(ticket, former, %error, "a ticket is not linked to the one before it");
    }
}
