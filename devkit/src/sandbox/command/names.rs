//! Commands that give statuses, issue types and priorities other names. No issue is touched by them.

use std::sync::Arc;

use super::answer::{Answer, Applied, CommandError};
use super::people::site_mut;
use super::projects::find;
use crate::sandbox::world::{PRIORITIES, Site, Workflow, World};

/// Ids and names of what a workflow has of one kind.
type Named = fn(&mut Workflow) -> Vec<(&str, &mut String)>;

pub(super) fn rename_status(
    world: &mut World,
    site: Option<&str>,
    project: Option<&str>,
    old: &str,
    new: &str,
) -> Applied {
    rename(site_mut(world, site)?, project, ("status", statuses), old, new)
}

pub(super) fn rename_type(
    world: &mut World,
    site: Option<&str>,
    project: Option<&str>,
    old: &str,
    new: &str,
) -> Applied {
    rename(site_mut(world, site)?, project, ("issue type", types), old, new)
}

pub(super) fn rename_priority(world: &mut World, site: Option<&str>, priority: &str, name: String) -> Applied {
    let site = site_mut(world, site)?;
    let is_meant = |id: &&str| *id == priority || site.priority(id).as_deref() == Some(priority);
    let found = PRIORITIES.iter().map(|(id, _)| *id).find(is_meant);
    let id = found.ok_or_else(|| CommandError::unknown("priority", priority))?;
    site.priorities.insert(id.to_owned(), name);
    Ok(Answer::Done)
}

fn statuses(workflow: &mut Workflow) -> Vec<(&str, &mut String)> {
    let statuses = workflow.statuses.iter_mut();
    statuses.map(|status| (status.id.as_str(), &mut status.name)).collect()
}

fn types(workflow: &mut Workflow) -> Vec<(&str, &mut String)> {
    let types = workflow.issue_types.iter_mut();
    types.map(|kind| (kind.id.as_str(), &mut kind.name)).collect()
}

/// Company-managed projects share statuses and types by id, so what is meant is renamed wherever its id is.
fn rename(
    site: &mut Site,
    project: Option<&str>,
    (kind, named): (&'static str, Named),
    old: &str,
    new: &str,
) -> Applied {
    let only = project.map(|project| find(site, project)).transpose()?;
    let meant = site
        .projects
        .values()
        .filter(|project| only.is_none_or(|id| project.id == id));
    let found = meant.into_iter().find_map(|project| {
        let mut workflow = Workflow::clone(&project.workflow);
        let mut all = named(&mut workflow).into_iter();
        let found = all.find(|(id, name)| *id == old || **name == old);
        found.map(|(id, _)| id.to_owned())
    });
    let id = found.ok_or_else(|| CommandError::unknown(kind, old))?;
    for project in site.projects.values_mut() {
        let mut workflow = Workflow::clone(&project.workflow);
        let mut is_there = false;
        for (_, name) in named(&mut workflow).into_iter().filter(|(known, _)| *known == id) {
            (*name, is_there) = (new.to_owned(), true);
        }
        if is_there {
            project.workflow = Arc::new(workflow);
        }
    }
    Ok(Answer::Done)
}
