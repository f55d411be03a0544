//! Asks about people.

use crate::{
    api::{integration::PinnedUser, requirements::BROWSE_USERS},
    atlassian::{error::JiraError, jira::Session, rate_limit::Asked},
    diagnose::evidence::{DirectoryEvidence, ProjectsEvidence},
};

/// Asks about the people that spec pins: one call for 50 of them, none without. Whether the
/// account may browse users came with the permissions.
///
/// # Errors
/// When Atlassian's points are spent; a limit on questions about people alone, and what else fails is part of the evidence.
pub async fn directory(
    jira: &Session,
    pinned: &[PinnedUser],
    projects: &ProjectsEvidence,
) -> Result<DirectoryEvidence, JiraError> {
    let ids: Vec<String> = pinned.iter().map(|person| person.account_id.clone()).collect();
    let pinned = match jira.users(&ids).await {
        Err(JiraError::RateLimited(limit)) if limit.stops_all(Asked::PinnedPeople) => return Err(limit.into()),
        answer => answer,
    };
    Ok(DirectoryEvidence {
        may_browse: projects.held_globally.contains(BROWSE_USERS),
        pinned,
    })
}
