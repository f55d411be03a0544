//! Reads the newest comments of a ticket, where Jira says that it was updated since they were read.

use kube::ResourceExt;

use super::{conclude::TicketOutcome, context::TicketContext, steps::RETRY};
use crate::{
    api::{condition::Finding, integration::JiraIntegration, issue::JiraIssue},
    tickets::{WritePermit, asked_for, to_be_read},
};

/// Adds them to what was found. Those of a ticket that is not there, or out of reach, are not read.
pub async fn read(
    outcome: &mut TicketOutcome,
    object: &JiraIssue,
    ctx: &TicketContext,
    (integration, permit): (&JiraIntegration, &WritePermit),
) {
    let kept = integration.spec.tickets.clone().unwrap_or_default().kept_comments();
    outcome.kept_comments = Some(kept.clone());
    let is_there = outcome.findings.iter().take(2).all(Finding::is_true);
    let Some(issue) = outcome.issue.as_ref().filter(|_| is_there) else {
        return;
    };
    let known = object.status.as_ref().and_then(|status| status.comments.as_ref());
    let Some(how) = to_be_read(issue, known, &kept) else {
        return;
    };
    let Ok(session) = ctx.reading_session(integration, permit).await else {
        return outcome.wait_at_most(RETRY);
    };
    match session.session.comments(&issue.id, 0, asked_for(&how)).await {
        Ok(answer) => outcome.comments = Some((how, answer)),
        Err(error) => {
            tracing::debug!(object = object.name_any(), %error, "the comments of a ticket could not be read");
            outcome.wait_at_most(error.retry_after_or(RETRY));
        }
    }
}
