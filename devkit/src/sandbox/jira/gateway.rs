//! The gateway: token, site, scope and product access are checked in this order, then Jira answers.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use super::call::Call;
use super::localise::localise;
use super::routes::{self, Found, Route};
use crate::sandbox::limits::{Metered, Refusal};
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
    shared.pass_half_a_call();
    shared.settle();
    // The world is not locked while a refusal is translated.
    let Outcome {
        answer,
        dictionary,
        caller,
    } = answer(&shared, &headers, request);
    let mut answer = match dictionary {
        Some(dictionary) => localise(answer, &dictionary).await,
        None => answer,
    };
    if let Some(caller) = caller {
        caller.sign(&shared, &mut answer);
    }
    shared.pass_half_a_call();
    date(&shared, &mut answer);
    answer
}

/// Says when the site answered, by its own clock.
fn date(shared: &Shared, answer: &mut Response) {
    let now = shared.world().now();
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok();
    if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
        answer.headers_mut().insert(header::DATE, date);
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

/// An answer, the language that the caller reads refusals in, and whose limits it counts to.
struct Outcome {
    answer: Response,
    dictionary: Option<Arc<Dictionary>>,
    caller: Option<Caller>,
}

/// Whose limits a call counts to.
struct Caller {
    client_id: String,
    cloud_id: String,
    route: &'static Route,
    path: String,
    now: Timestamp,
    refusal: Option<Refusal>,
}

impl Caller {
    fn metered(&self) -> Metered<'_> {
        Metered {
            client_id: &self.client_id,
            cloud_id: &self.cloud_id,
            method: self.route.method,
            pattern: self.route.pattern,
            path: &self.path,
            now: self.now,
        }
    }

    /// Writes the headers about limits, which a translation loses.
    fn sign(&self, shared: &Shared, answer: &mut Response) {
        match &self.refusal {
            Some(refusal) => *answer = shared.limits.refusal(refusal),
            None => shared.limits.sign(&self.metered(), answer),
        }
    }
}

/// What the site says to a request.
fn answer(shared: &Shared, headers: &HeaderMap, request: Request) -> Outcome {
    let world = &*shared.world();
    let mut caller = None;
    let (answer, dictionary) = match admit(world, headers, &request.cloud_id) {
        Ok(admitted) => {
            let answer = routed(shared, world, admitted, request, &mut caller);
            let dictionary = world.language_of(&admitted.1.locale);
            (answer.unwrap_or_else(|refusal| *refusal), dictionary)
        }
        Err(refusal) => (*refusal, None),
    };
    Outcome {
        answer,
        dictionary,
        caller,
    }
}

/// What the endpoint says, if the limits let the call through to it.
fn routed(
    shared: &Shared,
    world: &World,
    (grant, account, site): Admitted<'_>,
    request: Request,
    caller: &mut Option<Caller>,
) -> Answered {
    let path = request.path;
    let (route, params) = match routes::find(request.method.as_str(), &path) {
        Found::Endpoint(route, params) => (route, params),
        Found::OtherMethod => {
            let message = "HTTP 405 Method Not Allowed";
            return Ok(reply::json(405, json!({"message": message, "status-code": 405})));
        }
        Found::Nothing => return Ok(reply::unknown_path(&format!("{}/{path}", site.gateway_url()))),
    };
    let caller = caller.insert(Caller {
        client_id: grant.client_id.clone(),
        cloud_id: site.cloud_id.clone(),
        route,
        path: path.clone(),
        now: world.now(),
        refusal: None,
    });
    if let Err(refusal) = shared.limits.admit(&caller.metered()) {
        caller.refusal = Some(refusal);
        return Ok(shared.limits.refusal(&refusal));
    }
    let answer = allow(route, grant, account, site).and_then(|()| {
        let call = Call {
            shared,
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
    });
    let answer = answer.unwrap_or_else(|refusal| *refusal);
    shared.limits.charge(&caller.metered(), &answer);
    Ok(answer)
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
