//! Requests, people and times as the service desk's API writes them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::super::call::Call;
use super::super::text::plain;
use super::super::{desks, render};
use super::{Found, find};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Account, Issue, RequestType};

/// A person.
pub(super) fn user(call: &Call<'_>, account: &Account) -> Value {
    let platform = render::user(call.site, account);
    let part = |name: &str| platform.get(name).cloned();
    let names = ["accountId", "emailAddress", "displayName", "active", "timeZone"];
    let mut body: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), part(name)?)))
        .collect();
    let link = part("self").unwrap_or_default();
    let links = json!({"self": link, "jiraRest": link, "avatarUrls": part("avatarUrls")});
    body.insert("_links".to_owned(), links);
    Value::Object(body)
}

/// A point in time, in four ways.
pub(super) fn date(at: Timestamp, reader: &Account) -> Value {
    let zone = TimeZone::get(&reader.time_zone).unwrap_or(TimeZone::UTC);
    let local = at.to_zoned(zone);
    json!({
        "iso8601": local.strftime("%Y-%m-%dT%H:%M:%S%z").to_string(),
        "jira": render::time(at, reader),
        "friendly": local.strftime("%A %H:%M").to_string(),
        "epochMillis": at.as_millisecond(),
    })
}

/// The status of a request. Its category stands in capitals here.
pub(in super::super) fn status(call: &Call<'_>, (project, issue): Found<'_>) -> Value {
    let status = project.workflow.status(&issue.status_id);
    json!({
        "status": status.map(|status| status.name.clone()).unwrap_or_default(),
        "statusCategory": status.map_or("UNDEFINED".to_owned(), |status| status.category.key().to_uppercase()),
        "statusDate": date(issue.updated, call.account),
    })
}

/// The links of a request: to the API, for customers, and for agents.
pub(in super::super) fn links(call: &Call<'_>, (project, issue): Found<'_>) -> Value {
    let key = format!("{}-{}", project.key, issue.number);
    let desk = project.desk.as_ref().map_or(0, |desk| desk.id);
    let site = call.site.url();
    json!({
        "self": format!("{}/request/{}", desks::base(call), issue.id),
        "jiraRest": format!("{}/rest/api/2/issue/{}", call.site.gateway_url(), issue.id),
        "web": format!("{site}/servicedesk/customer/portal/{desk}/{key}"),
        "agent": format!("{site}/browse/{key}"),
    })
}

/// The request type of a request, if it still exists.
pub(in super::super) fn kind_of((project, issue): Found<'_>) -> Option<&RequestType> {
    let id = issue.request.as_ref()?.type_id;
    project.desk.as_ref()?.request_types.iter().find(|kind| kind.id == id)
}

/// The request type as part of a request.
pub(in super::super) fn kind_body((project, _): Found<'_>, kind: &RequestType) -> Value {
    let desk = project.desk.as_ref().map_or(0, |desk| desk.id).to_string();
    json!({
        "id": kind.id.to_string(),
        "name": kind.name,
        "issueTypeId": kind.issue_type_id,
        "serviceDeskId": desk,
        "portalId": desk,
        "groupIds": kind.group_ids,
    })
}

/// A request.
pub(super) fn describe(call: &Call<'_>, found: Found<'_>) -> Value {
    let (project, issue) = found;
    let reporter = issue.reporter.as_ref().and_then(|id| call.world.accounts.get(id));
    let fields = kind_of(found)
        .into_iter()
        .flat_map(|kind| &kind.fields)
        .filter(|field| field.visible);
    let fields = fields.map(|field| {
        let value = value(issue, &field.field_id);
        json!({"fieldId": field.field_id, "label": field.name, "value": value})
    });
    let fields: Vec<Value> = fields.collect();
    let mut body = json!({
        "_expands": ["participant", "status", "sla", "requestType", "serviceDesk", "attachment", "action", "comment"],
        "issueId": issue.id.to_string(),
        "issueKey": format!("{}-{}", project.key, issue.number),
        "summary": issue.summary,
        "requestTypeId": issue.request.as_ref().map(|request| request.type_id.to_string()).unwrap_or_default(),
        "serviceDeskId": project.desk.as_ref().map(|desk| desk.id.to_string()).unwrap_or_default(),
        "createdDate": date(issue.created, call.account),
        "requestFieldValues": fields,
        "currentStatus": status(call, found),
        "_links": links(call, found),
    });
    if let (Some(reporter), Some(body)) = (reporter, body.as_object_mut()) {
        body.insert("reporter".to_owned(), user(call, reporter));
    }
    body
}

/// What customers read in a field.
fn value(issue: &Issue, field: &str) -> Value {
    let sent = issue.request.as_ref().and_then(|request| request.wiki.clone());
    match (field, &issue.description) {
        ("description", Some(_)) if sent.is_some() => sent.into(),
        ("description", Some(document)) => plain::of(document).into(),
        _ => issue.value(field),
    }
}

/// `GET /rest/servicedeskapi/request/{issueIdOrKey}`; of what it can expand, `requestType`.
pub(in super::super) fn get(call: &Call<'_>) -> Answered {
    let found = find(call, 404)?;
    let mut body = describe(call, found);
    if call.list("expand").contains(&"requestType")
        && let (Some(kind), Some(body)) = (kind_of(found), body.as_object_mut())
    {
        body.insert("requestType".to_owned(), kind_body(found, kind));
    }
    Ok(reply::json(200, body))
}
