//! The gateway's own endpoints: the sites a token reaches, and whose token it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use crate::sandbox::reply;
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{Grant, Site};

/// `GET /oauth/token/accessible-resources`.
pub(super) async fn accessible_resources(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let world = shared.world();
    let Some((grant, account)) = world.bearer(&headers) else {
        return reply::gateway_error(401, "Unauthorized");
    };
    let listed = |site: &&Site| {
        site.host.is_some()
            && !site.blocked_apps.contains(&grant.client_id)
            && !site.unlisted.contains(&account.account_id)
    };
    // By cloud id, which is no order that means anything.
    let sites = world.sites.values().filter(listed);
    let entries = sites.flat_map(|site| entries(site, grant)).collect();
    reply::json(200, Value::Array(entries))
}

/// One entry for Jira and one for Confluence, as far as the grant has scopes for either.
fn entries(site: &Site, grant: &Grant) -> Vec<Value> {
    let Some(scopes) = grant.sites.get(&site.cloud_id) else {
        return Vec::new();
    };
    let of_confluence = |scope: &&String| scope.contains("confluence");
    let (confluence, jira): (BTreeSet<_>, BTreeSet<_>) = scopes.iter().partition(of_confluence);
    let entry = |scopes: BTreeSet<&String>| {
        let avatar = "https://site-admin-avatar-cdn.prod.public.atl-paas.net/avatars/240/site.png";
        json!({
            "id": site.cloud_id,
            "url": site.url(),
            "name": site.name,
            "scopes": scopes,
            "avatarUrl": avatar,
        })
    };
    let kinds = [jira, confluence].into_iter();
    kinds.filter(|scopes| !scopes.is_empty()).map(entry).collect()
}

/// `GET /me`, with `read:me`.
pub(super) async fn me(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let world = shared.world();
    let Some((grant, account)) = world.bearer(&headers) else {
        return reply::gateway_error(401, "Unauthorized");
    };
    if !grant.account_scopes.contains("read:me") {
        return reply::gateway_error(401, "Unauthorized; scope does not match");
    }
    let status = if account.active { "active" } else { "inactive" };
    reply::json(
        200,
        json!({
            "account_type": account.account_type.as_str(),
            "account_id": account.account_id,
            "email": account.shown_email(),
            "name": account.display_name,
            "nickname": account.display_name,
            "account_status": status,
            "zoneinfo": account.time_zone,
            "locale": account.locale.replace('_', "-"),
        }),
    )
}
