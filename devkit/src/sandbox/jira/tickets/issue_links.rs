//! Links between issues.

use serde_json::{Value, json};

use super::super::call::{Call, Judged};
use super::refusal::{holds, named, refuse};
use super::remote_links::active;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Receipt, Write};

/// The kinds of link: id, name, inward and outward.
pub(in super::super) const KINDS: &[(&str, &str, &str, &str)] = &[
    ("10000", "Blocks", "is blocked by", "blocks"),
    ("10001", "Cloners", "is cloned by", "clones"),
    ("10002", "Duplicate", "is duplicated by", "duplicates"),
    ("10003", "Relates", "relates to", "relates to"),
];

/// A kind of link as Jira writes it.
pub(in super::super) fn kind(call: &Call<'_>, name: &str) -> Value {
    let found = KINDS.iter().find(|(_, known, _, _)| *known == name);
    found.map_or(Value::Null, |(id, name, inward, outward)| {
        let link = format!("{}/rest/api/3/issueLinkType/{id}", call.site.gateway_url());
        json!({"id": id, "name": name, "inward": inward, "outward": outward, "self": link})
    })
}

/// `GET /rest/api/3/issueLinkType`.
pub(in super::super) fn types(call: &Call<'_>) -> Answered {
    active(call, 404)?;
    let kinds: Vec<Value> = KINDS.iter().map(|(_, name, _, _)| kind(call, name)).collect();
    Ok(reply::json(200, json!({"issueLinkTypes": kinds})))
}

/// `POST /rest/api/3/issueLink`. A link that is there already is answered as a new one.
pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    active(call, 404)?;
    let part = |pointer: &str| call.body.pointer(pointer).and_then(Value::as_str);
    let end = |name: &str| part(&format!("/{name}/key")).or_else(|| part(&format!("/{name}/id")));
    let wanted = part("/type/name").or_else(|| part("/type/id")).unwrap_or_default();
    let known = KINDS.iter().find(|(id, name, _, _)| *name == wanted || *id == wanted);
    let (_, kind, _, _) =
        known.ok_or_else(|| refuse(404, &format!("No issue link type with name '{wanted}' found.")))?;
    let inward = named(call, end("inwardIssue").unwrap_or_default())?;
    let outward = named(call, end("outwardIssue").unwrap_or_default())?;
    if !holds(call, outward, "LINK_ISSUES") {
        return Err(refuse(404, "No Link Issue Permission for issue."));
    }
    Ok(Write::IssueLink {
        kind: (*kind).to_owned(),
        inward: inward.1.id,
        outward: outward.1.id,
    })
}

pub(in super::super) fn answer(_: &Call<'_>, _: &Receipt) -> Answered {
    Ok(reply::empty(201))
}
