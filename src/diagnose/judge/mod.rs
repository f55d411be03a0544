//! Pure functions from evidence to findings.

pub mod account;
pub mod desk;
pub mod desks;
pub mod directory;
pub mod mapping;
pub mod person;
pub mod project;
pub mod project_with_desk;
pub mod projects;
pub mod scopes;
pub mod site;

use crate::{
    api::{
        condition::{ConditionType, Finding, LONGEST_MESSAGE},
        reason::Reason,
    },
    atlassian::error::JiraError,
};

/// The finding for a question that Jira did not answer properly: never a verdict. What is to be done depends
/// on why: a quota refills, a refusal stays, an outage passes.
#[must_use]
pub fn unavailable(condition: ConditionType, error: &JiraError) -> Finding {
    let remedy = match error {
        _ if error.is_quota() => "It goes on by itself once Atlassian refills the quota, at the full hour.",
        JiraError::RateLimited(_) => "It is tried again by itself, when Atlassian allows it.",
        JiraError::Refused { .. } | JiraError::Forbidden(_) | JiraError::NotFound(_) => {
            "It is asked again by itself. If Jira goes on refusing it, report these words as a fault of the operator."
        }
        JiraError::Unauthorized(_) => "It is asked again by itself, with another access token.",
        _ => Reason::SiteUnavailable.entry().remedy,
    };
    Finding::advising(condition, Reason::SiteUnavailable, &not_asked(error), remedy)
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
        JiraError::Unavailable { .. } | JiraError::Redirected | JiraError::RateLimited(_)
    )
}

/// A finding that sums up others. Where one alone is to be told of, its own words go before the
/// general remedy, if there is room.
#[must_use]
pub fn summed_up(condition: ConditionType, reason: Reason, what: &str, one: Option<&Finding>) -> Finding {
    let whole = one.map(|one| format!("{what} {}", one.message()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlassian::rate_limit::RateLimit;

    #[test]
    fn what_is_to_be_done_depends_on_why_jira_did_not_answer() {
        let said = |error: &JiraError| unavailable(ConditionType::Synced, error).message();
        let limited = |reason: &str| {
            JiraError::RateLimited(RateLimit {
                reason: reason.into(),
                retry_after: None,
            })
        };
        let quota = said(&limited("jira-quota-global-based"));
        assert!(quota.ends_with("at the full hour."), "{quota}");
        let burst = said(&limited("jira-burst-based"));
        assert!(burst.ends_with("when Atlassian allows it."), "{burst}");
        let refused = said(&JiraError::Refused {
            status: 400,
            message: "Unrecognized permission".into(),
        });
        assert!(
            refused.contains("Unrecognized permission.") && refused.contains("report these words"),
            "{refused}"
        );
        for message in [&quota, &burst, &refused] {
            assert!(!message.contains("status.atlassian.com"), "{message}");
        }
        let outage = said(&JiraError::Unavailable {
            detail: "it did not answer in time".into(),
            retry_after: None,
        });
        assert!(outage.contains("status.atlassian.com"), "{outage}");
    }
}
