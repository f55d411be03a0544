//! The person's Secret: the OAuth app's credentials, read and never written.

use k8s_openapi::api::core::v1;
use thiserror::Error;

use crate::atlassian::{oauth::OAuthApp, secret::Secret};

/// Key of the app's client id.
pub const CLIENT_ID: &str = "client-id";
/// Key of the app's client secret.
pub const CLIENT_SECRET: &str = "client-secret";
/// Key of a refresh token that was obtained by hand.
pub const REFRESH_TOKEN: &str = "refresh-token";

/// What the person supplied.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The app.
    pub app: OAuthApp,
    /// A refresh token to adopt, if it is new.
    pub refresh_token: Option<Secret>,
}

/// Why the Secret cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CredentialsError {
    /// There is no such Secret.
    #[error("Secret {0} does not exist in this namespace.")]
    NotFound(String),
    /// A key is missing.
    #[error("Secret {0} lacks the key {1}.")]
    Missing(String, &'static str),
    /// A value is empty or only white space.
    #[error("Secret {0} has an empty value for the key {1}.")]
    Empty(String, &'static str),
    /// A value is not text.
    #[error("Secret {0} has a value for the key {1} that is not text; it may be encoded twice or corrupted.")]
    NotText(String, &'static str),
}

impl Credentials {
    /// Reads the credentials. White space around a value is dropped: a newline at the end is
    /// what `echo` and most editors leave there.
    ///
    /// # Errors
    /// When the Secret is absent or a required key cannot be used.
    pub fn read(name: &str, secret: Option<&v1::Secret>) -> Result<Self, CredentialsError> {
        let secret = secret.ok_or_else(|| CredentialsError::NotFound(name.to_owned()))?;
        let required = |key| value(name, secret, key)?.ok_or_else(|| CredentialsError::Missing(name.to_owned(), key));
        Ok(Self {
            app: OAuthApp {
                client_id: required(CLIENT_ID)?,
                client_secret: Secret::new(required(CLIENT_SECRET)?),
            },
            refresh_token: optional(value(name, secret, REFRESH_TOKEN))?.map(Secret::new),
        })
    }
}

/// The refresh token alone, of a Secret that may lack what else belongs into it.
#[must_use]
pub fn refresh_token(name: &str, secret: &v1::Secret) -> Option<Secret> {
    value(name, secret, REFRESH_TOKEN).ok().flatten().map(Secret::new)
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        self.app.client_id == other.app.client_id
            && self.app.client_secret == other.app.client_secret
            && self.refresh_token == other.refresh_token
    }
}

/// An empty refresh token is none: manifests often carry the key before there is a value.
fn optional(read: Result<Option<String>, CredentialsError>) -> Result<Option<String>, CredentialsError> {
    match read {
        Err(CredentialsError::Empty(..)) => Ok(None),
        other => other,
    }
}

fn value(name: &str, secret: &v1::Secret, key: &'static str) -> Result<Option<String>, CredentialsError> {
    let Some(bytes) = secret.data.as_ref().and_then(|data| data.get(key)) else {
        return Ok(None);
    };
    let not_text = || CredentialsError::NotText(name.to_owned(), key);
    let text = std::str::from_utf8(&bytes.0).map_err(|_| not_text())?.trim();
    if text.is_empty() {
        return Err(CredentialsError::Empty(name.to_owned(), key));
    }
    if text.chars().any(char::is_control) {
        return Err(not_text());
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use k8s_openapi::ByteString;

    fn secret(pairs: &[(&str, &[u8])]) -> v1::Secret {
        v1::Secret {
            data: Some(
                pairs
                    .iter()
                    .map(|(k, v)| ((*k).to_owned(), ByteString(v.to_vec())))
                    .collect(),
            ),
            ..v1::Secret::default()
        }
    }

    #[test]
    fn each_flaw_names_the_secret_and_the_key() {
        let read = |pairs: &[(&str, &[u8])]| Credentials::read("s", Some(&secret(pairs))).map(|_| ());
        let id: (&str, &[u8]) = (CLIENT_ID, b"id");
        assert_eq!(read(&[id]), Err(CredentialsError::Missing("s".into(), CLIENT_SECRET)));
        assert_eq!(
            read(&[id, (CLIENT_SECRET, b" \n")]),
            Err(CredentialsError::Empty("s".into(), CLIENT_SECRET))
        );
        assert_eq!(
            read(&[id, (CLIENT_SECRET, &[0xff, 0xfe])]),
            Err(CredentialsError::NotText("s".into(), CLIENT_SECRET))
        );
        assert_eq!(
            read(&[id, (CLIENT_SECRET, b"a\0b")]),
            Err(CredentialsError::NotText("s".into(), CLIENT_SECRET))
        );
        assert_eq!(
            Credentials::read("s", None).map(|_| ()),
            Err(CredentialsError::NotFound("s".into()))
        );
    }

    #[test]
    fn a_refresh_token_is_read_also_where_all_else_is_missing() {
        let read = |pairs: &[(&str, &[u8])]| refresh_token("s", &secret(pairs)).map(|token| token.expose().to_owned());
        assert_eq!(read(&[(REFRESH_TOKEN, b"of-today\n")]).as_deref(), Some("of-today"));
        assert_eq!(read(&[(REFRESH_TOKEN, b"")]), None);
        assert_eq!(read(&[(CLIENT_ID, b"id")]), None);
    }

    #[test]
    fn a_newline_at_the_end_and_an_empty_refresh_token_are_forgiven() {
        let read = Credentials::read(
            "s",
            Some(&secret(&[
                (CLIENT_ID, b"id\n"),
                (CLIENT_SECRET, b"x\n"),
                (REFRESH_TOKEN, b""),
            ])),
        );
        let read = read.unwrap();
        assert_eq!(read.app.client_id, "id");
        assert!(read.refresh_token.is_none());
    }
}
