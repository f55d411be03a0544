//! What comes of holding a grant: a good access token, or why there is none.

use jiff::Timestamp;

use super::{
    credentials::CredentialsError,
    freshness::NotConnected,
    record::{AccessToken, Record, Refusal, RefusalKind},
};
use crate::atlassian::secret::{Secret, TokenHash};
use crate::cluster::error::{WriteError, describe};

/// A grant with a good access token.
#[derive(Clone, Debug)]
pub struct ActiveGrant {
    /// The access token and its times.
    pub access: AccessToken,
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

/// What is done with a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOperation {
    /// It is read.
    Read,
    /// It is written.
    Write,
    /// It is looked whether another Secret holds the same grant.
    LookForCopies,
}

impl SecretOperation {
    /// The verb for one that failed.
    #[must_use]
    pub const fn failed(self) -> &'static str {
        match self {
            Self::Read => "could not be read",
            Self::Write => "could not be written",
            Self::LookForCopies => "could not be looked for copies of",
        }
    }
}

/// Why there is no access token, or none that can be renewed.
#[derive(Debug)]
pub enum GrantError {
    /// Nobody has connected.
    NotConnected(NotConnected),
    /// The grant is used elsewhere.
    SharedElsewhere,
    /// A Secret of somebody else has the grant Secret's name.
    NameTaken,
    /// The grant Secret was deleted while its tokens are in memory. They are written back for
    /// an integration that exists, and for no other; and once the watch has told that it was these
    /// that were deleted, and not what somebody put in their place.
    Deleted,
    /// Atlassian refused.
    Refused(Refusal),
    /// Another process is exchanging.
    Busy {
        /// When its lock ends.
        until: Timestamp,
        /// The grant, while its access token lasts.
        still: Option<Box<ActiveGrant>>,
    },
    /// Atlassian gave no usable answer.
    Unavailable {
        /// What was seen.
        detail: String,
        /// When it is tried again.
        retry_at: Timestamp,
        /// The grant, while its access token lasts.
        still: Option<Box<ActiveGrant>>,
    },
    /// The grant Secret could not be read or written. New tokens, if any, wait in memory.
    NotWritable {
        /// What was tried.
        attempt: SecretOperation,
        /// What the API server answered.
        detail: String,
        /// New tokens wait in memory.
        unsaved: bool,
    },
    /// The person's Secret, read again before a token of it was spent, cannot be used any more.
    Credentials(CredentialsError),
    /// The namespace is being deleted; nothing is to be done or said.
    Terminating,
}

impl ActiveGrant {
    /// The grant of a record with this access token.
    #[must_use]
    pub fn of(record: &Record, access: AccessToken) -> Self {
        Self {
            scopes: record.scopes.clone(),
            idle_expires_at: record.idle_expires_at().unwrap_or(access.expires_at),
            offline_access_missing: record.offline_access_missing,
            supplied_token_refused: record
                .refusal
                .as_ref()
                .is_some_and(|refusal| refusal.kind == RefusalKind::Grant && refusal.adopts),
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

impl From<WriteError> for GrantError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Terminating => Self::Terminating,
            other => Self::unwritten(&other.to_string()),
        }
    }
}

impl From<kube::Error> for GrantError {
    fn from(error: kube::Error) -> Self {
        Self::unread(&error)
    }
}

impl GrantError {
    /// The grant Secret could not be read or written.
    #[must_use]
    pub fn secret(attempt: SecretOperation, detail: &str) -> Self {
        Self::NotWritable {
            attempt,
            detail: detail.to_owned(),
            unsaved: false,
        }
    }

    /// It could not be read.
    #[must_use]
    pub fn unread(error: &kube::Error) -> Self {
        Self::secret(SecretOperation::Read, &describe(error))
    }

    /// It could not be written.
    #[must_use]
    pub fn unwritten(detail: &str) -> Self {
        Self::secret(SecretOperation::Write, detail)
    }

    /// The same, with whether new tokens wait in memory.
    #[must_use]
    pub fn keeping(self, tokens_wait: bool) -> Self {
        match self {
            Self::NotWritable { attempt, detail, .. } => Self::NotWritable {
                attempt,
                detail,
                unsaved: tokens_wait,
            },
            other => other,
        }
    }

    /// The same, where an access token was rejected: that it lasts is no comfort then.
    #[must_use]
    pub fn without(self, rejected: Option<&Secret>) -> Self {
        let good = |still: Option<Box<ActiveGrant>>| still.filter(|held| Some(&held.access.token) != rejected);
        match self {
            Self::Busy { until, still } => Self::Busy {
                until,
                still: good(still),
            },
            Self::Unavailable {
                detail,
                retry_at,
                still,
            } => Self::Unavailable {
                detail,
                retry_at,
                still: good(still),
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grant that was refused, for a client secret that is corrected by now, say, is no token of the person's.
    #[test]
    fn only_a_token_that_was_supplied_is_told_as_refused() {
        let access = AccessToken {
            token: Secret::new("a".into()),
            expires_at: Timestamp::UNIX_EPOCH,
            refreshed_at: Timestamp::UNIX_EPOCH,
        };
        let of = |kind, adopts| {
            let refusal = Refusal {
                fingerprint: String::new(),
                kind,
                description: String::new(),
                interrupted: None,
                at: None,
                adopts,
            };
            let record = Record {
                refusal: Some(refusal),
                ..Record::default()
            };
            ActiveGrant::of(&record, access.clone()).supplied_token_refused
        };
        assert!(of(RefusalKind::Grant, true));
        assert!(!of(RefusalKind::Grant, false) && !of(RefusalKind::Client, true));
    }
}
