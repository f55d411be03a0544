//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::telemetry::Metrics;

/// A watch that gave no sign of life for so long is dead: it is opened anew every 200 seconds.
const WATCH_DEAD_AFTER: u64 = 900;

/// What the probes look at.
pub struct Health {
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Age, in seconds, of the most silent watch.
    pub watch_age: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    /// Whether tokens wait in memory to be stored.
    pub has_unsaved: Box<dyn Fn() -> bool + Send + Sync>,
    /// What start-up still waits for; empty once it is done.
    pub awaited: Arc<std::sync::Mutex<String>>,
    /// Whether the process was told to stop.
    pub stopping: AtomicBool,
}

/// Serves until told to stop.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, health: Arc<Health>, stop: CancellationToken) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
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
