//! The connect pages: a person opens the link of a status, consents at Atlassian, and sees what came of it.

mod callback;
pub mod guard;
pub mod pages;
mod result;
mod start;
mod visit;

use std::sync::Arc;

use axum::{Router, middleware, routing::get};
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
        .route("/connect/{namespace}/{name}", get(start::page))
        .route("/connect/{namespace}/{name}/start", get(start::begin))
        .fallback(visit::nothing_here)
        .with_state(pages)
        .merge(pages::assets())
        .layer(middleware::from_fn(guard::headers))
}
