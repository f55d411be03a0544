//! Commands about apps, grants, tokens and the clock.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Applied, CommandError};
use super::people::{account_id, cloud_id};
use crate::sandbox::consent::{self, Decision, Request};
use crate::sandbox::random;
use crate::sandbox::world::{App, CLIENT_ID, Grant, RefusalKind, World};

/// An app to be registered; what is left out is the seed app's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NewApp {
    /// What the consent page calls it.
    pub name: Option<String>,
    /// Callback address.
    pub callback_url: Option<String>,
    /// What it may ask for.
    pub scopes: Option<Vec<String>>,
    /// Whose app it is, by default the site's admin's.
    pub owner: Option<String>,
    /// Whether nobody but its owner can consent to it.
    pub private: bool,
}

pub(super) fn describe_app(world: &mut World, client_id: Option<String>) -> Applied {
    app_mut(world, client_id).map(|app| describe(app))
}

pub(super) fn set_callback(world: &mut World, client_id: Option<String>, callback_url: String) -> Applied {
    let app = app_mut(world, client_id)?;
    app.callback_url = callback_url;
    Ok(describe(app))
}

pub(super) fn rotate_secret(world: &mut World, client_id: Option<String>) -> Applied {
    let app = app_mut(world, client_id)?;
    app.client_secret = random::secret("cs-", 48);
    Ok(describe(app))
}

/// Shares an app or not, and gives it to another owner.
pub(super) fn share(world: &mut World, client_id: Option<String>, shared: bool, owner: Option<String>) -> Applied {
    let owner = owner.map(|owner| account_id(world, Some(&owner))).transpose()?;
    let app = app_mut(world, client_id)?;
    app.shared = shared;
    app.owner = owner.unwrap_or_else(|| std::mem::take(&mut app.owner));
    Ok(Answer::Done)
}

pub(super) fn withhold(world: &mut World, client_id: Option<String>, scopes: Vec<String>) -> Applied {
    app_mut(world, client_id)?.withheld = scopes.into_iter().collect();
    Ok(Answer::Done)
}

pub(super) fn set_absolute_expiry(world: &mut World, days: Option<u32>) {
    world.oauth.absolute_expiry = days.map(|days| SignedDuration::from_hours(i64::from(days) * 24));
}

pub(super) fn set_refusal(world: &mut World, kind: RefusalKind) {
    world.oauth.refusal = kind;
}

pub(super) fn stop_clock(world: &mut World, stopped: bool) {
    world.clock.stop(stopped);
}

pub(super) fn change_password(world: &mut World, account: Option<&str>) -> Applied {
    let id = account_id(world, account)?;
    let oauth = &mut world.oauth;
    let count = oauth.revoke_grants("the password was changed", |grant| grant.account_id == id);
    Ok(Answer::Count { count })
}

pub(super) fn add_site(world: &mut World, client_id: Option<String>, account: Option<&str>, site: &str) -> Applied {
    let site = cloud_id(world, Some(site))?;
    on_grant(world, client_id, account, |grant| {
        let scopes = grant.sites.values().flatten().cloned().collect();
        grant.sites.insert(site, scopes);
    })
}

pub(super) fn remove_site(
    world: &mut World,
    client_id: Option<String>,
    account: Option<&str>,
    site: Option<&str>,
) -> Applied {
    let site = cloud_id(world, site)?;
    on_grant(world, client_id, account, |grant| {
        grant.sites.remove(&site);
    })
}

pub(super) fn drop_scope(world: &mut World, client_id: Option<String>, scope: &str) -> Answer {
    on_scopes(world, client_id, |scopes| {
        scopes.remove(scope);
    })
}

pub(super) fn add_scope(world: &mut World, client_id: Option<String>, scope: &str) -> Answer {
    on_scopes(world, client_id, |scopes| {
        scopes.insert(scope.to_owned());
    })
}

fn or_default(client_id: Option<String>) -> String {
    client_id.unwrap_or_else(|| CLIENT_ID.to_owned())
}

fn app_mut(world: &mut World, client_id: Option<String>) -> Result<&mut App, CommandError> {
    let client_id = or_default(client_id);
    let app = world.oauth.apps.get_mut(&client_id);
    app.ok_or_else(|| CommandError::unknown("app", client_id))
}

fn describe(app: &App) -> Answer {
    Answer::App {
        client_id: app.client_id.clone(),
        client_secret: app.client_secret.clone(),
        callback_url: app.callback_url.clone(),
    }
}

pub(super) fn create_app(world: &mut World, new: NewApp) -> Applied {
    let owner = account_id(world, Some(new.owner.as_deref().unwrap_or("admin@acme.example")))?;
    let model = app_mut(world, None)?.clone();
    let app = App {
        client_id: random::secret("", 32),
        client_secret: random::secret("cs-", 48),
        name: new.name.unwrap_or(model.name),
        callback_url: new.callback_url.unwrap_or(model.callback_url),
        scopes: new.scopes.map_or(model.scopes, BTreeSet::from_iter),
        owner,
        shared: !new.private,
        withheld: BTreeSet::new(),
        expires_in: None,
    };
    let answer = describe(&app);
    world.oauth.apps.insert(app.client_id.clone(), app);
    Ok(answer)
}

