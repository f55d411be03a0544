//! What receives webhooks in tests: a server on loopback that keeps what it got and answers what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::client::{Bench, answer};

/// One request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) uri: String,
    headers: HeaderMap,
    pub(crate) body: Value,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn event(&self) -> &str {
        self.body["webhookEvent"].as_str().unwrap()
    }

    pub(crate) fn key(&self) -> &str {
        self.body["issue"]["key"].as_str().unwrap()
    }

    /// Header and claims of its token, and whether this secret has signed it.
    pub(crate) fn token(&self, secret: &str) -> (Value, Value, bool) {
        let token = self.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
        let (text, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = text.split_once('.').unwrap();
        let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let is_signed = mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok();
        (part(header), part(claims), is_signed)
    }
}

struct Shared {
    received: watch::Sender<Vec<Received>>,
    /// What is answered, in this order; then 200.
    answers: Mutex<VecDeque<u16>>,
}

/// The server.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

impl Receiver {
    pub(crate) async fn new() -> Self {
        Self::answering(&[]).await
    }

    /// Answers these statuses, one after the other, and 200 from then on.
    pub(crate) async fn answering(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            received: watch::Sender::new(Vec::new()),
            answers: Mutex::new(statuses.iter().copied().collect()),
        });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/webhooks/jira", self.port)
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// Waits until so many arrived.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Received> {
        let mut received = self.shared.received.subscribe();
        let enough = received.wait_for(|all| all.len() >= count);
        timeout(Duration::from_secs(30), enough).await.unwrap().unwrap().clone()
    }
}

async fn receive(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let received = Received {
        uri: uri.to_string(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    shared.received.send_modify(|all| all.push(received));
    let status = shared.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}

/// The path of webhooks in the API.
pub(crate) const WEBHOOK: &str = "/rest/api/3/webhook";
/// Events of issues.
pub(crate) const OF_ISSUES: [&str; 3] = ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted"];

/// Registers webhooks with the dedicated account's token; answers the status and the results.
pub(crate) async fn register(bench: &Bench, url: &str, webhooks: Value) -> (u16, Value) {
    register_as(bench, &bench.tokens.access_token, url, webhooks).await
}

pub(crate) async fn register_as(bench: &Bench, token: &str, url: &str, webhooks: Value) -> (u16, Value) {
    let body = json!({"url": url, "webhooks": webhooks});
    let (status, body) = answer(bench.send_as(token, "POST", WEBHOOK, &body)).await;
    match body.get("webhookRegistrationResult") {
        Some(results) => (status, results.clone()),
        None => (status, body),
    }
}

/// Registers one webhook for these events of all issues, for the dedicated account.
pub(crate) async fn listen(bench: &Bench, url: &str, events: &[&str]) -> u64 {
    let webhooks = json!([{"events": events, "jqlFilter": "project != null"}]);
    let (status, results) = register(bench, url, webhooks).await;
    assert_eq!(status, 200, "{results}");
    results[0]["createdWebhookId"].as_u64().unwrap()
}

/// Waits until all deliveries are over, of which there are to be so many, and returns them.
pub(crate) async fn over(bench: &Bench, count: usize) -> Vec<devkit::sandbox::Delivery> {
    let done = bench
        .sandbox
        .wait_for_deliveries(|all| all.len() >= count && all.iter().all(devkit::sandbox::Delivery::is_over));
    timeout(Duration::from_secs(30), done).await.unwrap()
}
