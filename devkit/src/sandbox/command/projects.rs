//! Commands about projects and the permissions in them.

use jiff::Timestamp;

use super::answer::{Answer, CommandError};
use super::people::{account_id, site_mut};
use super::vocabulary::Command;
use crate::sandbox::world::{Holder, Lens, Project, Site, World, known};

type Applied = Result<Answer, CommandError>;

/// Carries out a command about projects, the last kind there is.
pub(crate) fn apply(world: &mut World, command: Command) -> Applied {
    let now = world.now();
    match command {
        Command::CreateProject {
            site,
            key,
            name,
            template,
        } => {
            let name = name.unwrap_or_else(|| format!("Project {key}"));
            create(world, site.as_deref(), template.as_deref(), vec![(key, name)])
        }
        Command::CreateProjects {
            site,
            count,
            prefix,
            template,
        } => {
            let prefix = prefix.as_deref().unwrap_or("P");
            let named = |n: u32| (format!("{prefix}{n}"), format!("Project {prefix}{n}"));
            let wanted = (1..=count).map(named).collect();
            create(world, site.as_deref(), template.as_deref(), wanted)
        }
        other => apply_to_project(world, other, now),
    }
}

/// Commands about what a project is.
fn apply_to_project(world: &mut World, command: Command, now: Timestamp) -> Applied {
    match command {
        Command::ArchiveProject { site, project } => {
            change(world, site.as_deref(), &project, |p| p.archived = Some(now))
        }
        Command::TrashProject { site, project } => change(world, site.as_deref(), &project, |p| p.deleted = Some(now)),
        Command::RestoreProject { site, project } => change(world, site.as_deref(), &project, |project| {
            project.archived = None;
            project.deleted = None;
        }),
        Command::DeleteProject { site, project } => {
            let site = site_mut(world, site.as_deref())?;
            let id = find(site, &project)?;
            site.projects.remove(&id);
            Ok(Answer::Done)
        }
        Command::RenameProjectKey { site, project, key } => {
            rename_key(site_mut(world, site.as_deref())?, &project, key)
        }
        Command::SetProjectPrivate { site, project, private } => change(world, site.as_deref(), &project, |project| {
            project.is_private = private;
        }),
        other => apply_inside(world, other),
    }
}

/// Commands about what is inside a project.
fn apply_inside(world: &mut World, command: Command) -> Applied {
    match command {
        Command::GrantPermission {
            site,
            project,
            permission,
            account,
            holder,
        } => {
            let account = account_id(world, account.as_deref())?;
            let holder = holder.unwrap_or(Holder::User(account));
            check_permission(&permission)?;
            change(world, site.as_deref(), &project, |project| {
                project.change_holders(&permission, |holders| {
                    holders.insert(holder);
                });
            })
        }
        Command::RevokePermission {
            site,
            project,
            permission,
            account,
            holder,
        } => {
            let account = account_id(world, account.as_deref())?;
            check_permission(&permission)?;
            let site = site_mut(world, site.as_deref())?;
            revoke(site, &project, &permission, &account, holder.as_ref())
        }
        Command::SetPortalLens {
            in_permissions_check,
            in_project_search,
        } => {
            world.portal_lens_in_check = in_permissions_check;
            world.portal_lens_in_search = in_project_search;
            Ok(Answer::Done)
        }
        other => Err(CommandError::Invalid(format!("nobody carries out {other:?}"))),
    }
}

fn check_permission(permission: &str) -> Result<(), CommandError> {
    let entry = known(permission).map(|_| ());
    entry.ok_or_else(|| CommandError::unknown("permission", permission))
}

pub(super) fn find(site: &Site, project: &str) -> Result<u64, CommandError> {
    let found = site.project(project).map(|project| project.id);
    found.ok_or_else(|| CommandError::unknown("project", project))
}

/// The id of the issue with this id or key.
pub(super) fn find_issue(site: &Site, issue: &str) -> Result<u64, CommandError> {
    let found = site.issue(issue).map(|(_, issue)| issue.id);
    found.ok_or_else(|| CommandError::unknown("issue", issue))
}

pub(super) fn change(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    change: impl FnOnce(&mut Project),
) -> Applied {
    let site = site_mut(world, site)?;
    let found = site.project_mut(project);
    change(found.ok_or_else(|| CommandError::unknown("project", project))?);
    Ok(Answer::Done)
}

fn create(world: &mut World, site: Option<&str>, template: Option<&str>, wanted: Vec<(String, String)>) -> Applied {
    let lead = account_id(world, Some("admin@acme.example"))?;
    let name = template.unwrap_or("software");
    let template = world.templates.get(name).cloned();
    let template = template.ok_or_else(|| CommandError::unknown("template", name))?;
    let site = site_mut(world, site)?;
    let template = match &site.language {
        Some(dictionary) => template.translated(dictionary),
        None => template,
    };
    let in_use = |key: &str| site.projects.values().any(|project| project.key == key);
    if let Some((key, _)) = wanted.iter().find(|(key, _)| in_use(key)) {
        let (kind, name) = ("project", key.clone());
        return Err(CommandError::Taken { kind, name });
    }
    let (mut ids, mut keys) = (Vec::new(), Vec::new());
    for (key, name) in wanted {
        ids.push(template.create(site, &key, &name, &lead));
        keys.push(key);
    }
    Ok(Answer::Projects { ids, keys })
}

fn rename_key(site: &mut Site, project: &str, key: String) -> Applied {
    if site.projects.values().any(|other| other.key == key) {
        let (kind, name) = ("project", key);
        return Err(CommandError::Taken { kind, name });
    }
    let found = site.project_mut(project);
    let project = found.ok_or_else(|| CommandError::unknown("project", project))?;
    project.former_keys.retain(|former| *former != key);
    let former = std::mem::replace(&mut project.key, key);
    project.former_keys.push(former);
    Ok(Answer::Done)
}

fn revoke(site: &mut Site, project: &str, permission: &str, account: &str, holder: Option<&Holder>) -> Applied {
    let id = find(site, project)?;
    let Some(found) = site.projects.get(&id) else {
        return Err(CommandError::unknown("project", project));
    };
    let holders = found.scheme.get(permission).cloned().unwrap_or_default();
    let stay = |candidate: &Holder| match holder {
        Some(holder) => candidate != holder,
        None => !site.is_holder(found, None, account, candidate, Lens::Work),
    };
    let rest = holders.into_iter().filter(stay).collect();
    if let Some(project) = site.projects.get_mut(&id) {
        project.change_holders(permission, |holders| *holders = rest);
    }
    Ok(Answer::Done)
}