fn site_ids(world: &World, sites: Option<Vec<String>>) -> Result<BTreeSet<String>, CommandError> {
    match sites {
        None => Ok(BTreeSet::from([cloud_id(world, None)?])),
        Some(names) => {
            let ids = names.iter().map(|name| cloud_id(world, Some(name)));
            ids.collect()
        }
    }
}

pub(super) fn mint(
    world: &mut World,
    client_id: Option<String>,
    account: Option<&str>,
    (sites, scopes): (Option<Vec<String>>, Option<Vec<String>>),
    offline: bool,
) -> Applied {
    let account = account_id(world, account)?;
    let sites = site_ids(world, sites)?;
    let now = world.now();
    let app = app_mut(world, client_id)?;
    let client_id = app.client_id.clone();
    let scopes = scopes.map_or_else(|| app.scopes.clone(), BTreeSet::from_iter);
    let oauth = &mut world.oauth;
    let grant = oauth.consent(&client_id, &account, &sites, &scopes);
    let pair = oauth.begin_family(now, grant, offline);
    let pair = pair.ok_or_else(|| CommandError::unknown("grant", grant.to_string()))?;
    let family = oauth.families.keys().next_back().copied();
    Ok(Answer::Grant {
        grant,
        family: family.unwrap_or_default(),
        refresh_token: pair.refresh_token,
        access_token: pair.access_token,
    })
}

fn invalid(error: impl std::fmt::Display) -> CommandError {
    CommandError::Invalid(error.to_string())
}

/// The authorize request at this address.
fn request_at(world: &World, authorize_url: &str) -> Result<Request, CommandError> {
    let url = url::Url::parse(authorize_url).map_err(invalid)?;
    let query: Vec<_> = url.query_pairs().into_owned().collect();
    Request::read(world, &query).map_err(invalid)
}

pub(super) fn click_consent(
    world: &mut World,
    authorize_url: &str,
    account: Option<&str>,
    sites: Option<Vec<String>>,
    accept: bool,
) -> Applied {
    let decision = Decision {
        account: account_id(world, account)?,
        sites: site_ids(world, sites)?,
        scopes: None,
        accept,
    };
    let request = request_at(world, authorize_url)?;
    let location = consent::decide(world, &request, &decision).map_err(invalid)?;
    Ok(Answer::Redirect { location })
}

pub(super) fn mint_code(
    world: &mut World,
    authorize_url: &str,
    account: Option<&str>,
    sites: Option<Vec<String>>,
) -> Applied {
    let account = account_id(world, account)?;
    let sites = site_ids(world, sites)?;
    let request = request_at(world, authorize_url)?;
    let location = request
        .granted(world, &account, &sites, &request.scopes)
        .map_err(invalid)?;
    Ok(Answer::Redirect { location })
}

pub(super) fn set_expires_in(world: &mut World, seconds: u64, client_id: Option<String>) -> Applied {
    match client_id {
        None => world.oauth.expires_in = seconds,
        Some(client_id) => app_mut(world, Some(client_id))?.expires_in = Some(seconds),
    }
    Ok(Answer::Done)
}

pub(super) fn advance_clock(world: &mut World, seconds: u64) -> Applied {
    let step = i64::try_from(seconds).ok().map(SignedDuration::from_secs);
    let moved = step.and_then(|step| world.clock.advance(step));
    let too_far = || CommandError::Invalid("the clock cannot be moved that far".to_owned());
    moved.map(|()| Answer::Done).ok_or_else(too_far)
}

pub(super) fn revoke(world: &mut World, client_id: Option<String>, account: Option<&str>) -> Applied {
    let account = account_id(world, account)?;
    let client_id = or_default(client_id);
    let oauth = &mut world.oauth;
    let count = oauth.revoke_grants("revoked under connected apps", |grant| {
        grant.account_id == account && grant.client_id == client_id
    });
    if count == 0 {
        return Err(CommandError::unknown("grant", format!("{account} to {client_id}")));
    }
    Ok(Answer::Count { count })
}

fn on_grant(
    world: &mut World,
    client_id: Option<String>,
    account: Option<&str>,
    change: impl FnOnce(&mut Grant),
) -> Applied {
    let account = account_id(world, account)?;
    let client_id = or_default(client_id);
    let grant = world.oauth.grant_mut(&client_id, &account);
    let unknown = || CommandError::unknown("grant", format!("{account} to {client_id}"));
    change(grant.ok_or_else(unknown)?);
    Ok(Answer::Done)
}

fn on_scopes(world: &mut World, client_id: Option<String>, change: impl Fn(&mut BTreeSet<String>)) -> Answer {
    let client_id = or_default(client_id);
    let grants = world.oauth.grants.values_mut();
    let mut count = 0;
    for grant in grants.filter(|grant| grant.client_id == client_id) {
        grant.sites.values_mut().for_each(&change);
        count += 1;
    }
    Answer::Count { count }
}
