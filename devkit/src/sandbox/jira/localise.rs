//! Refusals in the caller's language: the sentences change, while keys, fields and i18nKeys stay.

use axum::body::to_bytes;
use axum::response::Response;
use serde_json::Value;

use crate::sandbox::reply;
use crate::sandbox::world::Dictionary;

/// More than any refusal has, in bytes.
const LARGEST_REFUSAL: usize = 1024 * 1024;

/// The same answer with what Jira says to people in another language. The gateway speaks English to everybody.
pub(super) async fn localise(answer: Response, dictionary: &Dictionary) -> Response {
    let status = answer.status();
    if !status.is_client_error() {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, LARGEST_REFUSAL).await.unwrap_or_default();
    let Ok(mut body) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, bytes.into());
    };
    for part in ["errorMessages", "errors", "errorMessage"] {
        if let Some(said) = body.get_mut(part) {
            translate(said, dictionary);
        }
    }
    reply::json(status.as_u16(), body)
}

fn translate(said: &mut Value, dictionary: &Dictionary) {
    match said {
        Value::String(text) => {
            if let Some(own) = dictionary.sentence(text) {
                *text = own;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|said| translate(said, dictionary)),
        Value::Object(fields) => fields.values_mut().for_each(|said| translate(said, dictionary)),
        _ => {}
    }
}
