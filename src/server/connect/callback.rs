//! The way back from Atlassian.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use tracing::info;

use super::{
    Pages,
    start::ready_to_leave,
    visit::{Elsewhere, elsewhere},
};
use crate::connect::{
    answer::Answer,
    capability::is_needed,
    flow::{Rejected, Ticket},
    outcome::{Failure, Outcome},
};

/// `GET /connect/callback`.
pub(super) async fn callback(
    State(pages): State<Arc<Pages>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match take_back(&pages, query.as_deref().unwrap_or_default(), &headers).await {
        Ok(id) => {
            // The code does not stay in the address bar.
            let place = format!("/connect/-/result/{id}");
            (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
        }
        Err(elsewhere) => elsewhere.into_response(),
    }
}

async fn take_back(pages: &Arc<Pages>, query: &str, headers: &HeaderMap) -> Result<String, Elsewhere> {
    // No limit for what is known: a state is looked up in memory.
    let answer = Answer::read(query).ok_or_else(|| rejected(pages, &Rejected::Unknown))?;
    let browser = pages.cookie().read(headers);
    let claimed = pages.flows.claim(&answer.state, browser.as_ref(), Timestamp::now());
    let (id, ticket) = match claimed {
        Ok(claimed) => claimed,
        Err(Rejected::Used { id }) => return Ok(id),
        Err(why) => return Err(rejected(pages, &why)),
    };
    // In a task of its own: a browser that goes away does not take the outcome along.
    let (working, own) = (Arc::clone(pages), id.clone());
    let work = tokio::spawn(async move {
        let outcome = conclude(&working, &ticket, &answer).await;
        let (namespace, name) = (&ticket.who.namespace, &ticket.who.name);
        info!(namespace, name, connected = outcome.is_connected(), "a consent ended");
        working.flows.end(&own, outcome, Timestamp::now());
    });
    let _ = work.await;
    Ok(id)
}

async fn conclude(pages: &Pages, ticket: &Ticket, answer: &Answer) -> Outcome {
    let consent = match answer.consent(&pages.public.callback()) {
        Ok(consent) => consent,
        Err(outcome) => return outcome,
    };
    let changed = Outcome::Failed(Failure::Changed);
    let visit = match pages.look_up(&ticket.who.namespace, &ticket.who.name).await {
        Ok(Some(visit)) if visit.who == ticket.who => visit,
        Ok(_) => return changed,
        Err(_) => return Outcome::Failed(Failure::NotAsked),
    };
    // Only what is not needed any more: a grant may also have changed because a token was refused.
    if visit.lineage != ticket.lineage && !is_needed(&visit.integration) {
        return Outcome::Failed(Failure::AlreadyConnected);
    }
    let Ok(Ok(credentials)) = ready_to_leave(pages, &visit).await else {
        return changed;
    };
    pages.connector.complete(&visit.integration, credentials, consent).await
}

fn rejected(pages: &Pages, why: &Rejected) -> Elsewhere {
    let again = "Open the link in the status of the JiraIntegration and start from there.";
    if !pages.limits.admits_miss() {
        return elsewhere(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests",
            &["Wait a few seconds, then start again from the link."],
        );
    }
    match why {
        Rejected::Expired => elsewhere(
            StatusCode::BAD_REQUEST,
            "That took too long",
            &[
                "Ten minutes have passed since you began, so nothing was taken over.",
                again,
            ],
        ),
        Rejected::OtherBrowser => elsewhere(
            StatusCode::FORBIDDEN,
            "This was begun in another browser",
            &[
                "A consent has to end in the browser, and the kind of window, in which it began; cookies must be allowed for this page. Nothing was taken over.",
                again,
            ],
        ),
        Rejected::Unknown | Rejected::Used { .. } => elsewhere(
            StatusCode::BAD_REQUEST,
            "This consent was not begun here",
            &[
                "What Atlassian sent back belongs to nothing that is under way here, so nothing was taken over now: it was changed, or the operator was restarted meanwhile.",
                "If the integration's status has no link any more, it is connected.",
                again,
            ],
        ),
    }
}
