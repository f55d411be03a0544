//! Sorts what the token endpoint answers, and finds the new refresh token even in an answer
//! that cannot be read: a rotated token that is lost is a grant that is lost.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;
use thiserror::Error;

use super::{rate_limit::retry_after, secret::Secret};

/// Most characters of what Atlassian says that are passed on.
const LONGEST: usize = 120;
/// Longest error code; RFC 6749 §5.2 names six, of 22 characters at most.
const LONGEST_CODE: usize = 40;

/// An exchange that brought no tokens. Never carries a body: it could hold a token.
#[derive(Clone, Debug, Error, strum::IntoStaticStr)]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum ExchangeFailure {
    /// `invalid_grant` or `unauthorized_client`: the grant is dead.
    #[error("Atlassian refused the refresh token: {description}")]
    GrantRefused {
        /// Atlassian's own words.
        description: String,
    },
    /// `access_denied` or `invalid_client`: the client secret is wrong; the grant is unharmed.
    #[error("Atlassian refused the client secret")]
    ClientRefused,
    /// No usable answer. The token may have been spent all the same.
    #[error("{detail}")]
    Unavailable {
        /// What was seen instead of an answer.
        detail: String,
        /// `Retry-After`, where it was given.
        retry_after: Option<Duration>,
    },
    /// A 200 that cannot be read, in which the new refresh token was found.
    #[error("the token endpoint's answer could not be read, but the new refresh token was found in it")]
    Salvaged {
        /// The token that replaces the one that was spent.
        refresh_token: Secret,
    },
}

/// What is said of a 200 in which there is nothing that helps.
pub const NO_TOKENS: &str = "the token endpoint answered with something other than tokens";

/// Sorts an answer other than 200 by its `error` code, because Atlassian uses several statuses for
/// one meaning (facts from clients of the endpoint). A 429 and a 5xx refuse nothing, whatever their
/// body says: a server in trouble has not checked the token.
#[must_use]
pub fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ExchangeFailure {
    let unavailable = |code: &str| ExchangeFailure::Unavailable {
        detail: unclear(status, code),
        retry_after: retry_after(headers),
    };
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return unavailable("");
    }
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let text = |key: &str| {
        json.as_ref()
            .and_then(|j| j.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match text("error") {
        "invalid_grant" | "unauthorized_client" => ExchangeFailure::GrantRefused {
            description: text("error_description").to_owned(),
        },
        "access_denied" | "invalid_client" => ExchangeFailure::ClientRefused,
        code => unavailable(code),
    }
}

/// An answer that says nothing of grant or client. Its code, if it has one, is no outage's: it says what Atlassian
/// objects to.
fn unclear(status: StatusCode, code: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let status = status.as_u16();
    if code.is_empty() || code.len() > LONGEST_CODE || !code.chars().all(plain) {
        return format!("the token endpoint answered with HTTP status {status}");
    }
    format!("the token endpoint answered with the error {code} (HTTP status {status})")
}

impl ExchangeFailure {
    /// No usable answer, after which no wait was asked for.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable {
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The same without what was sent, should the answer quote it, and with no more words than people read. In this
    /// order: the rest of a secret that is cut is not found any more. What was sent is no new token either: an
    /// answer that repeats the request brings none.
    #[must_use]
    pub fn without(self, sent: &[&str]) -> Self {
        let clean = |text: String| -> String {
            let whole = sent.iter().filter(|secret| !secret.is_empty());
            let text = whole.fold(text, |text, secret| text.replace(secret, "…"));
            text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
        };
        match self {
            Self::GrantRefused { description } => Self::GrantRefused {
                description: clean(description),
            },
            Self::Unavailable { detail, retry_after } => Self::Unavailable {
                detail: clean(detail),
                retry_after,
            },
            Self::Salvaged { refresh_token } if repeats(&refresh_token, sent) => Self::unavailable(NO_TOKENS),
            other @ (Self::ClientRefused | Self::Salvaged { .. }) => other,
        }
    }
}

/// Whether this was sent, be it as it stands in a form.
fn repeats(found: &Secret, sent: &[&str]) -> bool {
    let in_a_form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    sent.iter()
        .any(|text| found.expose() == *text || *found.expose() == in_a_form(text))
}

/// The part of a body that broke off in which no value is cut off.
#[must_use]
pub fn ended(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|byte| matches!(byte, b'"' | b'&'));
    end.and_then(|end| body.get(..=end)).unwrap_or_default()
}

/// Looks for a refresh token in the body of a 200 that is not what it should be: JSON that is
/// cut off or has other types, or a form.
#[must_use]
pub fn find_refresh_token(body: &[u8]) -> Option<Secret> {
    let text = String::from_utf8_lossy(body);
    quoted_value(&text, "\"refresh_token\"")
        .or_else(|| form_value(&text, "refresh_token="))
        .filter(|token| !token.is_empty())
        .map(Secret::new)
}

fn quoted_value(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(name)?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    // A token without its closing quote is cut off, and half a token is none.
    let (value, _) = rest.split_once('"')?;
    serde_json::from_str(&format!("\"{value}\"")).ok()
}

