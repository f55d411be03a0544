//! `/healthz`, `/readyz` and `/metrics`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::listener::{self, Bounds, within};
use crate::telemetry::Metrics;

/// A watch that gave no sign of life for so long is dead: it is opened anew every 200 seconds.
const WATCH_DEAD_AFTER: u64 = 900;

/// What the probes check.
pub struct Health {
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Age, in seconds, of the most silent watch.
    pub watch_age: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    /// Whether tokens wait in memory to be stored.
    pub has_unsaved: Box<dyn Fn() -> bool + Send + Sync>,
    /// What start-up still waits for; empty once it is done.
    pub awaited: Arc<std::sync::Mutex<String>>,
    /// Whether the process stops.
    pub stopping: AtomicBool,
}

/// A probe or a scrape asks once, and at once. Any pod can reach the port, and what it holds open must not cost the
/// process its memory or a probe its answer.
const BOUNDS: Bounds = Bounds {
    connections: 64,
    head: Duration::from_secs(5),
    keep_alive: false,
};
/// Longest time for an answer, all of which are in memory.
const LONGEST: Duration = Duration::from_secs(5);

/// Serves until the process stops.
pub async fn serve(listener: TcpListener, health: Arc<Health>, stop: CancellationToken) {
    listener::serve(listener, router(health), BOUNDS, stop).await;
}

fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(nothing_here)
        .with_state(health)
        .layer(from_fn(in_time))
}

async fn in_time(request: Request, next: Next) -> Response {
    let answer = within(LONGEST, request, next).await;
    answer.unwrap_or_else(|| (StatusCode::SERVICE_UNAVAILABLE, "took too long\n").into_response())
}

/// A browser that is sent here looks for something else.
async fn nothing_here() -> impl IntoResponse {
    let text = "Here are /healthz, /readyz and /metrics of jira-operator run, and nothing else.\n\
        The connect pages have a port of their own: --connect-listen, and --public-url for links to them.\n\
        jira-operator connect waits for the browser on another port than this: --port, and the app's callback URL.\n";
    (StatusCode::NOT_FOUND, text)
}

/// Alive unless a watch is dead. A process that holds the only copy of a token is never called
/// dead: a restart would lose it.
async fn healthz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let age = (health.watch_age)().unwrap_or(0);
    if age > WATCH_DEAD_AFTER && !(health.has_unsaved)() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("a watch has been silent for {age} seconds\n"),
        );
    }
    (StatusCode::OK, "ok\n".to_owned())
}

async fn readyz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    if health.stopping.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    let awaited = health.awaited.lock().map(|text| text.clone()).unwrap_or_default();
    if awaited.is_empty() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for {awaited}\n"))
    }
}

async fn metrics(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let age = (health.watch_age)()
        .and_then(|age| i64::try_from(age).ok())
        .unwrap_or(0);
    let kind = [(
        "content-type",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    (kind, health.metrics.render(age, Timestamp::now()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_browser_that_comes_here_is_told_where_the_pages_are() {
        let health = Health {
            metrics: Arc::new(Metrics::default()),
            watch_age: Box::new(|| None),
            has_unsaved: Box::new(|| false),
            awaited: Arc::default(),
            stopping: AtomicBool::new(false),
        };
        let router = router(Arc::new(health));
        let ask = |path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request)
        };
        let lost = ask("/connect/callback?code=x&state=y").await.unwrap();
        assert_eq!(lost.status(), StatusCode::NOT_FOUND);
        let text = to_bytes(lost.into_body(), 4096).await.unwrap();
        assert!(String::from_utf8_lossy(&text).contains("--connect-listen"));
        assert_eq!(ask("/healthz").await.unwrap().status(), StatusCode::OK);
    }
}
