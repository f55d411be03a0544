//! Which handler answers which path. One port serves all hosts, so only paths differ.

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{any, get, post};

use super::{authorize, control, login_page, middleware, resources, tenant_info, token};
use crate::sandbox::jira;
use crate::sandbox::reply;
use crate::sandbox::shared::Shared;

/// The whole sandbox as one service.
pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    let watched = Router::new()
        .route("/authorize", get(authorize::page).post(authorize::submit))
        .route("/login", get(login_page::page).post(login_page::submit))
        .route("/oauth/token", post(token::exchange))
        .route(
            "/oauth/token/accessible-resources",
            get(resources::accessible_resources),
        )
        .route("/me", get(resources::me))
        .route("/_edge/tenant_info", get(tenant_info::answer))
        .route("/rest/{*path}", any(tenant_info::rest_on_site))
        .route("/ex/jira/{cloud_id}/{*path}", any(jira::gateway))
        .fallback(unknown)
        .layer(from_fn_with_state(Arc::clone(shared), middleware::record));
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
