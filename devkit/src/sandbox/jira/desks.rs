//! Service desks: `/rest/servicedeskapi`.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::call::{Call, Page};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Desk, Lens, Project, RequestType};

/// A service project with its desk.
type Found<'a> = (&'a Project, &'a Desk);

/// The desks the caller can reach: as an agent or through the portal. That says nothing about an agent's rights.
fn reachable<'a>(call: &Call<'a>) -> Vec<Found<'a>> {
    let (site, me) = (call.site, call.account.account_id.as_str());
    let live = site.projects.values().filter(|project| project.is_live());
    let desks = live.filter_map(|project| Some((project, project.desk.as_ref()?)));
    let reaches =
        |(project, _): &Found<'_>| !project.is_private && site.has_portal_access(me) || site.browses(project, me);
    desks.filter(reaches).collect()
}

/// The desk by its id, or by its project's key or id in one of the ways documented.
fn find<'a>(call: &Call<'a>) -> Result<Found<'a>, Box<Response>> {
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

fn base(call: &Call<'_>) -> String {
    format!("{}/rest/servicedeskapi", call.site.gateway_url())
}

/// A page in the shape of this API.
fn page_of(call: &Call<'_>, values: &[Value]) -> Response {
    let Page { start, limit } = call.page("start", "limit", 50, 100);
    let page: Vec<&Value> = values.iter().skip(start).take(limit).collect();
    let next = start + page.len();
    let address = format!("{}/{}", call.site.gateway_url(), call.path);
    let mut links = Map::new();
    links.insert("base".to_owned(), base(call).into());
    links.insert("context".to_owned(), "".into());
    links.insert("self".to_owned(), address.clone().into());
    let is_last = next >= values.len();
    if !is_last {
        let link = format!("{address}?start={next}&limit={limit}");
        links.insert("next".to_owned(), link.into());
    }
    let size = page.len();
    reply::json(
        200,
        json!({
            "_expands": [],
            "size": size,
            "start": start,
            "limit": limit,
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

fn may_create(call: &Call<'_>, project: &Project) -> bool {
    call.site.holds(project, None, call.me(), "CREATE_ISSUES", Lens::Portal)
}

fn type_body(call: &Call<'_>, (project, desk): Found<'_>, kind: &RequestType) -> Value {
    let id = kind.id.to_string();
    let link = format!("{}/servicedesk/{}/requesttype/{id}", base(call), desk.id);
    let icon = format!(
        "{}/rest/api/2/universal_avatar/view/type/SD_REQTYPE/avatar/10527",
        call.site.gateway_url()
    );
    json!({
        "_expands": ["field"],
        "id": id,
        "_links": {"self": link},
        "name": kind.name,
        "description": "",
        "helpText": "",
        "issueTypeId": kind.issue_type_id,
        "serviceDeskId": desk.id.to_string(),
        "portalId": desk.id.to_string(),
        "groupIds": kind.group_ids,
        "icon": {"id": "10527", "_links": {"iconUrls": {"48x48": icon}}},
        "canCreateRequest": may_create(call, project),
        "restrictionStatus": if kind.restricted { "RESTRICTED" } else { "OPEN" },
    })
}

/// The request types the caller gets to see: restricted ones are for the desk's administrators.
fn visible_types<'a>(call: &Call<'_>, (project, desk): Found<'a>) -> Vec<&'a RequestType> {
    let administers = call.site.administers(project, call.me());
    let types = desk.request_types.iter();
    types.filter(|kind| administers || !kind.restricted).collect()
}

/// `GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype`.
pub(super) fn request_types(call: &Call<'_>) -> Answered {
    let found = find(call)?;
    let text = call.value("searchQuery").map(str::to_lowercase);
    let hidden_too = call.value("includeHiddenRequestTypesInSearch") == Some("true");
    let status = call.value("restrictionStatus");
    let wanted = |kind: &&RequestType| {
        let of_status = status.is_none_or(|status| (status == "restricted") == kind.restricted);
        let in_group = call
            .value("groupId")
            .is_none_or(|group| kind.group_ids.iter().any(|id| id == group));
        let hit = text
            .as_ref()
            .is_none_or(|text| kind.name.to_lowercase().contains(text) && (hidden_too || !kind.group_ids.is_empty()));
        of_status && in_group && hit
    };
    let types = visible_types(call, found).into_iter().filter(wanted);
    let values: Vec<Value> = types.map(|kind| type_body(call, found, kind)).collect();
    Ok(page_of(call, &values))
}

/// `GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/field`.
pub(super) fn fields(call: &Call<'_>) -> Answered {
    let (project, desk) = find(call)?;
    let wanted = call.params.get(1).and_then(|id| id.parse().ok());
    let types = visible_types(call, (project, desk));
    if !types.iter().any(|kind| Some(kind.id) == wanted) {
        let message = "The request type does not exist or you do not have permission to see it.";
        return Ok(reply::desk_error(404, message, "sd.admin.requesttype.error.not.found"));
    }
    let field = |id: &str, name: &str, required: bool| {
        json!({
            "fieldId": id,
            "name": name,
            "description": "",
            "required": required,
            "visible": true,
            "defaultValues": [],
            "validValues": [],
            "presetValues": [],
            "jiraSchema": {"type": "string", "system": id},
        })
    };
    let agent = call
        .site
        .holds(project, None, call.me(), "SERVICEDESK_AGENT", Lens::Work);
    Ok(reply::json(
        200,
        json!({
            "requestTypeFields": [
                field("summary", "Summary", true),
                field("description", "Description", false),
            ],
            "canRaiseOnBehalfOf": agent,
            "canAddRequestParticipants": may_create(call, project),
        }),
    ))
}

/// `POST /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/permissions/check`, experimental.
pub(super) fn check(call: &Call<'_>) -> Answered {
    if !call.experimental {
        let message = "This API is experimental. Set the header 'X-ExperimentalApi: opt-in' to use it.";
        return Ok(reply::desk_error(412, message, "sd.api.experimental.header.missing"));
    }
    let (project, desk) = find(call)?;
    let ids = call.body.get("requestTypeIds").and_then(Value::as_array);
    let ids: Vec<u64> = ids.into_iter().flatten().filter_map(Value::as_u64).collect();
    let asked = call.body.get("permissions").and_then(Value::as_array);
    if ids.len() > 50 || asked.is_none_or(Vec::is_empty) {
        let message = "Between 1 and 50 request types and at least one permission must be given.";
        return Ok(reply::desk_error(
            400,
            message,
            "sd.api.requesttype.permissions.invalid",
        ));
    }
    let known = |id: &&u64| {
        let mut types = desk.request_types.iter();
        types.any(|kind| kind.id == **id)
    };
    let known: Vec<&u64> = ids.iter().filter(known).collect();
    let when = |holds: bool| if holds { known.clone() } else { Vec::new() };
    let administers = call.site.administers(project, call.me());
    Ok(reply::json(
        200,
        json!({
            "canCreateRequest": when(may_create(call, project)),
            "canAdminister": when(administers),
        }),
    ))
}

/// Articles of the desks whose title holds the query.
fn articles(call: &Call<'_>, desks: &[Found<'_>]) -> Answered {
    let Some(query) = call.value("query") else {
        let message = "The query parameter 'query' is required.";
        return Ok(reply::desk_error(400, message, "sd.api.knowledgebase.query.missing"));
    };
    let query = query.to_lowercase();
    let titles = desks.iter().flat_map(|(_, desk)| desk.articles.iter().flatten());
    let hits = titles.filter(|title| title.to_lowercase().contains(&query)).enumerate();
    let describe = |(at, title): (usize, &String)| {
        let page = (8_785_228 + at).to_string();
        let frame = format!("{}/knowledgebase/article/view/{page}", base(call));
        json!({
            "title": title,
            "excerpt": title,
            "source": {"type": "confluence", "pageId": page, "spaceKey": "KB"},
            "content": {"iframeSrc": frame},
        })
    };
    let values: Vec<Value> = hits.map(describe).collect();
    Ok(page_of(call, &values))
}

/// `GET /rest/servicedeskapi/knowledgebase/article`.
pub(super) fn all_articles(call: &Call<'_>) -> Answered {
    articles(call, &reachable(call))
}

/// `GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/knowledgebase/article`.
pub(super) fn desk_articles(call: &Call<'_>) -> Answered {
    articles(call, &[find(call)?])
}
