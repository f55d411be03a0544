//! The body of a create or an edit: what each field is set to, added to or freed of.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Map, Value};

use super::super::call::Call;
use super::refusal::{Refusal, off_screen, refuse};
use super::values::{Wrong, make_ready};
use crate::sandbox::world::{Field, FieldKind, Project, Values};

/// The longest value of a property, in characters.
const LONGEST_PROPERTY: usize = 32_768;
/// The longest key of a property.
const LONGEST_KEY: usize = 255;

/// What is done to a field.
enum Change<'a> {
    Set(&'a Value),
    Add(&'a Value),
    Remove(&'a Value),
}

/// A body as it was read.
pub(super) struct Draft<'a> {
    changes: Vec<(&'a str, Change<'a>)>,
}

fn part<'a>(body: &'a Value, name: &str) -> Result<Option<&'a Map<String, Value>>, Box<Response>> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(part)) => Ok(Some(part)),
        Some(_) => Err(refuse(400, &format!("'{name}' must be an object."))),
    }
}

impl<'a> Draft<'a> {
    /// Reads `fields` and `update`, of which a field may stand in one.
    pub(super) fn read(body: &'a Value) -> Result<Self, Box<Response>> {
        if !body.is_object() {
            return Err(refuse(
                400,
                "Invalid request payload. Refer to the REST API documentation and try again.",
            ));
        }
        let (fields, update) = (part(body, "fields")?, part(body, "update")?);
        let mut refusal = Refusal::default();
        let mut changes = Vec::new();
        for (field, value) in fields.into_iter().flatten() {
            changes.push((field.as_str(), Change::Set(value)));
        }
        for (field, operations) in update.into_iter().flatten() {
            if fields.is_some_and(|fields| fields.contains_key(field)) {
                let message = format!("Field '{field}' cannot appear in both 'fields' and 'update'");
                refusal.field(field, message);
            }
            for operation in operations.as_array().into_iter().flatten().filter_map(Value::as_object) {
                for (verb, value) in operation {
                    match verb.as_str() {
                        "set" => changes.push((field, Change::Set(value))),
                        "add" => changes.push((field, Change::Add(value))),
                        "remove" => changes.push((field, Change::Remove(value))),
                        other => refusal.field(field, format!("Field does not support update '{other}'")),
                    }
                }
            }
        }
        refusal.check()?;
        Ok(Self { changes })
    }

    /// What a field is set to, if it is.
    pub(super) fn set_to(&self, field: &str) -> Option<&'a Value> {
        self.changes.iter().find_map(|(name, change)| match change {
            Change::Set(value) if *name == field => Some(*value),
            _ => None,
        })
    }

    /// Makes the values ready; `find` gives the fields that may be set, `present` what stands in them so far.
    pub(super) fn values(
        &self,
        call: &Call<'_>,
        project: &Project,
        find: impl Fn(&str) -> Option<Field>,
        present: impl Fn(&str) -> Value,
    ) -> (Values, Refusal) {
        let (mut values, mut refusal) = (Values::new(), Refusal::default());
        for (name, change) in &self.changes {
            let Some(field) = find(name) else {
                refusal.field(name, off_screen(name));
                continue;
            };
            let before = values.get(*name).cloned().unwrap_or_else(|| present(name));
            match changed(call, project, &field, change, &before) {
                Ok(value) => {
                    values.insert((*name).to_owned(), value);
                }
                Err(Wrong::Field(message)) => refusal.field(name, message),
                Err(Wrong::Document) => refusal.message("INVALID_INPUT"),
            }
        }
        (values, refusal)
    }
}

/// The value of a field after a change.
fn changed(
    call: &Call<'_>,
    project: &Project,
    field: &Field,
    change: &Change<'_>,
    before: &Value,
) -> Result<Value, Wrong> {
    let (raw, added) = match change {
        Change::Set(raw) => return make_ready(call, project, field, raw),
        Change::Add(raw) => (raw, true),
        Change::Remove(raw) => (raw, false),
    };
    if field.kind.operations().len() < 2 {
        let verb = if added { "add" } else { "remove" };
        return Err(Wrong::Field(format!("Field does not support update '{verb}'")));
    }
    // A label that no issue has any more may still be taken away.
    let one = match (field.kind, added) {
        (FieldKind::Labels, false) => Value::Array(vec![(*raw).clone()]),
        _ => make_ready(call, project, field, &Value::Array(vec![(*raw).clone()]))?,
    };
    let mut all = before.as_array().cloned().unwrap_or_default();
    for value in one.as_array().into_iter().flatten() {
        all.retain(|known| known != value);
        if added {
            all.push(value.clone());
        }
    }
    Ok(all.into())
}

/// The properties of a body, by their keys.
pub(in super::super) fn properties(body: &Value) -> Result<BTreeMap<String, Value>, Box<Response>> {
    let list = match body.get("properties") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(refuse(400, "'properties' must be an array.")),
    };
    let mut properties = BTreeMap::new();
    for property in list {
        let key = property.get("key").and_then(Value::as_str).unwrap_or_default();
        let value = property.get("value").cloned().unwrap_or_default();
        check_property(key, &value)?;
        properties.insert(key.to_owned(), value);
    }
    Ok(properties)
}

/// Whether a property may be so named and so large.
pub(in super::super) fn check_property(key: &str, value: &Value) -> Result<(), Box<Response>> {
    let message = if key.is_empty() || key.chars().count() > LONGEST_KEY {
        "The property key must have between 1 and 255 characters."
    } else if value.is_null() {
        "The property value must be valid, non-empty JSON."
    } else if value.to_string().chars().count() > LONGEST_PROPERTY {
        "The property value cannot be longer than 32768 characters."
    } else {
        return Ok(());
    };
    Err(refuse(400, message))
}
