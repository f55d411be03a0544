//! Entity properties of issues.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::call::{Call, Judged};
use super::draft::check_property;
use super::refusal::{holds, readable, refuse, writable};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Receipt, Write};

/// The key that the path names.
pub(super) fn key(call: &Call<'_>) -> String {
    call.params.get(1).cloned().unwrap_or_default()
}

/// The keys of properties, as a body.
pub(super) fn listed(properties: &BTreeMap<String, Value>, base: &str) -> Answered {
    let entry = |key: &String| json!({"self": format!("{base}/{key}"), "key": key});
    let keys: Vec<Value> = properties.keys().map(entry).collect();
    Ok(reply::json(200, json!({"keys": keys})))
}

/// One property, as a body.
pub(super) fn shown(properties: &BTreeMap<String, Value>, key: &str) -> Answered {
    let value = properties.get(key);
    let value = value.ok_or_else(|| refuse(404, &format!("The property with key '{key}' does not exist.")))?;
    Ok(reply::json(200, json!({"key": key, "value": value})))
}

/// `GET /rest/api/3/issue/{issueIdOrKey}/properties`.
pub(in super::super) fn keys(call: &Call<'_>) -> Answered {
    let (_, issue) = readable(call)?;
    let base = format!("{}/rest/api/3/issue/{}/properties", call.site.gateway_url(), issue.id);
    listed(&issue.properties, &base)
}

/// `GET /rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}`.
pub(in super::super) fn get(call: &Call<'_>) -> Answered {
    shown(&readable(call)?.1.properties, &key(call))
}

/// `PUT /rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}`: the body is the value. It leaves `updated` alone.
pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    if !holds(call, found, "EDIT_ISSUES") {
        return Err(refuse(
            403,
            "You do not have permission to edit issues in this project.",
        ));
    }
    let key = key(call);
    check_property(&key, &call.body)?;
    Ok(Write::Property {
        issue: found.1.id,
        key,
        value: Some(call.body.clone()),
    })
}

/// `DELETE` of the same; who may not edit is told that there is nothing.
pub(in super::super) fn judge_deletion(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    let key = key(call);
    if !holds(call, found, "EDIT_ISSUES") || !found.1.properties.contains_key(&key) {
        return Err(refuse(404, &format!("The property with key '{key}' does not exist.")));
    }
    let issue = found.1.id;
    Ok(Write::Property {
        issue,
        key,
        value: None,
    })
}

/// Whether a property, of whatever, was there before.
pub(in super::super) fn answer(_: &Call<'_>, receipt: &Receipt) -> Answered {
    Ok(reply::json(if receipt.created { 201 } else { 200 }, json!({})))
}
