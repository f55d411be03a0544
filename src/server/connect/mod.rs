//! The connect pages: a person opens the link of a status, consents at Atlassian, and sees what came of it.

mod callback;
mod guard;
mod pages;
mod result;
mod start;
mod visit;

use std::sync::Arc;

use axum::{
    Router,
    http::header,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use kube::Client;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::guard::{Cookie, Limits};
use crate::{
    connect::{flow::Flows, key::Keys, public_url::PublicUrl, service::Connector},
    grant::store::Store,
};

/// The pages, and what is behind them.
pub struct Pages {
    connector: Connector,
    keys: Keys,
    store: Store,
    flows: Flows,
    limits: Limits,
    public: PublicUrl,
    /// Empty: all namespaces.
    namespaces: Vec<String>,
}

impl Pages {
    /// Pages for the integrations of these namespaces, or of all if there are none.
    #[must_use]
    pub fn new(connector: Connector, store: Store, public: PublicUrl, namespaces: Vec<String>) -> Self {
        let client: Client = connector.client.clone();
        Self {
            keys: Keys::new(client),
            connector,
            store,
            flows: Flows::default(),
            limits: Limits::default(),
            public,
            namespaces,
        }
    }

    fn cookie(&self) -> Cookie {
        Cookie {
            is_https: self.public.is_https(),
        }
    }
}

/// Serves the pages until told to stop.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, pages: Arc<Pages>, stop: CancellationToken) -> std::io::Result<()> {
    axum::serve(listener, router(pages))
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
}

// "-" is no name of a namespace, so that what stands under it is in nobody's way.
fn router(pages: Arc<Pages>) -> Router {
    Router::new()
        .route("/connect/callback", get(callback::callback))
        .route("/connect/-/result/{id}", get(result::result))
        .route("/connect/-/style.css", get(style))
        .route("/connect/-/icon.svg", get(icon))
        .route("/connect/{namespace}/{name}", get(start::page))
        .route("/connect/{namespace}/{name}/start", get(start::begin))
        .fallback(visit::nothing_here)
        .with_state(pages)
        .layer(middleware::from_fn(guard::headers))
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("pages/style.css"))
}

async fn icon() -> Response {
    asset("image/svg+xml", include_str!("pages/icon.svg"))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, text).into_response()
}
