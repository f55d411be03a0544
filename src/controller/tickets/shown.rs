//! A ticket as Jira shows it now.

use super::context::TicketSession;
use crate::{
    api::integration::JiraIntegration,
    atlassian::{error::JiraError, ticket_models::MarkedIssue},
    sync::{
        issues::{FollowedProjects, MappingContext, MirroredIssue},
        phase::Phases,
    },
    tickets::{Marker, PROPERTY, ShownTicket, WritePermit},
};

/// A ticket as Jira showed it. None where its id is no number, which Jira's never are.
#[must_use]
pub fn shown(found: MarkedIssue, integration: &JiraIntegration, site_url: &str) -> Option<ShownTicket> {
    let marker = found.properties.get(PROPERTY).and_then(Marker::read);
    let mapping = MappingContext {
        site_url,
        phases: &Phases::new(&integration.spec.status_mapping),
        projects: &FollowedProjects::default(),
    };
    let issue = MirroredIssue::from_jira(found.issue, mapping)?;
    Some(ShownTicket {
        status: issue.status,
        marker,
    })
}

/// What Jira says of a ticket. None where it does not show it.
///
/// # Errors
/// Where Jira cannot be asked.
pub async fn read(
    session: &TicketSession,
    integration: &JiraIntegration,
    permit: &WritePermit,
    id: &str,
) -> Result<Option<ShownTicket>, JiraError> {
    let issue = read_marked(session, id).await?;
    Ok(issue.and_then(|found| shown(found, integration, &permit.site_url)))
}

/// The same, as Jira answers it.
///
/// # Errors
/// Where Jira cannot be asked.
pub async fn read_marked(session: &TicketSession, id: &str) -> Result<Option<MarkedIssue>, JiraError> {
    let found = session.session.fetch_marked(&[id.to_owned()], PROPERTY).await?;
    Ok(found.issues.into_iter().next())
}
