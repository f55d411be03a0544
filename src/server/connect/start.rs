//! The page that a link opens, and the button on it.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Deserialize;

use super::{
    Pages,
    pages::{Start, Told, of_findings, show},
    visit::{Elsewhere, Visit, elsewhere, unreachable},
};
use crate::{
    api::{
        condition::{ConditionType, find},
        consent::SCOPES,
        integration::{ExpectedAccount, Mode},
        reason::Reason,
    },
    connect::flow::Ticket,
    grant::{credentials::Credentials, finding},
};

/// What a link carries.
#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    key: String,
}

type Place = Path<(String, String)>;

/// `GET /connect/{namespace}/{name}`.
pub(super) async fn page(
    State(pages): State<Arc<Pages>>,
    Path((namespace, name)): Place,
    Query(link): Query<Link>,
) -> Response {
    match pages.visit(&namespace, &name, &link.key).await {
        Ok(visit) => render(&visit, &link.key),
        Err(elsewhere) => elsewhere.into_response(),
    }
}

fn render(visit: &Visit, code: &str) -> Response {
    let spec = &visit.integration.spec;
    let conditions = visit.integration.status.iter().flat_map(|status| &status.conditions);
    let conditions: Vec<_> = conditions.cloned().collect();
    let why = find(&conditions, ConditionType::Ready).map(without_remedy);
    let (namespace, name) = (&visit.who.namespace, &visit.who.name);
    show(
        StatusCode::OK,
        &Start {
            namespace,
            name,
            site: &spec.site,
            why: why.unwrap_or_default(),
            account: spec.account.as_ref().and_then(account_name),
            scopes: SCOPES,
            observes: spec.mode == Mode::Observe,
            start: &format!("/connect/{namespace}/{name}/start?key={code}"),
        },
    )
}

/// What a condition says, without what to do about it: that is what the page is for.
fn without_remedy(condition: &Condition) -> &str {
    let message = condition.message.as_str();
    let remedy = Reason::parse(&condition.reason).map(|reason| reason.entry().remedy);
    let cut = remedy
        .and_then(|remedy| message.split_once(remedy))
        .map(|(what, _)| what.trim_end());
    cut.unwrap_or(message)
}

/// How people know the account.
fn account_name(account: &ExpectedAccount) -> Option<&str> {
    account.email.as_deref().or(account.account_id.as_deref())
}

/// `GET /connect/{namespace}/{name}/start`: the button. A link and no form, because browsers hold a form
/// to the addresses that it may end at, and Atlassian's login has addresses of its own.
pub(super) async fn begin(
    State(pages): State<Arc<Pages>>,
    Path((namespace, name)): Place,
    Query(link): Query<Link>,
    headers: HeaderMap,
) -> Response {
    match leave(&pages, &namespace, &name, &link.key, &headers).await {
        Ok(answer) => answer,
        Err(elsewhere) => elsewhere.into_response(),
    }
}

async fn leave(
    pages: &Pages,
    namespace: &str,
    name: &str,
    code: &str,
    headers: &HeaderMap,
) -> Result<Response, Elsewhere> {
    let visit = pages.visit(namespace, name, code).await?;
    let credentials = match ready_to_leave(pages, &visit).await? {
        Ok(credentials) => credentials,
        Err(told) => return Ok(show(StatusCode::CONFLICT, &told)),
    };
    let (browser, cookie) = pages.cookie().give(headers);
    let ticket = Ticket {
        who: visit.who,
        lineage: visit.lineage,
    };
    let state = pages.flows.begin(ticket, &browser, Timestamp::now());
    let address = pages
        .connector
        .authorize(&credentials, &pages.public.callback(), &state)
        .ok_or_else(|| {
            elsewhere(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Atlassian's address is not usable",
                &[],
            )
        })?;
    let mut answer = (StatusCode::SEE_OTHER, [(header::LOCATION, String::from(address))]).into_response();
    if let Some(cookie) = cookie {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// The app's credentials, where the flow may begin: not without an account that is expected, not for
/// what is suspended.
pub(super) async fn ready_to_leave(pages: &Pages, visit: &Visit) -> Result<Result<Credentials, Told>, Elsewhere> {
    let spec = &visit.integration.spec;
    if spec.account.as_ref().and_then(account_name).is_none() {
        return Err(elsewhere(
            StatusCode::FORBIDDEN,
            "Name the account first",
            &[
                "spec.account of the JiraIntegration must name the dedicated account, so that nobody can bind one of their own.",
            ],
        ));
    }
    if spec.suspend {
        return Err(elsewhere(
            StatusCode::CONFLICT,
            "The integration is suspended",
            &["Set spec.suspend to false, and try again."],
        ));
    }
    let read = pages.connector.credentials(&visit.integration).await;
    let read = read.map_err(|error| unreachable(&error))?;
    Ok(read.map_err(|error| Told {
        title: "The app's credentials cannot be used".to_owned(),
        tone: "bad",
        findings: of_findings(&[finding::credentials(&error)]),
        ..Told::default()
    }))
}
