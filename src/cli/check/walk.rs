//! Walks through an object along a schema, and collects unknown fields, wrong types, what is
//! missing and what is there twice.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{reasons::LocalReason, values};
use crate::diagnose::nearest::nearest;

/// Most names that are listed where none is near.
const LISTED: usize = 8;
/// Fields of every object, whatever its schema says.
pub const ALWAYS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Something that the API server would refuse or drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Its reason.
    pub reason: LocalReason,
    /// What a person reads.
    pub message: String,
}

impl Flaw {
    /// A flaw.
    #[must_use]
    pub fn new(reason: LocalReason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { reason, message }
    }
}

/// A null counts as absent where the schema does not allow it.
fn is_absent(schema: &Value, value: &Value) -> bool {
    value.is_null() && schema.get("nullable") != Some(&Value::Bool(true))
}

/// Collects what is wrong on the way through an object.
pub struct Walk<'s> {
    root: &'s Value,
    /// What was found.
    pub flaws: Vec<Flaw>,
    /// Whether there is something because of which the API server does not try the rules.
    pub blocked: bool,
}

impl<'s> Walk<'s> {
    /// A walk through an object with this schema.
    #[must_use]
    pub fn of(root: &'s Value) -> Self {
        Self {
            root,
            flaws: Vec::new(),
            blocked: false,
        }
    }

    /// The one place where a field of this name belongs, if it was put too high up.
    fn elsewhere(&self, name: &str, path: &str) -> Option<String> {
        let spec = self
            .root
            .pointer("/properties/spec")
            .filter(|_| ["", "spec"].contains(&path))?;
        let mut places = Vec::new();
        places_of(name, spec, "spec", &mut places);
        let [place] = places.as_slice() else {
            return None;
        };
        Some(place.clone())
    }

    fn refuse(&mut self, reason: LocalReason, message: String) {
        self.blocked = true;
        self.flaws.push(Flaw::new(reason, message));
    }

    /// Looks at a value, and at all that is in it.
    pub fn node(&mut self, schema: &Value, value: &Value, path: &str) {
        if value.is_null() && schema.get("nullable") == Some(&Value::Bool(true)) {
            return;
        }
        let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        if let Some(message) = values::too_little(schema, value) {
            self.flaws
                .push(Flaw::new(LocalReason::InvalidField, format!("{path} {message}.")));
        }
        match (kind, value) {
            ("object", Value::Object(fields)) => self.object(schema, fields, path),
            ("array", Value::Array(items)) => self.array(schema, items, path),
            _ => {
                if let Some(message) = values::wrong(schema, kind, value) {
                    self.refuse(LocalReason::InvalidField, format!("{path} {message}."));
                }
            }
        }
    }

    fn object(&mut self, schema: &Value, fields: &Map<String, Value>, path: &str) {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        for (name, value) in fields {
            let inner = join(path, name);
            match (properties.get(name), schema.get("additionalProperties")) {
                (Some(of), _) if is_absent(of, value) => {}
                (Some(of), _) => self.node(of, value, &inner),
                (None, Some(of)) if of.is_object() => self.node(of, value, &inner),
                (None, None) if !(path.is_empty() && ALWAYS.contains(&name.as_str())) => {
                    let message = match self.elsewhere(name, path) {
                        Some(place) => format!("{inner} is no field; {place} is."),
                        None => unknown(name, path, properties),
                    };
                    self.flaws.push(Flaw::new(LocalReason::UnknownField, message));
                }
                _ => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            let of = properties.get(name).unwrap_or(&Value::Null);
            if fields.get(name).is_none_or(|value| is_absent(of, value)) && of.get("default").is_none() {
                self.refuse(LocalReason::MissingField, format!("{} is required.", join(path, name)));
            }
        }
    }

    fn array(&mut self, schema: &Value, items: &[Value], path: &str) {
        if let Some(message) = values::too_many(schema, items.len()) {
            self.refuse(LocalReason::InvalidField, format!("{path} {message}."));
        }
        let of = schema.get("items").unwrap_or(&Value::Null);
        for (index, item) in items.iter().enumerate() {
            self.node(of, item, &format!("{path}[{index}]"));
        }
        let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
        let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
        let mut seen = BTreeSet::new();
        for item in items.iter().filter(|_| !keys.is_empty()) {
            let of_item: Vec<&Value> = keys.iter().filter_map(|key| item.get(key)).collect();
            let key = of_item
                .iter()
                .map(|value| values::shown(value))
                .collect::<Vec<_>>()
                .join(", ");
            if of_item.len() == keys.len() && !seen.insert(key.clone()) {
                let message = format!("{path} has two entries with the {} {key}.", keys.join(" and "));
                self.flaws.push(Flaw::new(LocalReason::DuplicateEntry, message));
            }
        }
    }
}

/// Where the schema has a field of this name.
fn places_of(name: &str, schema: &Value, path: &str, places: &mut Vec<String>) {
    for (field, of) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let inner = join(path, field);
        places_of(name, of, &inner, places);
        if field == name {
            places.push(inner);
        }
    }
    if let Some(of) = schema.get("items") {
        places_of(name, of, &format!("{path}[]"), places);
    }
}

pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        return name.to_owned();
    }
    format!("{path}.{name}")
}

/// What is said of a field that does not exist.
#[must_use]
pub fn unknown(name: &str, path: &str, properties: &Map<String, Value>) -> String {
    let known: Vec<&str> = properties.keys().map(String::as_str).collect();
    let place = if path.is_empty() { "the object" } else { path };
    match nearest(name, known.iter().copied()) {
        Some(meant) => format!("{} is no field; {} is.", join(path, name), join(path, meant)),
        None if known.len() <= LISTED => {
            format!("{} is no field; {place} has {}.", join(path, name), known.join(", "))
        }
        None => format!(
            "{} is no field. See kubectl explain jiraintegration{}.",
            join(path, name),
            if path.is_empty() {
                String::new()
            } else {
                format!(".{path}")
            }
        ),
    }
}
