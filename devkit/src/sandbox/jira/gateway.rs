//! The gateway: a call is let in and counted, then Jira answers. What is written is judged, carried out and answered in
//! one step.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use super::admission::{Admitted, admit, allow};
use super::call::Call;
use super::localise::localise;
use super::routes::{self, Found, Handler, Route};
use super::webhooks;
use crate::sandbox::limits::{Metered, Refusal};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{Author, Dictionary, Receipt, World, Write};

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
        language: forced_language(&headers),
        body,
    };
    shared.pass_half_a_call();
    shared.settle();
    // The world is not locked while a refusal is translated.
    let Outcome {
        answer,
        dictionary,
        caller,
        write: _,
    } = answer(&shared, &headers, &request);
    webhooks::dispatch(&shared);
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

/// The language that a call demands refusals in. `Accept-Language` alone is not heeded.
fn forced_language(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let forced = text("x-force-accept-language").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let first = text("accept-language")?.split([',', ';']).next()?;
    forced.then(|| first.trim().to_owned())
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
    /// The language that refusals are demanded in, in the place of the account's.
    language: Option<String>,
    body: Bytes,
}

/// An answer, the language that the caller reads refusals in, and whose limits it counts to.
struct Outcome {
    answer: Response,
    dictionary: Option<Arc<Dictionary>>,
    caller: Option<Caller>,
    /// What is to be carried out before there is an answer.
    write: Option<(Author, Write)>,
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

/// What the site says to a request. Whoever writes has the world alone from the judgement to the answer.
fn answer(shared: &Shared, headers: &HeaderMap, request: &Request) -> Outcome {
    if !routes::is_write(request.method.as_str(), &request.path) {
        return judge(shared, &shared.world(), headers, request);
    }
    let mut world = shared.world_mut();
    let mut outcome = judge(shared, &world, headers, request);
    if let Some((author, write)) = outcome.write.take() {
        world.version += 1;
        let now = world.now();
        let site = world.sites.get_mut(&request.cloud_id);
        let receipt = site.and_then(|site| site.carry_out(&author, write, now));
        outcome.answer = confirm(shared, &world, headers, request, receipt).unwrap_or_else(|refusal| *refusal);
    }
    outcome
}

/// The answer, or what is to be written first.
fn judge(shared: &Shared, world: &World, headers: &HeaderMap, request: &Request) -> Outcome {
    let (mut caller, mut write) = (None, None);
    let (answer, dictionary) = match admit(world, headers, &request.cloud_id) {
        Ok(admitted) => {
            let answer = routed(shared, world, admitted, request, (&mut caller, &mut write));
            let language = request.language.as_ref().unwrap_or(&admitted.1.locale);
            (answer.unwrap_or_else(|refusal| *refusal), world.language_of(language))
        }
        Err(refusal) => (*refusal, None),
    };
    Outcome {
        answer,
        dictionary,
        caller,
        write,
    }
}

/// The answer to what was carried out.
fn confirm(
    shared: &Shared,
    world: &World,
    headers: &HeaderMap,
    request: &Request,
    receipt: Option<Receipt>,
) -> Answered {
    let gone = || {
        Box::new(reply::jira_error(
            404,
            "Issue does not exist or you do not have permission to see it.",
        ))
    };
    let admitted = admit(world, headers, &request.cloud_id)?;
    match (routes::find(request.method.as_str(), &request.path), receipt) {
        (Found::Endpoint(route, params), Some(receipt)) => match route.handler {
            Handler::Write { answer, .. } => answer(&open(shared, world, admitted, request, params)?, &receipt),
            Handler::Read(_) => Err(gone()),
        },
        _ => Err(gone()),
    }
}

/// A call as handlers get it.
fn open<'a>(
    shared: &'a Shared,
    world: &'a World,
    (grant, account, site): Admitted<'a>,
    request: &Request,
    params: Vec<String>,
) -> Result<Call<'a>, Box<Response>> {
    Ok(Call {
        shared,
        world,
        site,
        account,
        client_id: &grant.client_id,
        params,
        query: request.query.clone(),
        body: read(&request.body)?,
        path: request.path.clone(),
        experimental: request.experimental,
    })
}

/// What the handler says to a call that may be made, or what it wants to be written.
fn handle(
    shared: &Shared,
    world: &World,
    admitted: Admitted<'_>,
    request: &Request,
    (route, params, write): (&Route, Vec<String>, &mut Option<(Author, Write)>),
) -> Answered {
    let (grant, account, site) = admitted;
    allow(route, grant, account, site)?;
    let call = open(shared, world, admitted, request, params)?;
    match route.handler {
        Handler::Read(handler) => handler(&call),
        Handler::Write { judge, .. } => {
            let author = Author {
                account_id: Some(account.account_id.clone()),
                client_id: Some(grant.client_id.clone()),
                history: call.body.get("historyMetadata").cloned(),
            };
            *write = Some((author, judge(&call)?));
            Ok(reply::empty(204))
        }
    }
}

/// What the endpoint says, if the limits let the call through to it.
fn routed(
    shared: &Shared,
    world: &World,
    admitted: Admitted<'_>,
    request: &Request,
    (caller, write): (&mut Option<Caller>, &mut Option<(Author, Write)>),
) -> Answered {
    let (grant, _, site) = admitted;
    let path = request.path.as_str();
    let (route, params) = match routes::find(request.method.as_str(), path) {
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
        path: path.to_owned(),
        now: world.now(),
        refusal: None,
    });
    let mut admission = shared.limits.admit(&caller.metered());
    if let (Ok(()), Handler::Write { .. }, Some(issue)) =
        (&admission, &route.handler, routes::written_issue(site, route, &params))
    {
        admission = shared.limits.admit_write(&caller.metered(), issue);
    }
    if let Err(refusal) = admission {
        caller.refusal = Some(refusal);
        return Ok(shared.limits.refusal(&refusal));
    }
    let answer = handle(shared, world, admitted, request, (route, params, write));
    let answer = answer.unwrap_or_else(|refusal| *refusal);
    shared.limits.charge(&caller.metered(), &answer);
    Ok(answer)
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
