//! Who stands behind an access token.

use axum::http::{HeaderMap, header};

use super::world::{Account, Grant, World};

/// The token of an `Authorization: Bearer` header.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (kind, token) = value.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl World {
    /// The grant behind an access token, whether the token still holds or not.
    #[must_use]
    pub fn grant_behind(&self, token: &str) -> Option<&Grant> {
        let access = self.oauth.access_tokens.get(token)?;
        self.oauth.grants.get(&access.grant)
    }

    /// The grant and account of a token that is neither expired nor revoked.
    pub(crate) fn bearer(&self, headers: &HeaderMap) -> Option<(&Grant, &Account)> {
        let token = token(headers)?;
        let access = self.oauth.access_tokens.get(token)?;
        let grant = self.oauth.grants.get(&access.grant)?;
        let alive = grant.revoked.is_none() && self.now() < access.expires;
        let account = self.accounts.get(&grant.account_id)?;
        alive.then_some((grant, account))
    }
}
