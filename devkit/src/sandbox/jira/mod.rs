//! Jira's REST APIs behind the gateway: platform, and service desks.

#![allow(
    clippy::unnecessary_wraps,
    reason = "all handlers stand in one table and share its signature"
)]

mod articles;
mod call;
mod desks;
mod gateway;
mod issues;
mod jql;
mod localise;
mod permissions;
mod projects;
mod render;
mod request_types;
mod routes;
mod server_info;
mod statuses;
mod users;

pub(crate) use gateway::gateway;
