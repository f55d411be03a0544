//! `GET /rest/api/3/issue/{issueIdOrKey}/transitions`: which moves there are from where the issue is.

use serde_json::{Map, Value, json};

use super::super::call::Call;
use super::super::render;
use super::create_meta;
use super::refusal::{holds, readable};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Issue, Project, RESOLUTIONS, Transition};

/// Without Transition Issues the list is empty. What a condition forbids is listed only if asked for.
pub(in super::super) fn list(call: &Call<'_>) -> Answered {
    let found = readable(call)?;
    let (project, issue) = found;
    let unavailable_too = call.value("includeUnavailableTransitions") == Some("true");
    let wanted = |transition: &Transition| {
        let of_id = call.value("transitionId").is_none_or(|id| id == transition.id);
        let available = transition.condition != Some(false);
        of_id && transition.begins_in(&project.workflow, issue) && (available || unavailable_too)
    };
    let mut moves = project.workflow.moves();
    moves.retain(|transition| holds(call, found, "TRANSITION_ISSUES") && wanted(transition));
    let with_fields = call.list("expand").contains(&"transitions.fields");
    let shown = moves.iter().filter_map(|one| describe(call, found, one, with_fields));
    let shown: Vec<Value> = shown.collect();
    let count = shown.len();
    let body = json!({"expand": "transitions", "transitions": shown});
    Ok(reply::returning(reply::json(200, body), count))
}

fn describe(
    call: &Call<'_>,
    (project, issue): (&Project, &Issue),
    transition: &Transition,
    with_fields: bool,
) -> Option<Value> {
    let to = project.workflow.status(transition.target(&project.workflow, issue)?)?;
    let mut body = json!({
        "id": transition.id,
        "name": transition.name,
        "to": render::status(call.site, to),
        "hasScreen": transition.screen.is_some(),
        "isGlobal": transition.from.is_none(),
        "isInitial": false,
        "isAvailable": transition.condition != Some(false),
        "isConditional": transition.condition.is_some(),
        "looped": transition.to.is_none(),
    });
    if let (true, Some(body)) = (with_fields, body.as_object_mut()) {
        let screen = transition.screen.iter().flatten();
        let fields = screen.filter_map(|id| Some((id.clone(), field(call, transition, id)?)));
        body.insert("fields".to_owned(), Value::Object(fields.collect::<Map<_, _>>()));
    }
    Some(body)
}

/// Every resolution that the site has.
pub(super) fn resolutions(call: &Call<'_>) -> Vec<Value> {
    let all = RESOLUTIONS.iter().map(|(id, name)| {
        let known = Map::from_iter([("id".to_owned(), (*id).into()), ("name".to_owned(), (*name).into())]);
        render::resolution(call.site, &known)
    });
    all.collect()
}

/// A field of a transition's screen.
fn field(call: &Call<'_>, transition: &Transition, id: &str) -> Option<Value> {
    let required = transition.required.iter().any(|known| known == id);
    let base = format!("{}/rest/api/3", call.site.gateway_url());
    if id == "resolution" {
        return Some(json!({
            "required": required, "key": id, "name": "Resolution", "hasDefaultValue": false, "operations": ["set"],
            "schema": {"type": "resolution", "system": id}, "allowedValues": resolutions(call),
        }));
    }
    let field = call.site.field(id)?;
    let mut body = json!({
        "required": required,
        "key": id,
        "name": create_meta::name(call, &field),
        "hasDefaultValue": false,
        "operations": field.kind.operations(),
        "schema": field.schema(),
    });
    let choices = field.choices(&base);
    if let (false, Some(body)) = (choices.is_empty(), body.as_object_mut()) {
        body.insert("allowedValues".to_owned(), choices.into());
    }
    Some(body)
}
