//! The token endpoint: codes and refresh tokens for new tokens, by JSON or form.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::sandbox::reply;
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{RefusalKind, TokenPair, TokenRefusal, World};

/// The body of a token request.
#[derive(Default, Deserialize)]
pub(super) struct TokenRequest {
    pub(super) grant_type: Option<String>,
    pub(super) client_id: Option<String>,
    client_secret: Option<String>,
    pub(super) refresh_token: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
}

impl TokenRequest {
    /// Reads a body: JSON as documented, or a form as generic clients send it.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok());
        if kind.unwrap_or_default().starts_with("application/json") {
            return serde_json::from_slice(body).ok();
        }
        let mut request = Self::default();
        for (key, value) in url::form_urlencoded::parse(body) {
            let value = Some(value.into_owned());
            match key.as_ref() {
                "grant_type" => request.grant_type = value,
                "client_id" => request.client_id = value,
                "client_secret" => request.client_secret = value,
                "refresh_token" => request.refresh_token = value,
                "code" => request.code = value,
                "redirect_uri" => request.redirect_uri = value,
                _ => {}
            }
        }
        Some(request)
    }
}

/// `POST /oauth/token`.
pub(super) async fn exchange(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(request) = TokenRequest::read(&headers, &body) else {
        return reply::oauth_error(400, "invalid_request", "the body cannot be read");
    };
    answer(&mut shared.world_mut(), &request)
}

fn answer(world: &mut World, request: &TokenRequest) -> Response {
    let (Some(grant_type), Some(client_id)) = (&request.grant_type, &request.client_id) else {
        let description = "grant_type and client_id are required";
        return reply::oauth_error(400, "invalid_request", description);
    };
    let secret = request.client_secret.as_deref().unwrap_or_default();
    let now = world.now();
    let oauth = &mut world.oauth;
    if let Err(refusal) = oauth.authenticate(client_id, secret) {
        return refuse(&refusal);
    }
    let result = match (grant_type.as_str(), &request.refresh_token, &request.code) {
        ("refresh_token", Some(token), _) => oauth.refresh(now, client_id, token),
        ("authorization_code", _, Some(code)) => {
            let redirect_uri = request.redirect_uri.as_deref().unwrap_or_default();
            oauth.exchange_code(now, client_id, code, redirect_uri)
        }
        ("refresh_token" | "authorization_code", _, _) => {
            let description = "refresh_token or code is missing";
            return reply::oauth_error(400, "invalid_request", description);
        }
        _ => {
            let description = "Grant type not allowed for the client.";
            return reply::oauth_error(403, "unauthorized_client", description);
        }
    };
    match result {
        Ok(pair) => pay_out(pair),
        Err(refusal) => refuse(&refusal),
    }
}

fn pay_out(pair: TokenPair) -> Response {
    let mut body = json!({
        "access_token": pair.access_token,
        "expires_in": pair.expires_in,
        "token_type": "Bearer",
        "scope": pair.scope,
    });
    if let (Some(token), Some(body)) = (pair.refresh_token, body.as_object_mut()) {
        body.insert("refresh_token".to_owned(), token.into());
    }
    let cache = [(header::CACHE_CONTROL, "no-store")];
    (cache, reply::json(200, body)).into_response()
}

fn refuse(refusal: &TokenRefusal) -> Response {
    match refusal {
        TokenRefusal::AccessDenied => reply::oauth_error(401, "access_denied", "Unauthorized"),
        TokenRefusal::RefreshToken(RefusalKind::UnauthorizedClient) => {
            reply::oauth_error(403, "unauthorized_client", "refresh_token is invalid")
        }
        TokenRefusal::RefreshToken(RefusalKind::InvalidGrant) => {
            reply::oauth_error(403, "invalid_grant", "Unknown or invalid refresh token.")
        }
        TokenRefusal::Code => reply::oauth_error(403, "invalid_grant", "Invalid authorization code"),
    }
}
