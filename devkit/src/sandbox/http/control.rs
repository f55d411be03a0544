//! The control endpoint: commands in, the log and the use of tokens out. Neither logged nor subject to faults.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::sandbox::command::{self, Command};
use crate::sandbox::reply;
use crate::sandbox::shared::Shared;

/// `POST /_sandbox/commands`: one [`Command`] as JSON.
pub(super) async fn command(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let command: Command = match serde_json::from_slice(&body) {
        Ok(command) => command,
        Err(error) => return reply::json(400, json!({"error": error.to_string()})),
    };
    match command::apply(&shared, command) {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => reply::json(400, json!({"error": error.to_string()})),
    }
}

/// `GET /_sandbox/requests`: every request received, oldest first.
pub(super) async fn requests(State(shared): State<Arc<Shared>>) -> Response {
    Json(shared.requests.all()).into_response()
}

/// `GET /_sandbox/tokens`: how often each refresh token was used, without the tokens.
pub(super) async fn tokens(State(shared): State<Arc<Shared>>) -> Response {
    Json(shared.world().oauth.token_uses()).into_response()
}
