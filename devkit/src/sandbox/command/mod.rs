//! Commands: how a test changes the sandbox. One vocabulary serves library and control endpoint.

mod answer;
mod apply;
mod desks;
mod fields;
mod grants;
mod issue_change;
mod issues;
mod languages;
mod limits;
mod names;
mod people;
mod projects;
mod roles;
mod search;
mod sites;
mod statuses;
mod tickets;
mod vocabulary;
mod webhooks;

pub use answer::{Answer, CommandError};
pub use desks::{NewRequestType, RequestTypeChange};
pub use fields::{NewField, NewOption, ScreenChange};
pub use grants::NewApp;
pub use issue_change::{IssueChange, IssueUpdate, NewIssues};
pub use people::NewAccount;
pub use statuses::NewStatus;
pub use tickets::{PersonsIssue, UndocumentedChange};
pub use vocabulary::Command;
pub use webhooks::WebhookRuleChange;

pub(crate) use apply::apply;
