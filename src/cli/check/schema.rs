//! Tries an object against the definition of its kind as the API server does: strict about
//! unknown fields, then types, bounds and required fields, then the rules in CEL.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube_cel::{ErrorKind, Validator, apply_defaults};
use serde_json::{Map, Value};

use super::{reasons::LocalReason, values};
use crate::{api::crd, diagnose::nearest::nearest};

/// Most names that are listed where none is near.
const LISTED: usize = 8;
/// Fields of every object, whatever its schema says.
const ALWAYS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Something that the API server would refuse or drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Its reason.
    pub reason: LocalReason,
    /// What a person reads.
    pub message: String,
}

/// The definition of one kind.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The kind.
    pub kind: String,
    /// Group and version as manifests name them.
    pub api_version: String,
    schema: Value,
}

/// The definitions that this version of the program knows.
///
/// # Errors
/// When one cannot be read, which a test rules out.
pub fn definitions() -> Result<Vec<Definition>, String> {
    crd::all().iter().map(Definition::of).collect()
}

impl Flaw {
    /// A flaw.
    #[must_use]
    pub fn new(reason: LocalReason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { reason, message }
    }
}

impl Definition {
    fn of(crd: &CustomResourceDefinition) -> Result<Self, String> {
        let spec = &crd.spec;
        let version = spec.versions.first().ok_or("a definition without a version")?;
        let schema = version.schema.as_ref().and_then(|s| s.open_api_v3_schema.as_ref());
        Ok(Self {
            kind: spec.names.kind.clone(),
            api_version: format!("{}/{}", spec.group, version.name),
            schema: serde_json::to_value(schema).map_err(|error| error.to_string())?,
        })
    }

    /// What the API server would refuse or drop of the object; nothing where it takes it as it is.
    #[must_use]
    pub fn flaws(&self, object: &Value) -> Vec<Flaw> {
        let mut walk = Walk {
            root: &self.schema,
            flaws: Vec::new(),
            blocked: false,
        };
        // The status is the operator's; what a manifest says of it is dropped in silence.
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        walk.node(&self.schema, &object, "");
        if !walk.blocked {
            walk.flaws.extend(broken_rules(&self.schema, &object));
        }
        walk.flaws
    }
}

/// The rules in CEL. The API server tries them only where the types are right.
fn broken_rules(schema: &Value, object: &Value) -> Vec<Flaw> {
    let seen = apply_defaults(schema, &as_ruled(schema, object));
    let Err(errors) = Validator::new().validate(schema, &seen, None) else {
        return Vec::new();
    };
    let told = |error: kube_cel::ValidationError| match error.kind {
        ErrorKind::ValidationFailure => {
            let told = error.message.trim_end_matches('.');
            let shown = values::at(&seen, &error.field_path);
            Flaw::new(LocalReason::InvalidField, format!("{told}.{shown}"))
        }
        _ => Flaw::new(
            LocalReason::NotLookedAt,
            format!(
                "{}: a rule of the definition could not be tried here; the API server will.",
                error.field_path
            ),
        ),
    };
    errors.into_iter().map(told).collect()
}

/// The object as rules see it: without unknown fields, and without nulls, which count as absent.
fn as_ruled(schema: &Value, value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let keep = |(name, value): (&String, &Value)| match properties.and_then(|all| all.get(name)) {
                Some(of) => (!value.is_null()).then(|| (name.clone(), as_ruled(of, value))),
                None => ALWAYS.contains(&name.as_str()).then(|| (name.clone(), value.clone())),
            };
            Value::Object(fields.iter().filter_map(keep).collect())
        }
        Value::Array(items) => {
            let of = schema.get("items").unwrap_or(&Value::Null);
            Value::Array(items.iter().map(|item| as_ruled(of, item)).collect())
        }
        other => other.clone(),
    }
}

/// A null counts as absent where the schema does not allow it.
fn is_absent(schema: &Value, value: &Value) -> bool {
    value.is_null() && schema.get("nullable") != Some(&Value::Bool(true))
}

/// Collects what is wrong on the way through an object.
struct Walk<'s> {
    root: &'s Value,
    flaws: Vec<Flaw>,
    /// Whether there is something because of which the API server does not try the rules.
    blocked: bool,
}

impl Walk<'_> {
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

    fn node(&mut self, schema: &Value, value: &Value, path: &str) {
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

fn join(path: &str, name: &str) -> String {
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

#[cfg(test)]
impl Definition {
    /// Fields of spec that the object does not have.
    pub fn unused(&self, object: &Value) -> Vec<String> {
        fn walk(schema: &Value, value: Option<&Value>, path: &str, unused: &mut Vec<String>) {
            if value.is_none() {
                unused.push(path.to_owned());
            }
            for (name, of) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                walk(of, value.and_then(|value| value.get(name)), &join(path, name), unused);
            }
            if let Some(of) = schema.get("items") {
                walk(of, value.and_then(|value| value.get(0)), &format!("{path}[]"), unused);
            }
        }
        let mut unused = Vec::new();
        let spec = self.schema.pointer("/properties/spec").unwrap_or(&Value::Null);
        walk(spec, object.get("spec"), "spec", &mut unused);
        unused
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn flaws(spec: Value) -> Vec<String> {
        let all = definitions().unwrap();
        let integration = all
            .iter()
            .find(|definition| definition.kind == "JiraIntegration")
            .unwrap();
        let mut whole = json!({"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}});
        for (name, value) in spec.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let object = json!({"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "acme"}, "spec": whole});
        integration
            .flaws(&object)
            .into_iter()
            .map(|flaw| flaw.message)
            .collect()
    }

    #[test]
    fn every_rule_can_be_tried_here() {
        let all = definitions().unwrap();
        for definition in &all {
            let compiled = kube_cel::compile_schema(&definition.schema);
            let mut open = vec![&compiled];
            while let Some(node) = open.pop() {
                assert!(
                    !node.has_errors(),
                    "{}: {:?}",
                    definition.kind,
                    node.compilation_errors()
                );
                open.extend(node.properties.values().chain(node.items.as_deref()));
            }
        }
    }

    #[test]
    fn a_null_counts_as_absent_and_types_go_before_rules() {
        assert_eq!(
            flaws(json!({"projects": null, "mode": null, "suspend": null})),
            Vec::<String>::new()
        );
        assert_eq!(
            flaws(json!({"account": {"email": null}})),
            ["spec.account needs an email or an accountId."]
        );
        assert_eq!(
            flaws(json!({"suspend": 1, "account": {}})),
            ["spec.suspend is 1; it must be true or false."]
        );
    }

    #[test]
    fn an_unknown_field_is_told_with_the_one_that_was_meant() {
        assert_eq!(
            flaws(json!({"synInterval": "5m"})),
            ["spec.synInterval is no field; spec.syncInterval is."]
        );
        assert_eq!(
            flaws(json!({"pinned": []})),
            ["spec.pinned is no field; spec.users.pinned is."]
        );
        assert_eq!(
            flaws(json!({"secretRef": {"name": "a", "namespace": "b"}})),
            ["spec.secretRef.namespace is no field; spec.secretRef has name."]
        );
    }
}
