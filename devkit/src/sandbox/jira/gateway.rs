//! The gateway: token, site, scope and product access are checked in this order, then Jira answers.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::{Value, json};

use super::call::Call;
use super::localise::localise;
use super::routes::{self, Found, Route};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{Account, AccountType, Dictionary, Grant, Site, World};

/// Everything under `/ex/jira/{cloudId}/`.
pub(crate) async fn gateway(
    State(shared): State<Arc<Shared>>,
    Path((cloud_id, path)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let experimental = headers.get("x-experimentalapi");
    let request = Request {
        cloud_id,
        path,
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        method,
        experimental: experimental.is_some_and(|value| value.as_bytes() == b"opt-in"),
        body,
    };
    // The world is not locked while a refusal is translated.
    let (answer, dictionary) = answer(&shared.world(), &headers, request);
    match dictionary {
        Some(dictionary) => localise(answer, &dictionary).await,
        None => answer,
    }
}

/// What was asked, apart from the token.
struct Request {
    cloud_id: String,
    path: String,
    query: Vec<(String, String)>,
    method: Method,
    experimental: bool,
    body: Bytes,
}

/// The answer, and the language that the caller reads refusals in.
fn answer(world: &World, headers: &HeaderMap, request: Request) -> (Response, Option<Arc<Dictionary>>) {
    let (grant, account, site) = match admit(world, headers, &request.cloud_id) {
        Ok(admitted) => admitted,
        Err(refusal) => return (*refusal, None),
    };
    let answer = routed(world, (grant, account, site), request);
    let answer = answer.unwrap_or_else(|refusal| *refusal);
    (answer, world.language_of(&account.locale))
}

/// What the endpoint says.
fn routed(world: &World, (grant, account, site): Admitted<'_>, request: Request) -> Answered {
    let path = request.path;
    let (route, params) = match routes::find(request.method.as_str(), &path) {
        Found::Endpoint(route, params) => (route, params),
        Found::OtherMethod => {
            let message = "HTTP 405 Method Not Allowed";
            return Ok(reply::json(405, json!({"message": message, "status-code": 405})));
        }
        Found::Nothing => return Ok(reply::unknown_path(&format!("{}/{path}", site.gateway_url()))),
    };
    allow(route, grant, account, site)?;
    let call = Call {
        world,
        site,
        account,
        params,
        query: request.query,
        body: read(&request.body)?,
        path,
        experimental: request.experimental,
    };
    (route.handler)(&call)
}

/// Whose token it is, and where it leads.
type Admitted<'a> = (&'a Grant, &'a Account, &'a Site);

/// Whether the token is good and reaches a site that is up.
fn admit<'a>(world: &'a World, headers: &HeaderMap, cloud_id: &str) -> Result<Admitted<'a>, Box<Response>> {
    let Some((grant, account)) = world.bearer(headers) else {
        return Err(Box::new(reply::gateway_error(401, "Unauthorized")));
    };
    let site = world.sites.get(cloud_id);
    // A site whose address another one took is gone.
    let Some(site) = site.filter(|site| site.host.is_some()) else {
        return Err(Box::new(reply::gateway_error(404, "Not Found")));
    };
    let reached = grant.sites.contains_key(cloud_id);
    if !reached || site.blocked_apps.contains(&grant.client_id) {
        let message = "The app is not installed on this instance";
        return Err(Box::new(reply::gateway_error(403, message)));
    }
    if let Some(status) = site.down {
        return Err(Box::new(reply::html(status, "Site temporarily unavailable", "")));
    }
    Ok((grant, account, site))
}

/// Whether the grant has the scope, and the account access to the product.
fn allow(route: &Route, grant: &Grant, account: &Account, site: &Site) -> Result<(), Box<Response>> {
    let scopes = grant.sites.get(&site.cloud_id);
    let held = |scope: &&str| scopes.is_some_and(|scopes| scopes.contains(*scope));
    if !route.scopes.is_empty() && !route.scopes.iter().any(held) {
        let message = "Unauthorized; scope does not match";
        return Err(Box::new(reply::gateway_error(401, message)));
    }
    let id = account.account_id.as_str();
    let customer = account.account_type == AccountType::Customer;
    let through_portal = route.for_customers && customer && site.has_portal_access(id);
    if site.has_product_access(id) || through_portal {
        return Ok(());
    }
    let refusal = if site.no_access_status == 401 {
        let message = "Client must be authenticated to access this resource.";
        reply::json(401, json!({"message": message, "status-code": 401}))
    } else {
        let message = "You do not have permission to access Jira on this site.";
        reply::jira_error(site.no_access_status, message)
    };
    Err(Box::new(refusal))
}

/// The body as JSON; none is null.
fn read(body: &Bytes) -> Result<Value, Box<Response>> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let refusal = |_| {
        let message = "There was an error parsing JSON. Check that your request body is valid.";
        Box::new(reply::jira_error(400, message))
    };
    serde_json::from_slice(body).map_err(refusal)
}
