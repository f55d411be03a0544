//! What can go wrong when Jira is asked to change something, told apart by whether it did. What is done after
//! a 429 (`NotDone`) begins in `rate_limit/waits_after_429.rs`.

use std::collections::BTreeMap;

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;
use thiserror::Error;

use super::error::{self, JiraError};

/// Longest text of Jira's that is passed on, in characters.
const LONGEST: usize = 300;

/// A change that was not answered by a success.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WriteError {
    /// It did not reach Jira, or Jira asked to slow down and did nothing.
    #[error("{0}")]
    NotDone(JiraError),
    /// Jira refused it and did nothing.
    #[error("{0}")]
    Refused(Refusal),
    /// It may have been done: the answer is lost, or tells of a failure on the way.
    #[error("{0}")]
    Uncertain(JiraError),
}

/// What Jira refused a change with.
#[derive(Clone, Debug, Default, Error, PartialEq, Eq)]
#[error("Jira answered {status}: {}", self.text())]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// What it said of single fields, by their ids.
    pub fields: BTreeMap<String, String>,
    /// What it said besides.
    pub messages: Vec<String>,
    /// Questions of a form that are not answered as they have to be, by their ids.
    pub questions: BTreeMap<String, String>,
    /// Of the service desk's API: the key of what it said, which is the same in every language.
    pub key: Option<String>,
}

impl Refusal {
    /// All of it as one text of at most 300 characters.
    #[must_use]
    pub fn text(&self) -> String {
        let of_fields = self.fields.iter().map(|(field, text)| format!("{field}: {text}"));
        let of_fields = of_fields.chain(self.questions.iter().map(|(id, text)| format!("question {id}: {text}")));
        let all: Vec<String> = self.messages.iter().cloned().chain(of_fields).collect();
        let text: String = all
            .join(" ")
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect();
        if text.is_empty() {
            "nothing more was said".to_owned()
        } else {
            text
        }
    }

    /// From a body in any of the forms that Jira has.
    fn read(status: u16, body: &Value) -> Self {
        let texts = |name: &str| -> Vec<String> {
            match body.get(name) {
                Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                Some(Value::String(text)) => vec![text.clone()],
                _ => Vec::new(),
            }
        };
        let fields = body.get("errors").and_then(Value::as_object).into_iter().flatten();
        let fields = fields.filter_map(|(field, text)| Some((field.clone(), text.as_str()?.to_owned())));
        let key = body.pointer("/i18nErrorMessage/i18nKey").and_then(Value::as_str);
        Self {
            questions: questions(body),
            key: key.map(str::to_owned),
            status,
            fields: fields.collect(),
            messages: ["errorMessages", "errorMessage", "message"]
                .into_iter()
                .flat_map(texts)
                .collect(),
        }
    }
}

/// What a form's answer says of its questions.
fn questions(body: &Value) -> BTreeMap<String, String> {
    let all = body.get("errors").and_then(Value::as_array).into_iter().flatten();
    let read = all.filter_map(|error| {
        let id = error.pointer("/context/0/id").map_or_else(String::new, |id| {
            id.as_str().map_or_else(|| id.to_string(), str::to_owned)
        });
        let said = error.get("detail").or_else(|| error.get("title"))?.as_str()?;
        Some((id, said.to_owned()))
    });
    read.collect()
}

impl WriteError {
    /// Sorts an answer that is no success.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: Option<&Value>, asked: &str) -> Self {
        let sorted = error::classify(status, headers, body, asked);
        match (&sorted, body) {
            (JiraError::RateLimited(_) | JiraError::Redirected, _) => Self::NotDone(sorted),
            (JiraError::Unavailable { .. }, _) | (_, None) => Self::Uncertain(sorted),
            _ if status == StatusCode::REQUEST_TIMEOUT => Self::Uncertain(sorted),
            (_, Some(body)) => Self::Refused(Refusal::read(status.as_u16(), body)),
        }
    }

    /// A failure below HTTP: without a connection nothing was sent.
    pub(super) fn transport(error: reqwest::Error) -> Self {
        let is_unsent = error.is_connect() || error.is_builder();
        let sorted = JiraError::transport(error);
        if is_unsent {
            Self::NotDone(sorted)
        } else {
            Self::Uncertain(sorted)
        }
    }

    /// The kind of error in one word, as metrics name it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotDone(error) => error.as_str(),
            Self::Refused(_) => "refused",
            Self::Uncertain(_) => "uncertain",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn sorted(status: u16, body: Option<&Value>) -> WriteError {
        WriteError::of(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body, "POST x")
    }

    #[test]
    fn only_what_jira_says_it_refused_counts_as_not_done() {
        let body = || Some(json!({"errorMessages": ["no"], "errors": {"summary": "is required"}}));
        for status in [400, 401, 403, 404, 413, 422] {
            assert!(
                matches!(sorted(status, body().as_ref()), WriteError::Refused(_)),
                "{status}"
            );
        }
        for status in [408, 500, 502, 503, 504] {
            assert!(
                matches!(sorted(status, body().as_ref()), WriteError::Uncertain(_)),
                "{status}"
            );
        }
        // A page is a proxy's, and nobody knows what stands behind it.
        for status in [400, 403, 404] {
            assert!(matches!(sorted(status, None), WriteError::Uncertain(_)), "{status}");
        }
        assert!(matches!(
            sorted(429, body().as_ref()),
            WriteError::NotDone(JiraError::RateLimited(_))
        ));
    }

    #[test]
    fn what_is_said_of_fields_is_kept_apart() {
        let body = json!({"errorMessages": ["one"], "errors": {"customfield_10001": "is required", "odd": 5}});
        let WriteError::Refused(refusal) = sorted(400, Some(&body)) else {
            unreachable!("a 400 is a refusal")
        };
        assert_eq!(
            refusal.fields.get("customfield_10001").map(String::as_str),
            Some("is required")
        );
        assert_eq!(refusal.text(), "one customfield_10001: is required");
        let desk = json!({"errorMessage": "two", "i18nErrorMessage": {"i18nKey": "sd.x"}});
        let WriteError::Refused(refusal) = sorted(403, Some(&desk)) else {
            unreachable!("a 403 is a refusal")
        };
        assert_eq!((refusal.text().as_str(), refusal.key.as_deref()), ("two", Some("sd.x")));
        let form = json!({"errorMessage": "Invalid request", "errors": [
            {"code": "VALIDATION_ERROR", "context": [{"id": "12", "type": "question"}], "detail": "The field is required"}, 7]});
        let WriteError::Refused(refusal) = sorted(422, Some(&form)) else {
            unreachable!("a 422 is a refusal")
        };
        assert_eq!(
            refusal.questions.get("12").map(String::as_str),
            Some("The field is required")
        );
        assert!(refusal.fields.is_empty());
        assert_eq!(
            Refusal {
                status: 400,
                ..Refusal::default()
            }
            .text(),
            "nothing more was said"
        );
    }
}
