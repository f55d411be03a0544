//! Every request passes here: it is logged, and faults take effect before and after it does.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header, request};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;

use super::token::TokenRequest;
use crate::sandbox::bearer;
use crate::sandbox::connection::Connection;
use crate::sandbox::faults::active::Hit;
use crate::sandbox::faults::play;
use crate::sandbox::faults::rule::{FaultAction, Target, When};
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
        match self.hit(When::Before) {
            // By itself, so that the request takes effect whoever waits for it.
            Some(hit) if matches!(hit.action, FaultAction::TakeEffectLate { .. }) => {
                let going = tokio::spawn(self.past(Some(hit), request, next));
                going.await.unwrap_or_default()
            }
            Some(hit) if matches!(hit.action, FaultAction::DropAndTakeEffectLate) => {
                let answer = play::cut(&self.connection);
                tokio::spawn(self.past(Some(hit), request, next));
                answer
            }
            hit => self.past(hit, request, next).await,
        }
    }

    /// Past the fault that meets it before the effect, and the one that meets its answer.
    async fn past(self, hit: Option<Hit>, request: Request, next: Next) -> Response {
        let instead = match &hit {
            Some(hit) => play::before(hit, &self.connection).await,
            None => None,
        };
        let answer = match instead {
            Some(instead) => instead,
            None => self.answered(next.run(request).await).await,
        };
        self.end(answer).await
    }

    async fn answered(&self, answer: Response) -> Response {
        match self.hit(When::After) {
            Some(hit) => play::after(&hit, answer, &self.connection).await,
            None => answer,
        }
    }

    /// Keeps the answer back as long as all are, and notes what it says.
    async fn end(&self, answer: Response) -> Response {
        let latency = self.shared.latency();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let status = answer.status().as_u16();
        let lost = answer.extensions().get::<play::Lost>().is_some();
        self.shared.requests.amend(self.sequence, |entry| {
            entry.status = (!lost).then_some(status);
        });
        answer
    }
}
