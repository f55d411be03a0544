//! What stands in a request's form: fields of the request type, and questions beside them.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::text::{plain, wiki};
use super::super::tickets::values::{Wrong, make_ready};
use super::refuse;
use crate::sandbox::reply;
use crate::sandbox::world::{Field, FieldKind, FormField, Project, RequestType, Values};

/// The field behind a field of a form. One that the site does not describe takes a line of text.
pub(in super::super) fn field(call: &Call<'_>, form: &FormField) -> Field {
    let text = || Field {
        id: form.field_id.clone(),
        name: form.name.clone(),
        kind: FieldKind::Text,
        options: Vec::new(),
    };
    call.site.field(&form.field_id).unwrap_or_else(text)
}

/// What a form's fields are filled with, and the description as it was sent.
pub(super) struct Filled {
    pub(super) values: Values,
    pub(super) wiki: Option<String>,
}

/// Reads the values of the fields. The form takes what it shows, and nothing else.
pub(super) fn fill(call: &Call<'_>, project: &Project, kind: &RequestType) -> Result<Filled, Box<Response>> {
    let empty = serde_json::Map::new();
    let given = call
        .body
        .get("requestFieldValues")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let mut filled = Filled {
        values: Values::new(),
        wiki: None,
    };
    let mut wrong = BTreeMap::new();
    for (id, raw) in given {
        let shown = kind.fields.iter().find(|field| field.field_id == *id && field.visible);
        let Some(form) = shown else {
            wrong.insert(id.clone(), format!("Field '{id}' is not valid for this request type."));
            continue;
        };
        match read(call, project, &field(call, form), raw, &mut filled.wiki) {
            Ok(value) => {
                filled.values.insert(id.clone(), value);
            }
            Err(error) => {
                wrong.insert(id.clone(), format!("{}: {}", form.name, error.said()));
            }
        }
    }
    preset(call, project, kind, &mut filled.values);
    for form in kind.fields.iter().filter(|form| form.required) {
        let missing = match filled.values.get(&form.field_id) {
            None | Some(Value::Null) => true,
            Some(Value::Array(list)) => list.is_empty(),
            Some(_) => false,
        };
        if missing {
            wrong
                .entry(form.field_id.clone())
                .or_insert_with(|| format!("{} is required.", form.name));
        }
    }
    if wrong.is_empty() {
        return Ok(filled);
    }
    let said: Vec<String> = wrong.into_values().collect();
    let message = format!(
        "Your request could not be created. Please check the fields have been correctly filled in. {}",
        said.join(" ")
    );
    Err(refuse(400, &message, "sd.request.create.error.fields.invalid"))
}

/// One value. Texts of several lines are wiki markup, or a document if the call says so.
fn read(
    call: &Call<'_>,
    project: &Project,
    field: &Field,
    raw: &Value,
    sent: &mut Option<String>,
) -> Result<Value, Wrong> {
    let as_document = call.body.get("isAdfRequest") == Some(&Value::Bool(true));
    if field.kind != FieldKind::TextArea || as_document {
        return make_ready(call, project, field, raw);
    }
    let Some(text) = raw.as_str() else {
        return Err(Wrong::Field("Operation value must be a string".to_owned()));
    };
    if text.chars().count() > plain::LONGEST {
        let message = "The entered text is too long. It exceeds the allowed limit of 32,767 characters.";
        return Err(Wrong::Field(message.to_owned()));
    }
    if field.id == "description" {
        *sent = Some(text.to_owned());
    }
    Ok(if text.is_empty() {
        Value::Null
    } else {
        wiki::document(text)
    })
}

/// Fills hidden fields with what the desk's administrators put there.
fn preset(call: &Call<'_>, project: &Project, kind: &RequestType, values: &mut Values) {
    for form in kind.fields.iter().filter(|form| !form.visible) {
        let Some(first) = form.preset_values.first() else {
            continue;
        };
        let field = field(call, form);
        let options = || {
            form.preset_values
                .iter()
                .map(|value| json!({"value": value}))
                .collect::<Vec<_>>()
        };
        let raw = match field.kind {
            FieldKind::Select | FieldKind::RadioButtons | FieldKind::Cascading => json!({"value": first}),
            FieldKind::MultiSelect | FieldKind::Checkboxes => options().into(),
            FieldKind::Labels => json!(form.preset_values),
            FieldKind::Priority => json!({"name": first}),
            _ => first.clone().into(),
        };
        let ready = read(call, project, &field, &raw, &mut None);
        if let Ok(value) = ready {
            values.insert(form.field_id.clone(), value);
        }
    }
}

/// Whether the questions beside the fields are answered. Without any answer a request comes without that form, unless
/// the form is enforced.
pub(super) fn check_answers(call: &Call<'_>, kind: &RequestType) -> Result<(), Box<Response>> {
    let answers = call.body.pointer("/form/answers").and_then(Value::as_object);
    if answers.is_none() && !kind.enforced {
        return Ok(());
    }
    let given = |id: &str| {
        let answer = answers.and_then(|answers| answers.get(id)).and_then(Value::as_object);
        answer.is_some_and(|answer| {
            answer
                .values()
                .any(|value| !matches!(value, Value::Null) && value != "")
        })
    };
    let missing = kind
        .questions
        .iter()
        .filter(|question| question.required && !given(&question.id));
    let known = |id: &&String| !kind.questions.iter().any(|question| question.id == **id);
    let unknown = answers.into_iter().flat_map(|answers| answers.keys()).filter(known);
    let errors: Vec<Value> = missing
        .map(|question| error(&question.id, "The field is required"))
        .chain(unknown.map(|id| error(id, "The question does not exist on the form")))
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let key = "sd.request.create.error.proforma.form.validation.error";
    Err(Box::new(reply::json(
        422,
        json!({
            "errorMessage": "Invalid request",
            "errors": errors,
            "i18nErrorMessage": {"i18nKey": key, "parameters": []},
        }),
    )))
}

fn error(question: &str, detail: &str) -> Value {
    json!({
        "code": "VALIDATION_ERROR",
        "context": [{"id": question, "type": "question"}],
        "detail": detail,
        "status": 422,
        "title": "Validation failed",
    })
}
