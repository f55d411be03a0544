//! Codes and refresh tokens exchanged for new ones: rotation, the leeway, reuse detection and expiry.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::oauth::{AccessToken, App, Code, Family, Grant, OAuth, RefreshToken, RefusalKind};
use crate::sandbox::random;

/// How long a retired refresh token still works.
const LEEWAY: SignedDuration = SignedDuration::from_mins(10);
/// After how long without use a refresh token ends.
const IDLE_EXPIRY: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long an authorization code waits.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// What an exchange yields.
pub(crate) struct TokenPair {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) expires_in: u64,
    pub(crate) scope: String,
}

/// Why an exchange was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// Unknown client or wrong secret.
    AccessDenied,
    /// The refresh token is unknown, dead, expired or was used twice.
    RefreshToken(RefusalKind),
    /// The code is unknown, used, expired or for another callback address.
    Code,
}

impl OAuth {
    /// The app, if the secret is right.
    pub(crate) fn authenticate(&self, client_id: &str, client_secret: &str) -> Result<&App, TokenRefusal> {
        let app = self.apps.get(client_id);
        app.filter(|app| app.client_secret == client_secret)
            .ok_or(TokenRefusal::AccessDenied)
    }

    /// Adds sites and scopes to the account's one grant to the app, which is made if there is none alive.
    pub(crate) fn consent(
        &mut self,
        client_id: &str,
        account_id: &str,
        sites: &BTreeSet<String>,
        scopes: &BTreeSet<String>,
    ) -> u64 {
        let alive = self.grant_mut(client_id, account_id).map(|grant| grant.id);
        let id = alive.unwrap_or_else(|| self.number());
        let grant = self.grants.entry(id).or_insert_with(|| Grant {
            id,
            client_id: client_id.to_owned(),
            account_id: account_id.to_owned(),
            sites: BTreeMap::new(),
            account_scopes: BTreeSet::new(),
            revoked: None,
        });
        let of_account = |scope: &&String| scope.as_str() == "read:me";
        let granted = scopes.iter().filter(|scope| *scope != "offline_access");
        let (account, site): (Vec<_>, Vec<_>) = granted.partition(of_account);
        grant.account_scopes.extend(account.into_iter().cloned());
        for cloud_id in sites {
            let scopes = grant.sites.entry(cloud_id.clone()).or_default();
            scopes.extend(site.iter().copied().cloned());
        }
        grant.id
    }

    /// Issues a code for a grant.
    pub(crate) fn issue_code(&mut self, now: Timestamp, grant: u64, app: &App, offline: bool) -> String {
        let code = random::secret("code-", 40);
        let entry = Code {
            grant,
            client_id: app.client_id.clone(),
            redirect_uri: app.callback_url.clone(),
            offline,
            expires: now + CODE_LIFETIME,
        };
        self.codes.insert(code.clone(), entry);
        code
    }

    /// Exchanges a code, once.
    pub(crate) fn exchange_code(
        &mut self,
        now: Timestamp,
        client_id: &str,
        code: &str,
        redirect_uri: &str,
    ) -> Result<TokenPair, TokenRefusal> {
        let right =
            |entry: &Code| entry.client_id == client_id && entry.redirect_uri == redirect_uri && now < entry.expires;
        if !self.codes.get(code).is_some_and(right) {
            return Err(TokenRefusal::Code);
        }
        let entry = self.codes.remove(code).ok_or(TokenRefusal::Code)?;
        self.begin_family(now, entry.grant, entry.offline)
            .ok_or(TokenRefusal::Code)
    }

    /// Begins a family in a grant and issues its first tokens.
    pub(crate) fn begin_family(&mut self, now: Timestamp, grant: u64, offline: bool) -> Option<TokenPair> {
        let id = self.number();
        let family = Family {
            id,
            grant,
            born: now,
            offline,
            revoked: None,
            issued: 0,
        };
        self.families.insert(id, family);
        self.issue(now, id)
    }

    /// Exchanges a refresh token: retires it and issues the next pair.
    pub(crate) fn refresh(&mut self, now: Timestamp, client_id: &str, token: &str) -> Result<TokenPair, TokenRefusal> {
        let refused = TokenRefusal::RefreshToken(self.refusal);
        let Some(entry) = self.refresh_tokens.get(token).cloned() else {
            return Err(refused);
        };
        let family = entry.family;
        if !self.may_refresh(now, client_id, &entry) {
            return Err(refused);
        }
        if entry
            .retired
            .is_some_and(|retired| now.duration_since(retired) > LEEWAY)
        {
            // Used again after the leeway: somebody else may hold a copy, so the whole family ends.
            if let Some(family) = self.families.get_mut(&family) {
                family.revoked = Some("a retired refresh token was used again".to_owned());
            }
            return Err(refused);
        }
        if let Some(entry) = self.refresh_tokens.get_mut(token) {
            entry.retired = entry.retired.or(Some(now));
            entry.uses += 1;
        }
        self.issue(now, family).ok_or(refused)
    }

    /// Whether app, grant and family live and neither expiry has passed.
    fn may_refresh(&self, now: Timestamp, client_id: &str, token: &RefreshToken) -> bool {
        let Some(family) = self.families.get(&token.family) else {
            return false;
        };
        let grant = self.grants.get(&family.grant);
        let absolute = self.absolute_expiry;
        grant.is_some_and(|grant| grant.client_id == client_id)
            && !self.is_dead(family)
            && now.duration_since(token.issued) <= IDLE_EXPIRY
            && absolute.is_none_or(|limit| now.duration_since(family.born) <= limit)
    }

    /// Issues an access token, and a refresh token where `offline_access` was granted.
    fn issue(&mut self, now: Timestamp, family_id: u64) -> Option<TokenPair> {
        let family = self.families.get_mut(&family_id)?;
        family.issued += 1;
        let (sequence, offline, grant_id) = (family.issued, family.offline, family.grant);
        let grant = self.grants.get(&grant_id)?;
        let app = self.apps.get(&grant.client_id)?;
        let expires_in = app.expires_in.unwrap_or(self.expires_in);
        let scope = scope_line(grant, offline);
        let access_token = random::secret("at-", 64);
        let lifetime = SignedDuration::from_secs(i64::try_from(expires_in).unwrap_or(i64::MAX));
        let expires = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let access = AccessToken {
            grant: grant_id,
            expires,
        };
        self.access_tokens.insert(access_token.clone(), access);
        let refresh_token = offline.then(|| random::secret("rt-", 64));
        if let Some(token) = &refresh_token {
            let entry = RefreshToken {
                family: family_id,
                sequence,
                issued: now,
                retired: None,
                uses: 0,
            };
            self.refresh_tokens.insert(token.clone(), entry);
        }
        Some(TokenPair {
            access_token,
            refresh_token,
            expires_in,
            scope,
        })
    }
}

/// The `scope` of a token answer: everything the grant holds, separated by spaces.
fn scope_line(grant: &Grant, offline: bool) -> String {
    let mut scopes: BTreeSet<&str> = grant.sites.values().flatten().map(String::as_str).collect();
    scopes.extend(grant.account_scopes.iter().map(String::as_str));
    if offline {
        scopes.insert("offline_access");
    }
    scopes.into_iter().collect::<Vec<_>>().join(" ")
}
