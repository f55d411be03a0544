//! What the API server refuses of a field, in words: the path, the value and what it must be.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::{Location, LocationSegment},
};
use serde_json::Value;

use crate::{
    cli::context::{reasons::CheckReason, report::ReportLine},
    diagnose::nearest,
};

/// Most characters of a value that a message quotes.
const QUOTED: usize = 60;
/// Most names that are listed where none is near.
const LISTED: usize = 8;

/// Something that the API server refuses, or drops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The path of the field.
    pub path: String,
    /// Its reason.
    pub reason: CheckReason,
    /// What a person reads.
    pub message: String,
    /// Whether the API server does not try the rules of the CRD because of it.
    pub stops_rules: bool,
}

impl FieldError {
    /// An error that leaves the rules to be tried.
    #[must_use]
    pub fn new(path: &str, reason: CheckReason, message: String) -> Self {
        Self {
            path: path.to_owned(),
            reason,
            message,
            stops_rules: false,
        }
    }

    /// The line that says so.
    #[must_use]
    pub fn line(&self) -> ReportLine {
        ReportLine::local("Fields", self.reason, &*self.message)
    }

    /// From an error of the schema: one for each unknown field, else one.
    #[must_use]
    pub fn all(error: &ValidationError<'_>, schema: &Value) -> Vec<Self> {
        let path = field_path(error.instance_path());
        let Kind::AdditionalProperties { unexpected } = error.kind() else {
            return vec![Self::of(error, &path, schema)];
        };
        let unknown = |name: &String| {
            let message = unknown(name, &path, parent(error.schema_path().as_str()), schema);
            Self::new(&join(&path, name), CheckReason::UnknownField, message)
        };
        unexpected.iter().map(unknown).collect()
    }

    fn of(error: &ValidationError<'_>, path: &str, schema: &Value) -> Self {
        let value = error.instance().as_ref();
        let own = |path: &str| schema.pointer(path)?.get("title")?.as_str();
        let keyword = error.schema_path().as_str();
        let invalid = |what: String, value: &Value| (CheckReason::InvalidField, what + &it_is(value, path));
        let (reason, message) = match error.kind() {
            Kind::Required { property } => {
                let field = join(path, property.as_str().unwrap_or_default());
                (CheckReason::MissingField, format!("{field} is required."))
            }
            // Nothing but metadata has alternatives.
            Kind::AnyOf { .. } => (CheckReason::MissingField, format!("{path}.name is required.")),
            Kind::Custom { message, .. } => (CheckReason::DuplicateEntry, format!("{path} {message}.")),
            Kind::Type { kind } => (
                CheckReason::InvalidField,
                format!("{path} {}.", wrong_type(kind, value, path)),
            ),
            Kind::MinItems { limit: 1 } | Kind::MinLength { limit: 1 } => {
                (CheckReason::InvalidField, format!("{path} must not be empty."))
            }
            Kind::PropertyNames { error: key } => {
                let wanted = own(keyword).unwrap_or("another");
                invalid(format!("A key of {path} must be {wanted}."), key.instance())
            }
            Kind::Pattern { .. } | Kind::Format { .. } if own(parent(keyword)).is_some() => {
                let wanted = own(parent(keyword)).unwrap_or_default();
                invalid(format!("{path} must be {wanted}."), value)
            }
            _ => invalid(format!("{}.", error.masked_with(path)), value),
        };
        let stops_rules = ["required", "type", "enum", "maxLength", "maxItems"].contains(&error.kind().keyword());
        Self {
            stops_rules,
            ..Self::new(path, reason, message)
        }
    }
}

/// What a value of another type is, and what it must be.
fn wrong_type(kind: &TypeKind, value: &Value, path: &str) -> String {
    let kind = match kind {
        TypeKind::Single(kind) => kind.as_str(),
        TypeKind::Multiple(_) => "",
    };
    let wanted = match kind {
        "string" => "text",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        _ => "an object",
    };
    match value {
        Value::Null => format!("is null; it must be {wanted}"),
        Value::Array(_) => format!("is a list; it must be {wanted}"),
        Value::Object(_) => format!("is an object; it must be {wanted}"),
        // YAML takes NO, on or 0123 for something else than text.
        _ if kind == "string" && is_secret(path) => "is no text; put it in quotes".to_owned(),
        _ if kind == "string" => format!("is {value} and not text; it must be text: put it in quotes"),
        Value::String(_) if ["array", "object"].contains(&kind) => format!("is text; it must be {wanted}"),
        Value::String(_) => format!("is the text {}; it must be {wanted}, without quotes", shown(value)),
        other => format!("is {other}; it must be {wanted}"),
    }
}

/// Values of Secrets are never quoted.
fn is_secret(path: &str) -> bool {
    ["data", "stringData"].iter().any(|field| path.starts_with(field))
}

/// " It is …" for a scalar; nothing for others.
#[must_use]
pub fn it_is(value: &Value, path: &str) -> String {
    match value {
        _ if is_secret(path) => String::new(),
        Value::String(text) if text.is_empty() => " It is empty.".to_owned(),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => format!(" It is {}.", shown(value)),
        _ => String::new(),
    }
}

/// What is said of a field that does not exist: where it belongs, or which one was meant.
fn unknown(name: &str, path: &str, parent: &str, schema: &Value) -> String {
    let field = join(path, name);
    if let Some(place) = elsewhere(name, path, schema) {
        return format!("{field} is no field; {place} is.");
    }
    let known = schema
        .pointer(&format!("{parent}/properties"))
        .and_then(Value::as_object);
    let known: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if let Some(meant) = nearest(name, known.iter().copied()) {
        return format!("{field} is no field; {} is.", join(path, meant));
    }
    if known.len() <= LISTED {
        let place = if path.is_empty() { "the object" } else { path };
        return format!("{field} is no field; {place} has {}.", known.join(", "));
    }
    format!(
        "{field} is no field. See kubectl explain {}.",
        join("jiraintegration", path)
    )
}

/// The one place in spec where a field of this name belongs, if it was put too high up.
fn elsewhere(name: &str, path: &str, schema: &Value) -> Option<String> {
    let spec = schema
        .pointer("/properties/spec")
        .filter(|_| ["", "spec"].contains(&path))?;
    let mut places = Vec::new();
    places_of(name, spec, "spec", &mut places);
    places.pop().filter(|_| places.is_empty())
}

fn places_of(name: &str, schema: &Value, path: &str, places: &mut Vec<String>) {
    let fields = schema.get("properties").and_then(Value::as_object);
    for (field, of) in fields.into_iter().flatten() {
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

/// The path of the schema that has the keyword at this path.
fn parent(keyword: &str) -> &str {
    keyword.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The path of a field as kubectl writes it, such as `spec.projects[0].key`.
fn field_path(location: &Location) -> String {
    location.segments().fold(String::new(), |path, segment| match segment {
        LocationSegment::Property(name) => join(&path, &name),
        LocationSegment::Index(index) => format!("{path}[{index}]"),
    })
}

/// The path of a field in an object.
#[must_use]
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        return name.to_owned();
    }
    format!("{path}.{name}")
}

/// A value as messages quote it.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() <= QUOTED {
        return text;
    }
    let start: String = text.chars().take(QUOTED).collect();
    format!("{start}…")
}
