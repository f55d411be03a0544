//! What becomes of a consent, in words for the page and the terminal alike.

use jiff::Timestamp;

use crate::api::{
    condition::Finding,
    integration::AccountStatus,
    reason::{Holds, Reason},
    scopes,
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

/// What a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeText {
    /// The sentence on top.
    pub title: String,
    /// What happened.
    pub what: String,
    /// The next step.
    pub next: String,
}

impl ConnectFailure {
    /// In words. `callback` is the address that the app has to have.
    #[must_use]
    pub fn text(&self, callback: &str) -> OutcomeText {
        let (title, what, next) = match self {
            Self::Declined => (
                "Access was declined",
                "The consent was not accepted, so nothing was changed.".to_owned(),
                "Try again and choose Accept; the account must be the dedicated one.".to_owned(),
            ),
            Self::AppRefused { error, description } => app_refused(error, description, callback),
            Self::CodeRefused { description } => (
                "Atlassian did not honour the consent",
                format!("Atlassian gave no tokens for the code ({description}). A code works once, within a short time, and for the app and callback address it was made for."),
                format!("Try again. If it happens again, compare the callback URL of the app in the developer console: it must be {callback}."),
            ),
            Self::NotAsked => (
                "The cluster did not answer",
                "How the integration stands could not be looked up, so the consent was not used and nothing was changed."
                    .to_owned(),
                "Try again in a moment, from the link.".to_owned(),
            ),
            Self::AlreadyConnected => (
                "Connected meanwhile",
                "The integration was connected in another window since you started, so this consent was not needed and nothing was changed.".to_owned(),
                "You can close this page.".to_owned(),
            ),
            Self::Changed => (
                "The integration changed meanwhile",
                "The JiraIntegration, or the Secret that it names, is not what it was when you started, so nothing was stored.".to_owned(),
                "Read the link in its status again, and start from there.".to_owned(),
            ),
            Self::Unsaved { detail } => (
                "The grant is not stored yet",
                format!("Atlassian gave the grant, and it could not be stored: {detail}."),
                "The operator keeps it in memory and tries again by itself. Fix what the cluster says before the operator is restarted.".to_owned(),
            ),
        };
        OutcomeText {
            title: title.to_owned(),
            what,
            next,
        }
    }
}

fn app_refused(error: &str, description: &str, callback: &str) -> (&'static str, String, String) {
    let said = if description.is_empty() { error } else { description };
    let next = match error {
        "invalid_scope" => format!(
            "Add all scopes to the app in the developer console under Permissions, then try again: {}.",
            scopes::of_jira().collect::<Vec<_>>().join(" ")
        ),
        "unauthorized_client" | "invalid_request" => format!(
            "In the developer console, compare the app's client id and its callback URL, which must be {callback}, then try again."
        ),
        _ => "Try again in a while. If it goes on, look at the app in the developer console.".to_owned(),
    };
    (
        "Atlassian refused the request",
        format!("Atlassian said: {said}."),
        next,
    )
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
