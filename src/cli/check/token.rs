//! The access token that the operator keeps, for a check of this command.

use std::time::Duration;

use jiff::Timestamp;

use crate::cli::context::ClusterContext;
use crate::{
    atlassian::{error::JiraError, secret::Secret},
    cluster::{
        error::describe,
        time::{after, clock},
    },
    diagnose::{Evidence, JiraResult},
    grant::{GrantKey, GrantStore},
};

/// How long a token has to live at least: a check of a large site takes a while.
const LIFE: Duration = Duration::from_mins(2);

/// Why nothing is checked live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLive {
    /// What follows "because".
    pub why: String,
    /// Whether Atlassian refuses the token, and the status does not say so yet.
    pub untold: bool,
}

impl NotLive {
    /// For this reason.
    #[must_use]
    pub fn because(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            untold: false,
        }
    }

    /// Atlassian refused the token. `authorized` is what the operator says.
    #[must_use]
    pub fn rejected(authorized: bool) -> Self {
        let known = if authorized { "" } else { ": see Authorized" };
        Self {
            why: format!("Atlassian does not accept the access token{known}"),
            untold: authorized,
        }
    }
}

/// A token, and what belongs to it.
pub struct LiveToken {
    /// The token.
    pub access: Secret,
    /// The OAuth app that it was given to.
    pub app: String,
    /// What it may do, where that is known.
    pub scopes: Option<Vec<String>>,
}

/// The token that the operator keeps. `authorized` is what the operator says of the grant.
pub async fn token(cluster: &ClusterContext, key: &GrantKey, authorized: bool) -> Result<LiveToken, NotLive> {
    let name = key.secret_name();
    let none = |why: String| Err(NotLive::because(why));
    let store = GrantStore::new(cluster.client.clone(), vec![key.namespace.clone()]);
    let record = match store.read(key).await {
        Ok(Some(record)) => record,
        Ok(None) => return none(format!("there is no Secret {name} yet: nobody has connected")),
        Err(kube::Error::Api(status)) if status.code == 403 => {
            return none(format!("you may not read Secret {name}"));
        }
        Err(error) => return none(format!("Secret {name} could not be read: {}", describe(&error))),
    };
    if record.is_foreign() {
        return none(format!("Secret {name} is not the operator's"));
    }
    if record.is_copy() {
        return none(format!("Secret {name} is a copy of a grant that is used elsewhere"));
    }
    let Some(access) = record.access else {
        return none(format!("Secret {name} holds no access token"));
    };
    if let Some(why) = is_spent(access.expires_at, Timestamp::now(), authorized) {
        return none(format!("the access token in Secret {name} {why}"));
    }
    Ok(LiveToken {
        access: access.token,
        app: record.client_id.unwrap_or_default(),
        scopes: record.scopes,
    })
}

/// Why a token that expires then is not used, in words.
fn is_spent(expires_at: Timestamp, now: Timestamp, authorized: bool) -> Option<String> {
    // Whether the operator can refresh it says Authorized.
    let who = if authorized {
        "; the operator refreshes it, and this command never does"
    } else {
        ": see Authorized"
    };
    if expires_at <= now {
        return Some(format!("expired at {}{who}", clock(expires_at)));
    }
    (expires_at <= after(now, LIFE)).then(|| format!("expires at {}, too soon for a look{who}", clock(expires_at)))
}

/// Whether the token died before its time: a 401 of what is no verdict about the account or a project.
#[must_use]
pub fn is_rejected(evidence: &Evidence) -> bool {
    fn is_401<T>(answer: Option<&JiraResult<T>>) -> bool {
        matches!(answer, Some(Err(JiraError::Unauthorized(_))))
    }
    is_401(evidence.site.as_ref().map(|site| &site.resources))
        || is_401(evidence.projects.as_ref())
        || is_401(evidence.desks.as_ref().and_then(|desks| desks.listed.as_ref()))
        || is_401(evidence.directory.as_ref().map(|directory| &directory.pinned))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::cli::check::evidence_file::SavedEvidence;

    #[test]
    fn a_token_needs_time_enough_for_a_look() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let at = |seconds: u64| after(now, Duration::from_secs(seconds));
        assert_eq!(is_spent(at(121), now, true), None);
        let soon = is_spent(at(119), now, true).unwrap();
        assert!(
            soon.contains("too soon") && soon.contains("the operator refreshes it"),
            "{soon}"
        );
        let dead = is_spent(now, now, false).unwrap();
        assert!(
            dead.starts_with("expired at") && dead.ends_with("see Authorized"),
            "{dead}"
        );
    }

    #[test]
    fn of_a_refused_token_nothing_is_promised() {
        for authorized in [true, false] {
            let NotLive { why, untold } = NotLive::rejected(authorized);
            assert!(!why.contains("by itself") && untold == authorized, "{why}");
        }
    }

    #[test]
    fn a_token_that_dies_during_a_look_gives_no_verdict() {
        let saved = SavedEvidence::load(Path::new("tests/fixtures/evidence/healthy.json")).unwrap();
        let healthy = saved.evidence.unwrap();
        assert!(!is_rejected(&healthy));
        let refused = || JiraError::Unauthorized("Unauthorized".to_owned());
        let with = |change: &dyn Fn(&mut Evidence)| {
            let mut evidence = healthy.clone();
            change(&mut evidence);
            is_rejected(&evidence)
        };
        assert!(with(&|evidence| evidence.projects = Some(Err(refused()))));
        assert!(with(
            &|evidence| evidence.site.as_mut().unwrap().resources = Err(refused())
        ));
        assert!(with(
            &|evidence| evidence.desks.as_mut().unwrap().listed = Some(Err(refused()))
        ));
        assert!(with(
            &|evidence| evidence.directory.as_mut().unwrap().pinned = Err(refused())
        ));
        assert!(
            !with(&|evidence| evidence.account = Some(Err(refused()))),
            "that is NoProductAccess"
        );
    }
}
