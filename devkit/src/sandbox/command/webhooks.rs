//! Commands about webhooks: how they behave, how they are delivered, and what a stranger sends in their place.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Applied, CommandError};
use super::people::{account_id, cloud_id, site_mut};
use crate::sandbox::jira;
use crate::sandbox::shared::Shared;
use crate::sandbox::webhooks::ForgedDelivery;
use crate::sandbox::world::{CLIENT_ID, Webhook, World};

/// Settings of what Atlassian does not document of webhooks; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookRuleChange {
    /// Status with which a second URL or a webhook without a slot is refused (200 at first: an error for each webhook).
    pub refusal: Option<u16>,
    /// An app has one URL on each site, and not one for all of them (off at first).
    pub url_per_site: Option<bool>,
    /// `expirationDate` is text (off at first).
    pub dates_as_text: Option<bool>,
    /// A webhook with events of issues and of comments delivers nothing (off at first).
    pub mixed_events_silent: Option<bool>,
    /// A comment is told of as an update of its issue too (off at first).
    pub comment_updates_issue: Option<bool>,
}

pub(super) fn set_rules(world: &mut World, site: Option<&str>, change: WebhookRuleChange) -> Applied {
    let rules = &mut site_mut(world, site)?.webhooks.rules;
    rules.refusal = change.refusal.unwrap_or(rules.refusal);
    rules.url_per_site = change.url_per_site.unwrap_or(rules.url_per_site);
    rules.dates_as_text = change.dates_as_text.unwrap_or(rules.dates_as_text);
    rules.mixed_events_silent = change.mixed_events_silent.unwrap_or(rules.mixed_events_silent);
    rules.comment_updates_issue = change.comment_updates_issue.unwrap_or(rules.comment_updates_issue);
    Ok(Answer::Done)
}

/// All of the app's and account's webhooks, or these.
pub(super) fn forget(
    world: &mut World,
    site: Option<&str>,
    client_id: Option<&str>,
    account: Option<&str>,
    ids: Option<&[u64]>,
) -> Applied {
    let account = account_id(world, account)?;
    let owner = (client_id.unwrap_or(CLIENT_ID), account.as_str());
    let webhooks = &mut site_mut(world, site)?.webhooks;
    let goes = |webhook: &Webhook| ids.is_none_or(|ids| ids.contains(&webhook.id));
    Ok(Answer::Count {
        count: webhooks.remove(owner, goes),
    })
}

pub(super) fn describe(world: &mut World, site: Option<&str>) -> Applied {
    let now = world.now();
    let site = site_mut(world, site)?;
    Ok(Answer::Webhooks {
        webhooks: site.webhooks.live(now).cloned().collect(),
    })
}

pub(super) fn forge(shared: &Shared, forged: ForgedDelivery) -> Applied {
    let site = cloud_id(&shared.world(), forged.site.as_deref())?;
    let client_id = forged.client_id.clone();
    let client_id = client_id.as_deref().unwrap_or(CLIENT_ID);
    let number = jira::forge(shared, &site, client_id, forged).map_err(CommandError::Invalid)?;
    Ok(Answer::Delivery { number })
}
