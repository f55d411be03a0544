//! Choices: options of custom fields, priorities, components and versions, by id or name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::world::{FieldOption, PRIORITIES, Site};

/// What is wrong with an option that is no object with an id or a value.
const NO_OPTION: &str = "Could not find valid 'id' or 'value' in the Parent Option object.";

/// A part of an object that is a text or a number.
fn part(raw: &Value, name: &str) -> Option<String> {
    match raw.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn find<'a>(options: &'a [FieldOption], raw: &Value) -> Result<&'a FieldOption, String> {
    let found = |is: &dyn Fn(&FieldOption) -> bool| options.iter().find(|option| is(option));
    if let Some(id) = part(raw, "id") {
        return found(&|option| option.id == id).ok_or_else(|| format!("Option id '{id}' is not valid"));
    }
    let value = part(raw, "value").ok_or_else(|| NO_OPTION.to_owned())?;
    found(&|option| option.value == value).ok_or_else(|| format!("Option value '{value}' is not valid"))
}

/// One option.
pub(super) fn option(options: &[FieldOption], raw: &Value) -> Result<Value, String> {
    let found = find(options, raw)?;
    Ok(json!({"id": found.id, "value": found.value}))
}

/// An option and one below it.
pub(super) fn cascade(options: &[FieldOption], raw: &Value) -> Result<Value, String> {
    let parent = find(options, raw)?;
    let Some(child) = raw.get("child").filter(|child| !child.is_null()) else {
        return Ok(json!({"id": parent.id, "value": parent.value}));
    };
    let child = option(&parent.children, child)?;
    Ok(json!({"id": parent.id, "value": parent.value, "child": child}))
}

/// Several of something.
pub(super) fn several(raw: &Value, one: impl Fn(&Value) -> Result<Value, String>) -> Result<Value, String> {
    let list = raw.as_array().ok_or_else(|| "data was not an array".to_owned())?;
    let mut all: Vec<Value> = Vec::new();
    for raw in list {
        let value = one(raw)?;
        if !all.contains(&value) {
            all.push(value);
        }
    }
    Ok(all.into())
}

/// A priority, by id or by its name on the site, as its id.
pub(super) fn priority(site: &Site, raw: &Value) -> Result<Value, String> {
    if let Some(id) = part(raw, "id") {
        let known = PRIORITIES.iter().any(|(known, _)| *known == id);
        return known
            .then(|| id.clone().into())
            .ok_or_else(|| format!("Priority id '{id}' is not valid"));
    }
    let name = part(raw, "name").ok_or_else(|| "Could not find valid 'id' or 'name' in priority object.".to_owned())?;
    let is = |id: &&str| site.priority(id).as_deref() == Some(name.as_str());
    let found = PRIORITIES.iter().map(|(id, _)| *id).find(is);
    found
        .map(Value::from)
        .ok_or_else(|| format!("Priority name '{name}' is not valid"))
}

/// A component or version of the project, by id or name.
pub(super) fn named(kind: &str, known: &BTreeMap<String, String>, raw: &Value) -> Result<Value, String> {
    let found = match (part(raw, "id"), part(raw, "name")) {
        (Some(id), _) => {
            (known.iter().find(|(_, own)| **own == id)).ok_or_else(|| format!("{kind} id '{id}' is not valid"))
        }
        (None, Some(name)) => known
            .get_key_value(&name)
            .ok_or_else(|| format!("{kind} name '{name}' is not valid")),
        (None, None) => Err(format!("{kind} is not valid")),
    };
    found.map(|(name, id)| json!({"id": id, "name": name}))
}
