//! Every request passes here: it is logged, and faults take effect before and after it does.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::token::TokenRequest;
use crate::sandbox::active_faults::Hit;
use crate::sandbox::bearer;
use crate::sandbox::connection::Connection;
use crate::sandbox::fault::{FaultAction, RateLimitReason, Target, When};
use crate::sandbox::limits::{self, HeaderStyle, Refusal};
use crate::sandbox::reply;
use crate::sandbox::request_log;
use crate::sandbox::shared::Shared;

/// The largest body the sandbox reads, in bytes.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// The longest body that the log keeps, in bytes.
const LONGEST_KEPT: usize = 8 * 1024;

/// Takes a request through the log and the faults to its handler.
pub(super) async fn record(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return reply::gateway_error(413, "Request body too large");
    };
    let entry = describe(&shared, &parts, &body);
    let passage = Passage {
        connection,
        method: entry.method.clone(),
        path: entry.path.clone(),
        body: entry.body.clone(),
        client_id: entry.client_id.clone(),
        account_id: entry.account_id.clone(),
        sequence: shared.requests.arrived(entry),
        shared,
    };
    let request = Request::from_parts(parts, Body::from(body));
    passage.through(request, next).await
}

/// Marks an answer that will not arrive, because its connection is cut.
#[derive(Clone)]
struct Lost;

/// What the log says about a request.
fn describe(shared: &Shared, parts: &request::Parts, body: &Bytes) -> request_log::Request {
    let path = parts.uri.path();
    let host = parts.headers.get(header::HOST);
    let host = host.and_then(|value| value.to_str().ok());
    let mut entry = request_log::Request {
        sequence: 0,
        at: Timestamp::now(),
        method: parts.method.to_string(),
        host: host.unwrap_or_default().to_ascii_lowercase(),
        path: path.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        body: None,
        status: None,
        client_id: None,
        account_id: None,
        grant_type: None,
        faults: Vec::new(),
    };
    if matches!(path, "/authorize" | "/login") {
        entry.query = None;
    } else if path == "/oauth/token" {
        let request = TokenRequest::read(&parts.headers, body).unwrap_or_default();
        let token = request.refresh_token.as_deref().unwrap_or_default();
        let uses = shared.world().oauth.uses_of(token);
        entry.account_id = uses.map(|uses| uses.account_id);
        entry.client_id = request.client_id;
        entry.grant_type = request.grant_type;
    } else if let Some((client_id, account_id)) = owner(shared, &parts.headers) {
        entry.client_id = Some(client_id);
        entry.account_id = Some(account_id);
        entry.body = kept(path, body);
    }
    entry
}

/// The body of a call to a site's API, if it is short.
fn kept(path: &str, body: &Bytes) -> Option<String> {
    let short = path.starts_with("/ex/jira/") && (1..=LONGEST_KEPT).contains(&body.len());
    short.then(|| String::from_utf8_lossy(body).into_owned())
}

fn owner(shared: &Shared, headers: &HeaderMap) -> Option<(String, String)> {
    let world = shared.world();
    let grant = world.grant_behind(bearer::token(headers)?)?;
    Some((grant.client_id.clone(), grant.account_id.clone()))
}

/// One request on its way.
struct Passage {
    shared: Arc<Shared>,
    connection: Connection,
    method: String,
    path: String,
    body: Option<String>,
    client_id: Option<String>,
    account_id: Option<String>,
    sequence: u64,
}

impl Passage {
    fn hit(&self, when: When) -> Option<Hit> {
        let target = Target {
            method: &self.method,
            path: &self.path,
            body: self.body.as_deref(),
            client_id: self.client_id.as_deref(),
            account_id: self.account_id.as_deref(),
        };
        let hit = self.shared.faults.hit(when, &target)?;
        let log = &self.shared.requests;
        log.amend(self.sequence, |entry| entry.faults.push(hit.id));
        Some(hit)
    }

    /// Takes the request to its handler and the answer back.
    async fn through(self, request: Request, next: Next) -> Response {
        let hit = self.hit(When::Before);
        if let Some(Hit {
            action: FaultAction::TakeEffectLate { milliseconds },
            ..
        }) = hit
        {
            return self.late(request, next, (hit, milliseconds)).await;
        }
        let answer = match self.before(hit).await {
            Some(answer) => answer,
            None => self.after(next.run(request).await).await,
        };
        self.end(answer).await
    }

