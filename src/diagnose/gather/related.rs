//! Asks about what surrounds the projects, once they are known: service desks, people, statuses.

use std::collections::BTreeSet;

use super::{desk_query::DeskQuery, desks::desks, directory::directory, statuses::statuses};
use crate::{
    api::{
        integration::{PinnedUser, StatusMapping},
        requirements::{BROWSE, SCOPE_DESK, SERVICE_DESK, TicketProjects},
    },
    atlassian::{error::JiraError, jira::Session, models::Project},
    diagnose::{
        declared::KnownProject,
        evidence::{DesksEvidence, DirectoryEvidence, ProjectsEvidence, StatusesEvidence},
    },
};

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct RelatedQuery<'a> {
    /// In which projects tickets are written.
    pub tickets: TicketProjects<'a>,
    /// spec.statusMapping.
    pub rules: &'a [StatusMapping],
    /// spec.users.pinned.
    pub pinned: &'a [PinnedUser],
    /// Scopes that the grant lacks.
    pub missing_scopes: &'a BTreeSet<&'static str>,
    /// Projects that were seen before.
    pub known: &'a [KnownProject],
    /// Whose turn it is where more is in doubt than can be asked for at once; absent, all is asked for.
    pub turn: Option<usize>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Related {
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
/// When Atlassian asks to slow down, or the token died meanwhile; what else fails is part of the evidence.
pub async fn related(
    jira: &Session,
    asked: RelatedQuery<'_>,
    projects: &ProjectsEvidence,
) -> Result<Related, JiraError> {
    let in_use = projects.in_use();
    let in_use: Vec<&Project> = in_use.into_iter().filter(|p| is_browsed(p, projects)).collect();
    let identities: Vec<KnownProject> = in_use.iter().map(|project| as_known(project, asked.known)).collect();
    let mut scope_refused = None;
    let mut of_desks = None;
    if !asked.missing_scopes.contains(SCOPE_DESK) {
        match ask_desks(jira, asked, &in_use, projects).await {
            Ok(evidence) => of_desks = Some(evidence),
            Err(JiraError::ScopeMismatch(call)) => scope_refused = Some(call),
            Err(error) => return Err(error),
        }
    }
    Ok(Related {
        desks: of_desks,
        scope_refused,
        directory: directory(jira, asked.pinned, projects).await?,
        statuses: statuses(jira, asked.rules, &identities, asked.turn.is_some()).await?,
    })
}

/// The project with what is known of it already.
fn as_known(project: &Project, known: &[KnownProject]) -> KnownProject {
    let before = known.iter().find(|known| known.id == project.id);
    KnownProject {
        workflows: before.map(|known| known.workflows.clone()).unwrap_or_default(),
        ..KnownProject::from(project)
    }
}

/// Whether the project can be browsed; of the others there is graver to tell.
fn is_browsed(project: &Project, projects: &ProjectsEvidence) -> bool {
    projects.held_in(&project.id).contains(BROWSE) && !projects.portal_only.contains(&project.id)
}

/// Asks about the desks of the service projects.
async fn ask_desks(
    jira: &Session,
    asked: RelatedQuery<'_>,
    in_use: &[&Project],
    projects: &ProjectsEvidence,
) -> Result<DesksEvidence, JiraError> {
    let service = in_use.iter().filter(|p| p.project_type_key == SERVICE_DESK);
    let was_closed = |id: &str| asked.known.iter().any(|known| known.id == id && known.closed);
    let query = |project: &&Project| {
        let is_for_tickets = asked.tickets.has(&projects.keys_of(project));
        let query = DeskQuery::of(&project.id, is_for_tickets, &projects.held_in(&project.id));
        query.that_was_closed(was_closed(&project.id))
    };
    let of_desks: Vec<DeskQuery> = service.map(query).collect();
    if of_desks.is_empty() {
        return Ok(DesksEvidence::default());
    }
    desks(jira, &of_desks, projects.desks.clone(), asked.turn).await
}
