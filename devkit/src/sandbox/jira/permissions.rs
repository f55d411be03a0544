//! Permissions: the catalogue, the caller's own, and the bulk check.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::Call;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Issue, Kind, Lens, Project, catalogue, known};

/// The most projects, and the most issues, that one check may name.
const MOST_CHECKED: usize = 1000;
/// What is said of a list of project permissions without one.
const NO_PROJECT_PERMISSION: &str = "At least one project permission must be provided.";

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Global => "GLOBAL",
        Kind::Project => "PROJECT",
    }
}

/// A permission's name in the caller's language.
fn name_of(call: &Call<'_>, name: &str) -> String {
    let language = call.world.language_of(&call.account.locale);
    language.map_or_else(|| name.to_owned(), |dictionary| dictionary.word(name))
}

/// `GET /rest/api/3/permissions`.
pub(super) fn all(call: &Call<'_>) -> Answered {
    if !call.site.holds_globally(call.me(), "ADMINISTER") {
        return Ok(reply::jira_error(
            403,
            "Only Jira administrators can perform this operation.",
        ));
    }
    let describe = |entry: &crate::sandbox::world::PermissionEntry| {
        let kind = kind_name(entry.kind);
        let body = json!({"key": entry.key, "name": name_of(call, entry.name), "type": kind, "description": ""});
        (entry.key.to_owned(), body)
    };
    let permissions: Map<String, Value> = catalogue().iter().map(describe).collect();
    Ok(reply::json(200, json!({"permissions": permissions})))
}

/// Where permissions are asked for.
enum Context<'a> {
    Anywhere,
    Project(&'a Project),
    Issue(&'a Project, &'a Issue),
}

/// `GET /rest/api/3/mypermissions`. Service projects are looked at as from the portal, as documented.
pub(super) fn mine(call: &Call<'_>) -> Answered {
    let keys = call.list("permissions");
    if keys.is_empty() {
        let message = "The 'permissions' query parameter is required.";
        return Ok(reply::jira_error(400, message));
    }
    let unknown: Vec<_> = keys.iter().filter(|key| known(key).is_none()).collect();
    if !unknown.is_empty() {
        let errors = unknown
            .iter()
            .map(|key| ((**key).to_owned(), json!("Unrecognized permission")));
        return Ok(reply::jira_field_errors(400, &Value::Object(errors.collect())));
    }
    let context = context(call)?;
    let describe = |entry: &crate::sandbox::world::PermissionEntry| {
        let held = holds_in(call, &context, entry.key, entry.kind);
        let body = json!({
            "id": entry.id,
            "key": entry.key,
            "name": name_of(call, entry.name),
            "type": kind_name(entry.kind),
            "description": "",
            "havePermission": held,
        });
        (entry.key.to_owned(), body)
    };
    let entries = keys.iter().filter_map(|key| known(key)).map(describe);
    let permissions: Map<String, Value> = entries.collect();
    Ok(reply::json(200, json!({"permissions": permissions})))
}

fn context<'a>(call: &'a Call<'_>) -> Result<Context<'a>, Box<Response>> {
    let (site, me) = (call.site, call.me());
    // Whether one may ask about a project at all follows from the same portal view as the answer.
    let sees =
        |project: &Project| site.holds(project, None, me, "BROWSE_PROJECTS", Lens::Portal) || site.views(project, me);
    if let Some(name) = call.value("issueId").or_else(|| call.value("issueKey")) {
        let found = site
            .issue(name)
            .filter(|(project, issue)| sees(project) && !site.issue_locations.hidden.contains(&issue.id));
        let message = "Issue does not exist or you do not have permission to see it.";
        let (project, issue) = found.ok_or_else(|| Box::new(reply::jira_error(404, message)))?;
        return Ok(Context::Issue(project, issue));
    }
    let Some(name) = call.value("projectId").or_else(|| call.value("projectKey")) else {
        return Ok(Context::Anywhere);
    };
    let found = site
        .project(name)
        .filter(|project| project.deleted.is_none() && sees(project));
    let refusal = || {
        let message = format!("No project could be found with key '{name}'.");
        Box::new(reply::jira_error(404, &message))
    };
    found.map(Context::Project).ok_or_else(refusal)
}

fn holds_in(call: &Call<'_>, context: &Context<'_>, key: &str, kind: Kind) -> bool {
    let (site, me) = (call.site, call.me());
    let holds = |project, issue| site.holds(project, issue, me, key, Lens::Portal);
    match (kind, context) {
        (Kind::Global, _) => site.holds_globally(me, key),
        (Kind::Project, Context::Anywhere) => site.projects.values().any(|p| holds(p, None)),
        (Kind::Project, Context::Project(project)) => holds(project, None),
        (Kind::Project, Context::Issue(project, issue)) => holds(project, Some(issue)),
    }
}

/// The body of a bulk check.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    account_id: Option<String>,
    global_permissions: Option<Vec<String>>,
    project_permissions: Option<Vec<Question>>,
}

