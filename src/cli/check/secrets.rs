//! Secrets among files: whether they would be taken by the API server, and whether the operator
//! finds in them what it needs. Of values nothing is printed.

use k8s_openapi::{ByteString, api::core::v1::Secret};
use serde_json::{Map, Value};

use super::{
    reasons::LocalReason,
    report::{Line, Subject},
    walk::{Flaw, unknown},
};
use crate::{
    diagnose::nearest::nearest,
    grant::{
        credentials::{CLIENT_ID, CLIENT_SECRET, Credentials, CredentialsError, REFRESH_TOKEN},
        findings,
    },
};

/// The fields of a Secret.
const FIELDS: [&str; 7] = [
    "apiVersion",
    "kind",
    "metadata",
    "data",
    "stringData",
    "type",
    "immutable",
];
/// The keys that the operator reads.
const KEYS: [&str; 3] = [CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN];

/// A Secret as it stands in a file.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// The file that it stands in.
    pub file: String,
    /// Its namespace, where the file names one.
    pub namespace: Option<String>,
    /// The Secret as the API server would store it.
    pub secret: Secret,
    /// What the API server would refuse or drop.
    pub flaws: Vec<Flaw>,
}

impl Written {
    /// Reads a Secret of a file.
    #[must_use]
    pub fn read(file: &str, object: &Value) -> Self {
        let none = Map::new();
        let fields = object.as_object().unwrap_or(&none);
        let text = |name: &str| {
            object
                .pointer(&format!("/metadata/{name}"))?
                .as_str()
                .map(str::to_owned)
        };
        let known: Map<String, Value> = FIELDS.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        let mut flaws: Vec<Flaw> = fields
            .keys()
            .filter(|name| !FIELDS.contains(&name.as_str()))
            .map(|name| Flaw::new(LocalReason::UnknownField, unknown(name, "", &known)))
            .collect();
        let mut secret = Secret::default();
        let data = secret.data.get_or_insert_default();
        for (field, decode) in [
            ("data", decoded as fn(&Value) -> Result<Vec<u8>, &'static str>),
            ("stringData", plain),
        ] {
            let Some(entries) = fields.get(field).filter(|entries| !entries.is_null()) else {
                continue;
            };
            let Some(entries) = entries.as_object() else {
                flaws.push(Flaw::new(
                    LocalReason::InvalidField,
                    format!("{field} must be an object of keys and values."),
                ));
                continue;
            };
            // stringData goes before data.
            for (key, value) in entries {
                match decode(value) {
                    Ok(bytes) => {
                        data.insert(key.clone(), ByteString(bytes));
                    }
                    Err(why) => flaws.push(Flaw::new(LocalReason::InvalidField, format!("{field}.{key} {why}."))),
                }
            }
        }
        Self {
            name: text("name").unwrap_or_default(),
            file: file.to_owned(),
            namespace: text("namespace"),
            secret,
            flaws,
        }
    }

    /// The credentials in it.
    ///
    /// # Errors
    /// When a key is missing or cannot be used.
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
    pub fn subject(&self) -> Subject {
        let namespace = self.namespace.clone().unwrap_or_default();
        let mut subject = Subject::new("Secret", &namespace, &self.name);
        let flaws = self.flaws.iter();
        subject.lines = flaws
            .map(|flaw| Line::local("Fields", flaw.reason, flaw.message.clone()))
            .collect();
        let unreadable = !subject.lines.is_empty();
        match self.credentials() {
            Err(error) if !unreadable || !matches!(error, CredentialsError::Missing(..)) => {
                let mut line = Line::of(&findings::credentials(&error));
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
                    subject
                        .lines
                        .push(Line::local("Credentials", LocalReason::CredentialsPresent, message));
                }
                if credentials.refresh_token.is_none() {
                    let message = format!(
                        "Secret {} has no refresh-token: the integration is NotConnected until somebody connects it.",
                        self.name
                    );
                    subject
                        .lines
                        .push(Line::local("Credentials", LocalReason::NoRefreshToken, message));
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

    fn placeholders(&self) -> Option<Line> {
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
        (!keys.is_empty()).then(|| Line::local("Credentials", LocalReason::PlaceholderValue, message))
    }
}

fn plain(value: &Value) -> Result<Vec<u8>, &'static str> {
    let text = value.as_str().ok_or("is no text; put it in quotes")?;
    Ok(text.as_bytes().to_vec())
}

fn decoded(value: &Value) -> Result<Vec<u8>, &'static str> {
    let text = value.as_str().ok_or("is no text; put it in quotes")?;
    let bytes: Result<ByteString, _> = serde_json::from_value(Value::String(text.to_owned()));
    bytes
        .map(|bytes| bytes.0)
        .map_err(|_| "is not encoded in base64; plain text belongs under stringData")
}
