//! The HTTP side that is not Jira's REST API: authorization server, gateway's own endpoints, site pages, control.

mod authorize;
mod control;
mod edge;
mod login;
mod page;
mod pass;
mod resources;
mod router;
mod session;
mod token;

pub(crate) use router::router;
