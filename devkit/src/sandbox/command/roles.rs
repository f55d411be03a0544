//! Commands about roles and groups.

use super::answer::{Answer, Applied, CommandError};
use super::people::{account_id, site_mut};
use crate::sandbox::world::{Actors, Project, Site, World};

pub(super) fn add_account(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    role: &str,
    account: Option<&str>,
) -> Applied {
    let account = account_id(world, account)?;
    on_role(world, site, project, role, |actors| {
        actors.users.insert(account);
    })
}

pub(super) fn add_group(world: &mut World, site: Option<&str>, project: &str, role: &str, group: String) -> Applied {
    known_group(site_mut(world, site)?, &group)?;
    on_role(world, site, project, role, |actors| {
        actors.groups.insert(group);
    })
}

pub(super) fn remove(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    role: &str,
    (account, group): (Option<&str>, Option<String>),
) -> Applied {
    let by_default = account.is_some() || group.is_none();
    let account = by_default.then(|| account_id(world, account)).transpose()?;
    on_role(world, site, project, role, |actors| {
        actors.users.retain(|user| Some(user) != account.as_ref());
        actors.groups.retain(|name| Some(name) != group.as_ref());
    })
}

pub(super) fn add_to_group(world: &mut World, site: Option<&str>, group: String, account: Option<&str>) -> Applied {
    let account = account_id(world, account)?;
    let site = site_mut(world, site)?;
    site.groups.entry(group).or_default().insert(account);
    Ok(Answer::Done)
}

pub(super) fn remove_from_group(world: &mut World, site: Option<&str>, group: &str, account: Option<&str>) -> Applied {
    let account = account_id(world, account)?;
    let site = site_mut(world, site)?;
    known_group(site, group)?;
    if let Some(members) = site.groups.get_mut(group) {
        members.remove(&account);
    }
    Ok(Answer::Done)
}

fn known_group(site: &Site, group: &str) -> Result<(), CommandError> {
    let found = site.groups.contains_key(group);
    found.then_some(()).ok_or_else(|| CommandError::unknown("group", group))
}

fn on_role(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    role: &str,
    change: impl FnOnce(&mut Actors),
) -> Applied {
    let found = site_mut(world, site)?.project_mut(project);
    let found = found.ok_or_else(|| CommandError::unknown("project", project))?;
    let actors = found.roles.get_mut(role);
    change(actors.ok_or_else(|| CommandError::unknown("role", role))?);
    Ok(Answer::Done)
}

pub(super) fn rename(world: &mut World, site: Option<&str>, project: Option<&str>, role: &str, name: &str) -> Applied {
    let site = site_mut(world, site)?;
    let only = match project {
        Some(project) => Some(super::projects::find(site, project)?),
        None => None,
    };
    let meant = |candidate: &Project| match only {
        Some(id) => candidate.id == id,
        None => !candidate.is_team_managed(),
    };
    let shared = |candidate: &Project| only.is_some() && meant(candidate) && !candidate.is_team_managed();
    if site.projects.values().any(shared) {
        let message = "company-managed projects share their roles: leave out `project`";
        return Err(CommandError::Invalid(message.to_owned()));
    }
    let with_role = |project: &&Project| meant(project) && project.roles.contains_key(role);
    if !site.projects.values().any(|project| with_role(&project)) {
        return Err(CommandError::unknown("role", role));
    }
    let mut having = site.projects.values().filter(with_role);
    if having.any(|project| project.roles.contains_key(name)) {
        let (kind, name) = ("role", name.to_owned());
        return Err(CommandError::Taken { kind, name });
    }
    for project in site.projects.values_mut().filter(|project| meant(project)) {
        project.rename_role(role, name);
    }
    Ok(Answer::Done)
}