fn form_value(text: &str, name: &str) -> Option<String> {
    text.split('&')
        .find_map(|pair| pair.trim().strip_prefix(name))
        .filter(|value| value.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '<'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(status: u16, body: &str) -> ExchangeFailure {
        refusal(
            StatusCode::from_u16(status).unwrap_or_default(),
            &HeaderMap::new(),
            body.as_bytes(),
        )
    }

    #[test]
    fn both_refusals_of_a_grant_mean_the_same() {
        for (status, code) in [
            (403, "unauthorized_client"),
            (400, "invalid_grant"),
            (401, "invalid_grant"),
        ] {
            let body = format!("{{\"error\":\"{code}\",\"error_description\":\"x\"}}");
            assert!(
                matches!(sorted(status, &body), ExchangeFailure::GrantRefused { .. }),
                "{code}"
            );
        }
    }

    #[test]
    fn a_wrong_client_secret_is_no_dead_grant() {
        let body = r#"{"error":"access_denied","error_description":"Unauthorized"}"#;
        assert!(matches!(sorted(401, body), ExchangeFailure::ClientRefused));
    }

    #[test]
    fn anything_unclear_is_an_outage_and_no_refusal() {
        for (status, body) in [
            (500, "{}"),
            (403, "<html>"),
            (429, ""),
            (200, "<html>"),
            (400, r#"{"error":"invalid_request"}"#),
        ] {
            assert!(
                matches!(sorted(status, body), ExchangeFailure::Unavailable { .. }),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_server_in_trouble_refuses_nothing_whatever_it_says() {
        for status in [429, 500, 502, 503] {
            for code in [
                "invalid_grant",
                "unauthorized_client",
                "access_denied",
                "invalid_client",
            ] {
                let body = format!("{{\"error\":\"{code}\"}}");
                assert!(
                    matches!(sorted(status, &body), ExchangeFailure::Unavailable { .. }),
                    "{status} {code}"
                );
            }
        }
    }

    #[test]
    fn an_error_that_says_nothing_of_the_grant_is_named() {
        let said = sorted(400, r#"{"error":"invalid_scope"}"#).to_string();
        assert!(said.ends_with("the error invalid_scope (HTTP status 400)"), "{said}");
        for odd in ["", "<b>", "two words", &"x".repeat(41)] {
            let said = sorted(400, &format!("{{\"error\":\"{odd}\"}}")).to_string();
            assert!(said.ends_with("answered with HTTP status 400"), "{said}");
        }
    }

    #[test]
    fn a_refusal_does_not_quote_what_was_sent_not_even_in_part() {
        let (token, secret) = ("t".repeat(300), "s".repeat(24));
        for quoted in [
            format!("Token {token} is not known, nor is {secret}"),
            format!("{}{token}", "x".repeat(60)),
        ] {
            let body = serde_json::json!({"error": "invalid_grant", "error_description": quoted});
            let told = sorted(403, &body.to_string()).without(&[&token, &secret]).to_string();
            assert!(
                !told.contains("ttt") && !told.contains("sss") && told.contains('…'),
                "{told}"
            );
        }
        let long = serde_json::json!({"error": "invalid_grant", "error_description": "y".repeat(5000)});
        assert!(sorted(403, &long.to_string()).without(&[]).to_string().len() < 200);
    }

    #[test]
    fn an_answer_that_repeats_the_request_brings_no_new_token() {
        let found = |token: &str| ExchangeFailure::Salvaged {
            refresh_token: Secret::new(token.to_owned()),
        };
        for echo in ["of-today/+=", "of-today%2F%2B%3D"] {
            let told = found(echo).without(&["of-today/+=", "its-secret"]);
            assert!(matches!(told, ExchangeFailure::Unavailable { .. }), "{told:?}");
        }
        let told = found("new").without(&["of-today/+=", "its-secret"]);
        assert!(matches!(told, ExchangeFailure::Salvaged { .. }), "{told:?}");
    }

    #[test]
    fn of_a_body_that_broke_off_no_half_value_is_taken() {
        let token = "t".repeat(24);
        let found = |body: String| find_refresh_token(ended(body.as_bytes())).map(|s| s.expose().to_owned());
        assert_eq!(
            found(format!("{{\"refresh_token\": \"{token}\",\"acc")),
            Some(token.clone())
        );
        assert_eq!(found(format!("{{\"refresh_token\": \"{token}")), None);
        assert_eq!(found(format!("a=1&refresh_token={token}")), None);
        assert_eq!(found(format!("a=1&refresh_token={token}&b")), Some(token));
    }

    #[test]
    fn a_whole_token_is_found_in_a_broken_body_and_half_a_token_is_not() {
        let token = "t".repeat(24);
        let found = |body: String| find_refresh_token(body.as_bytes()).map(|s| s.expose().to_owned());
        assert_eq!(
            found(format!("{{\"refresh_token\": \"{token}\",\"access_tok")),
            Some(token.clone())
        );
        assert_eq!(found(format!("a=1&refresh_token={token}&b=2")), Some(token.clone()));
        assert_eq!(found(format!("{{\"refresh_token\":\"{token}")), None);
        assert_eq!(found("<html>sorry</html>".to_owned()), None);
    }
}
