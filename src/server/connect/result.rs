//! What came of a consent: findings with their remedies, or the integration becoming Ready.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Pages,
    pages::{ErrorPage, ResultPage, of_conditions, of_findings, show},
    visit::Visit,
    words,
};
use crate::{
    api::{
        condition::{ConditionType, Finding, find, is_true},
        integration::{AccountStatus, JiraIntegrationStatus},
    },
    connect::{ConnectFailure, ConnectOutcome, FlowStage, PendingConsent},
};

/// How long the page reloads by itself.
const WATCHED_FOR: SignedDuration = SignedDuration::from_mins(2);

/// `GET /connect/-/result/{id}`.
pub(super) async fn result(
    State(pages): State<Arc<Pages>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    let told = look(&pages, &id, &headers, Timestamp::now()).await?;
    Ok(show(StatusCode::OK, &told))
}

async fn look(pages: &Pages, id: &str, headers: &HeaderMap, now: Timestamp) -> Result<ResultPage, ErrorPage> {
    let browser = pages.cookie().read(headers);
    let seen = pages.flows.look(id, browser.as_ref(), now);
    let (ticket, stage) = seen.ok_or_else(words::nothing_to_show)?;
    let FlowStage::Ended { outcome, at } = stage else {
        return Ok(with_command(words::working(), &ticket));
    };
    if !pages.limits.admits(&ticket.who.namespace, &ticket.who.name) {
        return Ok(with_command(words::not_now(), &ticket));
    }
    let found = pages.look_up(&ticket.who.namespace, &ticket.who.name).await?;
    let visit = found.filter(|visit| visit.who == ticket.who);
    let again = match &visit {
        Some(visit) => pages.link(visit).await,
        None => None,
    };
    let fresh = now.duration_since(at) < WATCHED_FOR;
    let told = match outcome.as_ref() {
        ConnectOutcome::Connected {
            account,
            findings,
            since,
        } => {
            let taken = ConnectedGrant {
                account,
                findings,
                since: *since,
            };
            connected(Some(taken), visit.as_ref(), fresh)
        }
        ConnectOutcome::Failed(ConnectFailure::AlreadyConnected) => connected(None, visit.as_ref(), fresh),
        other => ResultPage {
            again,
            ..words::of_outcome(other, &pages.public.callback())
        },
    };
    Ok(with_command(told, &ticket))
}

fn with_command(told: ResultPage, ticket: &PendingConsent) -> ResultPage {
    let (namespace, name) = (&ticket.who.namespace, &ticket.who.name);
    ResultPage {
        command: format!("kubectl describe jiraintegration {name} --namespace {namespace}"),
        ..told
    }
}

/// A grant that a consent brought.
#[derive(Clone, Copy)]
struct ConnectedGrant<'a> {
    account: &'a AccountStatus,
    findings: &'a [Finding],
    since: Timestamp,
}

impl ConnectedGrant<'_> {
    /// Whether the status still speaks of what was there before.
    fn is_ahead_of(&self, status: &JiraIntegrationStatus) -> bool {
        let published = status.token.as_ref().map(|token| token.refreshed_at.0.as_second());
        published.is_none_or(|published| published < self.since.as_second())
    }
}

fn connected(taken: Option<ConnectedGrant<'_>>, visit: Option<&Visit>, fresh: bool) -> ResultPage {
    let Some(visit) = visit else {
        return words::gone();
    };
    let status = visit.integration.status.clone().unwrap_or_default();
    let ahead = taken.filter(|taken| taken.is_ahead_of(&status));
    let ready = ahead.is_none() && is_true(&status.conditions, ConditionType::Ready);
    let settled = ahead.is_none() && is_settled(&status);
    let whose = taken.map(|taken| taken.account.display_name.as_str());
    ResultPage {
        findings: match ahead {
            Some(taken) => of_findings(taken.findings),
            None => of_conditions(&status.conditions),
        },
        refreshes: fresh && !ready,
        every: 2,
        ..words::connected(&visit.integration.spec.site, whose, ready, settled)
    }
}

/// Whether the conditions speak of the grant that was just stored: it is used, and the site was checked with it.
fn is_settled(status: &JiraIntegrationStatus) -> bool {
    let authorized = is_true(&status.conditions, ConditionType::Authorized);
    let looked = find(&status.conditions, ConditionType::ProjectsAccessible);
    authorized && looked.is_some_and(|condition| condition.status != "Unknown")
}
