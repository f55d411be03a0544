//! How the operator introduces itself to the API server.

use axum::http::{HeaderValue, header::USER_AGENT};
use kube::Config;

/// Sets the User-Agent. The audit log shows it, and what is before its slash is the field manager of all that is not
/// applied: without one these fields belong to "unknown".
#[must_use]
pub fn introduced(mut config: Config) -> Config {
    let user_agent = HeaderValue::from_static(concat!("jira-operator/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, user_agent));
    config
}
