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
        condition::{ConditionType, Finding, LONGEST_MESSAGE},
        reason::Reason,
    },
    atlassian::error::JiraError,
};

/// The finding for a question that Jira did not answer properly: an outage, never a verdict.
#[must_use]
pub fn unavailable(condition: ConditionType, error: &JiraError) -> Finding {
    Finding::with_remedy(condition, Reason::SiteUnavailable, &not_asked(error))
}

/// The sentence that says so. Jira's own words, which the error may quote, end as they like.
fn not_asked(error: &JiraError) -> String {
    format!("Jira could not be asked: {}.", error.to_string().trim_end_matches('.'))
}

/// Whether an error is no answer at all, rather than one that says no.
#[must_use]
pub fn is_outage(error: &JiraError) -> bool {
    matches!(
        error,
        JiraError::Unavailable { .. } | JiraError::Redirected | JiraError::RateLimited { .. }
    )
}

/// A finding that sums up others. Where one alone is to be told of, its own words go before the
/// general remedy, if there is room.
#[must_use]
pub fn summed_up(condition: ConditionType, reason: Reason, what: &str, one: Option<&Finding>) -> Finding {
    let whole = one.map(|one| format!("{what} {}", one.message));
    match whole.filter(|whole| whole.chars().count() <= LONGEST_MESSAGE) {
        Some(message) => Finding::new(condition, reason, message),
        None => Finding::with_remedy(condition, reason, what),
    }
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
