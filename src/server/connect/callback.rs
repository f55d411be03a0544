//! The way back from Atlassian.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use tracing::info;

use super::{
    Pages,
    pages::ErrorPage,
    start::{credentials, may_redirect},
    words,
};
use crate::connect::{CallbackQuery, ConnectFailure, ConnectOutcome, PendingConsent, StateRejected, link::is_needed};

/// How long the browser is kept until the exchange has ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// `GET /connect/callback`.
pub(super) async fn callback(
    State(pages): State<Arc<Pages>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match take_back(&pages, query.as_deref().unwrap_or_default(), &headers).await {
        Ok(state) => {
            // The code does not stay in the address bar; the state is used up, and opens nothing to others.
            let place = format!("/connect/-/result/{state}");
            (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
        }
        Err(elsewhere) => elsewhere.into_response(),
    }
}

async fn take_back(pages: &Arc<Pages>, query: &str, headers: &HeaderMap) -> Result<String, ErrorPage> {
    let answer = CallbackQuery::read(query).ok_or_else(|| rejected(pages, &StateRejected::Unknown))?;
    let browser = pages.cookie().read(headers);
    let admits = |ticket: &PendingConsent| pages.limits.admits_consent(&ticket.who.namespace, &ticket.who.name);
    let claimed = pages
        .flows
        .claim(&answer.state, browser.as_ref(), Timestamp::now(), admits);
    let (state, ticket) = match claimed {
        Ok(ticket) => (answer.state.clone(), ticket),
        Err(StateRejected::Used) => return Ok(answer.state),
        Err(why) => return Err(rejected(pages, &why)),
    };
    // In a task of its own: a browser that goes away does not take the outcome along.
    let (working, own) = (Arc::clone(pages), state.clone());
    let work = tokio::spawn(async move {
        let outcome = conclude(&working, &ticket, &answer).await;
        let (namespace, name) = (&ticket.who.namespace, &ticket.who.name);
        info!(namespace, name, connected = outcome.is_connected(), "a consent ended");
        working.flows.end(&own, outcome, Timestamp::now());
    });
    // What takes longer is waited for by the next page.
    let _ = tokio::time::timeout(PATIENCE, work).await;
    Ok(state)
}

async fn conclude(pages: &Pages, ticket: &PendingConsent, answer: &CallbackQuery) -> ConnectOutcome {
    let consent = match answer.consent(&pages.public.callback()) {
        Ok(consent) => consent,
        Err(failure) => return ConnectOutcome::Failed(failure),
    };
    let (changed, not_asked) = (
        ConnectOutcome::Failed(ConnectFailure::Changed),
        ConnectOutcome::Failed(ConnectFailure::NotAsked),
    );
    let visit = match pages.look_up(&ticket.who.namespace, &ticket.who.name).await {
        Ok(Some(visit)) if visit.who == ticket.who => visit,
        Ok(_) => return changed,
        Err(_) => return not_asked,
    };
    // Only what is not needed any more: a grant may also have changed because a token was refused.
    if visit.lineage != ticket.lineage && !is_needed(&visit.integration) {
        return ConnectOutcome::Failed(ConnectFailure::AlreadyConnected);
    }
    if may_redirect(&visit).is_err() {
        return changed;
    }
    match credentials(pages, &visit).await {
        Ok(Ok(credentials)) => pages.connector.complete(&visit.integration, credentials, consent).await,
        Ok(Err(_)) => changed,
        Err(_) => not_asked,
    }
}

fn rejected(pages: &Pages, why: &StateRejected) -> ErrorPage {
    if pages.limits.admits_miss() {
        words::rejected(why)
    } else {
        words::too_many_consents()
    }
}
