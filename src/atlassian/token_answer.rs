//! Sorts what the token endpoint answers, and finds the new refresh token even in an answer
//! that cannot be read: a rotated token that is lost is a grant that is lost.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;
use thiserror::Error;

use super::{error::retry_after, secret::Secret};

/// An exchange that brought no tokens. Never carries a body: it could hold a token.
#[derive(Clone, Debug, Error)]
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

/// Sorts an answer other than 200 by its `error` code, because Atlassian uses several statuses for
/// one meaning (facts from clients of the endpoint). A 429 and a 5xx refuse nothing, whatever their
/// body says: a server in trouble has not looked at the token.
#[must_use]
pub fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ExchangeFailure {
    let unavailable = || ExchangeFailure::Unavailable {
        detail: format!("the token endpoint answered with HTTP status {}", status.as_u16()),
        retry_after: retry_after(headers),
    };
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return unavailable();
    }
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let text = |key: &str| {
        json.as_ref()
            .and_then(|j| j.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match text("error") {
        "invalid_grant" | "unauthorized_client" => {
            let words = text("error_description").chars().filter(|c| !c.is_control());
            ExchangeFailure::GrantRefused {
                description: words.take(80).collect(),
            }
        }
        "access_denied" | "invalid_client" => ExchangeFailure::ClientRefused,
        _ => unavailable(),
    }
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
