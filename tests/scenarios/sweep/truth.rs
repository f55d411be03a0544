//! What is true at Atlassian, whatever the operator has heard of it: whose a token is, and whether an integration may
//! use it.

use std::collections::BTreeSet;

use devkit::sandbox::{AccountType, Grant, World};
use jira_operator::api::integration::JiraIntegration;

/// Whether a grant is one that this integration's token may come from: of the account that it names, for its site.
pub fn accepts(world: &World, grant: &Grant, integration: &JiraIntegration) -> bool {
    let Some(site) = world.site(&integration.spec.site) else {
        return false;
    };
    let Some(account) = world.accounts.get(&grant.account_id) else {
        return false;
    };
    let declared = integration.spec.account.as_ref();
    let email = declared.and_then(|declared| declared.email.as_deref());
    let id = declared.and_then(|declared| declared.account_id.as_deref());
    grant.revoked.is_none()
        && grant.sites.contains_key(&site.cloud_id)
        && site.has_product_access(&account.account_id)
        && !site.blocked_apps.contains(&grant.client_id)
        && account.active
        && account.account_type == AccountType::Atlassian
        && match (id, email) {
            (Some(id), _) => id == account.account_id,
            (None, Some(email)) => email.eq_ignore_ascii_case(&account.email),
            (None, None) => true,
        }
}

/// The grants that an integration's token may come from.
pub fn acceptable(world: &World, integration: &JiraIntegration) -> BTreeSet<u64> {
    let grants = world.oauth.grants.values();
    let good = grants.filter(|grant| accepts(world, grant, integration));
    good.map(|grant| grant.id).collect()
}

/// A grant in words that are the same in every run: whose it is, for which sites, and whether it lives.
pub fn describe(world: &World, grant: &Grant) -> String {
    let account = world.accounts.get(&grant.account_id);
    let account = account.map_or("an unknown account", |account| account.email.as_str());
    let sites: Vec<&str> = grant
        .sites
        .keys()
        .filter_map(|id| world.sites.get(id))
        .map(|site| site.name.as_str())
        .collect();
    let life = if grant.revoked.is_some() { "dead" } else { "alive" };
    format!("{account} on {}, {life}", sites.join(" and "))
}
