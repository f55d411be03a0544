//! Accounts, projects and issues as Jira writes them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::sandbox::world::{Account, IssueStatus, Project, Site};

/// A time as Jira writes it: milliseconds, and an offset without a colon, in the reader's time zone.
pub(super) fn time(at: Timestamp, reader: &Account) -> String {
    let zone = TimeZone::get(&reader.time_zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S.%3f%z").to_string()
}

fn avatars(url: &str) -> Value {
    json!({"16x16": url, "24x24": url, "32x32": url, "48x48": url})
}

/// Text as it may stand in a link.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// An account. The address is left out where the profile hides it.
pub(super) fn user(site: &Site, account: &Account) -> Value {
    let id = encoded(&account.account_id);
    let avatar = "https://avatar-management--avatars.prod.public.atl-paas.net/default-avatar.png";
    let mut user = Map::new();
    let link = format!("{}/rest/api/3/user?accountId={id}", site.gateway_url());
    user.insert("self".to_owned(), link.into());
    user.insert("accountId".to_owned(), account.account_id.clone().into());
    user.insert("accountType".to_owned(), account.account_type.as_str().into());
    if let Some(app_type) = &account.app_type {
        user.insert("appType".to_owned(), app_type.clone().into());
    }
    if let Some(email) = account.shown_email() {
        user.insert("emailAddress".to_owned(), email.into());
    }
    user.insert("avatarUrls".to_owned(), avatars(avatar));
    user.insert("displayName".to_owned(), account.display_name.clone().into());
    user.insert("active".to_owned(), account.active.into());
    user.insert("timeZone".to_owned(), account.time_zone.clone().into());
    user.insert("locale".to_owned(), account.locale.clone().into());
    Value::Object(user)
}

/// An issue type.
pub(super) fn issue_type(site: &Site, project: &Project, index: usize) -> Option<Value> {
    let kind = project.workflow.issue_types.get(index)?;
    Some(json!({
        "self": format!("{}/rest/api/3/issuetype/{}", site.gateway_url(), kind.id),
        "id": kind.id,
        "description": "",
        "iconUrl": format!("{}/images/icons/issuetypes/{}.svg", site.gateway_url(), kind.id),
        "name": kind.name,
        "subtask": kind.subtask,
        "hierarchyLevel": if kind.subtask { -1 } else { 0 },
    }))
}

/// A project with what every answer about it holds.
pub(super) fn project(site: &Site, reader: &Account, project: &Project) -> Map<String, Value> {
    let id = project.id.to_string();
    let avatar = format!(
        "{}/rest/api/3/universal_avatar/view/type/project/avatar/10400",
        site.gateway_url()
    );
    let body = json!({
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "self": format!("{}/rest/api/3/project/{id}", site.gateway_url()),
        "id": id,
        "key": project.key,
        "name": project.name,
        "avatarUrls": avatars(&avatar),
        "projectTypeKey": project.type_key,
        "simplified": project.style == "next-gen",
        "style": project.style,
        "isPrivate": project.is_private,
        "properties": {},
    });
    let mut body = match body {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    if let Some(at) = project.archived {
        body.insert("archived".to_owned(), true.into());
        body.insert("archivedDate".to_owned(), time(at, reader).into());
    }
    if let Some(at) = project.deleted {
        let kept = at.checked_add(jiff::SignedDuration::from_hours(60 * 24));
        let until = kept.unwrap_or(Timestamp::MAX);
        body.insert("deleted".to_owned(), true.into());
        body.insert("deletedDate".to_owned(), time(at, reader).into());
        body.insert("retentionTillDate".to_owned(), time(until, reader).into());
    }
    body
}

/// A name that Jira itself gives, in the site's language.
pub(super) fn in_language(site: &Site, name: &str) -> String {
    let own = site.language.as_ref();
    own.map_or_else(|| name.to_owned(), |dictionary| dictionary.word(name))
}

/// A resolution, of which id and English name are known.
pub(super) fn resolution(site: &Site, known: &Map<String, Value>) -> Value {
    let part = |name: &str| known.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, name) = (part("id"), in_language(site, part("name")));
    json!({
        "self": format!("{}/rest/api/3/resolution/{id}", site.gateway_url()),
        "id": id, "name": name, "description": "",
    })
}

/// A status with its category.
pub(super) fn status(site: &Site, status: &IssueStatus) -> Value {
    let base = format!("{}/rest/api/3", site.gateway_url());
    let category = status.category;
    json!({
        "self": format!("{base}/status/{}", status.id),
        "description": "",
        "iconUrl": format!("{}/images/icons/status.png", site.gateway_url()),
        "name": status.name,
        "id": status.id,
        "statusCategory": {
            "self": format!("{base}/statuscategory/{}", category.id()),
            "id": category.id(),
            "key": category.key(),
            "colorName": category.colour(),
            "name": in_language(site, category.name()),
        },
    })
}
