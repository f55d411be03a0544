//! Commands about projects and the permissions in them.

use super::answer::{Answer, Applied, CommandError};
use super::people::{account_id, site_mut};
use crate::sandbox::world::{Holder, Lens, Project, Site, World, known};

pub(super) fn create_one(
    world: &mut World,
    site: Option<&str>,
    key: String,
    name: Option<String>,
    template: Option<&str>,
) -> Applied {
    let name = name.unwrap_or_else(|| format!("Project {key}"));
    create(world, site, template, vec![(key, name)])
}

pub(super) fn create_many(
    world: &mut World,
    site: Option<&str>,
    count: u32,
    prefix: Option<&str>,
    template: Option<&str>,
) -> Applied {
    let prefix = prefix.unwrap_or("P");
    let named = |n: u32| (format!("{prefix}{n}"), format!("Project {prefix}{n}"));
    let wanted = (1..=count).map(named).collect();
    create(world, site, template, wanted)
}

pub(super) fn archive(world: &mut World, site: Option<&str>, project: &str) -> Applied {
    let now = world.now();
    change(world, site, project, |project| project.archived = Some(now))
}

pub(super) fn trash(world: &mut World, site: Option<&str>, project: &str) -> Applied {
    let now = world.now();
    change(world, site, project, |project| project.deleted = Some(now))
}

pub(super) fn restore(world: &mut World, site: Option<&str>, project: &str) -> Applied {
    change(world, site, project, |project| {
        project.archived = None;
        project.deleted = None;
    })
}

pub(super) fn delete(world: &mut World, site: Option<&str>, project: &str) -> Applied {
    let site = site_mut(world, site)?;
    let id = find(site, project)?;
    site.projects.remove(&id);
    Ok(Answer::Done)
}

pub(super) fn keep_only(world: &mut World, site: Option<&str>, project: &str) -> Applied {
    let site = site_mut(world, site)?;
    let kept = find(site, project)?;
    site.projects.retain(|id, _| *id == kept);
    Ok(Answer::Done)
}

pub(super) fn grant(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    permission: &str,
    (account, holder): (Option<&str>, Option<Holder>),
) -> Applied {
    let account = account_id(world, account)?;
    check_permission(permission)?;
    change(world, site, project, |project| {
        project.change_holders(permission, |holders| {
            holders.insert(holder.unwrap_or(Holder::User(account)));
        });
    })
}

pub(super) fn set_portal_lens(world: &mut World, in_permissions_check: bool, in_project_search: bool) {
    world.portal_lens_in_check = in_permissions_check;
    world.portal_lens_in_search = in_project_search;
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

pub(super) fn rename_key(world: &mut World, site: Option<&str>, project: &str, key: String) -> Applied {
    let site = site_mut(world, site)?;
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

pub(super) fn revoke(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    permission: &str,
    (account, holder): (Option<&str>, Option<Holder>),
) -> Applied {
    let account = account_id(world, account)?;
    check_permission(permission)?;
    let site = site_mut(world, site)?;
    let id = find(site, project)?;
    let Some(found) = site.projects.get(&id) else {
        return Err(CommandError::unknown("project", project));
    };
    let holders = found.scheme.get(permission).cloned().unwrap_or_default();
    let stay = |candidate: &Holder| match holder {
        Some(ref holder) => candidate != holder,
        None => !site.is_holder(found, None, &account, candidate, Lens::Work),
    };
    let rest = holders.into_iter().filter(stay).collect();
    if let Some(project) = site.projects.get_mut(&id) {
        project.change_holders(permission, |holders| *holders = rest);
    }
    Ok(Answer::Done)
}
