//! What can go wrong when Jira is asked something, distinguished by what has to be done about it.

use std::time::Duration;

use reqwest::{Response, StatusCode, header::HeaderMap};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::{
    body::{Body, BodyEnd, PAGE},
    rate_limit::{RateLimit, retry_after},
};

/// A call that got no usable answer.
#[derive(Clone, Debug, Error, Serialize, Deserialize, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum JiraError {
    /// 401: the token is not accepted, or the account is not (they look alike).
    #[error("Jira answered 401: {0}")]
    Unauthorized(String),
    /// 401 "scope does not match": refreshing cannot cure it.
    #[error("the grant's scopes do not cover {0}")]
    ScopeMismatch(String),
    /// 403.
    #[error("Jira answered 403: {0}")]
    Forbidden(String),
    /// 404: not there, or not visible.
    #[error("Jira answered that it does not exist: {0}")]
    NotFound(String),
    /// 429.
    #[error(transparent)]
    RateLimited(#[from] RateLimit),
    /// 3xx: redirects are not followed.
    #[error("it was redirected elsewhere")]
    Redirected,
    /// 5xx, a page instead of JSON whatever its status, a time-out, or no connection.
    #[error("{detail}")]
    Unavailable {
        /// What was seen instead of an answer.
        detail: String,
        /// `Retry-After`, where it was given.
        retry_after: Option<Duration>,
    },
    /// Any other refusal, such as a 400.
    #[error("Jira answered {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Jira's own words.
        message: String,
    },
}

impl JiraError {
    /// No usable answer, after which no wait was asked for.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable {
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The wait that Atlassian asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(limit) => limit.retry_after,
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The kind of error in one word, as metrics name it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.into_str()
    }

    /// Whether the hourly quota is spent, so that every further call would be refused.
    #[must_use]
    pub fn is_quota(&self) -> bool {
        matches!(self, Self::RateLimited(limit) if limit.is_quota())
    }

    /// A failure below HTTP, without the URL, which may carry a person's input.
    #[must_use]
    pub fn transport(error: reqwest::Error) -> Self {
        Self::unavailable(if error.is_timeout() {
            "it did not answer in time".to_owned()
        } else if error.is_connect() {
            "it could not be reached".to_owned()
        } else {
            format!("the connection failed: {}", error.without_url())
        })
    }
}

/// What an answer may be like.
#[derive(Clone, Copy, Debug)]
pub struct ResponseLimits {
    /// Most bytes of its body.
    pub most: usize,
    /// Whether a 404 is believed also without JSON: where nothing of Jira's stands behind the address.
    pub bare_404: bool,
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self {
            most: PAGE,
            bare_404: false,
        }
    }
}

/// Reads a response to the end and sorts it.
///
/// # Errors
/// A [`JiraError`] for anything that is not a success with JSON.
pub async fn json_or_error(response: Response, asked: &str, expected: ResponseLimits) -> Result<Value, JiraError> {
    let status = response.status();
    let headers = response.headers().clone();
    let body = Body::read(response, expected.most).await;
    let json: Option<Value> = body.whole().and_then(|bytes| serde_json::from_slice(bytes).ok());
    if !status.is_success() {
        if status == StatusCode::NOT_FOUND && expected.bare_404 {
            return Err(JiraError::NotFound(asked.to_owned()));
        }
        return Err(classify(status, &headers, json.as_ref(), asked));
    }
    match (json, body.end) {
        (Some(json), _) => Ok(json),
        (None, BodyEnd::Broken(error)) => Err(JiraError::transport(error)),
        (None, BodyEnd::TooLong) => {
            let most = expected.most >> 20;
            Err(unavailable(
                format!("{asked} was answered with more than {most} MiB"),
                &headers,
            ))
        }
        (None, BodyEnd::Whole) => Err(unavailable(
            format!("{asked} was answered by something that is not JSON"),
            &headers,
        )),
    }
}

