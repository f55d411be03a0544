//! Which webhooks are to tell of what happened.

use std::collections::BTreeMap;

use super::super::jql::WebhookFilter;
use crate::sandbox::world::{Event, Happening, Project, Site, Webhook, World};

/// To whom one delivery goes: app, account, URL.
pub(super) type Recipient<'a> = (&'a str, &'a str, &'a str);

/// The webhooks that match what happened, for each delivery that it takes.
pub(super) fn recipients<'a>(
    world: &World,
    site: &'a Site,
    project: &Project,
    happening: &Happening,
) -> BTreeMap<Recipient<'a>, Vec<u64>> {
    let mut all: BTreeMap<Recipient<'a>, Vec<u64>> = BTreeMap::new();
    let webhooks = site.webhooks.live(world.now());
    for webhook in webhooks.filter(|webhook| matches(site, project, happening, webhook)) {
        if hears(world, site, webhook) && site.reads(project, &happening.issue, &webhook.account_id) {
            let recipient = (
                webhook.client_id.as_str(),
                webhook.account_id.as_str(),
                webhook.url.as_str(),
            );
            all.entry(recipient).or_default().push(webhook.id);
        }
    }
    all
}

fn matches(site: &Site, project: &Project, happening: &Happening, webhook: &Webhook) -> bool {
    let name = happening.event.name();
    let silent = site.webhooks.rules.mixed_events_silent && webhook.mixes_events();
    let filter = || WebhookFilter::read(&webhook.jql_filter);
    !silent
        && webhook.events.iter().any(|event| event == name)
        && has_wanted_part(happening, webhook)
        && filter().is_ok_and(|filter| filter.meets(site, project, &happening.issue))
}

/// Whether it is about one of the fields, or of the properties, that the webhook asks for.
fn has_wanted_part(happening: &Happening, webhook: &Webhook) -> bool {
    let of_field = |fields: &Vec<String>| happening.items.iter().any(|(field, _, _)| fields.contains(field));
    let of_property = |keys: &Vec<String>| happening.property.as_ref().is_some_and(|(key, _)| keys.contains(key));
    match happening.event {
        Event::IssueUpdated => webhook.field_ids_filter.as_ref().is_none_or(of_field),
        Event::PropertySet | Event::PropertyDeleted => {
            webhook.issue_property_keys_filter.as_ref().is_none_or(of_property)
        }
        _ => true,
    }
}

/// Whether anything is delivered for the webhook at all. An app that is not shared delivers only what its owner has
/// registered, and says so to nobody.
fn hears(world: &World, site: &Site, webhook: &Webhook) -> bool {
    let app = world.oauth.apps.get(&webhook.client_id);
    let grant = world.oauth.grant_of(&webhook.client_id, &webhook.account_id);
    let reaches = grant.is_some_and(|grant| grant.revoked.is_none() && grant.sites.contains_key(&site.cloud_id));
    app.is_some_and(|app| app.shared || app.owner == webhook.account_id)
        && reaches
        && site.host.is_some()
        && site.down.is_none()
        && !site.blocked_apps.contains(&webhook.client_id)
}
