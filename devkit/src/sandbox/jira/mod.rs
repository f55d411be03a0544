//! Jira's REST APIs behind the gateway: platform, and service desks.

#![allow(
    clippy::unnecessary_wraps,
    reason = "all handlers stand in one table and share its signature"
)]

mod admission;
mod articles;
mod call;
mod desks;
mod gateway;
mod issue_fields;
mod issue_text;
mod issues;
mod jql;
mod localise;
mod page;
mod page_token;
mod permissions;
mod projects;
mod queries;
mod render;
mod request_types;
mod requests;
mod routes;
mod search;
mod server_info;
mod statuses;
mod text;
mod tickets;
mod users;
mod webhooks;

pub(crate) use gateway::gateway;
pub(crate) use text::plain::document as plain_document;
pub(crate) use webhooks::{dispatch, forge};
