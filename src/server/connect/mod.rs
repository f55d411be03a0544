//! The connect pages: a person opens the link of a status, consents at Atlassian, and sees what came of it.

mod callback;
pub mod guard;
mod known_keys;
pub mod pages;
mod result;
mod start;
mod visit;
pub mod words;

use std::{sync::Arc, time::Duration};

use axum::{Router, middleware, routing::get};
use kube::Client;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::{
    guard::{Cookie, Limits},
    known_keys::KnownKeys,
};
use super::listener::{self, Bounds};
use crate::{
    connect::{Connector, Flows, Keys, PublicUrl},
    grant::GrantStore,
};

/// Browsers keep a connection for the next page, and a proxy keeps many.
const BOUNDS: Bounds = Bounds {
    connections: 256,
    head: Duration::from_secs(20),
    keep_alive: true,
};

/// The pages, and what is behind them.
pub struct Pages {
    connector: Connector,
    keys: KnownKeys,
    store: GrantStore,
    flows: Flows,
    limits: Limits,
    public: PublicUrl,
    /// Empty: all namespaces.
    namespaces: Vec<String>,
}

impl Pages {
    /// Pages for the integrations of these namespaces, or of all if there are none.
    #[must_use]
    pub fn new(connector: Connector, store: GrantStore, public: PublicUrl, namespaces: Vec<String>) -> Self {
        let client: Client = connector.client.clone();
        Self {
            keys: KnownKeys::new(Keys::new(client)),
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

/// Serves the pages until the process stops.
pub async fn serve(listener: TcpListener, pages: Arc<Pages>, stop: CancellationToken) {
    listener::serve(listener, router(pages), BOUNDS, stop).await;
}

// "-" is no name of a namespace, so that what stands under it is in nobody's way.
fn router(pages: Arc<Pages>) -> Router {
    Router::new()
        .route("/connect/callback", get(callback::callback))
        .route("/connect/-/result/{id}", get(result::result))
        .route("/connect/{namespace}/{name}", get(start::page))
        .route("/connect/{namespace}/{name}/start", get(start::begin))
        .fallback(|| async { words::nothing_here() })
        .with_state(pages)
        .merge(pages::assets())
        .layer(middleware::from_fn(visit::in_time))
        .layer(middleware::from_fn(guard::headers))
}
