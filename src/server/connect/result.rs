//! What came of a consent: findings with their remedies, or the integration becoming Ready.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Pages,
    pages::{ResultPage, of_conditions, of_findings, of_outcome, show},
    visit::{ErrorPage, Visit, error_page},
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
pub(super) async fn result(State(pages): State<Arc<Pages>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    match look(&pages, &id, &headers, Timestamp::now()).await {
        Ok(told) => show(StatusCode::OK, &told),
        Err(elsewhere) => elsewhere.into_response(),
    }
}

async fn look(pages: &Pages, id: &str, headers: &HeaderMap, now: Timestamp) -> Result<ResultPage, ErrorPage> {
    let browser = pages.cookie().read(headers);
    let (ticket, stage) = pages.flows.look(id, browser.as_ref(), now).ok_or_else(|| {
        error_page(
            StatusCode::NOT_FOUND,
            "There is nothing to show any more",
            &["The result of a consent is shown for a while, and only to the browser that began. The status of the JiraIntegration says how it stands."],
        )
    })?;
    let FlowStage::Ended { outcome, at } = stage else {
        return Ok(with_command(working(), &ticket));
    };
    if !pages.limits.admits(&ticket.who.namespace, &ticket.who.name) {
        return Ok(with_command(not_now(), &ticket));
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
            ..of_outcome(other, &pages.public.callback())
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

fn working() -> ResultPage {
    ResultPage {
        title: "Asking Atlassian…".to_owned(),
        tone: "unsure",
        lines: vec!["The consent is being exchanged and checked.".to_owned()],
        refreshes: true,
        every: 1,
        ..ResultPage::default()
    }
}

/// Who began a consent may read what came of it, and is not sent away.
fn not_now() -> ResultPage {
    ResultPage {
        title: "One moment…".to_owned(),
        tone: "unsure",
        lines: vec!["Too many pages of this integration are open just now. This one reloads by itself.".to_owned()],
        refreshes: true,
        every: 10,
        ..ResultPage::default()
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
        return gone();
    };
    let status = visit.integration.status.clone().unwrap_or_default();
    let ahead = taken.filter(|taken| taken.is_ahead_of(&status));
    let ready = ahead.is_none() && is_true(&status.conditions, ConditionType::Ready);
    let settled = ahead.is_none() && is_settled(&status);
    let whose = taken
        .map(|taken| format!(" as {}", taken.account.display_name))
        .unwrap_or_default();
    let (title, tone, line) = match (ready, settled) {
        (true, _) => ("Connected and ready", "good", "You can close this page."),
        (false, true) => (
            "Connected, and there is something to fix",
            "unsure",
            "The grant is stored. What is marked below is fixed in Jira or in the spec; nothing needs to be connected again for it.",
        ),
        (false, false) => (
            "Connected",
            "good",
            "The grant is stored. The operator now looks at the site.",
        ),
    };
    let name = &visit.integration.spec.site;
    ResultPage {
        title: title.to_owned(),
        tone,
        lines: vec![format!("The operator is connected to {name}{whose}."), line.to_owned()],
        findings: match ahead {
            Some(taken) => of_findings(taken.findings),
            None => of_conditions(&status.conditions),
        },
        refreshes: fresh && !ready,
        every: 2,
        ..ResultPage::default()
    }
}

fn gone() -> ResultPage {
    ResultPage {
        title: "The integration is gone".to_owned(),
        tone: "bad",
        lines: vec![
            "The JiraIntegration was deleted meanwhile, or created anew. Start from the link of the new one."
                .to_owned(),
        ],
        ..ResultPage::default()
    }
}

/// Whether the conditions speak of the grant that was just stored: it is used, and the site was checked with it.
fn is_settled(status: &JiraIntegrationStatus) -> bool {
    let authorized = is_true(&status.conditions, ConditionType::Authorized);
    let looked = find(&status.conditions, ConditionType::ProjectsAccessible);
    authorized && looked.is_some_and(|condition| condition.status != "Unknown")
}
