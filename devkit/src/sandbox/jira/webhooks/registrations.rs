//! Webhooks of the caller that are registered: listed, refreshed, deleted.

use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::call::{Call, Judged, Page};
use super::super::render;
use super::super::tickets::refusal::refuse;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Receipt, Webhook, Write, end_of_life};

/// The most webhooks of a page.
const LARGEST_PAGE: usize = 100;

/// `GET /rest/api/3/webhook`.
pub(in super::super) fn list(call: &Call<'_>) -> Answered {
    let all: Vec<&Webhook> = call.site.webhooks.of(call.owner(), call.world.now()).collect();
    let Page { start, limit } = call.page("startAt", "maxResults", LARGEST_PAGE, LARGEST_PAGE);
    let values: Vec<Value> = all
        .iter()
        .skip(start)
        .take(limit)
        .map(|webhook| describe(call, webhook))
        .collect();
    let link = |start: usize| {
        let base = call.site.gateway_url();
        format!("{base}/{}?startAt={start}&maxResults={limit}", call.path)
    };
    let next = start + values.len();
    let mut body = json!({
        "self": link(start), "maxResults": limit, "startAt": start, "total": all.len(), "isLast": next >= all.len(),
        "values": values,
    });
    if let (true, Some(body)) = (next < all.len(), body.as_object_mut()) {
        body.insert("nextPage".to_owned(), link(next).into());
    }
    Ok(reply::json(200, body))
}

fn describe(call: &Call<'_>, webhook: &Webhook) -> Value {
    let mut body = Map::from_iter([
        ("id".to_owned(), webhook.id.into()),
        ("url".to_owned(), webhook.url.clone().into()),
        ("events".to_owned(), webhook.events.clone().into()),
        ("jqlFilter".to_owned(), webhook.jql_filter.clone().into()),
        ("expirationDate".to_owned(), date(call, webhook.expires)),
    ]);
    for (name, filter) in [
        ("fieldIdsFilter", &webhook.field_ids_filter),
        ("issuePropertyKeysFilter", &webhook.issue_property_keys_filter),
    ] {
        body.extend(filter.clone().map(|filter| (name.to_owned(), filter.into())));
    }
    Value::Object(body)
}

/// A number by the schemas, or text by the examples.
fn date(call: &Call<'_>, at: Timestamp) -> Value {
    if call.site.webhooks.rules.dates_as_text {
        return render::time(at, call.account).into();
    }
    at.as_millisecond().into()
}

/// The ids that a body names.
fn ids(call: &Call<'_>) -> Result<Vec<u64>, Box<Response>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Wanted {
        webhook_ids: Vec<u64>,
    }
    let wanted = Wanted::deserialize(&call.body);
    let message = "The list of webhook IDs is missing.";
    wanted
        .map(|wanted| wanted.webhook_ids)
        .map_err(|_| refuse(400, message))
}

/// `DELETE /rest/api/3/webhook`: ids that are not the caller's are passed over.
pub(in super::super) fn judge_deletion(call: &Call<'_>) -> Judged {
    Ok(Write::DeleteWebhooks { ids: ids(call)? })
}

pub(in super::super) fn deleted(_: &Call<'_>, _: &Receipt) -> Answered {
    Ok(reply::empty(202))
}

/// `PUT /rest/api/3/webhook/refresh`: likewise, and a date is answered all the same.
pub(in super::super) fn judge_refresh(call: &Call<'_>) -> Judged {
    Ok(Write::RefreshWebhooks { ids: ids(call)? })
}

pub(in super::super) fn refreshed(call: &Call<'_>, _: &Receipt) -> Answered {
    let (ids, now) = (ids(call)?, call.world.now());
    let mut all = call.site.webhooks.of(call.owner(), now);
    let refreshed = all.find(|webhook| ids.contains(&webhook.id));
    let expires = refreshed.map_or_else(|| end_of_life(now), |webhook| webhook.expires);
    Ok(reply::json(200, json!({"expirationDate": date(call, expires)})))
}

/// `GET /rest/api/3/webhook/failed`, which apps of OAuth may not ask.
pub(in super::super) fn failed(_: &Call<'_>) -> Answered {
    let message = "This resource is accessible only for Connect apps.";
    Ok(reply::jira_error(403, message))
}