pub(super) fn classify(status: StatusCode, headers: &HeaderMap, body: Option<&Value>, asked: &str) -> JiraError {
    let message = body.map_or_else(String::new, error_message);
    let said = || {
        if message.is_empty() {
            asked.to_owned()
        } else {
            message.clone()
        }
    };
    match status.as_u16() {
        // Atlassian says so in JSON. A page is a proxy's or a gateway's, and says nothing of the account.
        code @ (401 | 403 | 404) if !body.is_some_and(Value::is_object) => unavailable(
            format!("{asked} was answered with HTTP status {code} and no JSON, as by a proxy on the way"),
            headers,
        ),
        401 if message.contains("scope does not match") => JiraError::ScopeMismatch(asked.to_owned()),
        401 => JiraError::Unauthorized(said()),
        403 => JiraError::Forbidden(said()),
        404 => JiraError::NotFound(said()),
        429 => RateLimit::of(headers).into(),
        300..=399 => JiraError::Redirected,
        500.. => unavailable(
            format!("{asked} was answered with HTTP status {}", status.as_u16()),
            headers,
        ),
        code => JiraError::Refused {
            status: code,
            message: said(),
        },
    }
}

fn unavailable(detail: String, headers: &HeaderMap) -> JiraError {
    JiraError::Unavailable {
        detail,
        retry_after: retry_after(headers),
    }
}

/// The words of an error body, in any of the three shapes that Atlassian uses: the platform's,
/// the gateway's and Jira Service Management's.
fn error_message(body: &Value) -> String {
    let texts = |key: &str| -> Vec<String> {
        match body.get(key) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::Object(map)) => map
                .iter()
                .filter_map(|(field, text)| text.as_str().map(|text| format!("{field}: {text}")))
                .collect(),
            Some(Value::String(text)) => vec![text.clone()],
            _ => Vec::new(),
        }
    };
    let all: Vec<String> = ["errorMessages", "errors", "message", "errorMessage"]
        .into_iter()
        .flat_map(texts)
        .collect();
    let text: String = all.join(" ").chars().filter(|c| !c.is_control()).take(200).collect();
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sorted(status: u16, body: &Value) -> JiraError {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        classify(status, &HeaderMap::new(), Some(body), "GET x")
    }

    #[test]
    fn the_meanings_of_401_are_told_apart() {
        let scope = json!({"code": 401, "message": "Unauthorized; scope does not match"});
        assert_eq!(sorted(401, &scope), JiraError::ScopeMismatch("GET x".into()));
        let plain = json!({"code": 401, "message": "Unauthorized"});
        assert_eq!(sorted(401, &plain), JiraError::Unauthorized("Unauthorized".into()));
    }

    #[test]
    fn a_page_of_a_proxy_is_no_refusal_of_the_account() {
        for (status, page) in [
            (401, None),
            (403, None),
            (404, None),
            (403, Some(json!("Access Denied"))),
        ] {
            let sorted = classify(
                StatusCode::from_u16(status).unwrap_or_default(),
                &HeaderMap::new(),
                page.as_ref(),
                "GET x",
            );
            assert!(matches!(sorted, JiraError::Unavailable { .. }), "{status} {sorted:?}");
        }
        assert!(matches!(sorted(403, &json!({})), JiraError::Forbidden(_)));
    }

    #[tokio::test]
    async fn an_answer_without_end_is_an_outage_and_a_site_that_is_not_there_may_say_so_by_a_page() {
        let answer = |status: u16, body: &str| -> Response {
            let mut answer = axum::http::Response::new(body.to_owned());
            *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
            answer.into()
        };
        let small = ResponseLimits {
            most: 8,
            bare_404: true,
        };
        let read = json_or_error(answer(200, r#"{"a": "bcd"}"#), "GET x", small).await;
        assert!(matches!(read, Err(JiraError::Unavailable { .. })), "{read:?}");
        let read = json_or_error(answer(404, "<html>nothing here"), "GET x", small).await;
        assert_eq!(read, Err(JiraError::NotFound("GET x".into())));
        let read = json_or_error(answer(404, "<html>"), "GET x", ResponseLimits::default()).await;
        assert!(matches!(read, Err(JiraError::Unavailable { .. })), "{read:?}");
    }

    #[test]
    fn all_three_shapes_of_error_bodies_are_read() {
        let platform = json!({"errorMessages": ["one"], "errors": {"field": "two"}});
        assert_eq!(error_message(&platform), "one field: two");
        assert_eq!(error_message(&json!({"code": 403, "message": "three"})), "three");
        assert_eq!(
            error_message(&json!({"errorMessage": "four", "i18nErrorMessage": {}})),
            "four"
        );
    }

    #[test]
    fn an_outage_is_no_refusal() {
        for status in [500, 502, 503] {
            assert!(
                matches!(sorted(status, &json!(null)), JiraError::Unavailable { .. }),
                "{status}"
            );
        }
    }
}
