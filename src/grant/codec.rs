//! How a grant is written down in its Secret, and read back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::{ByteString, api::core::v1, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::ResourceExt;

use super::record::{AccessToken, ExchangeLock, Record};
use crate::{
    api::names,
    atlassian::secret::{Secret, TokenHash},
};

/// Hashes of adopted refresh tokens, comma-separated, newest last. In an annotation, so that
/// copies are found by reading metadata alone.
pub const HASHES: &str = "jira-operator.dev/refresh-token-hashes";
/// Hash of the refresh token that is being adopted.
pub const ADOPTING: &str = "jira-operator.dev/refresh-token-adopting";
/// uid of the Secret that the tokens were written to: by it a copy is known from metadata alone.
pub const HOME: &str = "jira-operator.dev/home-uid";
/// When a person disconnected it: by it a tombstone is known from metadata alone.
pub const DISCONNECTED: &str = "jira-operator.dev/disconnected-at";
/// How often the tokens were replaced: by it the watch knows which state of the Secret was deleted.
pub const ROTATION: &str = "jira-operator.dev/rotation";
/// Since when no integration names the credentials of the grant.
pub const UNUSED_SINCE: &str = "jira-operator.dev/unused-since";
/// How many hashes are read: more than are ever written count for nothing.
const HASHES_READ: usize = 20;

/// What the metadata of a grant Secret tells of it, without a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantIdentity {
    /// Its uid.
    pub uid: String,
    /// Whether it carries our label: somebody else's content may have been put in its place.
    pub is_ours: bool,
    /// How often its tokens were replaced.
    pub rotation: Option<u64>,
    /// Hashes of adopted tokens.
    pub adopted: Vec<TokenHash>,
    /// When a person disconnected it.
    pub disconnected: Option<Timestamp>,
}

impl GrantIdentity {
    /// Reads it. None for an object without uid.
    #[must_use]
    pub fn of(meta: &ObjectMeta) -> Option<Self> {
        let annotation = |key: &str| meta.annotations.as_ref()?.get(key).map(String::as_str);
        Some(Self {
            uid: meta.uid.clone()?,
            is_ours: meta
                .labels
                .as_ref()
                .and_then(|labels| labels.get(names::COMPONENT_LABEL))
                .is_some_and(|component| component == names::COMPONENT_GRANT),
            rotation: annotation(ROTATION).and_then(|text| text.parse().ok()),
            adopted: annotation(HASHES).map(hashes).unwrap_or_default(),
            disconnected: annotation(DISCONNECTED).and_then(|text| text.parse().ok()),
        })
    }

    /// Whether this is the very state that was stored.
    #[must_use]
    pub fn is_of(&self, stored: &Record) -> bool {
        stored.secret.metadata.uid.as_ref() == Some(&self.uid)
            && stored.rotation == self.rotation
            && stored.lineage() == self.adopted.last()
            && stored.disconnected == self.disconnected
    }
}