/// Permissions that are asked for in projects and issues.
#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    permissions: Vec<String>,
    projects: Option<Vec<u64>>,
    issues: Option<Vec<u64>>,
}

/// Projects and issues in which a permission is held.
#[derive(Default)]
struct Held {
    projects: BTreeSet<u64>,
    issues: BTreeSet<u64>,
}

/// `POST /rest/api/3/permissions/check`. Ids nobody knows are ignored.
pub(super) fn check(call: &Call<'_>) -> Answered {
    let Ok(check) = Check::deserialize(&call.body) else {
        return Ok(reply::jira_error(
            400,
            "Invalid request payload. Refer to the REST API documentation and try again.",
        ));
    };
    let subject = check.account_id.as_deref().unwrap_or(call.me());
    if subject != call.me() && !call.site.holds_globally(call.me(), "ADMINISTER") {
        return Ok(reply::jira_error(
            403,
            "Only Jira administrators can perform this operation.",
        ));
    }
    if check.project_permissions.as_ref().is_some_and(Vec::is_empty) {
        return Ok(reply::jira_error(400, NO_PROJECT_PERMISSION));
    }
    let questions = check.project_permissions.unwrap_or_default();
    let globals = check.global_permissions.unwrap_or_default();
    validate(&questions, &globals)?;
    let mut answers: BTreeMap<&str, Held> = BTreeMap::new();
    for question in &questions {
        for key in question.permissions.iter().filter(|key| !key.is_empty()) {
            let answer = answers.entry(key).or_default();
            collect(call, subject, key, question, answer);
        }
    }
    let describe =
        |(key, held): (&str, Held)| json!({"permission": key, "projects": held.projects, "issues": held.issues});
    let project_permissions: Vec<_> = answers.into_iter().map(describe).collect();
    let held = |key: &&String| call.site.holds_globally(subject, key);
    let global_permissions: Vec<_> = globals.iter().filter(held).collect();
    Ok(reply::json(
        200,
        json!({"globalPermissions": global_permissions, "projectPermissions": project_permissions}),
    ))
}

fn validate(questions: &[Question], globals: &[String]) -> Result<(), Box<Response>> {
    let most = |ids: &Option<Vec<u64>>| ids.as_ref().is_some_and(|ids| ids.len() > MOST_CHECKED);
    if questions
        .iter()
        .any(|question| most(&question.projects) || most(&question.issues))
    {
        let message = "A maximum of 1000 projects and 1000 issues can be checked.";
        return Err(Box::new(reply::jira_error(400, message)));
    }
    if questions
        .iter()
        .any(|question| question.permissions.iter().all(String::is_empty))
    {
        return Err(Box::new(reply::jira_error(400, NO_PROJECT_PERMISSION)));
    }
    let of_kind = |key: &str, kind| known(key).is_some_and(|entry| entry.kind == kind);
    let keys = questions.iter().flat_map(|question| &question.permissions);
    let wrong = keys.filter(|key| !key.is_empty() && !of_kind(key, Kind::Project));
    let wrong = wrong.chain(globals.iter().filter(|key| !of_kind(key, Kind::Global)));
    let errors: Map<_, _> = wrong
        .map(|key| (key.clone(), json!("Unrecognized permission")))
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(Box::new(reply::jira_field_errors(400, &Value::Object(errors))))
}

/// Adds the projects and issues of a question in which the account holds the permission.
fn collect(call: &Call<'_>, account: &str, key: &str, question: &Question, held: &mut Held) {
    let site = call.site;
    let lens = if call.world.portal_lens_in_check {
        Lens::Portal
    } else {
        Lens::Work
    };
    for id in question.projects.iter().flatten() {
        let project = site.projects.get(id);
        let holds = project.is_some_and(|p| site.holds(p, None, account, key, lens));
        if holds {
            held.projects.insert(*id);
        }
    }
    for id in question.issues.iter().flatten() {
        let issue = site.issue(&id.to_string());
        let holds = issue.is_some_and(|(p, issue)| site.holds(p, Some(issue), account, key, lens));
        if holds {
            held.issues.insert(*id);
        }
    }
}

/// `POST /rest/api/3/permissions/project`: the projects in which the caller holds all of the permissions.
pub(super) fn projects(call: &Call<'_>) -> Answered {
    let keys = call.body.get("permissions").and_then(Value::as_array);
    let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
    let unknown = |key: &&&str| known(key).is_none_or(|entry| entry.kind != Kind::Project);
    if keys.is_empty() || keys.iter().any(|key| unknown(&key)) {
        return Ok(reply::jira_error(
            400,
            "A project permission is missing or was not found.",
        ));
    }
    let (site, me) = (call.site, call.me());
    let all = |project: &&Project| {
        let mut keys = keys.iter();
        keys.all(|key| site.holds(project, None, me, key, Lens::Work))
    };
    let describe = |project: &Project| json!({"id": project.id, "key": project.key});
    let projects: Vec<_> = site.projects.values().filter(all).map(describe).collect();
    Ok(reply::json(200, json!({"projects": projects})))
}
