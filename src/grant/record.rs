//! What the grant Secret holds, as types, and how an exchange changes it.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1;
use kube::ResourceExt;
use serde::{Deserialize, Serialize};

use crate::{
    api::names,
    atlassian::{
        oauth::{OAuthApp, Tokens},
        secret::{Secret, TokenHash},
    },
};

/// How many adopted tokens are remembered.
const HASHES_KEPT: usize = 20;
/// Atlassian ends a grant that is not refreshed for this long.
const IDLE_EXPIRY: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The grant Secret of one credential Secret.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The Secret as it was read: its resourceVersion and what others put on it.
    pub secret: v1::Secret,
    /// The app that the grant belongs to.
    pub client_id: Option<String>,
    /// The only refresh token that may be spent.
    pub refresh_token: Option<Secret>,
    /// The access token and its times.
    pub access: Option<AccessToken>,
    /// Scopes that were granted, where Atlassian said so.
    pub scopes: Option<Vec<String>>,
    /// Whether the last refresh brought no new refresh token.
    pub offline_access_missing: bool,
    /// uid of the Secret that the first token was written to; a copy has another one.
    pub home_uid: Option<String>,
    /// Hashes of refresh tokens that were adopted from the person's Secret.
    pub adopted: Vec<TokenHash>,
    /// An exchange that is under way, or was interrupted.
    pub lock: Option<ExchangeLock>,
    /// The refusal that must not be asked for again.
    pub refusal: Option<Refusal>,
    /// When a person disconnected it: what is left is a tombstone with the hashes.
    pub disconnected: Option<Timestamp>,
    /// How often its tokens were replaced or taken away: an earlier state of the same Secret has a lower one.
    pub rotation: Option<u64>,
}

/// An access token.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessToken {
    /// Opens the API gateway.
    pub token: Secret,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was obtained.
    pub refreshed_at: Timestamp,
}

/// The lock that one process holds while it exchanges, and the trace it leaves if it dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeLock {
    /// Random id of the process.
    pub holder: String,
    /// Until when others wait.
    pub deadline: Timestamp,
    /// Hash of the refresh token that is being spent.
    pub spends: TokenHash,
    /// Whether that token comes from the person's Secret.
    pub adopts: bool,
    /// When the first exchange of that token was begun of which it is not known how it ended.
    pub begun: Option<Timestamp>,
}

/// A refusal by Atlassian, so that it is not asked for again, not even after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stands for the credentials and the token that were refused.
    pub fingerprint: String,
    /// What was refused.
    pub kind: RefusalKind,
    /// Atlassian's words.
    pub description: String,
    /// When an earlier exchange of the same token was interrupted, if one was.
    pub interrupted: Option<Timestamp>,
    /// When it was refused.
    pub at: Option<Timestamp>,
    /// Whether the token came from the person's Secret.
    #[serde(default)]
    pub adopts: bool,
}

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    /// The refresh token.
    Grant,
    /// The client secret.
    Client,
}

/// Stands for an app's credentials together with a refresh token.
#[must_use]
pub fn fingerprint(app: &OAuthApp, token: &Secret) -> String {
    let all = format!("{}\n{}\n{}", app.client_id, app.client_secret.expose(), token.expose());
    Secret::new(all).hash().as_str().to_owned()
}

