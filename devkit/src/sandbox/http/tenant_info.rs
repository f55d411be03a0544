//! What a site answers under its own host: `tenant_info`, and the refusal of gateway tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::json;

use crate::sandbox::reply;
use crate::sandbox::shared::Shared;

/// `GET /_edge/tenant_info`: the cloud id of the site whose name stands in `Host`, to anybody who asks.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST);
    let host = host.and_then(|value| value.to_str().ok());
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let world = shared.world();
    let mut sites = world.sites.values();
    if let Some(site) = sites.find(|site| site.host.as_deref() == Some(host.as_str())) {
        return match site.down {
            Some(status) => reply::html(status, "Site temporarily unavailable", ""),
            None => reply::json(200, json!({"cloudId": site.cloud_id})),
        };
    }
    let mut sites = world.sites.values();
    match sites.find(|site| site.host.is_some() && site.former_hosts.contains(&host)) {
        Some(site) => reply::redirect(&format!("{}/_edge/tenant_info", site.url())),
        None => reply::html(404, "Your Atlassian Cloud site is currently unavailable", ""),
    }
}

/// The REST API under the site's own host does not take the tokens of OAuth apps, however valid they are.
pub(super) async fn rest_on_site() -> Response {
    let message = "Client must be authenticated to access this resource.";
    reply::json(401, json!({"message": message, "status-code": 401}))
}
