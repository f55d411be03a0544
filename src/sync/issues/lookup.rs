//! Questions to Jira about issues that no list had: are they archived, found by a search, or in a project that the
//! account still reads?

use std::collections::{BTreeMap, BTreeSet};

use super::{
    error::MirrorError,
    query::{among, newest},
};
use crate::{
    api::requirements::{AGENT, BROWSE},
    atlassian::{
        error::JiraError,
        issue_fields::Issue,
        jira::{PermissionQueries, RECONCILED, SearchFields, Session},
    },
};

/// Of issues that no search finds, those that are archived: search finds others of their project, or
/// the project is archived as a whole. Besides, the unproven ones, of which neither is so: search may be at fault.
///
/// # Errors
/// Where Jira cannot be asked.
pub async fn archived(
    jira: &Session,
    found: &[Issue],
    unsearchable: &[u64],
) -> Result<(BTreeSet<u64>, BTreeSet<u64>), MirrorError> {
    let mut by_project: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for issue in found {
        let id = issue.id.parse().ok().filter(|id| unsearchable.contains(id));
        if let (Some(id), Some(project)) = (id, &issue.fields.project) {
            by_project.entry(&project.id).or_default().insert(id);
        }
    }
    let (mut archived, mut unproven) = (BTreeSet::new(), BTreeSet::new());
    for (project, ids) in by_project {
        if finds_others(jira, project).await? || is_archived(jira, project).await? {
            archived.extend(ids);
        } else {
            unproven.extend(ids);
        }
    }
    Ok((archived, unproven))
}

/// Whether a search finds anything in a project.
async fn finds_others(jira: &Session, project: &str) -> Result<bool, MirrorError> {
    let page = jira.search(&newest(&[project]), SearchFields::Newest, None).await;
    match page.map_err(MirrorError::from) {
        Ok(page) => Ok(!page.found.issues.is_empty()),
        Err(error) if error.refused_query().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}

async fn is_archived(jira: &Session, project: &str) -> Result<bool, MirrorError> {
    match jira.project(project).await {
        Ok(project) => Ok(project.archived),
        Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Of issues that can be read, those that no search finds although Jira reconciles them with its
/// index.
///
/// # Errors
/// Where Jira cannot be asked.
pub async fn unsearchable(jira: &Session, ids: &[u64]) -> Result<Vec<u64>, MirrorError> {
    let mut unsearchable = Vec::new();
    for chunk in ids.chunks(RECONCILED) {
        match searchable(jira, chunk).await? {
            Some(found) => unsearchable.extend(chunk.iter().filter(|id| !found.contains(id))),
            None => {
                for id in chunk {
                    let found = searchable(jira, &[*id]).await?;
                    unsearchable.extend(found.is_some_and(|found| !found.contains(id)).then_some(*id));
                }
            }
        }
    }
    Ok(unsearchable)
}

/// Those of the ids that a search finds. None where Jira refuses it or may leave some out, which
/// proves nothing.
async fn searchable(jira: &Session, ids: &[u64]) -> Result<Option<Vec<u64>>, MirrorError> {
    let answer = jira.reconciled(&among(ids), ids).await.map_err(MirrorError::from);
    match answer {
        Ok(found) => Ok(found),
        Err(error) if error.refused_query().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Those of the projects whose issues the account reads. Each goes by its id, with whether it is a service project: in
/// those Jira answers what a portal customer holds, so one in which the account is no agent has the project itself
/// asked for.
///
/// # Errors
/// Where Jira cannot be asked.
pub async fn readable(jira: &Session, projects: &BTreeMap<String, bool>) -> Result<BTreeSet<String>, MirrorError> {
    let desks = projects.iter().filter(|(_, is_desk)| **is_desk);
    let desks: Vec<String> = desks.map(|(id, _)| id.clone()).collect();
    let questions = PermissionQueries {
        global: Vec::new(),
        projects: vec![(vec![BROWSE], projects.keys().cloned().collect()), (vec![AGENT], desks)],
    };
    let held = jira.permissions(&questions).await?;
    let holds = |id: &String, permission: &str| held.projects.get(id).is_some_and(|held| held.contains(permission));
    let mut readable = BTreeSet::new();
    for (id, is_desk) in projects.iter().filter(|(id, _)| holds(id, BROWSE)) {
        let is_shown = if *is_desk && !holds(id, AGENT) {
            match jira.project(id).await {
                Ok(_) => true,
                Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => false,
                Err(error) => return Err(error.into()),
            }
        } else {
            true
        };
        readable.extend(is_shown.then(|| id.clone()));
    }
    Ok(readable)
}
