//! Grace for what is applied together: a Secret that arrives a moment after the integration that names it is worth a
//! condition, which is True of that moment, and no warning.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Resource, ResourceExt};

use super::observe::ObservedState;
use crate::{
    api::{
        condition::{ConditionType, find},
        integration::JiraIntegrationStatus,
        reason::Reason,
    },
    cluster::events::Notice,
};

/// How long after an integration was created its Secret is waited for in silence.
const GRACE: SignedDuration = SignedDuration::from_secs(10);

/// Whether the condition says that the Secret is missing.
fn is_missing(condition: &Condition) -> bool {
    condition.reason == Reason::CredentialsNotFound.as_str()
}

/// The conditions that may become events.
pub fn worth_telling(observed: &ObservedState, status: &JiraIntegrationStatus) -> Vec<Condition> {
    let awaited = ends(created(observed), observed.now).is_some();
    let mut told = of_their_own(status);
    told.retain(|condition| !(awaited && is_missing(condition)));
    told
}

/// The conditions of which no other tells already.
#[must_use]
pub fn of_their_own(status: &JiraIntegrationStatus) -> Vec<Condition> {
    let mut conditions = status.conditions.clone();
    conditions.retain(|condition| !status.consequences.contains(&condition.type_));
    conditions
}

/// What is waited for in silence.
#[derive(Debug, Default)]
pub struct Grace {
    /// Until when the Secret is waited for, where it is missing.
    pub until: Option<Timestamp>,
    /// The event once that is over. If the process ended in between, the status alone says it.
    pub event: Option<Notice>,
}

/// Whether a missing Secret is waited for in silence, or becomes an event because that is over.
#[must_use]
pub fn wait(observed: &ObservedState, conditions: &[Condition]) -> Grace {
    let missing = find(conditions, ConditionType::Authorized).filter(|condition| is_missing(condition));
    let Some(missing) = missing else {
        return Grace::default();
    };
    let until = ends(created(observed), observed.now);
    let is_over = until.is_none() && observed.local.notices.missing_secret_grace.is_some();
    let object = observed.integration.object_ref(&());
    Grace {
        until,
        event: is_over.then(|| Notice::warning(object, &missing.reason, missing.message.clone())),
    }
}

fn created(observed: &ObservedState) -> Option<Timestamp> {
    observed.integration.creation_timestamp().map(|time| time.0)
}

fn ends(created: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let end = created?.saturating_add(GRACE).ok()?;
    (now < end).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_integration_has_grace_and_an_older_one_none() {
        let at = |seconds| {
            Timestamp::UNIX_EPOCH
                .saturating_add(SignedDuration::from_secs(seconds))
                .ok()
        };
        let now = |seconds| at(seconds).unwrap_or_default();
        assert_eq!(ends(at(100), now(100)), at(110));
        assert_eq!(ends(at(100), now(109)), at(110));
        assert_eq!(ends(at(100), now(110)), None);
        assert_eq!(ends(None, now(0)), None);
    }
}
