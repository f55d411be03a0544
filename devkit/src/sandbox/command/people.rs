//! Commands about people: accounts, their kinds, licences and global permissions.

use std::collections::BTreeSet;

use super::answer::{Answer, CommandError};
use super::vocabulary::Command;
use crate::sandbox::random;
use crate::sandbox::world::{Account, AccountType, BOT, Holder, SITE, Site, World};

type Applied = Result<Answer, CommandError>;

/// Carries out a command about people; hands others back.
pub(crate) fn apply(world: &mut World, command: Command) -> Result<Applied, Box<Command>> {
    Ok(match command {
        Command::AddAccount {
            email,
            display_name,
            account_type,
            app_type,
            sites,
            agent,
        } => {
            let name = display_name.unwrap_or_else(|| email.clone());
            let mut account = Account::person(new_id(account_type), &email, &name);
            account.account_type = account_type;
            account.app_type = app_type;
            let sites = sites.unwrap_or_else(|| vec![SITE.to_owned()]);
            add_account(world, account, &sites, agent)
        }
        Command::DeactivateAccount { account, keep_grants } => deactivate(world, account.as_deref(), keep_grants),
        Command::ReactivateAccount { account } => change(world, account.as_deref(), |account| account.active = true),
        Command::SetAccountType {
            account,
            account_type,
            app_type,
        } => change(world, account.as_deref(), |account| {
            account.account_type = account_type;
            account.app_type = app_type;
        }),
        Command::SetEmail { account, email } => change(world, account.as_deref(), |account| account.email = email),
        Command::RenameAccount { account, display_name } => change(world, account.as_deref(), |account| {
            account.display_name = display_name;
        }),
        Command::HideEmail { account, hidden } => change(world, account.as_deref(), |account| {
            account.email_visible = !hidden;
        }),
        other => return apply_on_site(world, other),
    })
}

/// Commands about what an account is on one site.
fn apply_on_site(world: &mut World, command: Command) -> Result<Applied, Box<Command>> {
    Ok(match command {
        Command::RemoveProductAccess {
            site,
            account,
            status,
            unlisted,
        } => on_site(world, site.as_deref(), account.as_deref(), |site, id| {
            leave(site, id, true);
            site.no_access_status = status.unwrap_or(403);
            if unlisted {
                site.unlisted.insert(id.to_owned());
            }
        }),
        Command::GrantProductAccess { site, account, agent } => {
            on_site(world, site.as_deref(), account.as_deref(), |site, id| {
                join(site, id, agent);
                site.unlisted.remove(id);
            })
        }
        Command::RemoveAgentLicence { site, account } => {
            on_site(world, site.as_deref(), account.as_deref(), |site, id| {
                leave(site, id, false);
            })
        }
        Command::SetGlobalPermission {
            site,
            account,
            permission,
            held,
        } => {
            if crate::sandbox::world::known(&permission).is_none() {
                return Ok(Err(CommandError::unknown("permission", permission)));
            }
            on_site(world, site.as_deref(), account.as_deref(), |site, id| {
                set_global(site, id, permission, held);
            })
        }
        other => return Err(Box::new(other)),
    })
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

fn change(world: &mut World, name: Option<&str>, change: impl FnOnce(&mut Account)) -> Applied {
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
pub(super) fn add_account(world: &mut World, account: Account, sites: &[String], agent: bool) -> Applied {
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

fn deactivate(world: &mut World, name: Option<&str>, keep_grants: bool) -> Applied {
    let id = account_id(world, name)?;
    change(world, Some(&id), |account| account.active = false)?;
    if !keep_grants {
        let ledger = &mut world.ledger;
        ledger.revoke_grants("the account was deactivated", |g| g.account_id == id);
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
