//! The world a sandbox begins with, read from the files in `devkit/seed/`. Secrets are not in them but made here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::account::Account;
use super::clock::Clock;
use super::language::Dictionary;
use super::oauth::{App, OAuth};
use super::permission::Holder;
use super::sessions::Sessions;
use super::site::Site;
use super::state::World;
use crate::sandbox::random;

/// E-mail address of the dedicated account in the seed.
pub(crate) const BOT: &str = "jira-bot@acme.example";
/// The site that commands mean when they name none.
pub(crate) const SITE: &str = "acme";
/// Client id of the app in the seed.
pub(crate) const CLIENT_ID: &str = "sandbox-app";

const ACCOUNTS: &str = include_str!("../../../seed/accounts.json");
const SITES: &str = include_str!("../../../seed/sites.json");
const TEMPLATES: &str = include_str!("../../../seed/templates.json");
const LANGUAGES: &str = include_str!("../../../seed/languages.json");
const APPS: &str = include_str!("../../../seed/apps.json");

/// A seed file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SeedError {
    #[error("devkit/seed/{file} is not valid: {source}")]
    Format {
        file: &'static str,
        source: serde_json::Error,
    },
    #[error("devkit/seed/sites.json names {kind} `{name}`, which no seed file describes")]
    Unknown { kind: &'static str, name: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SeedSite {
    cloud_id: String,
    name: String,
    host: String,
    /// Group to e-mail addresses or account ids.
    groups: BTreeMap<String, BTreeSet<String>>,
    user_groups: BTreeSet<String>,
    agent_groups: BTreeSet<String>,
    #[serde(default)]
    customers: BTreeSet<String>,
    global: BTreeMap<String, BTreeSet<Holder>>,
    projects: Vec<SeedProject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SeedProject {
    key: String,
    name: String,
    template: String,
    lead: String,
    #[serde(default)]
    state: SeedState,
    #[serde(default)]
    issues: Vec<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SeedState {
    #[default]
    Live,
    Archived,
    Trash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SeedApp {
    client_id: String,
    name: String,
    callback_url: String,
    owner: String,
    shared: bool,
    scopes: BTreeSet<String>,
}

fn read<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, SeedError> {
    serde_json::from_str(text).map_err(|source| SeedError::Format { file, source })
}

/// The world as the seed files describe it.
pub(crate) fn seeded() -> Result<World, SeedError> {
    seeded_by(Clock::default())
}

/// The world as the seed files describe it, begun at this time.
pub(crate) fn seeded_at(now: Timestamp) -> Result<World, SeedError> {
    let mut world = seeded_by(Clock::stopped_at(now))?;
    world.clock.stop(false);
    Ok(world)
}

fn seeded_by(clock: Clock) -> Result<World, SeedError> {
    let accounts: Vec<Account> = read("accounts.json", ACCOUNTS)?;
    let accounts = accounts.into_iter().map(|a| (a.account_id.clone(), a));
    let mut world = World {
        accounts: accounts.collect(),
        sites: BTreeMap::new(),
        oauth: OAuth::default(),
        sessions: Sessions::default(),
        portal_lens_in_check: false,
        portal_lens_in_search: false,
        languages: languages()?,
        templates: read("templates.json", TEMPLATES)?,
        clock,
        version: 0,
    };
    let sites: Vec<SeedSite> = read("sites.json", SITES)?;
    for seed in sites {
        let site = build_site(&world, seed)?;
        world.sites.insert(site.cloud_id.clone(), site);
    }
    let apps: Vec<SeedApp> = read("apps.json", APPS)?;
    for seed in apps {
        let owner = account_id(&world, &seed.owner)?;
        let app = App {
            client_secret: random::secret("cs-", 48),
            client_id: seed.client_id,
            name: seed.name,
            callback_url: seed.callback_url,
            scopes: seed.scopes,
            owner,
            shared: seed.shared,
            withheld: BTreeSet::new(),
            expires_in: None,
        };
        world.oauth.apps.insert(app.client_id.clone(), app);
    }
    Ok(world)
}

fn languages() -> Result<BTreeMap<String, Arc<Dictionary>>, SeedError> {
    let languages: BTreeMap<String, Dictionary> = read("languages.json", LANGUAGES)?;
    let shared = languages.into_iter();
    Ok(shared
        .map(|(letters, dictionary)| (letters, Arc::new(dictionary)))
        .collect())
}

fn account_id(world: &World, name: &str) -> Result<String, SeedError> {
    let account = world.account(name).ok_or_else(|| SeedError::Unknown {
        kind: "account",
        name: name.to_owned(),
    })?;
    Ok(account.account_id.clone())
}

fn build_site(world: &World, seed: SeedSite) -> Result<Site, SeedError> {
    let ids = |names: BTreeSet<String>| -> Result<BTreeSet<String>, SeedError> {
        names.iter().map(|name| account_id(world, name)).collect()
    };
    let mut site = Site::empty(seed.cloud_id, &seed.name, &seed.host);
    for (group, members) in seed.groups {
        site.groups.insert(group, ids(members)?);
    }
    site.user_groups = seed.user_groups;
    site.agent_groups = seed.agent_groups;
    site.customers = ids(seed.customers)?;
    site.global = seed.global;
    let now = world.now();
    for project in &seed.projects {
        add_project(world, &mut site, project, now)?;
    }
    Ok(site)
}

fn add_project(world: &World, site: &mut Site, seed: &SeedProject, now: Timestamp) -> Result<(), SeedError> {
    let template = world.templates.get(&seed.template);
    let template = template.ok_or_else(|| SeedError::Unknown {
        kind: "template",
        name: seed.template.clone(),
    })?;
    let lead = account_id(world, &seed.lead)?;
    let id = template.create(site, &seed.key, &seed.name, &lead);
    for summary in &seed.issues {
        site.add_issue(id, summary, &lead, now);
    }
    if let Some(project) = site.projects.get_mut(&id) {
        project.archived = (seed.state == SeedState::Archived).then_some(now);
        project.deleted = (seed.state == SeedState::Trash).then_some(now);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sandbox::world::AccountType;

    #[test]
    fn the_seed_is_complete_and_most_accounts_are_apps() {
        let world = seeded().unwrap();
        let of = |wanted| {
            let mut accounts = world.accounts.values();
            accounts.by_ref().filter(|a| a.account_type == wanted).count()
        };
        assert!(world.accounts.len() >= 36);
        assert!(of(AccountType::App) * 10 >= world.accounts.len() * 6);
        assert_eq!(world.sites.len(), 2);
        let site = world.site(SITE).unwrap();
        let bot = &world.account(BOT).unwrap().account_id;
        assert!(site.has_product_access(bot) && site.is_agent(bot));
        for project in site.projects.values() {
            assert!(site.views(project, bot), "{} is hidden from the bot", project.key);
        }
    }
}
