//! Pure functions from evidence to findings.

pub mod account;
pub mod desk;
pub mod desks;
pub mod directory;
pub mod mapping;
pub mod person;
pub mod project;
pub mod projects;
pub mod scopes;
pub mod site;
pub mod usable;

use crate::{
    api::{
        condition::{ConditionType, Finding},
        reason::Reason,
    },
    atlassian::error::JiraError,
};

/// The finding for a question that Jira did not answer properly: an outage, never a verdict.
#[must_use]
pub fn unavailable(condition: ConditionType, error: &JiraError) -> Finding {
    let what = format!("Jira could not be asked: {error}.");
    Finding::with_remedy(condition, Reason::SiteUnavailable, &what)
}

/// At most `most` of the items, and how many more there are.
#[must_use]
pub fn enumerate(items: &[String], most: usize) -> String {
    let shown = items.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
