//! Service desks: which the caller reaches, and the pages of their API.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::call::{Call, Page};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Desk, Project};

/// A service project with its desk.
pub(super) type Found<'a> = (&'a Project, &'a Desk);

/// The desks the caller can reach: as an agent or through the portal. That says nothing about an agent's rights.
pub(super) fn reachable<'a>(call: &Call<'a>) -> Vec<Found<'a>> {
    let (site, me) = (call.site, call.account.account_id.as_str());
    let live = site.projects.values().filter(|project| project.is_live());
    let desks = live.filter_map(|project| Some((project, project.desk.as_ref()?)));
    let reaches = |(project, _): &Found<'_>| site.opens_portal(project, me) || site.browses(project, me);
    desks.filter(reaches).collect()
}

/// The desk by its id, or by its project's key or id in one of the ways documented.
pub(super) fn find<'a>(call: &Call<'a>) -> Result<Found<'a>, Box<Response>> {
    let name = call.param();
    let is = |(project, desk): &Found<'_>| match name.split_once(':') {
        Some(("projectKey", key)) => project.key == key,
        Some(("projectId", id)) => project.id.to_string() == id,
        _ => desk.id.to_string() == name || project.key == name,
    };
    let found = reachable(call).into_iter().find(is);
    found.ok_or_else(|| {
        let message = "The Service Desk ID or portal ID does not exist or you do not have permission to see it.";
        Box::new(reply::desk_error(
            404,
            message,
            "sd.admin.servicedesk.error.no.servicedesk",
        ))
    })
}

pub(super) fn base(call: &Call<'_>) -> String {
    format!("{}/rest/servicedeskapi", call.site.gateway_url())
}

/// A page in the shape of this API.
pub(super) fn page_of(call: &Call<'_>, values: &[Value]) -> Response {
    let most = call.site.desk_page.unwrap_or(100);
    let Page { start, limit } = call.page("start", "limit", 50, most);
    // The limit in the answer may be the one that was asked for.
    let stated = match call.site.desk_page {
        Some(_) => call.page("start", "limit", 50, usize::MAX).limit,
        None => limit,
    };
    let page: Vec<&Value> = values.iter().skip(start).take(limit).collect();
    let next = start + page.len();
    let address = format!("{}/{}", call.site.gateway_url(), call.path);
    let mut links = Map::new();
    links.insert("base".to_owned(), base(call).into());
    links.insert("context".to_owned(), "".into());
    links.insert("self".to_owned(), address.clone().into());
    let is_last = next >= values.len();
    if !is_last {
        let rest = call.query.iter().filter(|(key, _)| key != "start" && key != "limit");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(rest);
        query.append_pair("start", &next.to_string());
        query.append_pair("limit", &stated.to_string());
        let link = format!("{address}?{}", query.finish());
        links.insert("next".to_owned(), link.into());
    }
    let size = page.len();
    reply::json(
        200,
        json!({
            "_expands": [],
            "size": size,
            "start": start,
            "limit": stated,
            "isLastPage": is_last,
            "_links": links,
            "values": page,
        }),
    )
}

fn desk_body(call: &Call<'_>, (project, desk): Found<'_>) -> Value {
    json!({
        "id": desk.id.to_string(),
        "projectId": project.id.to_string(),
        "projectName": project.name,
        "projectKey": project.key,
        "projectTypeKey": project.type_key,
        "_links": {"self": format!("{}/servicedesk/{}", base(call), desk.id)},
    })
}

/// `GET /rest/servicedeskapi/servicedesk`.
pub(super) fn list(call: &Call<'_>) -> Answered {
    let desks = reachable(call).into_iter();
    let values: Vec<Value> = desks.map(|found| desk_body(call, found)).collect();
    Ok(page_of(call, &values))
}

/// `GET /rest/servicedeskapi/servicedesk/{serviceDeskId}`.
pub(super) fn get(call: &Call<'_>) -> Answered {
    Ok(reply::json(200, desk_body(call, find(call)?)))
}

/// Refuses calls that Atlassian calls experimental and that did not opt in.
pub(super) fn opted_in(call: &Call<'_>) -> Result<(), Box<Response>> {
    if call.experimental {
        return Ok(());
    }
    let message = "This API is experimental. Set the header 'X-ExperimentalApi: opt-in' to use it.";
    Err(Box::new(reply::desk_error(
        412,
        message,
        "sd.api.experimental.header.missing",
    )))
}
