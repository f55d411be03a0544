//! Commands about people: accounts, their kinds, licences and global permissions.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Applied, CommandError};
use crate::sandbox::random;
use crate::sandbox::world::{Account, AccountType, BOT, Holder, SITE, Site, World, known};

/// An account to be made, with product access on the sites, and an agent's licence there if asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAccount {
    /// Address.
    pub email: String,
    /// Name, by default the address.
    pub display_name: Option<String>,
    /// Kind.
    #[serde(default)]
    pub account_type: AccountType,
    /// Kind of app.
    pub app_type: Option<String>,
    /// Sites, by default the seed's first.
    pub sites: Option<Vec<String>>,
    /// Whether it gets an agent's licence.
    #[serde(default)]
    pub agent: bool,
}

pub(super) fn add(world: &mut World, new: NewAccount) -> Applied {
    let name = new.display_name.unwrap_or_else(|| new.email.clone());
    let mut account = Account::person(new_id(new.account_type), &new.email, &name);
    account.account_type = new.account_type;
    account.app_type = new.app_type;
    let sites = new.sites.unwrap_or_else(|| vec![SITE.to_owned()]);
    add_account(world, account, &sites, new.agent)
}

pub(super) fn add_many(
    world: &mut World,
    site: Option<&str>,
    count: u32,
    apps_percent: u32,
    domain: Option<&str>,
) -> Applied {
    let site = cloud_id(world, site)?;
    let domain = domain.unwrap_or("many.example");
    for n in 1..=count {
        let app = n * apps_percent / 100 > (n - 1) * apps_percent / 100;
        let id = random::account_id();
        let mut account = Account::person(id, &format!("person-{n}@{domain}"), &format!("Person {n}"));
        if app {
            account.account_type = AccountType::App;
            account.email = String::new();
            account.display_name = format!("App {n}");
        }
        add_account(world, account, std::slice::from_ref(&site), false)?;
    }
    Ok(Answer::Count { count: count as usize })
}

pub(super) fn set_type(
    world: &mut World,
    account: Option<&str>,
    account_type: AccountType,
    app_type: Option<String>,
) -> Applied {
    change(world, account, |account| {
        account.account_type = account_type;
        account.app_type = app_type;
    })
}

pub(super) fn hide_all_emails(world: &mut World, hidden: bool) {
    for account in world.accounts.values_mut() {
        account.email_visible = !hidden;
    }
}

pub(super) fn set_time_zone(world: &mut World, account: Option<&str>, time_zone: String) -> Applied {
    if TimeZone::get(&time_zone).is_err() {
        return Err(CommandError::unknown("time zone", time_zone));
    }
    change(world, account, |account| account.time_zone = time_zone)
}

pub(super) fn remove_access(
    world: &mut World,
    site: Option<&str>,
    account: Option<&str>,
    status: Option<u16>,
    unlisted: bool,
) -> Applied {
    on_site(world, site, account, |site, id| {
        leave(site, id, true);
        site.no_access_status = status.unwrap_or(403);
        if unlisted {
            site.unlisted.insert(id.to_owned());
        }
    })
}

pub(super) fn grant_access(world: &mut World, site: Option<&str>, account: Option<&str>, agent: bool) -> Applied {
    on_site(world, site, account, |site, id| {
        join(site, id, agent);
        site.unlisted.remove(id);
    })
}

pub(super) fn remove_licence(world: &mut World, site: Option<&str>, account: Option<&str>) -> Applied {
    on_site(world, site, account, |site, id| leave(site, id, false))
}

pub(super) fn set_global_permission(
    world: &mut World,
    site: Option<&str>,
    account: Option<&str>,
    permission: String,
    held: bool,
) -> Applied {
    if known(&permission).is_none() {
        return Err(CommandError::unknown("permission", permission));
    }
    on_site(world, site, account, |site, id| set_global(site, id, permission, held))
}

/// The id of the account with this id or address, by default the dedicated one.
pub(crate) fn account_id(world: &World, name: Option<&str>) -> Result<String, CommandError> {
    let name = name.unwrap_or(BOT);
    let account = world.account(name);
    let id = account.map(|account| account.account_id.clone());
    id.ok_or_else(|| CommandError::unknown("account", name))
}

