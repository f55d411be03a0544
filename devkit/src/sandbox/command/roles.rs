//! Commands about roles and groups.

use super::answer::{Answer, CommandError};
use super::people::{account_id, site_mut};
use super::shape_vocabulary::ShapeCommand;
use crate::sandbox::world::{Actors, Project, Site, World};

type Applied = Result<Answer, CommandError>;

/// Carries out a command about roles and groups, the last kind of its vocabulary.
pub(crate) fn apply(world: &mut World, command: ShapeCommand) -> Applied {
    match command {
        ShapeCommand::RenameRole {
            site,
            project,
            role,
            name,
        } => rename(site_mut(world, site.as_deref())?, project.as_deref(), &role, &name),
        ShapeCommand::AddToRole {
            site,
            project,
            role,
            account,
        } => {
            let account = account_id(world, account.as_deref())?;
            on_role(world, site.as_deref(), &project, &role, |actors| {
                actors.users.insert(account);
            })
        }
        ShapeCommand::AddGroupToRole {
            site,
            project,
            role,
            group,
        } => {
            known_group(site_mut(world, site.as_deref())?, &group)?;
            on_role(world, site.as_deref(), &project, &role, |actors| {
                actors.groups.insert(group);
            })
        }
        ShapeCommand::RemoveFromRole {
            site,
            project,
            role,
            account,
            group,
        } => {
            let by_default = account.is_some() || group.is_none();
            let account = by_default.then(|| account_id(world, account.as_deref())).transpose()?;
            on_role(world, site.as_deref(), &project, &role, |actors| {
                actors.users.retain(|user| Some(user) != account.as_ref());
                actors.groups.retain(|name| Some(name) != group.as_ref());
            })
        }
        other => apply_to_group(world, other),
    }
}

fn apply_to_group(world: &mut World, command: ShapeCommand) -> Applied {
    match command {
        ShapeCommand::AddToGroup { site, group, account } => {
            let account = account_id(world, account.as_deref())?;
            let site = site_mut(world, site.as_deref())?;
            site.groups.entry(group).or_default().insert(account);
            Ok(Answer::Done)
        }
        ShapeCommand::RemoveFromGroup { site, group, account } => {
            let account = account_id(world, account.as_deref())?;
            let site = site_mut(world, site.as_deref())?;
            known_group(site, &group)?;
            if let Some(members) = site.groups.get_mut(&group) {
                members.remove(&account);
            }
            Ok(Answer::Done)
        }
        other => Err(CommandError::Invalid(format!("nobody carries out {other:?}"))),
    }
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

fn rename(site: &mut Site, project: Option<&str>, role: &str, name: &str) -> Applied {
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
