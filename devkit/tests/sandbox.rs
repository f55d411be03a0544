//! The sandbox behaves as Jira Cloud does where the operator depends on it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "sandbox/client.rs"]
mod client;
#[path = "sandbox/comments.rs"]
mod comments;
#[path = "sandbox/consent.rs"]
mod consent;
#[path = "sandbox/deliveries.rs"]
mod deliveries;
#[path = "sandbox/desks.rs"]
mod desks;
#[path = "sandbox/edits.rs"]
mod edits;
#[path = "sandbox/faults.rs"]
mod faults;
#[path = "sandbox/forms.rs"]
mod forms;
#[path = "sandbox/history.rs"]
mod history;
#[path = "sandbox/issues.rs"]
mod issues;
#[path = "sandbox/lag.rs"]
mod lag;
#[path = "sandbox/ledger.rs"]
mod ledger;
#[path = "sandbox/limits.rs"]
mod limits;
#[path = "sandbox/links.rs"]
mod links;
#[path = "sandbox/login.rs"]
mod login;
#[path = "sandbox/meta.rs"]
mod meta;
#[path = "sandbox/moves.rs"]
mod moves;
#[path = "sandbox/oauth.rs"]
mod oauth;
#[path = "sandbox/pages.rs"]
mod pages;
#[path = "sandbox/people.rs"]
mod people;
#[path = "sandbox/permissions.rs"]
mod permissions;
#[path = "sandbox/persons.rs"]
mod persons;
#[path = "sandbox/projects.rs"]
mod projects;
#[path = "sandbox/queries.rs"]
mod queries;
#[path = "sandbox/receiver.rs"]
mod receiver;
#[path = "sandbox/requests.rs"]
mod requests;
#[path = "sandbox/shapes.rs"]
mod shapes;
#[path = "sandbox/sites.rs"]
mod sites;
#[path = "sandbox/tickets.rs"]
mod tickets;
#[path = "sandbox/webhook_faults.rs"]
mod webhook_faults;
#[path = "sandbox/webhook_retries.rs"]
mod webhook_retries;
#[path = "sandbox/webhooks.rs"]
mod webhooks;
