//! Tries objects against the schema of their kind as the API server does: it is strict about
//! unknown fields, and asks the same of the metadata of every kind.

use std::collections::BTreeSet;

use jsonschema::{Keyword, ValidationError, Validator};
use k8s_openapi::{ByteString, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{field_error::FieldError, files::with_whole_numbers};

const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/// The schema of a kind.
#[derive(Debug)]
pub struct ObjectSchema {
    schema: Value,
    validator: Validator,
}

impl ObjectSchema {
    /// From what a schema says of the fields beside the metadata.
    pub fn new(schema: Value) -> Result<Self, ValidationError<'static>> {
        // The types of CRDs have bounds as fractions.
        let mut schema = with_whole_numbers(schema);
        if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            fields.insert("apiVersion".to_owned(), json!({"type": "string"}));
            fields.insert("kind".to_owned(), json!({"type": "string"}));
            fields.insert("metadata".to_owned(), metadata());
        }
        refuse_unknown_fields(&mut schema);
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .with_format("byte", |text: &str| decode(text).is_some())
            .with_keyword("x-kubernetes-list-map-keys", |_, keys, _| {
                Ok(Box::new(UniqueEntries::by(keys)))
            })
            .with_keyword("x-kubernetes-list-type", |_, kind, _| {
                Ok(Box::new(UniqueValues { is_set: kind == "set" }))
            })
            .build(&schema)?;
        Ok(Self { schema, validator })
    }

    /// What the API server refuses of the object.
    #[must_use]
    pub fn errors(&self, object: &Value) -> Vec<FieldError> {
        let errors = self.validator.iter_errors(object);
        errors.flat_map(|error| FieldError::all(&error, &self.schema)).collect()
    }
}

/// The bytes of a value in base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.replace(['\r', '\n'], "");
    let bytes: ByteString = serde_json::from_value(Value::String(text)).ok()?;
    Some(bytes.0)
}

/// The metadata of every object: its fields as the Kubernetes API has them, and the syntax of names
/// and labels, which is in no schema. The titles are what a message says that a value must be.
fn metadata() -> Value {
    let mut generator = SchemaSettings::default()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let mut schema = generator.subschema_for::<ObjectMeta>().to_value();
    let name = r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)";
    let key = |flags: &str| format!("^{flags}({SUBDOMAIN}/)?{name}$");
    let key_title = "a name such as team or example.com/team";
    let syntax = json!({
        "name": {
            "maxLength": 253,
            "pattern": format!("^{SUBDOMAIN}$"),
            "title": "a name of an object: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
        },
        "namespace": {
            "maxLength": 63,
            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "title": "a name of a namespace: lower-case letters, digits and '-', beginning and ending with a letter or digit",
        },
        "labels": {
            "propertyNames": {"pattern": key(""), "title": key_title},
            "additionalProperties": {
                "type": "string",
                "maxLength": 63,
                "pattern": format!("^{name}?$"),
                "title": "empty, or letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
            },
        },
        "annotations": {"propertyNames": {"pattern": key("(?i)"), "title": key_title}},
    });
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        if let (Some(field), Some(rules)) = (field.as_object_mut(), syntax.get(name).and_then(Value::as_object)) {
            field.extend(rules.clone());
        }
    }
    if let Some(schema) = schema.as_object_mut() {
        let either = json!([{"required": ["name"]}, {"required": ["generateName"]}]);
        schema.insert("anyOf".to_owned(), either);
    }
    schema
}

/// Wherever fields are listed, others are refused.
fn refuse_unknown_fields(schema: &mut Value) {
    let Some(keywords) = schema.as_object_mut() else {
        return;
    };
    if keywords.contains_key("properties") {
        keywords.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    for (keyword, of) in keywords {
        match keyword.as_str() {
            "properties" => of
                .as_object_mut()
                .into_iter()
                .flatten()
                .for_each(|(_, of)| refuse_unknown_fields(of)),
            "items" | "additionalProperties" => refuse_unknown_fields(of),
            _ => {}
        }
    }
}

/// The object as the API server reads it: a null counts as absent.
#[must_use]
pub fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let there = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                there
                    .map(|(name, value)| (name.clone(), without_nulls(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Refuses a list of which two entries have the same keys, as `x-kubernetes-list-map-keys` asks.
struct UniqueEntries(Vec<String>);

impl UniqueEntries {
    fn by(keys: &Value) -> Self {
        let keys = keys.as_array().into_iter().flatten();
        Self(keys.filter_map(|key| key.as_str().map(str::to_owned)).collect())
    }

    /// The first key that comes twice.
    fn duplicate(&self, list: &Value) -> Option<String> {
        let mut seen = BTreeSet::new();
        let entries = list.as_array()?.iter();
        let mut keys = entries.filter_map(|entry| {
            let key: Option<Vec<&str>> = self.0.iter().map(|key| entry.get(key)?.as_str()).collect();
            Some(key?.join(", "))
        });
        keys.find(|key| !seen.insert(key.clone()))
    }
}

impl<'i> Keyword<'i> for UniqueEntries {
    fn validate(&self, list: &'i Value) -> Result<(), ValidationError<'i>> {
        let Some(key) = self.duplicate(list) else {
            return Ok(());
        };
        let by = self.0.join(" and ");
        Err(ValidationError::custom(format!("has two entries with the {by} {key}")))
    }

    fn is_valid(&self, list: &'i Value) -> bool {
        self.duplicate(list).is_none()
    }
}

/// Refuses a list that has a value twice, where `x-kubernetes-list-type` says that it is a set.
struct UniqueValues {
    is_set: bool,
}

impl UniqueValues {
    fn duplicate<'i>(&self, list: &'i Value) -> Option<&'i str> {
        let mut seen = BTreeSet::new();
        let values = list.as_array().filter(|_| self.is_set)?.iter();
        values.filter_map(Value::as_str).find(|value| !seen.insert(*value))
    }
}

impl<'i> Keyword<'i> for UniqueValues {
    fn validate(&self, list: &'i Value) -> Result<(), ValidationError<'i>> {
        match self.duplicate(list) {
            None => Ok(()),
            Some(value) => Err(ValidationError::custom(format!("names {value} twice"))),
        }
    }

    fn is_valid(&self, list: &'i Value) -> bool {
        self.duplicate(list).is_none()
    }
}
