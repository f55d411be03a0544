//! Asks whether Jira answers as it did, with as few calls as show it.

use super::{ProjectSync, Run, StepError};
use crate::{
    api::{integration::ProjectCounts, project::JiraProject},
    atlassian::{error::JiraError, jira::Session},
    sync::projects::{
        self, KnownState,
        apply::{self, Applied},
    },
};

/// Whether Jira answers as it did.
pub enum Confirmation {
    /// It does; the projects as they stand in the cluster.
    Unchanged(Vec<JiraProject>),
    /// It does not, or that is not known: everything is to be asked.
    Changed,
    /// It could not be asked, and everything else is to wait for that.
    Failed(StepError),
}

/// Asks whether all is as it was.
pub async fn confirm(run: Run<'_>, session: &Session) -> Confirmation {
    let observed = run.observed;
    let Ok(known) = apply::known(&run.ctx.client, &observed.owner()).await else {
        return Confirmation::Changed;
    };
    let counted = observed.status.projects.as_ref().and_then(ProjectCounts::all);
    let is_as_counted = counted.and_then(|all| usize::try_from(all).ok()) == Some(known.len());
    // Somebody deleted an object of ours, or one could not be written, was left half made or cannot be read.
    if !is_as_counted || known.iter().any(JiraProject::is_unwritten) {
        return Confirmation::Changed;
    }
    let before = KnownState {
        spec: &observed.integration.spec,
        conditions: &observed.status.conditions,
        known: &known,
        turn: observed.local.history.incremental_count,
    };
    let answer = projects::is_unchanged(session, before).await;
    match believed(answer, observed.local.jira.failures) {
        Ok(true) => Confirmation::Unchanged(known),
        Ok(false) => Confirmation::Changed,
        Err(error) => Confirmation::Failed(error),
    }
}

impl ProjectSync {
    /// One that found everything as it was.
    #[must_use]
    pub fn unchanged() -> Self {
        Self {
            is_full: false,
            applied: Applied::default(),
            succeeded: true,
        }
    }
}

/// Whether nothing changed, after so many failures in a row. What is not known is reconciled in full, unless that would
/// make a reconciliation dearer for what passes within seconds, or Atlassian asked to wait.
fn believed(is_unchanged: Result<bool, JiraError>, failures: u32) -> Result<bool, StepError> {
    match is_unchanged {
        Ok(is_unchanged) => Ok(is_unchanged),
        Err(JiraError::RateLimited(limit)) => Err(StepError::RateLimited(limit)),
        Err(error @ JiraError::Unavailable { .. }) if failures == 0 => Err(StepError::Unanswered(error)),
        // If it stays, asking everything shows what it is.
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlassian::rate_limit::RateLimit;

    #[test]
    fn an_answer_that_fails_once_makes_no_look_dearer() {
        let outage = || Err(JiraError::unavailable("HTTP status 503"));
        assert!(matches!(believed(outage(), 0), Err(StepError::Unanswered(_))));
        assert!(matches!(believed(outage(), 1), Ok(false)), "if it stays");
        let limited = RateLimit {
            reason: "jira-quota-global-based".into(),
            retry_after: None,
        };
        assert!(matches!(
            believed(Err(limited.into()), 1),
            Err(StepError::RateLimited(_))
        ));
        assert!(matches!(believed(Err(JiraError::NotFound("x".into())), 0), Ok(false)));
        assert!(matches!(believed(Ok(true), 0), Ok(true)));
    }
}
