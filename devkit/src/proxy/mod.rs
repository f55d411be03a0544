//! A reverse proxy before the API server that delays, drops or refuses the requests chosen by rules, and
//! forwards all others unchanged, watches included.
//!
//! It speaks plain HTTP/1.1 on loopback: a client's kubeconfig names [`Proxy::url`] and the client's own token.

mod rule;
mod rules;
mod upstream;
mod write;

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use rule::{Action, Rule};
pub use rules::{RuleHandle, TooFewHits};
pub use write::Write;

use crate::control_plane::ControlPlane;
use rules::Rules;
use upstream::Upstream;

/// Why a proxy could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No port could be listened on.
    #[error("the proxy cannot listen on 127.0.0.1: {0}")]
    Listen(#[from] io::Error),
    /// The API server's certificate authority was not accepted.
    #[error("the proxy's client for the API server: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running proxy; stopped on drop, its connections closed.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<Infallible>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    upstream: Upstream,
    rules: Arc<Rules>,
    /// Every write that came, oldest first, also where a rule kept it from arriving.
    writes: Mutex<Vec<Write>>,
}

impl Proxy {
    /// Starts a proxy before the API server of `control_plane`, which may be restarted behind it.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start(control_plane: &ControlPlane) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            upstream: Upstream::new(control_plane.url(), control_plane.ca_pem())?,
            rules: Arc::default(),
            writes: Mutex::default(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { url, shared, serving })
    }

    /// `http://127.0.0.1:<port>`, for the `server` of a kubeconfig.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts a rule in force.
    #[must_use = "a rule without its handle stays in force and holds for ever what it holds"]
    pub fn add(&self, rule: Rule) -> RuleHandle {
        self.shared.rules.add(rule)
    }

    /// Every write so far, in the order in which they came, also those that a rule kept from arriving.
    #[must_use]
    pub fn writes(&self) -> Vec<Write> {
        self.shared
            .writes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Accepts connections. Their tasks are the accepting task's own and end with it.
async fn serve(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connection(stream, Arc::clone(&shared)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let Ok((stream, peer)) = Peer::of(stream) else {
        return;
    };
    let peer = Arc::new(peer);
    let service = service_fn(|request| {
        let (shared, peer) = (Arc::clone(&shared), Arc::clone(&peer));
        async move { answer(request, &shared, &peer).await }
    });
    // An error is how a rule closes a connection, and how a client hangs up: neither is news.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The client's end of a connection. hyper notices sooner or later that a client has hung up; a request that
/// was held must not be forwarded in between.
struct Peer(std::net::TcpStream);

impl Peer {
    fn of(stream: TcpStream) -> io::Result<(TcpStream, Self)> {
        let stream = stream.into_std()?;
        let peer = Self(stream.try_clone()?);
        Ok((TcpStream::from_std(stream)?, peer))
    }

    fn is_gone(&self) -> bool {
        match self.0.peek(&mut [0]) {
            Ok(bytes) => bytes == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct HangUp;

/// Answers one request. When the client hangs up, hyper drops this future, and with it what is held.
async fn answer(request: Request<Incoming>, shared: &Shared, peer: &Peer) -> Result<Response<Body>, HangUp> {
    let (head, body) = request.into_parts();
    // Read whole, for only then does hyper notice that the client hangs up.
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(|_| HangUp)?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    if let Some(write) = Write::of(&head.method, path, &body) {
        shared.writes.lock().unwrap_or_else(PoisonError::into_inner).push(write);
    }
    let Some(rule) = shared.rules.claim(&head.method, path, &body) else {
        return shared.upstream.forward(head, body).await.map_err(|_| HangUp);
    };
    let forward = async |head, body| {
        let answer = shared.upstream.forward(head, body).await.map_err(|_| HangUp)?;
        rule.is_done();
        Ok(answer)
    };
    match rule.action() {
        Action::DropRequest => Err(HangUp),
        Action::Refuse {
            status,
            reason,
            message,
        } => refusal(*status, reason, message),
        Action::HoldRequest => {
            if !rule.pass().await || peer.is_gone() {
                return Err(HangUp);
            }
            forward(head, body).await
        }
        Action::HoldAnswer => {
            let answer = forward(head, body).await?;
            if rule.pass().await { Ok(answer) } else { Err(HangUp) }
        }
        Action::DropAnswer => {
            let _ = forward(head, body).await;
            Err(HangUp)
        }
        Action::ReplaceAnswer {
            status,
            reason,
            message,
        } => {
            forward(head, body).await?;
            refusal(*status, reason, message)
        }
    }
}

/// What the API server answers when it refuses.
fn refusal(status: StatusCode, reason: &str, message: &str) -> Result<Response<Body>, HangUp> {
    let body = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status.as_u16(),
    });
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .map_err(|_| HangUp)
}
