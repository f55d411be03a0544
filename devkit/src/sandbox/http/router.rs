//! Which handler answers which path. One port serves all hosts, so paths alone tell them apart.

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get, post};

use super::{authorize, control, edge, login, pass, resources, token};
use crate::sandbox::jira;
use crate::sandbox::reply;
use crate::sandbox::shared::Shared;

/// The whole sandbox as one service.
pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    let watched = Router::new()
        .route("/authorize", get(authorize::page).post(authorize::submit))
        .route("/login", get(login::page).post(login::submit))
        .route("/oauth/token", post(token::exchange))
        .route(
            "/oauth/token/accessible-resources",
            get(resources::accessible_resources),
        )
        .route("/me", get(resources::me))
        .route("/_edge/tenant_info", get(edge::tenant_info))
        .route("/rest/{*path}", any(edge::rest_on_site))
        .route("/ex/jira/{cloud_id}/{*path}", any(jira::gateway))
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(Arc::clone(shared), pass::through));
    Router::new()
        .route("/_sandbox/commands", post(control::command))
        .route("/_sandbox/requests", get(control::requests))
        .route("/_sandbox/tokens", get(control::tokens))
        .merge(watched)
        .with_state(Arc::clone(shared))
}

async fn unknown(uri: Uri) -> Response {
    reply::unknown_path(uri.path())
}
