//! What comes of holding a grant: a good access token, or why there is none.

use jiff::Timestamp;

use super::{
    freshness::NotConnected,
    record::{Access, Record, Refusal, RefusalKind},
};
use crate::atlassian::secret::TokenHash;

/// A grant with a good access token.
#[derive(Clone, Debug)]
pub struct Held {
    /// The access token and its times.
    pub access: Access,
    /// Scopes that were granted, where Atlassian said so.
    pub scopes: Option<Vec<String>>,
    /// When the grant dies if it is not refreshed until then.
    pub idle_expires_at: Timestamp,
    /// Whether the last refresh brought no new refresh token.
    pub offline_access_missing: bool,
    /// The refresh token in the person's Secret was refused, and the earlier grant goes on.
    pub supplied_token_refused: bool,
    /// Which grant this is: it changes when another one is adopted, not when it rotates.
    pub lineage: Option<TokenHash>,
}

/// Why there is no access token, or none that can be renewed.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody has connected.
    NotConnected(NotConnected),
    /// The grant is used elsewhere.
    SharedElsewhere,
    /// A Secret of somebody else has the grant Secret's name.
    NameTaken,
    /// The grant Secret was deleted while its tokens are in memory. They are written back for
    /// an integration that exists, and for no other.
    Deleted,
    /// Atlassian refused.
    Refused(Refusal),
    /// Another process is exchanging.
    Busy {
        /// When its mark ends.
        until: Timestamp,
        /// The grant, while its access token lasts.
        still: Option<Box<Held>>,
    },
    /// Atlassian gave no usable answer.
    Unavailable {
        /// What was seen.
        detail: String,
        /// When it is tried again.
        retry_at: Timestamp,
        /// The grant, while its access token lasts.
        still: Option<Box<Held>>,
    },
    /// A Secret could not be read or written. New tokens, if any, wait in memory.
    NotWritable {
        /// What the API server answered.
        detail: String,
        /// New tokens wait in memory.
        unsaved: bool,
        /// The grant, while its access token lasts.
        still: Option<Box<Held>>,
    },
    /// The namespace is being deleted; nothing is to be done or said.
    Terminating,
}

impl Held {
    /// The grant of a record with this access token.
    #[must_use]
    pub fn of(record: &Record, access: Access) -> Self {
        Self {
            scopes: record.scopes.clone(),
            idle_expires_at: record.idle_expires_at().unwrap_or(access.expires_at),
            offline_access_missing: record.offline_access_missing,
            supplied_token_refused: record.refusal.as_ref().is_some_and(|r| r.kind == RefusalKind::Grant),
            lineage: record.lineage().cloned(),
            access,
        }
    }

    /// The grant as it can be used although it cannot be renewed: while its access token lasts.
    #[must_use]
    pub fn still(record: &Record) -> Option<Box<Self>> {
        let access = record
            .access
            .clone()
            .filter(|access| access.expires_at > Timestamp::now())?;
        Some(Box::new(Self::of(record, access)))
    }
}

impl Trouble {
    /// A Secret could not be read or written.
    #[must_use]
    pub fn not_writable(detail: &str, record: Option<&Record>) -> Self {
        Self::NotWritable {
            detail: detail.to_owned(),
            unsaved: false,
            still: record.and_then(Held::still),
        }
    }
}
