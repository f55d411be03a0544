//! The authorization server's books: apps, grants, families of refresh tokens, access tokens and codes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// An OAuth app as the developer console knows it.
#[derive(Clone)]
pub struct App {
    /// Public id.
    pub client_id: String,
    /// Secret, made at run time.
    pub client_secret: String,
    /// Name on the consent page.
    pub name: String,
    /// The one callback address.
    pub callback_url: String,
    /// Scopes added in the console; a consent may ask for these and `offline_access` only.
    pub scopes: BTreeSet<String>,
    /// Scopes that no consent from now on grants, whatever is asked for.
    pub withheld: BTreeSet<String>,
    /// Account id of the owner.
    pub owner: String,
    /// Whether others than the owner may authorise it.
    pub shared: bool,
    /// Lifetime of its access tokens in seconds; unset follows the oauth's.
    pub expires_in: Option<u64>,
}

/// The one grant of an account to an app.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Number of the grant.
    pub id: u64,
    /// The app.
    pub client_id: String,
    /// The account.
    pub account_id: String,
    /// Cloud id to scopes.
    pub sites: BTreeMap<String, BTreeSet<String>>,
    /// Scopes that belong to no site, such as `read:me`.
    pub account_scopes: BTreeSet<String>,
    /// Why it is dead.
    pub revoked: Option<String>,
}

/// A line of refresh tokens that began with one consent.
#[derive(Clone, Debug)]
pub struct Family {
    /// Number of the family.
    pub id: u64,
    /// The grant it belongs to.
    pub grant: u64,
    /// When the consent was given.
    pub born: Timestamp,
    /// Whether `offline_access` was asked for.
    pub offline: bool,
    /// Why it is dead.
    pub revoked: Option<String>,
    /// How many refresh tokens it issued.
    pub issued: u32,
}

/// One refresh token. `Debug` is left out on purpose: the key it is kept under is the secret.
#[derive(Clone)]
pub(crate) struct RefreshToken {
    pub(crate) family: u64,
    pub(crate) sequence: u32,
    pub(crate) issued: Timestamp,
    pub(crate) retired: Option<Timestamp>,
    pub(crate) uses: u32,
}

/// One access token.
#[derive(Clone)]
pub(crate) struct AccessToken {
    pub(crate) grant: u64,
    pub(crate) expires: Timestamp,
}

/// An authorization code that waits for its exchange.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) grant: u64,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) offline: bool,
    pub(crate) expires: Timestamp,
}

/// How often one refresh token was used; holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenUse {
    /// The app.
    pub client_id: String,
    /// The account.
    pub account_id: String,
    /// Family of the token.
    pub family: u64,
    /// Place in the family, from 1.
    pub sequence: u32,
    /// Successful exchanges.
    pub uses: u32,
    /// Whether it was replaced.
    pub retired: bool,
    /// Whether its family or grant is dead.
    pub revoked: bool,
}

/// Which body a dead refresh token is answered with; both are known of Atlassian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// `unauthorized_client`, "`refresh_token` is invalid": seen in practice.
    #[default]
    UnauthorizedClient,
    /// `invalid_grant`, "Unknown or invalid refresh token.": documented.
    InvalidGrant,
}

/// The books.
pub struct OAuth {
    /// Apps by client id.
    pub apps: BTreeMap<String, App>,
    /// Grants by number.
    pub grants: BTreeMap<u64, Grant>,
    /// Families by number.
    pub families: BTreeMap<u64, Family>,
    /// Which body a dead token is refused with.
    pub refusal: RefusalKind,
    /// Lifetime of access tokens in seconds.
    pub expires_in: u64,
    /// When a family ends however often it was refreshed; unset by default, as nobody is sure it still applies.
    pub absolute_expiry: Option<SignedDuration>,
    pub(crate) refresh_tokens: HashMap<String, RefreshToken>,
    pub(crate) access_tokens: HashMap<String, AccessToken>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) next: u64,
}

impl Default for OAuth {
    fn default() -> Self {
        Self {
            apps: BTreeMap::new(),
            grants: BTreeMap::new(),
            families: BTreeMap::new(),
            refusal: RefusalKind::default(),
            expires_in: 3600,
            absolute_expiry: None,
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
            codes: HashMap::new(),
            next: 0,
        }
    }
}

impl OAuth {
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The grant of an account to an app, dead or alive.
    #[must_use]
    pub fn grant_of(&self, client_id: &str, account_id: &str) -> Option<&Grant> {
        let mut grants = self.grants.values().rev();
        grants.find(|grant| grant.client_id == client_id && grant.account_id == account_id)
    }

    /// The living grant of an account to an app, to be changed.
    pub(crate) fn grant_mut(&mut self, client_id: &str, account_id: &str) -> Option<&mut Grant> {
        self.grants
            .values_mut()
            .find(|grant| grant.revoked.is_none() && grant.client_id == client_id && grant.account_id == account_id)
    }

    /// Kills every grant that `dies` picks.
    pub(crate) fn revoke_grants(&mut self, why: &str, dies: impl Fn(&Grant) -> bool) -> usize {
        let alive = |grant: &&mut Grant| grant.revoked.is_none() && dies(grant);
        let mut count = 0;
        for grant in self.grants.values_mut().filter(alive) {
            grant.revoked = Some(why.to_owned());
            count += 1;
        }
        count
    }

    /// The families that can still be refreshed, as far as revocation goes.
    #[must_use]
    pub fn live_families(&self) -> Vec<&Family> {
        let alive = |family: &&Family| family.offline && !self.is_dead(family);
        self.families.values().filter(alive).collect()
    }

    pub(crate) fn is_dead(&self, family: &Family) -> bool {
        let grant = self.grants.get(&family.grant);
        family.revoked.is_some() || grant.is_none_or(|grant| grant.revoked.is_some())
    }

    /// Every refresh token ever issued and how often it was used, by family and place.
    #[must_use]
    pub fn token_uses(&self) -> Vec<TokenUse> {
        let tokens = self.refresh_tokens.values();
        let mut uses: Vec<_> = tokens.filter_map(|token| self.token_use(token)).collect();
        uses.sort_by_key(|token| (token.family, token.sequence));
        uses
    }

    /// How often this refresh token was used.
    #[must_use]
    pub fn uses_of(&self, refresh_token: &str) -> Option<TokenUse> {
        self.token_use(self.refresh_tokens.get(refresh_token)?)
    }

    fn token_use(&self, token: &RefreshToken) -> Option<TokenUse> {
        let family = self.families.get(&token.family)?;
        let grant = self.grants.get(&family.grant)?;
        Some(TokenUse {
            client_id: grant.client_id.clone(),
            account_id: grant.account_id.clone(),
            family: token.family,
            sequence: token.sequence,
            uses: token.uses,
            retired: token.retired.is_some(),
            revoked: self.is_dead(family),
        })
    }

    /// Every secret value made so far, so that a test can search for leaks.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let apps = self.apps.values().map(|app| app.client_secret.clone());
        let tokens = self.refresh_tokens.keys().chain(self.access_tokens.keys());
        apps.chain(tokens.chain(self.codes.keys()).cloned()).collect()
    }
}
