//! The way back from Atlassian.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
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
) -> Result<impl IntoResponse, ErrorPage> {
    let state = take_back(&pages, query.as_deref().unwrap_or_default(), &headers).await?;
    // The code does not stay in the address bar; the state is used up, and opens nothing to others.
    let place = format!("/connect/-/result/{state}");
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, place)]))
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
        let ended = conclude(&working, &ticket, &answer).await;
        let outcome = ended.unwrap_or_else(ConnectOutcome::Failed);
        let (namespace, name) = (&ticket.who.namespace, &ticket.who.name);
        info!(namespace, name, connected = outcome.is_connected(), "a consent ended");
        working.flows.end(&own, outcome, Timestamp::now());
    });
    // What takes longer is waited for by the next page.
    let _ = tokio::time::timeout(PATIENCE, work).await;
    Ok(state)
}

async fn conclude(
    pages: &Pages,
    ticket: &PendingConsent,
    answer: &CallbackQuery,
) -> Result<ConnectOutcome, ConnectFailure> {
    let (changed, not_asked) = (|_| ConnectFailure::Changed, |_| ConnectFailure::NotAsked);
    let consent = answer.consent(&pages.public.callback())?;
    let found = pages.look_up(&ticket.who.namespace, &ticket.who.name).await;
    let visit = found.map_err(not_asked)?.filter(|visit| visit.who == ticket.who);
    let visit = visit.ok_or(ConnectFailure::Changed)?;
    // Only what is not needed any more: a grant may also have changed because a token was refused.
    if visit.lineage != ticket.lineage && !is_needed(&visit.integration) {
        return Err(ConnectFailure::AlreadyConnected);
    }
    may_redirect(&visit).map_err(|_| ConnectFailure::Changed)?;
    let credentials = credentials(pages, &visit).await.map_err(not_asked)?.map_err(changed)?;
    Ok(pages.connector.complete(&visit.integration, credentials, consent).await)
}

fn rejected(pages: &Pages, why: &StateRejected) -> ErrorPage {
    if pages.limits.admits_miss() {
        words::rejected(why)
    } else {
        words::too_many_consents()
    }
}
