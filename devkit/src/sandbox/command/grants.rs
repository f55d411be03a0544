//! Commands about apps, grants, tokens and the clock.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::answer::{Answer, CommandError};
use super::people::{account_id, cloud_id};
use super::vocabulary::Command;
use crate::sandbox::consent::{self, Decision, Request};
use crate::sandbox::random;
use crate::sandbox::world::{App, CLIENT_ID, Grant, World};

type Applied = Result<Answer, CommandError>;

/// Carries out a command about apps and grants; hands others back.
pub(crate) fn apply(world: &mut World, command: Command) -> Result<Applied, Box<Command>> {
    Ok(match command {
        Command::CreateApp {
            name,
            callback_url,
            scopes,
            owner,
            private,
        } => create_app(world, name, callback_url, scopes, owner.as_deref(), private),
        Command::DescribeApp { client_id } => app_mut(world, client_id).map(|app| describe(app)),
        Command::SetCallback {
            client_id,
            callback_url,
        } => app_mut(world, client_id).map(|app| {
            app.callback_url = callback_url;
            describe(app)
        }),
        Command::RotateClientSecret { client_id } => app_mut(world, client_id).map(|app| {
            app.client_secret = random::secret("cs-", 48);
            describe(app)
        }),
        Command::SetExpiresIn { seconds, client_id } => set_expires_in(world, seconds, client_id),
        Command::SetAbsoluteExpiry { days } => {
            let limit = days.map(|days| SignedDuration::from_hours(i64::from(days) * 24));
            world.ledger.absolute_expiry = limit;
            Ok(Answer::Done)
        }
        Command::SetRefusal { kind } => {
            world.ledger.refusal = kind;
            Ok(Answer::Done)
        }
        Command::AdvanceClock { seconds } => advance(world, seconds),
        Command::StopClock { stopped } => {
            world.clock.stop(stopped);
            Ok(Answer::Done)
        }
        other => return apply_to_consents(world, other),
    })
}

/// Commands that make grants, or say what comes of consents.
fn apply_to_consents(world: &mut World, command: Command) -> Result<Applied, Box<Command>> {
    Ok(match command {
        Command::MintGrant {
            client_id,
            account,
            sites,
            scopes,
            online,
        } => mint(world, client_id, account.as_deref(), sites, scopes, !online),
        Command::Consent {
            authorize_url,
            account,
            sites,
            deny,
        } => click_consent(world, &authorize_url, account.as_deref(), sites, !deny),
        Command::MintCode {
            authorize_url,
            account,
            sites,
        } => mint_code(world, &authorize_url, account.as_deref(), sites),
        Command::WithholdScopes { client_id, scopes } => app_mut(world, client_id).map(|app| {
            app.withheld = scopes.into_iter().collect();
            Answer::Done
        }),
        other => return apply_to_grants(world, other),
    })
}

/// Commands that change grants already made.
fn apply_to_grants(world: &mut World, command: Command) -> Result<Applied, Box<Command>> {
    Ok(match command {
        Command::RevokeGrant { client_id, account } => revoke(world, client_id, account.as_deref()),
        Command::ChangePassword { account } => account_id(world, account.as_deref()).map(|id| {
            let ledger = &mut world.ledger;
            let count = ledger.revoke_grants("the password was changed", |g| g.account_id == id);
            Answer::Count { count }
        }),
        Command::AddSiteToGrant {
            client_id,
            account,
            site,
        } => cloud_id(world, Some(&site)).and_then(|site| {
            on_grant(world, client_id, account.as_deref(), |grant| {
                let scopes = grant.sites.values().flatten().cloned().collect();
                grant.sites.insert(site, scopes);
            })
        }),
        Command::RemoveSiteFromGrant {
            client_id,
            account,
            site,
        } => cloud_id(world, site.as_deref()).and_then(|site| {
            on_grant(world, client_id, account.as_deref(), |grant| {
                grant.sites.remove(&site);
            })
        }),
        Command::DropScope { client_id, scope } => Ok(on_scopes(world, client_id, |scopes| {
            scopes.remove(&scope);
        })),
        Command::AddScope { client_id, scope } => Ok(on_scopes(world, client_id, |scopes| {
            scopes.insert(scope.clone());
        })),
        other => return Err(Box::new(other)),
    })
}

