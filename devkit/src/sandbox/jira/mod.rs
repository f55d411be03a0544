//! Jira's REST APIs behind the gateway: platform, and service desks.

mod call;
mod gateway;
mod permissions;
mod projects;
mod render;
mod routes;
mod users;

pub(crate) use gateway::gateway;
