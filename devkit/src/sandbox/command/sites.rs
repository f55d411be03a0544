//! Commands about whole sites: new ones, renamed ones, others in their place, down, closed to an app.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, CommandError};
use super::people::{account_id, cloud_id, site_mut};
use super::vocabulary::Command;
use crate::sandbox::random;
use crate::sandbox::world::{CLIENT_ID, Holder, Site, World};

type Applied = Result<Answer, CommandError>;

/// Carries out a command about sites; hands others back.
pub(crate) fn apply(world: &mut World, command: Command) -> Result<Applied, Box<Command>> {
    Ok(match command {
        Command::CreateSite { name, host, account } => create(world, &name, &host, account.as_deref()),
        Command::RenameSite { site, host } => rename(world, site.as_deref(), host),
        Command::ReplaceSite { site, with } => replace(world, site.as_deref(), with.as_deref()),
        Command::SetSiteDown { site, down, status } => site_mut(world, site.as_deref()).map(|site| {
            site.down = down.then_some(status.unwrap_or(503));
            Answer::Done
        }),
        Command::BlockApp {
            site,
            client_id,
            blocked,
        } => block(world, site.as_deref(), client_id, blocked),
        other => return Err(Box::new(other)),
    })
}

fn free_host(world: &World, host: &str) -> Result<(), CommandError> {
    let mut sites = world.sites.values();
    if sites.any(|site| site.host.as_deref() == Some(host)) {
        let (kind, name) = ("site", host.to_owned());
        return Err(CommandError::Taken { kind, name });
    }
    Ok(())
}

fn create(world: &mut World, name: &str, host: &str, account: Option<&str>) -> Applied {
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

fn rename(world: &mut World, site: Option<&str>, host: String) -> Applied {
    free_host(world, &host)?;
    let site = site_mut(world, site)?;
    site.former_hosts.retain(|former| *former != host);
    if let Some(former) = site.host.replace(host) {
        site.former_hosts.push(former);
    }
    let cloud_id = site.cloud_id.clone();
    Ok(Answer::Site { cloud_id })
}

fn replace(world: &mut World, site: Option<&str>, with: Option<&str>) -> Applied {
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
    for grant in world.ledger.grants.values_mut() {
        if let Some(scopes) = grant.sites.get(old).cloned() {
            grant.sites.insert(new.to_owned(), scopes);
        }
    }
}

fn block(world: &mut World, site: Option<&str>, client_id: Option<String>, blocked: bool) -> Applied {
    let client_id = client_id.unwrap_or_else(|| CLIENT_ID.to_owned());
    let site = site_mut(world, site)?;
    if blocked {
        site.blocked_apps.insert(client_id);
    } else {
        site.blocked_apps.remove(&client_id);
    }
    Ok(Answer::Done)
}
