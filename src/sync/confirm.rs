//! The cheap look of a plain pass: is everything as it was? One permission check for every
//! 1,000 projects, and one look-up of those that are unwell.

use super::inventory::{live_permissions, live_projects, unwell};
use crate::{
    api::{
        integration::Mode,
        project::{JiraProject, Lifecycle},
        requirements::questions,
    },
    atlassian::{
        error::JiraError,
        jira::{Jira, ProjectFilter},
        models::Project,
    },
};

/// Whether Jira answers as it did when these objects were written. If not, everything is
/// looked at.
///
/// # Errors
/// That of the first call that fails.
pub async fn is_unchanged(jira: &Jira, cloud_id: &str, mode: Mode, known: &[JiraProject]) -> Result<bool, JiraError> {
    let expected = live_permissions(known);
    let held = jira
        .permissions(cloud_id, &questions(mode, &live_projects(known)))
        .await?;
    let same = expected.iter().all(|(id, permissions)| match held.get(id) {
        Some(held) => held == permissions,
        None => permissions.is_empty(),
    });
    Ok(same && unwell_are_unchanged(jira, cloud_id, known).await?)
}

async fn unwell_are_unchanged(jira: &Jira, cloud_id: &str, known: &[JiraProject]) -> Result<bool, JiraError> {
    let status = |p: &JiraProject| p.status.clone().unwrap_or_default();
    // A live project that may not be browsed is covered by the permission check.
    let lost = || unwell(known).filter(|p| status(p).lifecycle != Lifecycle::Live);
    let ids: Vec<String> = lost().filter_map(|p| status(p).id).collect();
    let keys: Vec<String> = lost()
        .filter(|p| status(p).id.is_none())
        .map(|p| p.spec.key.clone())
        .collect();
    let by_id = jira.projects(cloud_id, ProjectFilter::AnyWithIds(&ids)).await?;
    let by_key = jira.projects(cloud_id, ProjectFilter::AnyWithKeys(&keys)).await?;
    let as_before = |p: &JiraProject| {
        let now = by_id.iter().find(|found| Some(&found.id) == status(p).id.as_ref());
        now.map_or(Lifecycle::NotVisible, lifecycle) == status(p).lifecycle
    };
    Ok(by_key.is_empty() && lost().filter(|p| status(p).id.is_some()).all(as_before))
}

fn lifecycle(project: &Project) -> Lifecycle {
    match (project.deleted, project.archived) {
        (true, _) => Lifecycle::Trashed,
        (false, true) => Lifecycle::Archived,
        (false, false) => Lifecycle::Live,
    }
}
