//! `POST /rest/api/3/webhook`: each webhook is registered or refused by itself, and 200 says nothing of either.

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Host, Url};

use super::super::call::{Call, Judged};
use super::super::jql::WebhookFilter;
use super::super::tickets::refusal::refuse;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{NewWebhook, Receipt, Write, no_slot};

/// Every event that a webhook can be registered for; of sprints and versions the sandbox has none.
const EVENTS: [&str; 20] = [
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
    "issue_property_set",
    "issue_property_deleted",
    "sprint_created",
    "sprint_updated",
    "sprint_closed",
    "sprint_deleted",
    "sprint_started",
    "jira:version_released",
    "jira:version_unreleased",
    "jira:version_created",
    "jira:version_moved",
    "jira:version_updated",
    "jira:version_merged",
    "jira:version_deleted",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    url: String,
    webhooks: Vec<WantedWebhook>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WantedWebhook {
    events: Vec<String>,
    jql_filter: String,
    field_ids_filter: Option<Vec<String>>,
    issue_property_keys_filter: Option<Vec<String>>,
}

pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let invalid = "Invalid request payload. Refer to the REST API documentation and try again.";
    let wanted = Wanted::deserialize(&call.body).map_err(|_| refuse(400, invalid))?;
    let mut events = wanted.webhooks.iter().flat_map(|webhook| &webhook.events);
    if events.any(|event| !EVENTS.contains(&event.as_str())) {
        return Err(refuse(400, invalid));
    }
    if wanted.webhooks.is_empty() {
        return Err(refuse(400, "At least one webhook must be given."));
    }
    if !is_deliverable(&wanted.url) {
        let message = format!("The URL {} is not valid: it must be an absolute HTTPS URL.", wanted.url);
        return Err(refuse(400, &message));
    }
    let webhooks = match other_url(call, &wanted.url) {
        Some(other) => refuse_all(call, &only_one_url(&other), wanted.webhooks.len())?,
        None => wanted.webhooks.into_iter().map(read).collect(),
    };
    check_slots(call, &webhooks)?;
    Ok(Write::RegisterWebhooks {
        url: wanted.url,
        webhooks,
    })
}

/// Jira takes HTTPS alone. That the sandbox takes HTTP to the machine itself is for tests, and stands in its documents.
fn is_deliverable(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || local && url.scheme() == "http"
}

/// The URL that the app has already, if it is another one.
fn other_url(call: &Call<'_>, url: &str) -> Option<String> {
    let now = call.world.now();
    let per_site = call.site.webhooks.rules.url_per_site;
    let sites = call.world.sites.values();
    let sites = sites.filter(|site| !per_site || site.cloud_id == call.site.cloud_id);
    let mut all = sites.flat_map(|site| site.webhooks.live(now));
    let other = all.find(|webhook| webhook.client_id == call.client_id && webhook.url != url)?;
    Some(other.url.clone())
}

fn only_one_url(other: &str) -> String {
    format!("Only a single URL per app is allowed to be registered. Currently registered URL: {other}")
}

/// Each refused for the same reason, or the call as a whole: how is not documented.
fn refuse_all(
    call: &Call<'_>,
    message: &str,
    count: usize,
) -> Result<Vec<Result<NewWebhook, Vec<String>>>, Box<Response>> {
    match call.site.webhooks.rules.refusal {
        200 => Ok(vec![Err(vec![message.to_owned()]); count]),
        status => Err(refuse(status, message)),
    }
}

fn read(wanted: WantedWebhook) -> Result<NewWebhook, Vec<String>> {
    WebhookFilter::read(&wanted.jql_filter)?;
    if wanted.events.is_empty() {
        return Err(vec!["At least one event must be given".to_owned()]);
    }
    Ok(NewWebhook {
        events: wanted.events,
        jql_filter: wanted.jql_filter,
        field_ids_filter: wanted.field_ids_filter,
        issue_property_keys_filter: wanted.issue_property_keys_filter,
    })
}

/// Refuses the call as a whole if there are too few slots and that is how it is done; else each is told by itself.
fn check_slots(call: &Call<'_>, webhooks: &[Result<NewWebhook, Vec<String>>]) -> Result<(), Box<Response>> {
    let free = call.site.webhooks.free_slots(call.owner(), call.world.now());
    let wanted = webhooks.iter().filter(|webhook| webhook.is_ok()).count();
    if wanted > free {
        refuse_all(call, &no_slot(), 0)?;
    }
    Ok(())
}

pub(in super::super) fn answer(_: &Call<'_>, receipt: &Receipt) -> Answered {
    let results = receipt.webhooks.iter().map(|result| match result {
        Ok(id) => json!({"createdWebhookId": id}),
        Err(errors) => json!({"errors": errors}),
    });
    let results: Vec<Value> = results.collect();
    Ok(reply::json(200, json!({"webhookRegistrationResult": results})))
}
