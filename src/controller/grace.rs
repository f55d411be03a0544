//! Grace for what is applied together: a Secret that arrives a moment after the integration that names it is worth a
//! condition, which is True of that moment, and no warning.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Resource, ResourceExt};

use super::{context::Context, observe::ObservedState};
use crate::api::{
    condition::{ConditionType, find},
    reason::Reason,
};

/// How long after an integration was created its Secret is waited for in silence.
const GRACE: SignedDuration = SignedDuration::from_secs(10);

/// Whether the condition says that the Secret is missing.
fn is_missing(condition: &Condition) -> bool {
    condition.reason == Reason::CredentialsNotFound.as_str()
}

/// The conditions that may be told of by events.
pub(super) fn worth_telling(observed: &ObservedState, conditions: &[Condition]) -> Vec<Condition> {
    let awaited = ends(created(observed), observed.now).is_some();
    let told = conditions
        .iter()
        .filter(|condition| !(awaited && is_missing(condition)));
    told.cloned().collect()
}

/// Until when the Secret is waited for in silence, where it is missing. Once that is over, a pass warns of what an
/// earlier one did not. If the process ended in between, the status alone tells it.
pub(super) async fn wait(ctx: &Context, observed: &ObservedState, conditions: &[Condition]) -> Option<Timestamp> {
    let missing = find(conditions, ConditionType::Authorized).filter(|condition| is_missing(condition))?;
    let end = ends(created(observed), observed.now);
    if end.is_none() && observed.local.awaited.is_some() {
        let object = observed.integration.object_ref(&());
        ctx.events
            .publish(&object, true, &missing.reason, &missing.message)
            .await;
    }
    end
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