impl Record {
    /// A grant Secret that is about to be created.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        let mut record = Self::default();
        record.secret.metadata.name = Some(name.to_owned());
        record.secret.metadata.namespace = Some(namespace.to_owned());
        record
    }

    /// Whether the Secret exists and is somebody else's: it is never touched.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        let labelled = self
            .secret
            .labels()
            .get(names::COMPONENT_LABEL)
            .is_some_and(|c| c == names::COMPONENT_GRANT);
        self.secret.metadata.uid.is_some() && !labelled && self.home_uid.is_none()
    }

    /// Whether the tokens were written to another Secret than this one.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.home_uid.is_some() && self.home_uid != self.secret.metadata.uid
    }

    /// Whether this is an earlier state of the Secret that ours was stored in, as a restore in place brings it
    /// back: its refresh token is spent. What somebody did since, a consent or a disconnect, is none.
    #[must_use]
    pub fn is_earlier_than(&self, ours: &Self) -> bool {
        let same = self.secret.metadata.uid.is_some() && self.secret.metadata.uid == ours.secret.metadata.uid;
        let earlier = self.rotation.zip(ours.rotation).is_some_and(|(was, is)| was < is);
        let known = self.lineage().is_some_and(|lineage| ours.adopted.contains(lineage));
        let replaced = self.refresh_token.is_some() && self.refresh_token != ours.refresh_token;
        same && earlier && known && replaced && self.disconnected.is_none()
    }

    /// Takes the tokens of an exchange over; `at` is when the exchange began. The access token among them.
    pub fn take(
        &mut self,
        tokens: Tokens,
        spent: &Secret,
        adopted: bool,
        app: &OAuthApp,
        at: Timestamp,
    ) -> AccessToken {
        let lifetime = SignedDuration::try_from(tokens.lifetime).unwrap_or(SignedDuration::from_hours(1));
        self.offline_access_missing = tokens.refresh_token.is_none();
        self.refresh_token = Some(tokens.refresh_token.unwrap_or_else(|| spent.clone()));
        let access = AccessToken {
            token: tokens.access_token,
            expires_at: at.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
            refreshed_at: at,
        };
        self.access = Some(access.clone());
        self.scopes = tokens.scopes.or_else(|| self.scopes.take().filter(|_| !adopted));
        self.settle(spent, adopted, app);
        access
    }

    /// Takes over the grant that a consent ended with; `first` is its refresh token. `supplied` is what stands
    /// in the person's Secret now: it counts as seen, so that it does not take the new grant's place.
    pub fn take_connected(
        &mut self,
        tokens: Tokens,
        first: &Secret,
        supplied: Option<&Secret>,
        app: &OAuthApp,
        at: Timestamp,
    ) -> AccessToken {
        if let Some(supplied) = supplied {
            self.remember(supplied);
        }
        self.take(tokens, first, true, app, at)
    }

    /// Leaves a tombstone: no token, and the hashes of those that must not be adopted again, `supplied`
    /// from the person's Secret among them.
    pub fn disconnect(&mut self, supplied: Option<&Secret>, at: Timestamp) {
        if let Some(supplied) = supplied.filter(|token| !self.adopted.contains(&token.hash())) {
            self.remember(supplied);
        }
        (self.refresh_token, self.access, self.scopes) = (None, None, None);
        (self.lock, self.refusal) = (None, None);
        self.offline_access_missing = false;
        self.disconnected = Some(at);
        self.turn();
    }

    fn turn(&mut self) {
        self.rotation = Some(self.rotation.unwrap_or(0).saturating_add(1));
    }

    /// Takes over a refresh token that was found in an answer without a usable access token. The
    /// access token of the same grant is as good as before.
    pub fn take_salvaged(&mut self, refresh_token: Secret, spent: &Secret, adopted: bool, app: &OAuthApp) {
        self.refresh_token = Some(refresh_token);
        self.access = self.access.take().filter(|_| !adopted);
        self.settle(spent, adopted, app);
    }

    fn settle(&mut self, spent: &Secret, adopted: bool, app: &OAuthApp) {
        self.client_id = Some(app.client_id.clone());
        self.home_uid = self.secret.metadata.uid.clone();
        self.lock = None;
        self.refusal = None;
        self.disconnected = None;
        self.turn();
        if adopted {
            self.remember(spent);
        }
    }

    /// The grant that is there, or was ended on request: none where a refused token was all that ever came.
    #[must_use]
    pub fn standing(&self) -> Option<&TokenHash> {
        let stands = self.refresh_token.is_some() || self.disconnected.is_some();
        self.lineage().filter(|_| stands)
    }

    /// The adopted token that this grant descends from.
    #[must_use]
    pub fn lineage(&self) -> Option<&TokenHash> {
        self.adopted.last()
    }

    /// Remembers a token that was refused, so that it is not offered again. The grant that may be
    /// stored besides goes on, and stays the last.
    pub fn remember_refused(&mut self, token: &Secret) {
        let current = self.refresh_token.as_ref().and_then(|_| self.adopted.pop());
        self.remember(token);
        self.adopted.extend(current);
    }

    /// Remembers a token from the person's Secret, so that it is never spent again.
    pub fn remember(&mut self, token: &Secret) {
        let hash = token.hash();
        self.adopted.retain(|known| *known != hash);
        self.adopted.push(hash);
        let surplus = self.adopted.len().saturating_sub(HASHES_KEPT);
        self.adopted.drain(..surplus);
    }

    /// When the grant dies if it is not refreshed until then.
    #[must_use]
    pub fn idle_expires_at(&self) -> Option<Timestamp> {
        let refreshed = self.access.as_ref()?.refreshed_at;
        refreshed.checked_add(IDLE_EXPIRY).ok()
    }
}

#[cfg(test)]
mod tests;
