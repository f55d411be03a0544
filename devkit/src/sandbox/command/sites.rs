//! Commands about whole sites: new ones, renamed ones, others in their place, down, closed to an app.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, Applied, CommandError};
use super::people::{account_id, cloud_id, site_mut};
use crate::sandbox::random;
use crate::sandbox::world::{CLIENT_ID, Holder, Site, World};

/// Changes the site with this name, by default the seed's first.
pub(super) fn change(world: &mut World, site: Option<&str>, change: impl FnOnce(&mut Site)) -> Applied {
    site_mut(world, site).map(change)?;
    Ok(Answer::Done)
}

fn free_host(world: &World, host: &str) -> Result<(), CommandError> {
    let mut sites = world.sites.values();
    if sites.any(|site| site.host.as_deref() == Some(host)) {
        let (kind, name) = ("site", host.to_owned());
        return Err(CommandError::Taken { kind, name });
    }
    Ok(())
}

pub(super) fn create(world: &mut World, name: &str, host: &str, account: Option<&str>) -> Applied {
    free_host(world, host)?;
    let member = BTreeSet::from([account_id(world, account)?]);
    let cloud_id = random::uuid();
    let short = host.split('.').next().unwrap_or(host);
    let users = format!("jira-users-{short}");
    let agents = format!("jira-servicemanagement-users-{short}");
    let mut site = Site::empty(cloud_id.clone(), name, host);
    let groups = [users.as_str(), &agents, "integrations"];
    site.groups = groups.map(|group| (group.to_owned(), member.clone())).into();
    let admins = Holder::Group("jira-administrators".to_owned());
    site.global = BTreeMap::from([
        ("ADMINISTER".to_owned(), BTreeSet::from([admins])),
        ("USER_PICKER".to_owned(), BTreeSet::from([Holder::LoggedIn])),
    ]);
    site.user_groups.insert(users);
    site.agent_groups.insert(agents);
    world.sites.insert(cloud_id.clone(), site);
    Ok(Answer::Site { cloud_id })
}

pub(super) fn rename(world: &mut World, site: Option<&str>, host: String) -> Applied {
    free_host(world, &host)?;
    let site = site_mut(world, site)?;
    site.former_hosts.retain(|former| *former != host);
    if let Some(former) = site.host.replace(host) {
        site.former_hosts.push(former);
    }
    let cloud_id = site.cloud_id.clone();
    Ok(Answer::Site { cloud_id })
}

pub(super) fn replace(world: &mut World, site: Option<&str>, with: Option<&str>) -> Applied {
    let old = cloud_id(world, site)?;
    let with = with.map(|name| cloud_id(world, Some(name))).transpose()?;
    let displaced = site_mut(world, Some(&old))?;
    let Some(host) = displaced.host.take() else {
        let message = "the site has no host another site could take";
        return Err(CommandError::Invalid(message.to_owned()));
    };
    let cloud_id = if let Some(cloud_id) = with {
        cloud_id
    } else {
        let mut successor = displaced.clone();
        successor.cloud_id = random::uuid();
        successor.clear_projects();
        let cloud_id = successor.cloud_id.clone();
        world.sites.insert(cloud_id.clone(), successor);
        reach_likewise(world, &old, &cloud_id);
        cloud_id
    };
    site_mut(world, Some(&cloud_id))?.host = Some(host);
    Ok(Answer::Site { cloud_id })
}

/// Lets every grant that reaches the one site reach the other too.
fn reach_likewise(world: &mut World, old: &str, new: &str) {
    for grant in world.oauth.grants.values_mut() {
        if let Some(scopes) = grant.sites.get(old).cloned() {
            grant.sites.insert(new.to_owned(), scopes);
        }
    }
}

pub(super) fn block(world: &mut World, site: Option<&str>, client_id: Option<String>, blocked: bool) -> Applied {
    let client_id = client_id.unwrap_or_else(|| CLIENT_ID.to_owned());
    let site = site_mut(world, site)?;
    if blocked {
        site.blocked_apps.insert(client_id);
    } else {
        site.blocked_apps.remove(&client_id);
    }
    Ok(Answer::Done)
}