fn or_default(client_id: Option<String>) -> String {
    client_id.unwrap_or_else(|| CLIENT_ID.to_owned())
}

fn app_mut(world: &mut World, client_id: Option<String>) -> Result<&mut App, CommandError> {
    let client_id = or_default(client_id);
    let app = world.ledger.apps.get_mut(&client_id);
    app.ok_or_else(|| CommandError::unknown("app", client_id))
}

fn describe(app: &App) -> Answer {
    Answer::App {
        client_id: app.client_id.clone(),
        client_secret: app.client_secret.clone(),
        callback_url: app.callback_url.clone(),
    }
}

fn create_app(
    world: &mut World,
    name: Option<String>,
    callback_url: Option<String>,
    scopes: Option<Vec<String>>,
    owner: Option<&str>,
    private: bool,
) -> Applied {
    let owner = account_id(world, Some(owner.unwrap_or("admin@acme.example")))?;
    let model = app_mut(world, None)?.clone();
    let app = App {
        client_id: random::secret("", 32),
        client_secret: random::secret("cs-", 48),
        name: name.unwrap_or(model.name),
        callback_url: callback_url.unwrap_or(model.callback_url),
        scopes: scopes.map_or(model.scopes, BTreeSet::from_iter),
        owner,
        shared: !private,
        withheld: BTreeSet::new(),
        expires_in: None,
    };
    let answer = describe(&app);
    world.ledger.apps.insert(app.client_id.clone(), app);
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

fn mint(
    world: &mut World,
    client_id: Option<String>,
    account: Option<&str>,
    sites: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    offline: bool,
) -> Applied {
    let account = account_id(world, account)?;
    let sites = site_ids(world, sites)?;
    let now = world.now();
    let app = app_mut(world, client_id)?;
    let client_id = app.client_id.clone();
    let scopes = scopes.map_or_else(|| app.scopes.clone(), BTreeSet::from_iter);
    let ledger = &mut world.ledger;
    let grant = ledger.consent(&client_id, &account, &sites, &scopes);
    let pair = ledger.begin_family(now, grant, offline);
    let pair = pair.ok_or_else(|| CommandError::unknown("grant", grant.to_string()))?;
    let family = ledger.families.keys().next_back().copied();
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

fn click_consent(
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

fn mint_code(world: &mut World, authorize_url: &str, account: Option<&str>, sites: Option<Vec<String>>) -> Applied {
    let account = account_id(world, account)?;
    let sites = site_ids(world, sites)?;
    let request = request_at(world, authorize_url)?;
    let location = request
        .granted(world, &account, &sites, &request.scopes)
        .map_err(invalid)?;
    Ok(Answer::Redirect { location })
}

fn set_expires_in(world: &mut World, seconds: u64, client_id: Option<String>) -> Applied {
    match client_id {
        None => world.ledger.expires_in = seconds,
        Some(client_id) => app_mut(world, Some(client_id))?.expires_in = Some(seconds),
    }
    Ok(Answer::Done)
}

fn advance(world: &mut World, seconds: u64) -> Applied {
    let step = i64::try_from(seconds).ok().map(SignedDuration::from_secs);
    let moved = step.and_then(|step| world.clock.advance(step));
    let too_far = || CommandError::Invalid("the clock cannot be moved that far".to_owned());
    moved.map(|()| Answer::Done).ok_or_else(too_far)
}

fn revoke(world: &mut World, client_id: Option<String>, account: Option<&str>) -> Applied {
    let account = account_id(world, account)?;
    let client_id = or_default(client_id);
    let ledger = &mut world.ledger;
    let count = ledger.revoke_grants("revoked under connected apps", |grant| {
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
    let grant = world.ledger.grant_mut(&client_id, &account);
    let unknown = || CommandError::unknown("grant", format!("{account} to {client_id}"));
    change(grant.ok_or_else(unknown)?);
    Ok(Answer::Done)
}

fn on_scopes(world: &mut World, client_id: Option<String>, change: impl Fn(&mut BTreeSet<String>)) -> Answer {
    let client_id = or_default(client_id);
    let grants = world.ledger.grants.values_mut();
    let mut count = 0;
    for grant in grants.filter(|grant| grant.client_id == client_id) {
        grant.sites.values_mut().for_each(&change);
        count += 1;
    }
    Answer::Count { count }
}
