//! The page that a link opens, and the button on it.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;

use super::{
    Pages,
    pages::{ErrorPage, ResultPage, StartPage, show},
    visit::{Visit, unreachable},
    words,
};
use crate::{
    api::{
        condition::{ConditionType, reason_of},
        integration::ExpectedAccount,
        scopes::SCOPES,
    },
    connect::{PendingConsent, authorize, grant_key},
    grant::{Credentials, findings},
};

/// Where a link leads; none where its path is no text.
type IntegrationPath = Result<Path<(String, String)>, PathRejection>;

/// The code of a link, if it has just one.
fn code(query: Option<&str>) -> String {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut codes = pairs
        .filter(|(name, _)| name == "key")
        .map(|(_, code)| code.into_owned());
    let code = codes.next().unwrap_or_default();
    if codes.next().is_some() { String::new() } else { code }
}

/// `GET /connect/{namespace}/{name}`.
pub(super) async fn page(
    State(pages): State<Arc<Pages>>,
    place: IntegrationPath,
    RawQuery(query): RawQuery,
) -> Result<Response, ErrorPage> {
    let Path((namespace, name)) = place.map_err(|_| pages.miss())?;
    let code = code(query.as_deref());
    let visit = pages.visit(&namespace, &name, &code).await?;
    Ok(render(&visit, &code))
}

fn render(visit: &Visit, code: &str) -> Response {
    let spec = &visit.integration.spec;
    let conditions = visit.integration.status.iter().flat_map(|status| &status.conditions);
    let conditions: Vec<_> = conditions.cloned().collect();
    // What to do about it is what the page is for.
    let why = reason_of(&conditions, ConditionType::Ready).map(|reason| reason.entry().meaning);
    let (namespace, name) = (&visit.who.namespace, &visit.who.name);
    show(
        StatusCode::OK,
        &StartPage {
            namespace,
            name,
            site: &spec.site,
            why: why.unwrap_or_default(),
            account: spec.account.as_ref().and_then(account_name),
            scopes: SCOPES,
            is_read_only: spec.tickets.is_none(),
            start: &format!("/connect/{namespace}/{name}/start?key={code}"),
        },
    )
}

/// How people know the account.
fn account_name(account: &ExpectedAccount) -> Option<&str> {
    account.email.as_deref().or(account.account_id.as_deref())
}

/// `GET /connect/{namespace}/{name}/start`: the button. A link and no form, because browsers hold a form
/// to the addresses that it may end at, and Atlassian's login has addresses of its own.
pub(super) async fn begin(
    State(pages): State<Arc<Pages>>,
    place: IntegrationPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    let Path((namespace, name)) = place.map_err(|_| pages.miss())?;
    let visit = pages.visit(&namespace, &name, &code(query.as_deref())).await?;
    may_redirect(&visit)?;
    let credentials = match credentials(&pages, &visit).await? {
        Ok(credentials) => credentials,
        Err(told) => return Ok(show(StatusCode::CONFLICT, &told)),
    };
    let key = grant_key(&visit.integration);
    // Nobody is to consent in vain.
    if let Err(trouble) = pages.connector.keeper.could_store(&key).await {
        let finding = findings::trouble(&trouble, &key);
        return Ok(show(StatusCode::CONFLICT, &words::not_storable(finding.as_slice())));
    }
    let (browser, cookie) = pages.cookie().give(&headers);
    let ticket = PendingConsent {
        who: visit.who,
        lineage: visit.lineage,
    };
    let state = pages.flows.begin(ticket, &browser, Timestamp::now());
    let address = authorize(
        &pages.connector.endpoints,
        &credentials,
        &pages.public.callback(),
        &state,
    );
    let address = address.ok_or_else(words::unusable_address)?;
    let mut answer = (StatusCode::SEE_OTHER, [(header::LOCATION, String::from(address))]).into_response();
    if let Some(cookie) = cookie {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// Whether the flow may begin: not without an account that is expected, not for what is suspended.
pub(super) fn may_redirect(visit: &Visit) -> Result<(), ErrorPage> {
    let spec = &visit.integration.spec;
    if spec.account.as_ref().and_then(account_name).is_none() {
        return Err(words::no_account());
    }
    if spec.suspend {
        return Err(words::suspended());
    }
    Ok(())
}

/// The app's credentials, or what keeps them from being used. The error is that of a cluster that does not answer.
pub(super) async fn credentials(pages: &Pages, visit: &Visit) -> Result<Result<Credentials, ResultPage>, ErrorPage> {
    let read = pages.connector.credentials(&visit.integration).await;
    let read = read.map_err(|error| unreachable(&error))?;
    Ok(read.map_err(|error| words::credentials_unusable(findings::credentials(&error))))
}