/// The cloud id of the site with this name, by default the seed's first.
pub(crate) fn cloud_id(world: &World, name: Option<&str>) -> Result<String, CommandError> {
    let name = name.unwrap_or(SITE);
    let id = world.site(name).map(|site| site.cloud_id.clone());
    id.ok_or_else(|| CommandError::unknown("site", name))
}

/// The site with this name, to be changed.
pub(crate) fn site_mut<'a>(world: &'a mut World, name: Option<&str>) -> Result<&'a mut Site, CommandError> {
    let id = cloud_id(world, name)?;
    let site = world.sites.get_mut(&id);
    site.ok_or_else(|| CommandError::unknown("site", id))
}

/// Changes the account with this id or address, by default the dedicated one.
pub(super) fn change(world: &mut World, name: Option<&str>, change: impl FnOnce(&mut Account)) -> Applied {
    let id = account_id(world, name)?;
    let account = world.accounts.get_mut(&id);
    change(account.ok_or_else(|| CommandError::unknown("account", id))?);
    Ok(Answer::Done)
}

fn on_site(
    world: &mut World,
    site: Option<&str>,
    account: Option<&str>,
    change: impl FnOnce(&mut Site, &str),
) -> Applied {
    let id = account_id(world, account)?;
    change(site_mut(world, site)?, &id);
    Ok(Answer::Done)
}

fn new_id(account_type: AccountType) -> String {
    if account_type == AccountType::Customer {
        return format!("qm:{}:{}", random::uuid(), random::uuid());
    }
    random::account_id()
}

/// Adds an account to these sites.
fn add_account(world: &mut World, account: Account, sites: &[String], agent: bool) -> Applied {
    if !account.email.is_empty() && world.account(&account.email).is_some() {
        let (kind, name) = ("account", account.email);
        return Err(CommandError::Taken { kind, name });
    }
    let account_id = account.account_id.clone();
    let customer = account.account_type == AccountType::Customer;
    let names = sites.iter().map(|name| cloud_id(world, Some(name)));
    let sites: Vec<String> = names.collect::<Result<_, _>>()?;
    for site in sites {
        let site = site_mut(world, Some(&site))?;
        if customer {
            site.customers.insert(account_id.clone());
        } else {
            join(site, &account_id, agent);
        }
    }
    world.accounts.insert(account_id.clone(), account);
    Ok(Answer::Account { account_id })
}

pub(super) fn deactivate(world: &mut World, name: Option<&str>, keep_grants: bool) -> Applied {
    let id = account_id(world, name)?;
    change(world, Some(&id), |account| account.active = false)?;
    if !keep_grants {
        let oauth = &mut world.oauth;
        oauth.revoke_grants("the account was deactivated", |g| g.account_id == id);
    }
    Ok(Answer::Done)
}

/// Makes the account a member of the site's first group of users, and of agents if asked.
fn join(site: &mut Site, account: &str, agent: bool) {
    let agents = site.agent_groups.iter().take(usize::from(agent));
    let groups = site.user_groups.iter().rev().take(1).chain(agents);
    let groups: Vec<String> = groups.cloned().collect();
    for group in groups {
        let members = site.groups.entry(group).or_default();
        members.insert(account.to_owned());
    }
}

/// Takes the account out of the groups of agents, and of users if asked.
fn leave(site: &mut Site, account: &str, also_users: bool) {
    let users = site.user_groups.iter().filter(|_| also_users);
    let groups: BTreeSet<&String> = site.agent_groups.iter().chain(users).collect();
    for group in groups {
        if let Some(members) = site.groups.get_mut(group) {
            members.remove(account);
        }
    }
}

fn set_global(site: &mut Site, account: &str, permission: String, held: bool) {
    if held {
        let holders = site.global.entry(permission).or_default();
        holders.insert(Holder::User(account.to_owned()));
        return;
    }
    let groups: BTreeSet<String> = site.groups.keys().cloned().collect();
    let mine: BTreeSet<&String> = groups.iter().filter(|g| site.in_group(account, g)).collect();
    let Some(holders) = site.global.get_mut(&permission) else {
        return;
    };
    holders.retain(|holder| match holder {
        Holder::Group(group) => !mine.contains(group),
        Holder::User(user) => user != account,
        Holder::LoggedIn => false,
        _ => true,
    });
}