impl Record {
    /// Reads a grant Secret. A value that cannot be read counts as absent.
    #[must_use]
    pub fn read(mut secret: v1::Secret) -> Self {
        // What is kept of the Secret itself holds no token, so that it can be printed.
        let data = secret.data.take();
        let text = |key: &str| {
            let bytes = data.as_ref()?.get(key)?;
            std::str::from_utf8(&bytes.0)
                .ok()
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        let time = |key: &str| text(key)?.parse::<Timestamp>().ok();
        let annotation = |key: &str| secret.annotations().get(key).cloned();
        let access = || {
            Some(AccessToken {
                token: Secret::new(text("access-token")?),
                expires_at: time("expires-at")?,
                refreshed_at: time("refreshed-at")?,
            })
        };
        let lock = || {
            Some(ExchangeLock {
                holder: text("exchange-holder")?,
                deadline: time("exchange-deadline")?,
                spends: TokenHash::stored(&text("exchange-spends")?),
                adopts: annotation(ADOPTING).is_some(),
                begun: time("exchange-begun"),
            })
        };
        let listed = text("refresh-token-hashes").map(|all| hashes(&all)).unwrap_or_default();
        let annotated = annotation(HASHES).map(|all| hashes(&all)).unwrap_or_default();
        Self {
            client_id: text("client-id"),
            refresh_token: text("refresh-token").map(Secret::new),
            access: access(),
            scopes: text("scopes").map(|s| s.split_whitespace().map(str::to_owned).collect()),
            offline_access_missing: text("offline-access").as_deref() == Some("missing"),
            home_uid: text("home-uid"),
            adopted: union(annotated, listed),
            lock: lock(),
            disconnected: time("disconnected-at"),
            rotation: text("rotation").and_then(|text| text.parse().ok()),
            refusal: text("refusal").and_then(|json| serde_json::from_str(&json).ok()),
            secret,
        }
    }

    /// The Secret to write: data replaced whole, labels and annotations of others kept.
    #[must_use]
    pub fn render(&self) -> v1::Secret {
        let mut secret = self.secret.clone();
        let labels = secret.metadata.labels.get_or_insert_default();
        labels.insert(names::MANAGED_BY.to_owned(), names::MANAGER.to_owned());
        labels.insert(names::COMPONENT_LABEL.to_owned(), names::COMPONENT_GRANT.to_owned());
        let annotations = secret.metadata.annotations.get_or_insert_default();
        let adopting = self.lock.as_ref().filter(|lock| lock.adopts);
        for (key, value) in [
            (HASHES, Some(self.hashes())),
            (ADOPTING, adopting.map(|lock| lock.spends.as_str().to_owned())),
            (HOME, self.home_uid.clone()),
            (DISCONNECTED, self.disconnected.map(|at| at.to_string())),
            (ROTATION, self.rotation.map(|number| number.to_string())),
        ] {
            match value {
                Some(value) => annotations.insert(key.to_owned(), value),
                None => annotations.remove(key),
            };
        }
        secret.metadata.managed_fields = None;
        secret.data = Some(self.data());
        secret
    }

    fn hashes(&self) -> String {
        self.adopted.iter().map(TokenHash::as_str).collect::<Vec<_>>().join(",")
    }

    fn data(&self) -> BTreeMap<String, ByteString> {
        let access = self.access.as_ref();
        let lock = self.lock.as_ref();
        let refusal = self.refusal.as_ref().and_then(|r| serde_json::to_string(r).ok());
        [
            ("client-id", self.client_id.clone()),
            (
                "refresh-token",
                self.refresh_token.as_ref().map(|t| t.expose().to_owned()),
            ),
            ("access-token", access.map(|a| a.token.expose().to_owned())),
            ("expires-at", access.map(|a| a.expires_at.to_string())),
            ("refreshed-at", access.map(|a| a.refreshed_at.to_string())),
            ("scopes", self.scopes.as_ref().map(|s| s.join(" "))),
            (
                "offline-access",
                self.offline_access_missing.then(|| "missing".to_owned()),
            ),
            ("home-uid", self.home_uid.clone()),
            ("exchange-holder", lock.map(|m| m.holder.clone())),
            ("exchange-deadline", lock.map(|m| m.deadline.to_string())),
            ("exchange-spends", lock.map(|m| m.spends.as_str().to_owned())),
            ("exchange-begun", lock.and_then(|m| m.begun).map(|at| at.to_string())),
            (
                "refresh-token-hashes",
                Some(self.hashes()).filter(|all| !all.is_empty()),
            ),
            ("rotation", self.rotation.map(|number| number.to_string())),
            ("refusal", refusal),
            ("disconnected-at", self.disconnected.map(|at| at.to_string())),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), ByteString(value?.into_bytes()))))
        .collect()
    }
}

/// The hashes in a text, newest last. What is longer than a hash is none, and of many only the newest count: others
/// may write into annotations, too.
#[must_use]
pub fn hashes(text: &str) -> Vec<TokenHash> {
    let all = text.rsplit(',').filter(|hash| !hash.is_empty() && hash.len() <= 64);
    let mut newest: Vec<TokenHash> = all.take(HASHES_READ).map(TokenHash::stored).collect();
    newest.reverse();
    newest
}

/// All hashes of both places. An annotation may be stripped by others, and data was written with it; what only the
/// annotation has is older than what is in both.
fn union(annotated: Vec<TokenHash>, listed: Vec<TokenHash>) -> Vec<TokenHash> {
    if listed.is_empty() {
        return annotated;
    }
    let only_there = annotated.into_iter().filter(|hash| !listed.contains(hash));
    let mut all: Vec<TokenHash> = only_there.collect();
    all.extend(listed);
    all
}
