//! `POST /rest/api/3/issue/{issueIdOrKey}/transitions`: moves an issue, with what the screen of the move takes.

use axum::response::Response;
use serde_json::{Value, json};

use super::super::call::{Call, Judged};
use super::draft::{Draft, properties};
use super::refusal::{Refusal, holds, off_screen, refuse, writable};
use super::transitions::resolutions;
use super::values::document;
use crate::sandbox::world::{Field, FieldKind, Issue, NewComment, Project, RESOLUTIONS, Transition, Values, Write};

const RESOLUTION: &str = "resolution";

pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    let (project, issue) = found;
    if !holds(call, found, "TRANSITION_ISSUES") {
        return Err(refuse(
            400,
            "You do not have permission to transition issues in this project.",
        ));
    }
    let transition = meant(call, found)?;
    let comment = comment(call, &transition)?;
    let body = without_comment(&call.body);
    let draft = Draft::read(&body)?;
    let properties = properties(&call.body)?;
    let on_screen = |id: &str| {
        let field = (id == RESOLUTION).then(resolution).or_else(|| call.site.field(id));
        field.filter(|_| transition.takes(id))
    };
    let (mut values, mut refusal) = draft.values(call, project, on_screen, |field| issue.value(field));
    choose_resolution(call, &mut values, &mut refusal);
    for id in &transition.required {
        let value = values.get(id).cloned().unwrap_or_else(|| issue.value(id));
        if value.is_null() || value.as_array().is_some_and(Vec::is_empty) {
            let name = call.site.field(id).map(|field| field.name);
            let name = name.unwrap_or_else(|| "Resolution".to_owned());
            refusal.field(id, format!("{name} is required."));
        }
    }
    refusal.check()?;
    if let Some(message) = &transition.refusal {
        return Err(refuse(400, message));
    }
    let to = transition.target(&project.workflow, issue);
    let to = to
        .ok_or_else(|| refuse(422, "The workflow has no such status."))?
        .to_owned();
    Ok(Write::Transition {
        issue: issue.id,
        to,
        values,
        properties,
        comment,
    })
}

/// The transition that is asked for, if it is offered.
fn meant(call: &Call<'_>, (project, issue): (&Project, &Issue)) -> Result<Transition, Box<Response>> {
    let id = call.body.pointer("/transition/id");
    let id = id.and_then(|id| {
        id.as_str()
            .map(str::to_owned)
            .or_else(|| id.as_u64().map(|id| id.to_string()))
    });
    let Some(id) = id else {
        return Err(refuse(400, "Missing 'transition' identifier"));
    };
    let offered =
        |one: &Transition| one.id == id && one.condition != Some(false) && one.begins_in(&project.workflow, issue);
    let found = project.workflow.moves().into_iter().find(offered);
    found.ok_or_else(|| refuse(400, &format!("Transition id '{id}' is not valid for this issue.")))
}

/// The comment that goes along, which only a screen takes.
fn comment(call: &Call<'_>, transition: &Transition) -> Result<Option<Box<NewComment>>, Box<Response>> {
    let Some(body) = call.body.pointer("/update/comment/0/add/body") else {
        return Ok(None);
    };
    if transition.screen.is_none() {
        return Err(Refusal::of("comment", off_screen("comment")));
    }
    let body = document(body).map_err(|wrong| Refusal::of("comment", wrong.said()))?;
    Ok(Some(Box::new(NewComment {
        body,
        ..NewComment::default()
    })))
}

fn without_comment(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(update) = body.get_mut("update").and_then(Value::as_object_mut) {
        update.remove("comment");
    }
    body
}

/// The field, which no screen for creating has.
fn resolution() -> Field {
    Field {
        id: RESOLUTION.to_owned(),
        name: "Resolution".to_owned(),
        kind: FieldKind::Any,
        options: Vec::new(),
    }
}

/// Makes the resolution that was sent one of those there are.
fn choose_resolution(call: &Call<'_>, values: &mut Values, refusal: &mut Refusal) {
    let Some(sent) = values.get(RESOLUTION).filter(|sent| !sent.is_null()).cloned() else {
        return;
    };
    let is = |shown: &Value, part: &str| sent.get(part).is_some_and(|wanted| shown.get(part) == Some(wanted));
    let shown = resolutions(call);
    let mut known = RESOLUTIONS.iter().zip(&shown);
    match known.find(|(_, shown)| is(shown, "id") || is(shown, "name")) {
        Some(((id, name), _)) => {
            values.insert(RESOLUTION.to_owned(), json!({"id": id, "name": name}));
        }
        None => refusal.field(RESOLUTION, "The resolution is not valid."),
    }
}