    /// Goes on by itself, so that the request takes effect whoever waits for it.
    async fn late(self, request: Request, next: Next, (hit, milliseconds): (Option<Hit>, Option<u64>)) -> Response {
        let going = tokio::spawn(async move {
            match (hit, milliseconds) {
                (Some(hit), None) => hit.hold().await,
                (Some(hit), Some(milliseconds)) => {
                    hit.count();
                    wait(milliseconds).await;
                }
                (None, _) => {}
            }
            let answer = self.after(next.run(request).await).await;
            self.end(answer).await
        });
        going.await.unwrap_or_default()
    }

    /// Keeps the answer back as long as all are, and notes what it says.
    async fn end(&self, answer: Response) -> Response {
        let latency = self.shared.latency();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let status = answer.status().as_u16();
        let lost = answer.extensions().get::<Lost>().is_some();
        self.shared.requests.amend(self.sequence, |entry| {
            entry.status = (!lost).then_some(status);
        });
        answer
    }

    /// Faults before the effect; an answer means that the handler is not reached.
    async fn before(&self, hit: Option<Hit>) -> Option<Response> {
        let hit = hit?;
        if !matches!(hit.action, FaultAction::Hold) {
            hit.count();
        }
        match &hit.action {
            FaultAction::Hold => {
                hit.hold().await;
                None
            }
            FaultAction::Delay { milliseconds } => {
                wait(*milliseconds).await;
                None
            }
            // These alter an answer, and there is none yet; the last goes its own way.
            FaultAction::OmitRefreshToken | FaultAction::GarbledBody | FaultAction::TakeEffectLate { .. } => None,
            other => Some(self.instead(other)),
        }
    }

    /// Faults after the effect, on the answer.
    async fn after(&self, answer: Response) -> Response {
        let Some(hit) = self.hit(When::After) else {
            return answer;
        };
        if !matches!(hit.action, FaultAction::Hold) {
            hit.count();
        }
        match &hit.action {
            FaultAction::Hold => {
                hit.hold().await;
                answer
            }
            FaultAction::Delay { milliseconds } => {
                wait(*milliseconds).await;
                answer
            }
            // It has taken effect already.
            FaultAction::TakeEffectLate { .. } => answer,
            FaultAction::OmitRefreshToken => alter(answer, omit_refresh_token).await,
            FaultAction::GarbledBody => alter(answer, garble).await,
            other => self.instead(other),
        }
    }

    /// The answer a fault gives in place of the real one.
    fn instead(&self, action: &FaultAction) -> Response {
        match action {
            FaultAction::Status { code, headers, body } => {
                let mut answer = reply::json(*code, serde_json::Value::Null);
                *answer.body_mut() = Body::from(body.clone());
                answer.headers_mut().remove(header::CONTENT_LENGTH);
                for (name, value) in headers {
                    set(&mut answer, name, value);
                }
                answer
            }
            FaultAction::Html { code } => {
                let body = "<p>The server is temporarily unable to answer.</p>";
                reply::html(*code, "Service unavailable", body)
            }
            FaultAction::RateLimit {
                reason,
                retry_after_seconds,
            } => rate_limited(*reason, *retry_after_seconds),
            // The others alter the real answer, and are carried out where it is at hand.
            FaultAction::DropConnection
            | FaultAction::Delay { .. }
            | FaultAction::Hold
            | FaultAction::TakeEffectLate { .. }
            | FaultAction::OmitRefreshToken
            | FaultAction::GarbledBody => {
                self.connection.cut();
                let mut answer = StatusCode::SERVICE_UNAVAILABLE.into_response();
                answer.extensions_mut().insert(Lost);
                answer
            }
        }
    }
}

async fn wait(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

fn set(answer: &mut Response, name: &str, value: &str) {
    let name = HeaderName::try_from(name);
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        answer.headers_mut().insert(name, value);
    }
}

/// A 429 for this limit, by the real clock.
fn rate_limited(reason: RateLimitReason, retry_after: Option<u32>) -> Response {
    let wait = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let reset = wait.map(|wait| Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX));
    let refusal = Refusal {
        reason,
        limit: reason.usual_limit(),
        retry_after,
        reset,
    };
    limits::refused(&refusal, &HeaderStyle::default())
}

/// Rewrites the body of an answer.
async fn alter(answer: Response, change: impl Fn(&[u8]) -> Vec<u8>) -> Response {
    let (mut parts, body) = answer.into_parts();
    let bytes = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(change(&bytes)))
}

fn omit_refresh_token(body: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(body) else {
        return body.to_vec();
    };
    if let Some(value) = value.as_object_mut() {
        value.remove("refresh_token");
    }
    value.to_string().into_bytes()
}

/// The body without its last byte: the closing brace is missing, the data is all there.
fn garble(body: &[u8]) -> Vec<u8> {
    let kept = body.len().saturating_sub(1);
    body.iter().copied().take(kept).collect()
}
