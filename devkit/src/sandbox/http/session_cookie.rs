//! The cookie by which the authorization server knows a browser again.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// Cookies do not tell ports apart: on loopback the name alone says whose it is.
const NAME: &str = "atlassian-sandbox-session";

/// The session that a request belongs to, if it brings any.
pub(super) fn of(headers: &HeaderMap) -> &str {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('='));
    named.find(|(name, _)| *name == NAME).map_or("", |(_, value)| value)
}

/// Gives the browser a session that lasts until it is closed.
pub(super) fn begin(answer: &mut Response, session: &str) {
    let cookie = format!("{NAME}={session}; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}
