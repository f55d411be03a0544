//! Remote links: to things outside of Jira, each once by its global id.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::call::{Call, Judged};
use super::refusal::{Refusal, holds, readable, refuse, writable};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Issue, Receipt, RemoteLink, Write};

/// The most remote links of an issue.
const MOST: usize = 2000;
/// The longest global id.
const LONGEST_ID: usize = 255;
const NO_LINK: &str = "No Link could be found with the given ID.";

fn links<'a>(call: &Call<'a>, issue: &Issue) -> &'a [RemoteLink] {
    call.site
        .attached(issue.id)
        .map_or(&[], |attached| &attached.remote_links)
}

/// Refuses all of this where issues cannot be linked.
pub(super) fn active(call: &Call<'_>, code: u16) -> Result<(), Box<Response>> {
    if call.site.tickets.linking {
        return Ok(());
    }
    Err(refuse(code, "Issue linking is currently disabled."))
}

fn address(call: &Call<'_>, issue: u64, link: u64) -> String {
    format!("{}/rest/api/3/issue/{issue}/remotelink/{link}", call.site.gateway_url())
}

fn describe(call: &Call<'_>, issue: u64, link: &RemoteLink) -> Value {
    let mut body = link.body.as_object().cloned().unwrap_or_default();
    body.insert("id".to_owned(), link.id.into());
    body.insert("self".to_owned(), address(call, issue, link.id).into());
    body.extend(link.global_id.clone().map(|id| ("globalId".to_owned(), id.into())));
    Value::Object(body)
}

/// `GET /rest/api/3/issue/{issueIdOrKey}/remotelink`: all, or the one with the global id.
pub(in super::super) fn list(call: &Call<'_>) -> Answered {
    active(call, 403)?;
    let (_, issue) = readable(call)?;
    let all = links(call, issue);
    let Some(id) = call.value("globalId") else {
        let all: Vec<Value> = all.iter().map(|link| describe(call, issue.id, link)).collect();
        return Ok(reply::json(200, all.into()));
    };
    let found = all.iter().find(|link| link.global_id.as_deref() == Some(id));
    let found = found.ok_or_else(|| refuse(404, NO_LINK))?;
    Ok(reply::json(200, describe(call, issue.id, found)))
}

/// `GET /rest/api/3/issue/{issueIdOrKey}/remotelink/{linkId}`.
pub(in super::super) fn get(call: &Call<'_>) -> Answered {
    active(call, 403)?;
    let (_, issue) = readable(call)?;
    let found = named(call, issue)?;
    Ok(reply::json(200, describe(call, issue.id, found)))
}

/// The link that the path or the query names.
fn named<'a>(call: &Call<'a>, issue: &Issue) -> Result<&'a RemoteLink, Box<Response>> {
    let mut all = links(call, issue).iter();
    let found = if let Some(id) = call.params.get(1) {
        let id: u64 = id.parse().map_err(|_| refuse(400, "The link id is not valid."))?;
        all.find(|link| link.id == id)
    } else {
        let id = call
            .value("globalId")
            .ok_or_else(|| refuse(400, "The query parameter 'globalId' is required."))?;
        all.find(|link| link.global_id.as_deref() == Some(id))
    };
    found.ok_or_else(|| refuse(404, NO_LINK))
}

/// What of a link is wrong.
fn check(body: &Value) -> Result<(), Box<Response>> {
    let mut refusal = Refusal::default();
    for name in ["title", "url"] {
        let text = body.pointer(&format!("/object/{name}")).and_then(Value::as_str);
        if text.is_none_or(str::is_empty) {
            refusal.field(name, format!("'{name}' is required."));
        }
    }
    let id = body.get("globalId").and_then(Value::as_str).unwrap_or_default();
    if id.chars().count() > LONGEST_ID {
        refusal.field("globalId", "'globalId' cannot be longer than 255 characters.");
    }
    refusal.check()
}

/// `POST /rest/api/3/issue/{issueIdOrKey}/remotelink`: a link with the same global id is replaced.
pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    active(call, 404)?;
    let found = writable(call)?;
    if !holds(call, found, "LINK_ISSUES") {
        return Err(refuse(403, "You do not have permission to link issues."));
    }
    check(&call.body)?;
    let global_id = call.body.get("globalId").and_then(Value::as_str).map(str::to_owned);
    let known = links(call, found.1);
    let is_new = !known
        .iter()
        .any(|link| global_id.is_some() && link.global_id == global_id);
    if is_new && known.len() >= MOST {
        return Err(refuse(413, "The issue has reached the limit of 2000 remote links."));
    }
    let kept = ["application", "relationship", "object"].iter();
    let kept = kept.filter_map(|name| Some(((*name).to_owned(), call.body.get(name)?.clone())));
    Ok(Write::RemoteLink {
        issue: found.1.id,
        global_id,
        body: Value::Object(kept.collect::<Map<_, _>>()),
    })
}

pub(in super::super) fn answer(call: &Call<'_>, receipt: &Receipt) -> Answered {
    let link = address(call, receipt.issue, receipt.part);
    let code = if receipt.created { 201 } else { 200 };
    Ok(reply::json(code, json!({"id": receipt.part, "self": link})))
}

/// `DELETE` by the global id, or by the link's own id.
pub(in super::super) fn judge_deletion(call: &Call<'_>) -> Judged {
    active(call, 403)?;
    let found = writable(call)?;
    let by_id = call.params.len() > 1;
    if !holds(call, found, "LINK_ISSUES") || (by_id && !holds(call, found, "EDIT_ISSUES")) {
        return Err(refuse(403, "You do not have permission to link issues."));
    }
    let link = named(call, found.1)?.id;
    Ok(Write::DeleteRemoteLink {
        issue: found.1.id,
        link,
    })
}
