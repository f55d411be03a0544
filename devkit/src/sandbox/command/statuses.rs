//! Commands about which statuses workflows have.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Applied, CommandError};
use super::people::site_mut;
use super::projects::find;
use crate::sandbox::world::{Issue, IssueStatus, Site, StatusCategory, World};

/// A status to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewStatus {
    /// Name.
    pub name: String,
    /// Category.
    pub category: StatusCategory,
}

pub(super) fn add(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    name: String,
    category: StatusCategory,
) -> Applied {
    let site = site_mut(world, site)?;
    let id = find(site, project)?;
    let mut statuses = statuses_of(site, id);
    if statuses.iter().any(|status| status.name == name) {
        return Err(CommandError::Taken { kind: "status", name });
    }
    statuses.push(make(site, id, NewStatus { name, category }));
    replace(site, id, statuses);
    Ok(Answer::Done)
}

pub(super) fn remove(world: &mut World, site: Option<&str>, project: &str, status: &str) -> Applied {
    let site = site_mut(world, site)?;
    let id = find(site, project)?;
    let mut statuses = statuses_of(site, id);
    let before = statuses.len();
    statuses.retain(|candidate| !is(candidate, status));
    if statuses.len() == before {
        return Err(CommandError::unknown("status", status));
    }
    replace_with_some(site, id, statuses)
}

pub(super) fn set(world: &mut World, site: Option<&str>, project: &str, statuses: Vec<NewStatus>) -> Applied {
    let site = site_mut(world, site)?;
    let id = find(site, project)?;
    let statuses = statuses.into_iter().map(|new| make(site, id, new)).collect();
    replace_with_some(site, id, statuses)
}

fn is(status: &IssueStatus, id_or_name: &str) -> bool {
    status.id == id_or_name || status.name == id_or_name
}

fn statuses_of(site: &Site, project: u64) -> Vec<IssueStatus> {
    let project = site.projects.get(&project);
    project.map_or_else(Vec::new, |project| project.workflow.statuses.clone())
}

/// A status for the project: one that the project, or another company-managed one, has already, or a new one.
fn make(site: &mut Site, project: u64, new: NewStatus) -> IssueStatus {
    let own = site.projects.get(&project);
    let shares = own.is_some_and(|own| !own.is_team_managed());
    let others = site
        .projects
        .values()
        .filter(|other| shares && !other.is_team_managed());
    let candidates = own.into_iter().chain(others);
    let mut present = candidates.flat_map(|project| &project.workflow.statuses);
    let same = present.find(|status| status.name == new.name && status.category == new.category);
    let same = same.map(|status| status.id.clone());
    IssueStatus {
        id: same.unwrap_or_else(|| site.new_setting()),
        name: new.name,
        category: new.category,
    }
}

fn replace_with_some(site: &mut Site, project: u64, statuses: Vec<IssueStatus>) -> Applied {
    if statuses.is_empty() {
        let message = "a workflow has at least one status";
        return Err(CommandError::Invalid(message.to_owned()));
    }
    replace(site, project, statuses);
    Ok(Answer::Done)
}

/// Gives the project these statuses; issues in others begin again.
fn replace(site: &mut Site, project: u64, statuses: Vec<IssueStatus>) {
    let Some(home) = site.projects.get_mut(&project) else {
        return;
    };
    let first = statuses.first().map(|status| status.id.clone()).unwrap_or_default();
    let lost = |issue: &&Arc<Issue>| !statuses.iter().any(|status| status.id == issue.status_id);
    let lost: Vec<Arc<Issue>> = home.issues.values().filter(lost).cloned().collect();
    Arc::make_mut(&mut home.workflow).statuses = statuses;
    for issue in lost {
        let mut issue = Issue::clone(&issue);
        issue.status_id.clone_from(&first);
        site.correct_issue(project, issue);
    }
}
