//! Asks about what surrounds the projects, once they are known: service desks, people, statuses.

use std::collections::BTreeSet;

use super::{desks::desks, directory::directory, projects::KnownProject, statuses::statuses};
use crate::{
    api::{
        integration::{PinnedUser, StatusMapping},
        requirements::{BROWSE, SCOPE_DESK, SERVICE_DESK},
    },
    atlassian::{error::JiraError, jira::Jira, models::Project},
    diagnose::evidence::{DesksEvidence, DirectoryEvidence, ProjectsEvidence, StatusesEvidence},
};

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// spec.statusMapping.
    pub rules: &'a [StatusMapping],
    /// spec.users.pinned.
    pub pinned: &'a [PinnedUser],
    /// Scopes that the grant lacks.
    pub missing_scopes: &'a BTreeSet<&'static str>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// About service desks; absent where the scopes do not cover them.
    pub desks: Option<DesksEvidence>,
    /// The call that Jira refused for the scopes, although the lists have them all.
    pub scope_refused: Option<String>,
    /// About people.
    pub directory: DirectoryEvidence,
    /// About statuses.
    pub statuses: StatusesEvidence,
}

/// Asks.
///
/// # Errors
/// When Atlassian asks to slow down; what else fails is part of the evidence.
pub async fn surroundings(
    jira: &Jira,
    cloud_id: &str,
    asked: Asked<'_>,
    projects: &ProjectsEvidence,
) -> Result<Surroundings, JiraError> {
    let in_use = projects.in_use();
    let identities: Vec<KnownProject> = in_use.iter().map(|project| KnownProject::from(*project)).collect();
    let mut scope_refused = None;
    let mut of_desks = None;
    if !asked.missing_scopes.contains(SCOPE_DESK) {
        match ask_desks(jira, cloud_id, &in_use, projects).await {
            Ok(evidence) => of_desks = Some(evidence),
            Err(JiraError::ScopeMismatch(call)) => scope_refused = Some(call),
            Err(error) => return Err(error),
        }
    }
    Ok(Surroundings {
        desks: of_desks,
        scope_refused,
        directory: directory(jira, cloud_id, asked.pinned, projects).await?,
        statuses: statuses(jira, cloud_id, asked.rules, &identities).await?,
    })
}

/// Asks about the desks of the service projects that can be browsed; of the others there is
/// graver to tell.
async fn ask_desks(
    jira: &Jira,
    cloud_id: &str,
    in_use: &[&Project],
    projects: &ProjectsEvidence,
) -> Result<DesksEvidence, JiraError> {
    let usable = |p: &&&Project| {
        p.project_type_key == SERVICE_DESK
            && projects.held_in(&p.id).contains(BROWSE)
            && !projects.portal_only.contains(&p.id)
    };
    let ids: Vec<String> = in_use.iter().filter(usable).map(|p| p.id.clone()).collect();
    if ids.is_empty() {
        return Ok(DesksEvidence::default());
    }
    desks(jira, cloud_id, &ids, projects.desks.clone()).await
}
