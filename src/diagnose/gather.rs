//! Asks Jira, bulk endpoints first and single projects only where the bulk answer leaves a doubt.

use std::collections::BTreeMap;

use super::evidence::{ProjectsEvidence, SiteEvidence};
use crate::{
    api::{integration::Mode, requirements::questions},
    atlassian::{
        error::JiraError,
        jira::{Jira, ProjectFilter},
        models::Project,
        site::SiteUrl,
    },
};

/// A project that was seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownProject {
    /// Its id.
    pub id: String,
    /// Its key when it was seen last.
    pub key: String,
}

/// Which projects are in scope.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Those with these keys.
    Named(&'a [String]),
    /// Every live one.
    All,
}

/// Asks about the site: two calls.
pub async fn site(jira: &Jira, site: &SiteUrl) -> SiteEvidence {
    let (tenant, resources) = futures::join!(jira.tenant_info(site), jira.accessible_resources());
    SiteEvidence { tenant, resources }
}

/// Asks about all projects in scope and all that are known. For named projects one call per 50
/// keys; for all of them one per 100 live projects; then one per 50 that are known and were not
/// found, one for each named key that no list has, and one permission check per 1,000.
///
/// # Errors
/// That of the first call that fails: a part is never taken for the whole.
pub async fn projects(
    jira: &Jira,
    cloud_id: &str,
    mode: Mode,
    scope: Scope<'_>,
    known: &[KnownProject],
) -> Result<ProjectsEvidence, JiraError> {
    let mut evidence = ProjectsEvidence::default();
    let listed = match scope {
        Scope::All => jira.projects(cloud_id, ProjectFilter::Live).await,
        Scope::Named(keys) => jira.projects(cloud_id, ProjectFilter::AnyWithKeys(keys)).await,
    };
    add(&mut evidence.found, listed.or_else(nothing_matches)?);
    let missing: Vec<String> = known
        .iter()
        .filter(|k| !evidence.found.contains_key(&k.id))
        .map(|k| k.id.clone())
        .collect();
    add(
        &mut evidence.found,
        jira.projects(cloud_id, ProjectFilter::AnyWithIds(&missing)).await?,
    );
    if let Scope::Named(keys) = scope {
        resolve(jira, cloud_id, keys, known, &mut evidence).await?;
    }
    evidence.any_visible = any_visible(jira, cloud_id, scope, &evidence).await?;
    let live: Vec<(String, String)> = evidence
        .live()
        .chain(evidence.resolved.values().flatten())
        .map(|project| (project.id.clone(), project.project_type_key.clone()))
        .collect();
    evidence.held = jira.permissions(cloud_id, &questions(mode, &live)).await?;
    Ok(evidence)
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
    jira: &Jira,
    cloud_id: &str,
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
        let project = match by_id {
            Some(project) => Some(project.clone()),
            None => match jira.project(cloud_id, key).await {
                Ok(project) => Some(project),
                Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => None,
                Err(other) => return Err(other),
            },
        };
        evidence.resolved.insert(key.clone(), project);
    }
    Ok(())
}

/// Whether the account sees any project, asked only where none of the named ones was found.
async fn any_visible(
    jira: &Jira,
    cloud_id: &str,
    scope: Scope<'_>,
    evidence: &ProjectsEvidence,
) -> Result<Option<bool>, JiraError> {
    let found_any = evidence.live().next().is_some() || evidence.resolved.values().any(Option::is_some);
    match scope {
        _ if found_any => Ok(None),
        Scope::All => Ok(Some(false)),
        Scope::Named(_) => {
            let live = jira
                .projects(cloud_id, ProjectFilter::Live)
                .await
                .or_else(nothing_matches)?;
            Ok(Some(!live.is_empty()))
        }
    }
}
