//! `POST /rest/api/3/issue`.

use axum::response::Response;
use serde_json::{Value, json};

use super::super::call::{Call, Judged};
use super::draft::{Draft, properties};
use super::refusal::{Refusal, refuse};
use super::values::{Wrong, issue_type, make_ready, usual_assignee};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Lens, NewIssue, Project, Receipt, ScreenField, USUAL_PRIORITY, Values, Write};

/// The project that the issue is to be made in. A missing permission is a fault of the request.
fn home<'a>(call: &Call<'a>, draft: &Draft<'_>) -> Result<&'a Project, Box<Response>> {
    let named = draft.set_to("project");
    let part = |name| named?.get(name)?.as_str();
    let name = part("id").or_else(|| part("key"));
    let found = name.and_then(|name| call.site.project(name));
    let found = found.filter(|project| call.site.browses(project, call.me()));
    let project = found.ok_or_else(|| Refusal::of("project", "Specify a valid project ID or key"))?;
    if !call.site.holds(project, None, call.me(), "CREATE_ISSUES", Lens::Work) {
        return Err(refuse(
            400,
            "You do not have permission to create issues in this project.",
        ));
    }
    Ok(project)
}

pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let draft = Draft::read(&call.body)?;
    let properties = properties(&call.body)?;
    if call
        .body
        .get("transition")
        .is_some_and(|transition| !transition.is_null())
    {
        // Jira would carry it out, or fail under a 201; nobody here asks for it.
        return Err(refuse(400, "The sandbox knows no transitions while creating."));
    }
    let project = home(call, &draft)?;
    let kind = issue_type(project, draft.set_to("issuetype").unwrap_or(&Value::Null));
    let kind = kind.map_err(|message| Refusal::of("issuetype", message))?;
    let values = filled(call, project, &kind, &draft)?;
    let new = NewIssue {
        project: project.id,
        values,
        properties,
        request: None,
        creator: call.me().to_owned(),
    };
    Ok(Write::Create(Box::new(new)))
}

/// The values of the new issue, with those that nobody gave.
fn filled(call: &Call<'_>, project: &Project, kind: &str, draft: &Draft<'_>) -> Result<Values, Box<Response>> {
    let screen = call.site.screen(project, kind, call.me());
    let on_screen = |id: &str| {
        let place = screen.iter().find(|place| place.field.id == id && place.on_screen);
        place.map(|place| place.field.clone())
    };
    let (mut values, mut refusal) = draft.values(call, project, on_screen, |_| Value::Null);
    values.remove("project");
    complete(call, project, &screen, (&mut values, &mut refusal));
    if refusal.is_empty() {
        validate(project, kind, &values, &mut refusal);
    }
    refusal.check()?;
    values.insert("issuetype".to_owned(), kind.into());
    // What is empty need not be set.
    values.retain(|field, value| !value.is_null() || matches!(field.as_str(), "assignee" | "reporter"));
    Ok(values)
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    }
}

/// Fills what has a default, and names what is missing.
fn complete(
    call: &Call<'_>,
    project: &Project,
    screen: &[ScreenField],
    (values, refusal): (&mut Values, &mut Refusal),
) {
    let mut missing = Vec::new();
    for place in screen {
        let id = place.field.id.as_str();
        let usual = match (id, &place.default) {
            ("project" | "issuetype", _) => continue,
            (_, Some(default)) => make_ready(call, project, &place.field, default).ok(),
            ("reporter", None) => Some(call.me().into()),
            ("priority", None) => Some(USUAL_PRIORITY.into()),
            ("assignee", None) if !values.contains_key(id) => Some(usual_assignee(project)),
            _ => None,
        };
        if is_empty(values.get(id))
            && !(values.contains_key(id) && id == "assignee")
            && let Some(usual) = usual
        {
            values.insert(id.to_owned(), usual);
        }
        if place.required && is_empty(values.get(id)) {
            missing.push((id.to_owned(), required(id, &place.field.name)));
        }
    }
    for (field, message) in missing {
        refusal.field(&field, message);
    }
}

fn required(id: &str, name: &str) -> String {
    match id {
        "summary" => "You must specify a summary of the issue.".to_owned(),
        _ => format!("{name} is required."),
    }
}

/// Lets the workflow have its say, of which metadata know nothing.
fn validate(project: &Project, kind: &str, values: &Values, refusal: &mut Refusal) {
    for validator in &project.screens.validators {
        let of_type = validator.issue_type.as_deref().is_none_or(|own| own == kind);
        if of_type && is_empty(values.get(&validator.field)) {
            refusal.message(validator.message.clone());
        }
    }
}

pub(in super::super) fn answer(call: &Call<'_>, receipt: &Receipt) -> Answered {
    let id = receipt.issue.to_string();
    let found = call.site.issue_by_id(receipt.issue);
    let key = found.map(|(project, issue)| format!("{}-{}", project.key, issue.number));
    let link = format!("{}/rest/api/3/issue/{id}", call.site.gateway_url());
    Ok(reply::json(
        201,
        json!({"id": id, "key": key.unwrap_or_default(), "self": link}),
    ))
}

impl Wrong {
    /// What is said of a field that has such a value.
    pub(in super::super) fn said(&self) -> &str {
        match self {
            Self::Field(message) => message,
            Self::Document => "INVALID_INPUT",
        }
    }
}
