//! Answers in the shapes of Atlassian's several error bodies.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

/// What a handler gives: an answer, or a refusal that ended it early. Boxed, as an answer is large for an error.
pub(crate) type Answered = Result<Response, Box<Response>>;

/// A status by number; an impossible number becomes 500.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// How many objects an answer returned, for its price. Stands in the answer's extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Returned(pub(crate) u64);

/// A JSON body.
pub(crate) fn json(code: u16, body: Value) -> Response {
    let count = if code == 200 { objects(&body) } else { 0 };
    returning((status(code), Json(body)).into_response(), count)
}

/// A JSON body that was written already.
pub(crate) fn json_text(code: u16, body: String) -> Response {
    (status(code), [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// No body.
pub(crate) fn empty(code: u16) -> Response {
    status(code).into_response()
}

/// Says how many objects an answer returns, for its price in points.
pub(crate) fn returning(mut answer: Response, count: usize) -> Response {
    answer.extensions_mut().insert(Returned(count as u64));
    answer
}

/// How many objects stand in a body: those of its list, or the one that it is.
fn objects(body: &Value) -> usize {
    let Value::Object(fields) = body else {
        return body.as_array().map_or(0, Vec::len);
    };
    let lists = [
        "values",
        "projects",
        "permissions",
        "globalPermissions",
        "projectPermissions",
        "requestTypeFields",
    ];
    let lists = lists.iter().filter_map(|name| fields.get(*name));
    let sizes = lists.map(|list| match list {
        Value::Array(list) => list.len(),
        Value::Object(list) => list.len(),
        _ => 0,
    });
    sizes.reduce(|sum, size| sum + size).unwrap_or(1)
}

/// The body of Jira's platform API.
pub(crate) fn jira_error(code: u16, message: &str) -> Response {
    json(code, json!({"errorMessages": [message], "errors": {}}))
}

/// The body of Jira's platform API where single fields are at fault.
pub(crate) fn jira_field_errors(code: u16, errors: &Value) -> Response {
    json(code, json!({"errorMessages": [], "errors": errors}))
}

/// The body of the gateway.
pub(crate) fn gateway_error(code: u16, message: &str) -> Response {
    json(code, json!({"code": code, "message": message}))
}

/// The body of the service desk API.
pub(crate) fn desk_error(code: u16, message: &str, key: &str) -> Response {
    let i18n = json!({"i18nKey": key, "parameters": []});
    json(code, json!({"errorMessage": message, "i18nErrorMessage": i18n}))
}

/// What Jira answers for a path it does not know.
pub(crate) fn unknown_path(uri: &str) -> Response {
    let message = format!("null for uri: {uri}");
    json(404, json!({"message": message, "status-code": 404}))
}

/// The body of the authorization server.
pub(crate) fn oauth_error(code: u16, error: &str, description: &str) -> Response {
    json(code, json!({"error": error, "error_description": description}))
}

/// An HTML page.
pub(crate) fn html(code: u16, title: &str, body: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>\n"
    );
    (status(code), Html(page)).into_response()
}

/// A redirect with nothing behind it.
pub(crate) fn redirect(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location.to_owned())]).into_response()
}

/// Text as it may stand in HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
