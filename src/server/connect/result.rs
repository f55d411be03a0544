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
    pages::{Told, of_conditions, of_findings, of_outcome, show},
    visit::{Elsewhere, Visit, elsewhere},
};
use crate::{
    api::{
        condition::{ConditionType, Finding, find, is_true},
        integration::{AccountStatus, JiraIntegrationStatus},
    },
    connect::{
        flow::{Stage, Ticket},
        outcome::{Failure, Outcome},
    },
};

/// How long the page looks again by itself.
const WATCHED_FOR: SignedDuration = SignedDuration::from_mins(2);

/// `GET /connect/-/result/{id}`.
pub(super) async fn result(State(pages): State<Arc<Pages>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    match look(&pages, &id, &headers, Timestamp::now()).await {
        Ok(told) => show(StatusCode::OK, &told),
        Err(elsewhere) => elsewhere.into_response(),
    }
}

async fn look(pages: &Pages, id: &str, headers: &HeaderMap, now: Timestamp) -> Result<Told, Elsewhere> {
    pages.admit()?;
    let browser = pages.cookie().read(headers);
    let (ticket, stage) = pages.flows.look(id, browser.as_ref(), now).ok_or_else(|| {
        elsewhere(
            StatusCode::NOT_FOUND,
            "There is nothing to show any more",
            &["The result of a consent is shown for a while, and only to the browser that began. The status of the JiraIntegration says how it stands."],
        )
    })?;
    let found = pages.look_up(&ticket.who.namespace, &ticket.who.name).await?;
    let visit = found.filter(|visit| visit.who == ticket.who);
    let again = match &visit {
        Some(visit) => pages.link(visit).await,
        None => None,
    };
    let told = match stage {
        Stage::Started | Stage::Exchanging => working(),
        Stage::Ended { outcome, at } => {
            let fresh = now.duration_since(at) < WATCHED_FOR;
            match outcome.as_ref() {
                Outcome::Connected { account, findings } => connected(Some((account, findings)), visit.as_ref(), fresh),
                Outcome::Failed(Failure::AlreadyConnected) => connected(None, visit.as_ref(), fresh),
                other => Told {
                    again,
                    ..of_outcome(other, &pages.public.callback())
                },
            }
        }
    };
    Ok(with_command(told, &ticket))
}

fn with_command(told: Told, ticket: &Ticket) -> Told {
    let (namespace, name) = (&ticket.who.namespace, &ticket.who.name);
    Told {
        command: format!("kubectl describe jiraintegration {name} --namespace {namespace}"),
        ..told
    }
}

fn working() -> Told {
    Told {
        title: "Asking Atlassian…".to_owned(),
        tone: "unsure",
        lines: vec!["The consent is being exchanged and checked.".to_owned()],
        refreshes: true,
        every: 1,
        ..Told::default()
    }
}

fn connected(taken: Option<(&AccountStatus, &[Finding])>, visit: Option<&Visit>, fresh: bool) -> Told {
    let status = visit
        .and_then(|visit| visit.integration.status.clone())
        .unwrap_or_default();
    let ready = is_true(&status.conditions, ConditionType::Ready);
    let settled = is_settled(&status);
    // Until the operator has looked, the conditions speak of what was there before.
    let stale = taken.filter(|_| !is_true(&status.conditions, ConditionType::Authorized));
    let whose = taken
        .map(|(account, _)| format!(" as {}", account.display_name))
        .unwrap_or_default();
    let (title, tone, line) = match (ready, settled) {
        (true, _) => ("Connected and ready", "good", "You can close this page."),
        (false, true) => (
            "Connected, and there is something to mend",
            "unsure",
            "The grant is stored. What is marked below is mended in Jira or in the spec; nothing needs to be connected again for it.",
        ),
        (false, false) => (
            "Connected",
            "good",
            "The grant is stored. The operator now looks at the site.",
        ),
    };
    let name = visit
        .map(|visit| visit.integration.spec.site.clone())
        .unwrap_or_default();
    Told {
        title: title.to_owned(),
        tone,
        lines: vec![format!("The operator is connected to {name}{whose}."), line.to_owned()],
        findings: match stale {
            Some((_, findings)) => of_findings(findings),
            None => of_conditions(&status.conditions),
        },
        refreshes: fresh && !ready,
        every: 2,
        ..Told::default()
    }
}

/// Whether the conditions speak of the grant that was just stored: it is used, and the site was looked at with it.
fn is_settled(status: &JiraIntegrationStatus) -> bool {
    let authorized = is_true(&status.conditions, ConditionType::Authorized);
    let looked = find(&status.conditions, ConditionType::ProjectsAccessible);
    authorized && looked.is_some_and(|condition| condition.status != "Unknown")
}
