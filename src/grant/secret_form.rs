//! How a grant is written down in its Secret, and read back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::{ByteString, api::core::v1};
use kube::ResourceExt;

use super::record::{Access, Mark, Record};
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
            Some(Access {
                token: Secret::new(text("access-token")?),
                expires_at: time("expires-at")?,
                refreshed_at: time("refreshed-at")?,
            })
        };
        let mark = || {
            Some(Mark {
                holder: text("exchange-holder")?,
                deadline: time("exchange-deadline")?,
                spends: TokenHash::stored(&text("exchange-spends")?),
                adopts: annotation(ADOPTING).is_some(),
            })
        };
        Self {
            client_id: text("client-id"),
            refresh_token: text("refresh-token").map(Secret::new),
            access: access(),
            scopes: text("scopes").map(|s| s.split_whitespace().map(str::to_owned).collect()),
            offline_access_missing: text("offline-access").as_deref() == Some("missing"),
            home_uid: text("home-uid"),
            adopted: annotation(HASHES).map(|all| hashes(&all)).unwrap_or_default(),
            mark: mark(),
            disconnected: time("disconnected-at"),
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
        let joined = self.adopted.iter().map(TokenHash::as_str).collect::<Vec<_>>().join(",");
        annotations.insert(HASHES.to_owned(), joined);
        match self.mark.as_ref().filter(|mark| mark.adopts) {
            Some(mark) => annotations.insert(ADOPTING.to_owned(), mark.spends.as_str().to_owned()),
            None => annotations.remove(ADOPTING),
        };
        match &self.home_uid {
            Some(uid) => annotations.insert(HOME.to_owned(), uid.clone()),
            None => annotations.remove(HOME),
        };
        secret.metadata.managed_fields = None;
        secret.data = Some(self.data());
        secret
    }

    fn data(&self) -> BTreeMap<String, ByteString> {
        let access = self.access.as_ref();
        let mark = self.mark.as_ref();
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
            ("exchange-holder", mark.map(|m| m.holder.clone())),
            ("exchange-deadline", mark.map(|m| m.deadline.to_string())),
            ("exchange-spends", mark.map(|m| m.spends.as_str().to_owned())),
            ("refusal", refusal),
            ("disconnected-at", self.disconnected.map(|at| at.to_string())),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), ByteString(value?.into_bytes()))))
        .collect()
    }
}

/// The hashes in the text of the annotation.
#[must_use]
pub fn hashes(annotation: &str) -> Vec<TokenHash> {
    annotation
        .split(',')
        .filter(|h| !h.is_empty())
        .map(TokenHash::stored)
        .collect()
}
