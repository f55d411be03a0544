//! Projects: lists, single ones, and their statuses.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::call::{Call, Page};
use super::render;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Lens, Project};

/// The most projects a page holds.
const LARGEST_PAGE: usize = 100;
/// The most keys or ids a search may name.
const MOST_NAMED: usize = 50;

/// `GET /rest/api/3/project/search`.
pub(super) fn search(call: &Call<'_>) -> Answered {
    if call.values("keys").len() > MOST_NAMED || call.values("id").len() > MOST_NAMED {
        let message = "A maximum of 50 project ids or keys can be searched for.";
        return Ok(reply::jira_error(400, message));
    }
    let action = call.value("action").unwrap_or("view");
    if !["view", "browse", "edit", "create"].contains(&action) {
        let message = format!("The action '{action}' is not one of view, browse, edit, create.");
        return Ok(reply::jira_error(400, &message));
    }
    let wanted = |project: &&Project| is_wanted(call, project) && may(call, project, action);
    let mut projects: Vec<&Project> = call.site.projects.values().filter(wanted).collect();
    let order = call.value("orderBy").unwrap_or("key");
    projects.sort_by(|left, right| compare(order, left, right));
    Ok(reply::json(200, page_of(call, &projects)))
}

/// Whether the search's filters let the project through.
fn is_wanted(call: &Call<'_>, project: &Project) -> bool {
    let statuses = call.list("status");
    let status = match (project.deleted, project.archived) {
        (Some(_), _) => "deleted",
        (None, Some(_)) => "archived",
        (None, None) => "live",
    };
    let of_status = if statuses.is_empty() {
        status == "live"
    } else {
        statuses.contains(&status)
    };
    let id = project.id.to_string();
    let types = call.list("typeKey");
    let text = call.value("query").map(str::to_lowercase);
    let hit = |text: &str| project.key.to_lowercase().contains(text) || project.name.to_lowercase().contains(text);
    let none_or = |name: &str, value: &str| {
        let values = call.values(name);
        values.is_empty() || values.contains(&value)
    };
    of_status
        && none_or("keys", &project.key)
        && none_or("id", &id)
        && (types.is_empty() || types.contains(&project.type_key.as_str()))
        && text.is_none_or(|text| hit(&text))
}

/// Whether the caller may do with the project what the search asks for.
fn may(call: &Call<'_>, project: &Project, action: &str) -> bool {
    let (site, me) = (call.site, call.me());
    let through_portal = call.world.portal_lens_in_search;
    if through_portal && ["view", "browse"].contains(&action) && browses_portal(call, project) {
        return true;
    }
    match action {
        "browse" => site.browses(project, me),
        "create" => site.holds(project, None, me, "CREATE_ISSUES", Lens::Work),
        "edit" => site.administers(project, me),
        _ => site.views(project, me),
    }
}

/// Whether the caller sees the project as from the customer portal.
fn browses_portal(call: &Call<'_>, project: &Project) -> bool {
    let lens = Lens::Portal;
    call.site.holds(project, None, call.me(), "BROWSE_PROJECTS", lens)
}

fn compare(order: &str, left: &Project, right: &Project) -> Ordering {
    let field = order.trim_start_matches(['-', '+', ' ']);
    let ordering = match field {
        "name" => left.name.cmp(&right.name),
        _ => left.key.cmp(&right.key),
    };
    if order.starts_with('-') {
        ordering.reverse()
    } else {
        ordering
    }
}

/// The asked page, with links as the gateway writes them.
fn page_of(call: &Call<'_>, projects: &[&Project]) -> Value {
    let Page { start, limit } = call.page("startAt", "maxResults", 50, LARGEST_PAGE);
    let expand = call.list("expand");
    let values: Vec<Value> = projects
        .iter()
        .skip(start)
        .take(limit)
        .map(|project| expanded(call, project, &expand))
        .collect();
    let next = start + values.len();
    let is_last = next >= projects.len();
    let mut body = json!({
        "self": link(call, start, limit),
        "maxResults": limit,
        "startAt": start,
        "total": projects.len(),
        "isLast": is_last,
        "values": values,
    });
    if let (false, Some(body)) = (is_last, body.as_object_mut()) {
        body.insert("nextPage".to_owned(), link(call, next, limit).into());
    }
    body
}

/// The address of a page of the same search.
fn link(call: &Call<'_>, start: usize, limit: usize) -> String {
    let paging = ["startAt", "maxResults"];
    let rest = call.query.iter().filter(|(key, _)| !paging.contains(&key.as_str()));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(rest);
    query.append_pair("startAt", &start.to_string());
    query.append_pair("maxResults", &limit.to_string());
    format!("{}/{}?{}", call.site.gateway_url(), call.path, query.finish())
}

/// A project with what `expand` asks for.
fn expanded(call: &Call<'_>, project: &Project, expand: &[&str]) -> Value {
    let mut body = render::project(call.site, call.account, project);
    for name in expand {
        expand_into(call, project, &mut body, name);
    }
    Value::Object(body)
}

fn expand_into(call: &Call<'_>, project: &Project, body: &mut Map<String, Value>, name: &str) {
    let value = match name {
        "description" => "".into(),
        "projectKeys" => {
            let keys = std::iter::once(&project.key).chain(&project.former_keys);
            keys.cloned().collect::<Vec<_>>().into()
        }
        "lead" => match call.world.accounts.get(&project.lead) {
            Some(lead) => render::user(call.site, lead),
            None => return,
        },
        "issueTypes" => {
            let indices = 0..project.workflow.issue_types.len();
            let types = indices.filter_map(|at| render::issue_type(call.site, project, at));
            types.collect::<Vec<_>>().into()
        }
        "insight" => json!({"totalIssueCount": project.issues.len()}),
        _ => return,
    };
    body.insert(name.to_owned(), value);
}

/// `GET /rest/api/3/project/{projectIdOrKey}`. A former key finds the project too, which then shows its present one.
pub(super) fn get(call: &Call<'_>) -> Answered {
    let project = call.readable_project(call.param())?;
    let mut expand = call.list("expand");
    expand.extend(["description", "lead", "issueTypes"]);
    let mut body = expanded(call, project, &expand);
    if let Some(body) = body.as_object_mut() {
        let roles = project.roles.keys().enumerate();
        let base = format!("{}/rest/api/3/project/{}/role", call.site.gateway_url(), project.id);
        let links = roles.map(|(at, role)| (role.clone(), format!("{base}/{}", 10_002 + at).into()));
        body.insert("roles".to_owned(), Value::Object(links.collect()));
        body.insert("assigneeType".to_owned(), "UNASSIGNED".into());
        body.insert("components".to_owned(), json!([]));
        body.insert("versions".to_owned(), json!([]));
    }
    Ok(reply::json(200, body))
}

/// `GET /rest/api/3/project/{projectIdOrKey}/statuses`, grouped by issue type.
pub(super) fn statuses(call: &Call<'_>) -> Answered {
    let project = call.readable_project(call.param())?;
    let base = format!("{}/rest/api/3", call.site.gateway_url());
    let statuses = project.workflow.statuses.iter();
    let statuses: Vec<Value> = statuses.map(|status| render::status(call.site, status)).collect();
    let kind = |kind: &crate::sandbox::world::IssueType| {
        json!({
            "self": format!("{base}/issuetype/{}", kind.id),
            "id": kind.id,
            "name": kind.name,
            "subtask": kind.subtask,
            "statuses": statuses,
        })
    };
    let types: Vec<Value> = project.workflow.issue_types.iter().map(kind).collect();
    Ok(reply::json(200, types.into()))
}
