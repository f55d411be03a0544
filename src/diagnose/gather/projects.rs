//! Asks about projects: lists first, single ones only where the lists leave a doubt.

use std::collections::BTreeMap;

use crate::{
    api::requirements::{AGENT, BROWSE, BROWSE_USERS, SERVICE_DESK, questions},
    atlassian::{
        error::JiraError,
        jira::{PermissionQueries, ProjectFilter, Session},
        models::Project,
    },
    diagnose::{declared::KnownProject, evidence::ProjectsEvidence},
};

/// Which projects are in scope.
#[derive(Clone, Copy, Debug)]
pub enum ProjectScope<'a> {
    /// Those with these keys.
    Named(&'a [String]),
    /// Every live one.
    All,
}

impl ProjectScope<'_> {
    /// Whether a project that is known under this key is in scope.
    fn has(self, key: &str) -> bool {
        match self {
            Self::Named(keys) => keys.iter().any(|named| named == key),
            Self::All => true,
        }
    }
}

/// Asks about all projects in scope, and about what became of those that were known there. For named projects one call per 50
/// keys; for all of them one per 100 live projects; then one per 50 that are known and were not
/// found, one for each named key that no list has, and one permission check per 1,000.
///
/// # Errors
/// That of the first call that fails: a part is never taken for the whole. Only a single project may fail
/// to answer by itself.
pub async fn projects(
    jira: &Session,
    scope: ProjectScope<'_>,
    known: &[KnownProject],
) -> Result<ProjectsEvidence, JiraError> {
    let mut evidence = ProjectsEvidence::default();
    let listed = match scope {
        ProjectScope::All => jira.projects(ProjectFilter::Live).await,
        ProjectScope::Named(keys) => jira.projects(ProjectFilter::AnyWithKeys(keys)).await,
    };
    add(&mut evidence.found, listed.or_else(nothing_matches)?);
    let missing: Vec<String> = known
        .iter()
        .filter(|k| scope.has(&k.key) && !evidence.found.contains_key(&k.id))
        .map(|k| k.id.clone())
        .collect();
    add(
        &mut evidence.found,
        jira.projects(ProjectFilter::AnyWithIds(&missing)).await?,
    );
    if let ProjectScope::Named(keys) = scope {
        resolve(jira, keys, known, &mut evidence).await?;
    }
    evidence.visible = visible(jira, scope, &evidence).await?;
    if evidence.resolved.values().any(Option::is_none) {
        // A desk among them is seen through its portal. That it is not told is no trouble here.
        evidence.desks = match jira.service_desks().await {
            Err(error @ JiraError::RateLimited(_)) => return Err(error),
            answer => answer.ok(),
        };
    }
    let asked = questions(&kinds(&evidence));
    let held = jira.permissions(&everything(asked)).await?;
    evidence.held = held.projects;
    evidence.held_globally = held.global;
    find_portals(jira, &mut evidence).await?;
    Ok(evidence)
}

/// What is asked of permissions besides those of projects.
#[must_use]
pub fn everything(projects: Vec<(Vec<&'static str>, Vec<String>)>) -> PermissionQueries {
    PermissionQueries {
        global: vec![BROWSE_USERS],
        projects,
    }
}

fn kinds(evidence: &ProjectsEvidence) -> Vec<(String, String)> {
    let live = evidence.in_use().into_iter();
    live.map(|project| (project.id.clone(), project.project_type_key.clone()))
        .collect()
}

/// In a service project Jira may answer what a portal customer may do. Where the account is no
/// agent, only whether the project itself can be read tells.
async fn find_portals(jira: &Session, evidence: &mut ProjectsEvidence) -> Result<(), JiraError> {
    let doubtful = |project: &&Project| {
        let held = evidence.held_in(&project.id);
        project.project_type_key == SERVICE_DESK && held.contains(BROWSE) && !held.contains(AGENT)
    };
    let ids: Vec<String> = evidence.live().filter(doubtful).map(|p| p.id.clone()).collect();
    for id in ids {
        match is_readable(jira, &id).await {
            Ok(true) => {}
            Ok(false) => {
                evidence.portal_only.insert(id);
            }
            Err(error) => put_aside(evidence, &id, error)?,
        }
    }
    Ok(())
}

/// A single project that does not answer is not known; it is no outage, which two of them are. Where the
/// token, the scopes or the quota do not let it be asked, nothing else can be asked either.
fn put_aside(evidence: &mut ProjectsEvidence, id_or_key: &str, error: JiraError) -> Result<(), JiraError> {
    let of_all = matches!(
        error,
        JiraError::RateLimited(_) | JiraError::ScopeMismatch(_) | JiraError::Unauthorized(_)
    );
    if of_all || !evidence.unanswered.is_empty() {
        return Err(error);
    }
    evidence.unanswered.insert(id_or_key.to_owned(), error);
    Ok(())
}

/// Whether a project can be read itself, and not only through its portal.
///
/// # Errors
/// When Jira does not answer properly.
pub async fn is_readable(jira: &Session, id: &str) -> Result<bool, JiraError> {
    match single(jira, id).await {
        Ok(_) => Ok(true),
        Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// A single project. Its own failure is no outage: it is asked for once more before it counts as one.
async fn single(jira: &Session, id_or_key: &str) -> Result<Project, JiraError> {
    match jira.project(id_or_key).await {
        Err(JiraError::Unavailable { retry_after: None, .. }) => jira.project(id_or_key).await,
        answer => answer,
    }
}

fn add(found: &mut BTreeMap<String, Project>, projects: Vec<Project>) {
    found.extend(projects.into_iter().map(|project| (project.id.clone(), project)));
}

/// The documentation allows a 404 where nothing matches.
fn nothing_matches(error: JiraError) -> Result<Vec<Project>, JiraError> {
    match error {
        JiraError::NotFound(_) => Ok(Vec::new()),
        other => Err(other),
    }
}

/// Looks up named keys that neither a list nor a known id has: a former key still leads to its
/// project.
async fn resolve(
    jira: &Session,
    keys: &[String],
    known: &[KnownProject],
    evidence: &mut ProjectsEvidence,
) -> Result<(), JiraError> {
    for key in keys {
        let by_id = known
            .iter()
            .find(|k| k.key == *key)
            .and_then(|k| evidence.found.get(&k.id));
        if evidence.found.values().any(|project| project.key == *key) {
            continue;
        }
        let was_known = known.iter().any(|k| k.key == *key);
        let project = match by_id {
            Some(project) => Some(project.clone()),
            // By its id it was asked for already, and is not shown.
            None if was_known => None,
            None => match single(jira, key).await {
                Ok(project) => Some(project),
                Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => None,
                Err(error) => {
                    put_aside(evidence, key, error)?;
                    continue;
                }
            },
        };
        evidence.resolved.insert(key.clone(), project);
    }
    Ok(())
}

/// The keys that the account sees, asked only where one that spec names was not found.
async fn visible(
    jira: &Session,
    scope: ProjectScope<'_>,
    evidence: &ProjectsEvidence,
) -> Result<Option<Vec<String>>, JiraError> {
    match scope {
        ProjectScope::All => {
            let keys: Vec<String> = evidence.live().map(|p| p.key.clone()).collect();
            Ok(keys.is_empty().then_some(keys))
        }
        ProjectScope::Named(_) if evidence.resolved.values().all(Option::is_some) => Ok(None),
        ProjectScope::Named(_) => {
            let live = jira.projects(ProjectFilter::Live).await;
            let live = live.or_else(nothing_matches)?;
            Ok(Some(live.into_iter().map(|project| project.key).collect()))
        }
    }
}
