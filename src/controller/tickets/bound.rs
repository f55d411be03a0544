//! A ticket that is there: what Jira says of it.

use super::{
    conclude::TicketOutcome,
    context::{TicketContext, TicketSession},
    note::{NoteStep, note},
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, PeopleMatched, Valid},
            Finding,
        },
        integration::JiraIntegration,
        issue::{JiraIssue, JiraIssueStatus},
        reason::Reason,
    },
    atlassian::{error::JiraError, ticket_models::CreatedIssue},
    sync::{
        issues::{FollowedProjects, MappingContext, MirroredIssue},
        phase::Phases,
    },
    tickets::WritePermit,
};

/// What Jira says of a ticket. None where it does not show it.
///
/// # Errors
/// Where Jira cannot be asked.
pub async fn read(
    session: &TicketSession,
    integration: &JiraIntegration,
    permit: &WritePermit,
    id: &str,
) -> Result<Option<JiraIssueStatus>, JiraError> {
    let found = session
        .session
        .fetch_marked(&[id.to_owned()], crate::tickets::PROPERTY)
        .await?;
    let mapping = MappingContext {
        site_url: &permit.site_url,
        phases: &Phases::new(&integration.spec.status_mapping),
        projects: &FollowedProjects::default(),
    };
    let issue = found.issues.into_iter().next().map(|found| found.issue);
    Ok(issue
        .and_then(|issue| MirroredIssue::from_jira(issue, mapping))
        .map(|issue| issue.status))
}

/// What is said of a ticket that is there, whatever Jira answers now.
pub async fn examine(
    object: &JiraIssue,
    ctx: &TicketContext,
    (integration, permit): (&JiraIntegration, &WritePermit),
) -> TicketOutcome {
    let status = object.status.clone().unwrap_or_default();
    let created = match Finding::carried(Created, &status.conditions) {
        Some(carried) if carried.is_true() => carried.reason,
        _ => Reason::TicketCreated,
    };
    let ticket = CreatedIssue {
        id: status.id.clone(),
        key: status.key.clone(),
    };
    let mut outcome = there(created, &ticket);
    outcome.findings.insert(0, Finding::plain(Valid, Reason::SpecAccepted));
    let mut people = Finding::carried(PeopleMatched, &status.conditions);
    if let Ok(session) = ctx.session(object, integration, permit).await {
        match note(object, ctx, &session, permit, &ticket).await {
            NoteStep::Nothing => {}
            NoteStep::After(wait) => outcome.requeue = Some(wait),
            NoteStep::Refused(finding) => people = Some(finding),
        }
        fill(&mut outcome, &session, integration, permit).await;
    }
    outcome.findings.extend(people);
    outcome
}

/// What is said of a ticket that was created or found.
#[must_use]
pub fn there(reason: Reason, ticket: &CreatedIssue) -> TicketOutcome {
    let what = format!("The ticket is {}.", ticket.key);
    TicketOutcome {
        ticket: Some(ticket.clone()),
        ..TicketOutcome::of(Finding::with_remedy(Created, reason, &what))
    }
}

/// Adds what Jira says of the ticket. Where it does not answer, the status keeps what it has.
pub async fn fill(
    outcome: &mut TicketOutcome,
    session: &TicketSession,
    integration: &JiraIntegration,
    permit: &WritePermit,
) {
    let Some(ticket) = &outcome.ticket else {
        return;
    };
    match read(session, integration, permit, &ticket.id).await {
        Ok(issue) => outcome.issue = issue,
        Err(error) => tracing::debug!(key = ticket.key, %error, "a ticket could not be read"),
    }
}
