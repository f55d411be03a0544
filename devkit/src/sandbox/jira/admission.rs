//! Who is let in: token, site, scope and product access are checked in this order.

use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::routes::Route;
use crate::sandbox::reply;
use crate::sandbox::world::{Account, AccountType, Grant, Site, World};

/// Whose token it is, and where it leads.
pub(super) type Admitted<'a> = (&'a Grant, &'a Account, &'a Site);

/// Whether the token is good and reaches a site that is up.
pub(super) fn admit<'a>(world: &'a World, headers: &HeaderMap, cloud_id: &str) -> Result<Admitted<'a>, Box<Response>> {
    let Some((grant, account)) = world.bearer(headers) else {
        return Err(Box::new(reply::gateway_error(401, "Unauthorized")));
    };
    let site = world.sites.get(cloud_id);
    // A site whose address another one took is gone.
    let Some(site) = site.filter(|site| site.host.is_some()) else {
        return Err(Box::new(reply::gateway_error(404, "Not Found")));
    };
    let reached = grant.sites.contains_key(cloud_id);
    if !reached || site.blocked_apps.contains(&grant.client_id) {
        let message = "The app is not installed on this instance";
        return Err(Box::new(reply::gateway_error(403, message)));
    }
    if let Some(status) = site.down {
        return Err(Box::new(reply::html(status, "Site temporarily unavailable", "")));
    }
    Ok((grant, account, site))
}

/// Whether the grant has the scope, and the account access to the product.
pub(super) fn allow(route: &Route, grant: &Grant, account: &Account, site: &Site) -> Result<(), Box<Response>> {
    let scopes = grant.sites.get(&site.cloud_id);
    let held = |scope: &&str| scopes.is_some_and(|scopes| scopes.contains(*scope));
    let besides = route.besides.iter().all(held);
    if !route.scopes.is_empty() && !route.scopes.iter().any(held) || !besides {
        let message = "Unauthorized; scope does not match";
        return Err(Box::new(reply::gateway_error(401, message)));
    }
    let id = account.account_id.as_str();
    let customer = account.account_type == AccountType::Customer;
    let through_portal = route.for_customers && customer && site.has_portal_access(id);
    if site.has_product_access(id) || through_portal {
        return Ok(());
    }
    let refusal = if site.no_access_status == 401 {
        let message = "Client must be authenticated to access this resource.";
        reply::json(401, json!({"message": message, "status-code": 401}))
    } else {
        let message = "You do not have permission to access Jira on this site.";
        reply::jira_error(site.no_access_status, message)
    };
    Err(Box::new(refusal))
}
