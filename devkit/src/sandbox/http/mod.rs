//! The HTTP side that is not Jira's REST API: authorization server, gateway's own endpoints, site pages, control.

mod authorize;
mod control;
mod login_page;
mod middleware;
mod page;
mod resources;
mod router;
mod session_cookie;
mod tenant_info;
mod token;

pub(crate) use router::router;
