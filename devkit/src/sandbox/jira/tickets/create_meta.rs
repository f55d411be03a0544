//! What is asked for when an issue is made: types of a project, and the fields of a type.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::call::{Call, Page};
use super::super::render;
use super::refusal::refuse;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{FieldKind, Lens, PRIORITIES, Project, ScreenField, USUAL_PRIORITY};

/// The most entries of a page; asking for more is refused.
const LARGEST_PAGE: usize = 200;

/// The project, if the caller may make issues in it. How Jira refuses others is not documented.
fn home<'a>(call: &Call<'a>) -> Result<&'a Project, Box<Response>> {
    let found = call.site.project(call.param());
    let may = |project: &&Project| {
        call.site.browses(project, call.me()) && call.site.holds(project, None, call.me(), "CREATE_ISSUES", Lens::Work)
    };
    let message = || {
        let name = call.param();
        format!("The project '{name}' does not exist or you do not have permission to create issues in it.")
    };
    found.filter(may).ok_or_else(|| refuse(400, &message()))
}

fn page(call: &Call<'_>, name: &str, all: Vec<Value>) -> Answered {
    let wanted = call.value("maxResults").and_then(|value| value.parse().ok());
    if wanted.is_some_and(|wanted: usize| wanted > LARGEST_PAGE) {
        return Err(refuse(400, "Parameter 'maxResults' must not exceed the limit '200'"));
    }
    let Page { start, limit } = call.page("startAt", "maxResults", 50, LARGEST_PAGE);
    let total = all.len();
    let shown: Vec<Value> = all.into_iter().skip(start).take(limit).collect();
    let count = shown.len();
    let body = json!({"maxResults": limit, "startAt": start, "total": total, name: shown});
    Ok(reply::returning(reply::json(200, body), count))
}

/// `GET /rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes`.
pub(in super::super) fn types(call: &Call<'_>) -> Answered {
    let project = home(call)?;
    let kinds = 0..project.workflow.issue_types.len();
    let kinds = kinds
        .filter_map(|at| render::issue_type(call.site, project, at))
        .collect();
    page(call, "issueTypes", kinds)
}

/// `GET /rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}`.
pub(in super::super) fn fields(call: &Call<'_>) -> Answered {
    let project = home(call)?;
    let id = call.params.get(1).map(String::as_str).unwrap_or_default();
    if project.workflow.issue_type(id).is_none() {
        return Err(refuse(
            400,
            &format!("The issue type '{id}' does not exist in the project."),
        ));
    }
    let screen = call.site.screen(project, id, call.me());
    let shown = screen.iter().filter(|place| place.on_screen);
    let fields = shown.map(|place| describe(call, project, id, place)).collect();
    page(call, "fields", fields)
}

fn describe(call: &Call<'_>, project: &Project, kind: &str, place: &ScreenField) -> Value {
    let field = &place.field;
    let mut body = Map::from_iter([
        ("required".to_owned(), place.required.into()),
        ("schema".to_owned(), field.schema()),
        ("name".to_owned(), name(call, field).into()),
        ("key".to_owned(), field.id.clone().into()),
        ("fieldId".to_owned(), field.id.clone().into()),
        ("hasDefaultValue".to_owned(), place.has_default.into()),
        ("operations".to_owned(), json!(field.kind.operations())),
    ]);
    if let Some(values) = allowed(call, project, kind, place) {
        body.insert("allowedValues".to_owned(), values.into());
    }
    let usual = match (field.id.as_str(), &place.default) {
        (_, Some(default)) => Some(default.clone()),
        ("priority", None) => Some(priority(call, USUAL_PRIORITY)),
        _ => None,
    };
    body.extend(usual.map(|usual| ("defaultValue".to_owned(), usual)));
    Value::Object(body)
}

/// A field's name: Jira's own in the site's language, custom ones as they were called.
pub(super) fn name(call: &Call<'_>, field: &crate::sandbox::world::Field) -> String {
    if field.is_custom() {
        return field.name.clone();
    }
    render::in_language(call.site, &field.name)
}

fn priority(call: &Call<'_>, id: &str) -> Value {
    let base = call.site.gateway_url();
    json!({
        "self": format!("{base}/rest/api/3/priority/{id}"),
        "iconUrl": format!("{base}/images/icons/priorities/{id}.svg"),
        "name": call.site.priority(id),
        "id": id,
    })
}

/// What may be chosen; `None` where there is no list.
fn allowed(call: &Call<'_>, project: &Project, kind: &str, place: &ScreenField) -> Option<Vec<Value>> {
    let base = format!("{}/rest/api/3", call.site.gateway_url());
    let listed = |part: &str, known: &std::collections::BTreeMap<String, String>| {
        let entry =
            |(name, id): (&String, &String)| json!({"self": format!("{base}/{part}/{id}"), "id": id, "name": name});
        known.iter().map(entry).collect()
    };
    let field = &place.field;
    Some(match field.kind {
        FieldKind::Priority => PRIORITIES.iter().map(|(id, _)| priority(call, id)).collect(),
        FieldKind::Project => vec![Value::Object(render::project(call.site, call.account, project))],
        FieldKind::IssueType => {
            let at = project.workflow.issue_types.iter().position(|known| known.id == kind)?;
            render::issue_type(call.site, project, at).into_iter().collect()
        }
        FieldKind::Components => listed("component", &project.components),
        FieldKind::Versions => listed("version", &project.versions),
        FieldKind::Select
        | FieldKind::RadioButtons
        | FieldKind::MultiSelect
        | FieldKind::Checkboxes
        | FieldKind::Cascading => field.choices(&base),
        _ => return None,
    })
}
