//! What becomes of a consent.

use jiff::Timestamp;

use crate::api::{
    condition::Finding,
    integration::AccountStatus,
    reason::{Holds, Reason},
};

/// What became of a consent.
#[derive(Clone, Debug)]
pub enum ConnectOutcome {
    /// The grant is stored.
    Connected {
        /// Whose it is.
        account: AccountStatus,
        /// What was found of it.
        findings: Vec<Finding>,
        /// When it was obtained.
        since: Timestamp,
    },
    /// It was looked at and refused; nothing of it was stored. The findings say why.
    Refused(Vec<Finding>),
    /// There was nothing to look at.
    Failed(ConnectFailure),
}

/// Why there was nothing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectFailure {
    /// The person did not accept.
    Declined,
    /// Atlassian refused what was asked for.
    AppRefused {
        /// The `error` of RFC 6749 §4.1.2.1.
        error: String,
        /// Atlassian's own words.
        description: String,
    },
    /// Atlassian gave no tokens for the code.
    CodeRefused {
        /// Atlassian's own words.
        description: String,
    },
    /// The cluster did not say how the integration stands; the code was not exchanged.
    NotAsked,
    /// Somebody connected it meanwhile; the code was not exchanged.
    AlreadyConnected,
    /// The integration or its Secret is not what it was when the person started.
    Changed,
    /// The code was exchanged, and the grant could not be stored yet.
    Unsaved {
        /// What stood in the way.
        detail: String,
    },
}

impl ConnectOutcome {
    /// Whether the grant was looked at and is not the right one: an outage, or a cluster that refuses, says
    /// nothing of it.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        let wrong = |finding: &Finding| {
            let holds = finding.reason.entry().holds;
            holds == Holds::False
                || finding.reason == Reason::OfflineAccessMissing
                || finding.reason == Reason::EmailHidden
        };
        matches!(self, Self::Refused(findings) if findings.iter().any(wrong))
    }

    /// Whether the grant is stored.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}
