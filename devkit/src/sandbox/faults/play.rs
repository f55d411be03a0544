//! What a fault does to the request or the answer that it met.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::active::Hit;
use super::rule::FaultAction;
use crate::sandbox::connection::Connection;
use crate::sandbox::limits::{self, HeaderStyle, RateLimitReason, Refusal};
use crate::sandbox::reply;

/// The largest answer that is altered, in bytes.
const LARGEST_ALTERED: usize = 4 * 1024 * 1024;

/// Marks an answer that will not arrive, because its connection is cut.
#[derive(Clone)]
pub(crate) struct Lost;

/// Before the effect; an answer means that the handler is not reached.
pub(crate) async fn before(hit: &Hit, connection: &Connection) -> Option<Response> {
    match &hit.action {
        FaultAction::Hold | FaultAction::DropAndTakeEffectLate | FaultAction::TakeEffectLate { milliseconds: None } => {
            hit.hold().await;
            None
        }
        FaultAction::Delay { milliseconds }
        | FaultAction::TakeEffectLate {
            milliseconds: Some(milliseconds),
        } => {
            hit.count();
            tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
            None
        }
        // These alter an answer, and there is none yet.
        FaultAction::OmitRefreshToken | FaultAction::GarbledBody => {
            hit.count();
            None
        }
        FaultAction::Status { code, headers, body } => {
            hit.count();
            Some(status(*code, headers, body))
        }
        FaultAction::Html { code } => {
            hit.count();
            let body = "<p>The server is temporarily unable to answer.</p>";
            Some(reply::html(*code, "Service unavailable", body))
        }
        FaultAction::RateLimit {
            reason,
            retry_after_seconds,
        } => {
            hit.count();
            Some(rate_limited(*reason, *retry_after_seconds))
        }
        FaultAction::DropConnection => {
            hit.count();
            Some(cut(connection))
        }
    }
}

/// After the effect, on the answer.
pub(crate) async fn after(hit: &Hit, answer: Response, connection: &Connection) -> Response {
    match &hit.action {
        // It has taken effect already.
        FaultAction::TakeEffectLate { .. } => {
            hit.count();
            answer
        }
        FaultAction::DropAndTakeEffectLate => {
            hit.count();
            cut(connection)
        }
        FaultAction::OmitRefreshToken => {
            hit.count();
            alter(answer, omit_refresh_token).await
        }
        FaultAction::GarbledBody => {
            hit.count();
            alter(answer, garble).await
        }
        // These do the same at both moments.
        FaultAction::Status { .. }
        | FaultAction::Html { .. }
        | FaultAction::RateLimit { .. }
        | FaultAction::Delay { .. }
        | FaultAction::Hold
        | FaultAction::DropConnection => before(hit, connection).await.unwrap_or(answer),
    }
}

fn status(code: u16, headers: &BTreeMap<String, String>, body: &str) -> Response {
    let mut answer = reply::json(code, serde_json::Value::Null);
    *answer.body_mut() = Body::from(body.to_owned());
    answer.headers_mut().remove(header::CONTENT_LENGTH);
    for (name, value) in headers {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

pub(crate) fn cut(connection: &Connection) -> Response {
    connection.cut();
    let mut answer = StatusCode::SERVICE_UNAVAILABLE.into_response();
    answer.extensions_mut().insert(Lost);
    answer
}

/// A 429 for this limit, by the real clock.
fn rate_limited(reason: RateLimitReason, retry_after: Option<u32>) -> Response {
    let wait = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let reset = wait.map(|wait| Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX));
    let refusal = Refusal {
        reason,
        limit: reason.usual_limit(),
        retry_after,
        reset,
    };
    limits::refused(&refusal, &HeaderStyle::default())
}

/// Rewrites the body of an answer.
async fn alter(answer: Response, change: impl Fn(&[u8]) -> Vec<u8>) -> Response {
    let (mut parts, body) = answer.into_parts();
    let bytes = to_bytes(body, LARGEST_ALTERED).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(change(&bytes)))
}

fn omit_refresh_token(body: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(body) else {
        return body.to_vec();
    };
    if let Some(value) = value.as_object_mut() {
        value.remove("refresh_token");
    }
    value.to_string().into_bytes()
}

/// The body without its last byte: the closing brace is missing, the data is all there.
fn garble(body: &[u8]) -> Vec<u8> {
    let kept = body.len().saturating_sub(1);
    body.iter().copied().take(kept).collect()
}
