//! Secrets among files: whether the API server takes them, and whether the operator finds in them
//! what it needs. Of values nothing is printed.

use std::{collections::BTreeMap, sync::LazyLock};

use k8s_openapi::{ByteString, api::core::v1::Secret};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{
    crd_schema::SchemaError,
    field_error::FieldError,
    object_schema::{ObjectSchema, decode, without_nulls},
};
use crate::{
    cli::context::{
        reasons::CheckReason,
        report::{CheckedObject, ReportLine},
    },
    diagnose::nearest,
    grant::{CLIENT_ID, CLIENT_SECRET, Credentials, CredentialsError, REFRESH_TOKEN, findings},
};

/// The keys that the operator reads.
const KEYS: [&str; 3] = [CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN];
/// Types of Secrets, and the keys of which the API server asks for all, or for one.
const TYPES: [(&str, &[&str], bool); 5] = [
    ("kubernetes.io/tls", &["tls.crt", "tls.key"], true),
    ("kubernetes.io/dockercfg", &[".dockercfg"], true),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"], true),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"], true),
    ("kubernetes.io/basic-auth", &["username", "password"], false),
];

/// A Secret as it stands in a file.
#[derive(Clone, Debug)]
pub struct SecretManifest {
    /// Its name.
    pub name: String,
    /// The file that it stands in.
    pub file: String,
    /// Its namespace, where the file names one.
    pub namespace: Option<String>,
    /// The Secret as the API server would store it.
    pub secret: Secret,
    /// What the API server refuses.
    errors: Vec<FieldError>,
}

/// The schema of Secrets.
pub static SECRET_SCHEMA: LazyLock<Result<ObjectSchema, SchemaError>> = LazyLock::new(schema);

/// As the Kubernetes API has it, with the syntax of keys.
fn schema() -> Result<ObjectSchema, SchemaError> {
    let mut generator = SchemaSettings::default()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let mut schema = generator.subschema_for::<Secret>().to_value();
    let keys = json!({
        "pattern": r"^(?!\.$|\.\.)[-._a-zA-Z0-9]+$",
        "title": "of letters, digits, '-', '_' and '.'",
    });
    let bytes = "base64; plain text belongs under stringData";
    for (field, values) in [
        ("data", json!({"type": "string", "format": "byte", "title": bytes})),
        ("stringData", json!({"type": "string"})),
    ] {
        if let Some(field) = schema
            .pointer_mut(&format!("/properties/{field}"))
            .and_then(Value::as_object_mut)
        {
            field.insert("propertyNames".to_owned(), keys.clone());
            field.insert("additionalProperties".to_owned(), values);
        }
    }
    Ok(ObjectSchema::new(schema)?)
}

impl SecretManifest {
    /// Reads a Secret of a file.
    #[must_use]
    pub fn read(file: &str, object: &Value, schema: &ObjectSchema) -> Self {
        let object = without_nulls(object);
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let values = |field: &str, bytes: fn(&str) -> Option<Vec<u8>>| -> BTreeMap<String, ByteString> {
            let values = object.get(field).and_then(Value::as_object).into_iter().flatten();
            values
                .filter_map(|(key, value)| Some((key.clone(), ByteString(bytes(value.as_str()?)?))))
                .collect()
        };
        // stringData goes before data.
        let mut data = values("data", decode);
        data.extend(values("stringData", |text| Some(text.as_bytes().to_vec())));
        let mut errors = schema.errors(&object);
        errors.extend(missing_of_type(text("/type").as_deref(), &data));
        Self {
            name: text("/metadata/name").unwrap_or_default(),
            file: file.to_owned(),
            namespace: text("/metadata/namespace"),
            secret: Secret {
                data: Some(data),
                ..Secret::default()
            },
            errors,
        }
    }

    /// The credentials in it.
    pub fn credentials(&self) -> Result<Credentials, CredentialsError> {
        Credentials::read(&self.name, Some(&self.secret))
    }

    /// Whether it looks like the credentials of an OAuth app.
    #[must_use]
    pub fn is_meant_for_us(&self) -> bool {
        let keys = self.secret.data.iter().flat_map(|data| data.keys());
        keys.into_iter().any(|key| nearest(key, KEYS).is_some())
    }

    /// What is found of it.
    #[must_use]
    pub fn subject(&self) -> CheckedObject {
        let namespace = self.namespace.clone().unwrap_or_default();
        let mut subject = CheckedObject::new("Secret", &namespace, &self.name);
        subject.lines = self.errors.iter().map(FieldError::line).collect();
        let unreadable = !subject.lines.is_empty();
        match self.credentials() {
            Err(error) if !unreadable || !matches!(error, CredentialsError::Missing(..)) => {
                let mut line = ReportLine::of(&findings::credentials(&error));
                if let Some(meant) = self.mistyped(&error) {
                    line.message = format!("{} It has the key {meant}.", line.message);
                }
                subject.lines.push(line);
            }
            Err(_) => {}
            Ok(credentials) => {
                subject.lines.extend(self.placeholders());
                if subject.lines.is_empty() {
                    let message = format!("Secret {} has client-id and client-secret.", self.name);
                    subject.lines.push(ReportLine::local(
                        "Credentials",
                        CheckReason::CredentialsPresent,
                        message,
                    ));
                }
                if credentials.refresh_token.is_none() {
                    let message = format!(
                        "Secret {} has no refresh-token: the integration is NotConnected until somebody connects it.",
                        self.name
                    );
                    subject
                        .lines
                        .push(ReportLine::local("Credentials", CheckReason::NoRefreshToken, message));
                }
            }
        }
        subject
    }

    /// A key that is near to the missing one.
    fn mistyped(&self, error: &CredentialsError) -> Option<&str> {
        let CredentialsError::Missing(_, key) = error else {
            return None;
        };
        let keys = self.secret.data.iter().flat_map(|data| data.keys());
        let others = keys.map(String::as_str).filter(|other| !KEYS.contains(other));
        nearest(key, others)
    }

    fn placeholders(&self) -> Option<ReportLine> {
        let is_placeholder = |key: &&str| {
            let value = self.secret.data.as_ref().and_then(|data| data.get(*key));
            value.is_some_and(|value| value.0.starts_with(b"<") && value.0.trim_ascii_end().ends_with(b">"))
        };
        let keys: Vec<&str> = KEYS.into_iter().filter(is_placeholder).collect();
        let message = format!(
            "Secret {} still has the placeholder of an example under {}. Put the real value there.",
            self.name,
            keys.join(", ")
        );
        (!keys.is_empty()).then(|| ReportLine::local("Credentials", CheckReason::PlaceholderValue, message))
    }
}

/// The keys that a Secret of this type must have and has not.
fn missing_of_type(of_type: Option<&str>, data: &BTreeMap<String, ByteString>) -> Option<FieldError> {
    let (name, keys, all) = TYPES.iter().find(|(name, ..)| Some(*name) == of_type)?;
    let has = |key: &&str| data.contains_key(*key);
    let is_complete = if *all {
        keys.iter().all(has)
    } else {
        keys.iter().any(has)
    };
    let keys = keys.join(if *all { " and " } else { " or " });
    let message = format!("type is {name}, which asks for {keys}. Leave type out, or make it Opaque.");
    (!is_complete).then(|| FieldError::new("type", CheckReason::InvalidField, message))
}
