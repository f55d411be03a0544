//! What a pass leaves behind: what the next one needs to know, and when that is.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::runtime::controller::Action;

use super::{
    local_state::{JiraWait, LocalState},
    observe::ObservedState,
    outcome::Outcome,
    schedule::{ReconcileKind, earliest},
};
use crate::{
    api::{condition::ConditionType, reason::Reason},
    cluster::{
        backoff::{backoff, jittered, scaled},
        time::after,
    },
};

/// Longest wait before tokens that are in memory only are stored: well within the ten minutes in
/// which Atlassian would still accept what was spent for them.
const UNSAVED_RETRY: Duration = Duration::from_secs(15);

/// Longest interval to which one is stretched.
const LONGEST_INTERVAL: Duration = Duration::from_hours(6);

/// A pass that ended.
pub(super) struct Passed<'a> {
    /// What was done.
    pub(super) done: ReconcileKind,
    /// What was found.
    pub(super) outcome: &'a Outcome,
    /// The status is to be written by another try.
    pub(super) unwritten: bool,
    /// When the next synchronisation is due, as the status says.
    pub(super) next_sync: Option<Timestamp>,
    /// When it ended.
    pub(super) ended: Timestamp,
}

/// What is waited for.
struct Waits {
    /// When what the cluster refused is tried again, and how often it was refused in a row.
    retry: (Option<Timestamp>, u32),
    /// Until when Jira is not asked, and how often it gave no usable answer in a row.
    jira: (Option<JiraWait>, u32),
    /// When the next look is due, where the status does not tell.
    next_look: Option<Timestamp>,
    /// When the next look is due.
    look: Timestamp,
    /// When something is due for the token.
    token_at: Option<Timestamp>,
    /// When the next slice of unfinished work is due.
    work_at: Option<Timestamp>,
}

impl Waits {
    fn after(observed: &ObservedState, passed: &Passed<'_>) -> Self {
        let (outcome, ended) = (passed.outcome, passed.ended);
        let regular = after(ended, jittered(interval(observed, outcome), rand::random()));
        let jira = jira_wait(observed, passed);
        let next_look = match (&outcome.synced, passed.done) {
            (Some(_), _) => None,
            // Nothing was asked that a look would ask.
            (None, ReconcileKind::TokenOnly | ReconcileKind::Resume) => observed.local.next_look,
            (None, ReconcileKind::Full | ReconcileKind::Incremental) => Some(regular),
        };
        let look = match &jira.0 {
            Some(wait) => wait.until,
            None => next_look.or(passed.next_sync).unwrap_or(regular),
        };
        let of_token = [outcome.refresh_at, outcome.exchange_at, outcome.busy_until];
        Self {
            retry: retry(observed, passed),
            jira,
            next_look,
            look,
            token_at: of_token.into_iter().flatten().min(),
            work_at: match passed.done {
                ReconcileKind::TokenOnly => observed.local.work_at,
                ReconcileKind::Full | ReconcileKind::Incremental | ReconcileKind::Resume => outcome.work_at,
            },
        }
    }

    /// The next pass, `awaited` being what else is waited for.
    fn action(&self, awaited: Option<Timestamp>, now: Timestamp) -> Action {
        let retry_at = self.retry.0;
        let [first, second] = match retry_at {
            Some(at) => [Some(at), None],
            None => [Some(self.look), self.token_at],
        };
        // What waits for Jira or the cluster is gone on with by the pass that ends the wait.
        let work = self.work_at.filter(|_| retry_at.is_none() && self.jira.0.is_none());
        requeue(&[first, second, work, awaited], now)
    }
}

/// Decides when the next look is due and when the next pass, and what it is to remember.
pub(super) fn settle(
    observed: &ObservedState,
    local: LocalState,
    passed: &Passed<'_>,
) -> (LocalState, Timestamp, Action) {
    let waits = Waits::after(observed, passed);
    let action = waits.action(local.awaited, passed.ended);
    let look = waits.look;
    let local = found(observed, local, passed);
    let local = LocalState {
        failures: waits.retry.1,
        retry_at: waits.retry.0,
        jira_failures: waits.jira.1,
        jira_wait: waits.jira.0,
        next_look: waits.next_look,
        work_at: waits.work_at,
        token_at: waits.token_at,
        ..local
    };
    (local, look, action)
}

/// What is remembered of what was found.
fn found(observed: &ObservedState, local: LocalState, passed: &Passed<'_>) -> LocalState {
    let (outcome, before, done) = (passed.outcome, &observed.local, passed.done);
    // A look that Jira cut short has not found again what was lost.
    let looked_again = done == ReconcileKind::Full && !outcome.rate_limited;
    let asked = done != ReconcileKind::TokenOnly;
    let phased = outcome.phased.as_ref().unwrap_or(&before.phased);
    LocalState {
        unwritten: passed.unwritten || (before.unwritten && !looked_again),
        judged_for: outcome.judged_for.clone().or_else(|| before.judged_for.clone()),
        looks: before.looks.wrapping_add(usize::from(done == ReconcileKind::Full)),
        plain_looks: before
            .plain_looks
            .wrapping_add(usize::from(done == ReconcileKind::Incremental)),
        is_unlisted: outcome.is_unlisted,
        has_passed: true,
        tried: if asked {
            Some(observed.generation())
        } else {
            before.tried
        },
        taken: outcome.taken(observed, done),
        unknown_statuses: outcome.unknown_statuses.clone(),
        phased: Arc::clone(phased),
        // A pass that did not come to it leaves it as it was.
        inventory: match outcome.inventory_done {
            Some(_) => None,
            None => outcome.inventory.clone().or_else(|| before.inventory.clone()),
        },
        costs: if asked { outcome.costs } else { before.costs },
        credentials: observed.credentials_version.clone(),
        lineage: outcome.lineage.clone().or_else(|| before.lineage.clone()),
        ..local
    }
}

/// The interval as it is now: longer than declared where the hour's points would not last.
pub(super) fn interval(observed: &ObservedState, outcome: &Outcome) -> Duration {
    let declared = observed.integration.spec.interval();
    let stretched = scaled(declared, outcome.stretch.unwrap_or(1.0));
    stretched.min(LONGEST_INTERVAL.max(declared))
}

/// When what the cluster refused is tried again, and how often it was refused in a row.
fn retry(observed: &ObservedState, passed: &Passed<'_>) -> (Option<Timestamp>, u32) {
    let authorized = passed.outcome.findings.get(&ConditionType::Authorized);
    let refused = authorized.is_some_and(|finding| finding.reason == Reason::SecretNotWritable);
    if !refused && !passed.unwritten {
        return (None, 0);
    }
    let failures = observed.local.failures.saturating_add(1);
    let mut wait = backoff(failures, rand::random());
    if passed.outcome.unsaved {
        wait = wait.min(UNSAVED_RETRY);
    }
    (Some(after(passed.ended, wait)), failures)
}

/// Until when Jira is not asked, and how often it gave no usable answer in a row.
fn jira_wait(observed: &ObservedState, passed: &Passed<'_>) -> (Option<JiraWait>, u32) {
    let outcome = passed.outcome;
    if passed.done == ReconcileKind::TokenOnly {
        // Jira was not asked, so nothing is known anew.
        return (observed.local.jira_wait.clone(), observed.local.jira_failures);
    }
    if !outcome.is_troubled() && !outcome.rate_limited && !outcome.unanswered {
        return (None, 0);
    }
    let failures = observed.local.jira_failures.saturating_add(1);
    // What Atlassian asks for is the least; a little more keeps all from coming back at once.
    let asked = outcome
        .retry_after
        .map(|wait| scaled(wait, 1.0 + 0.05 * rand::random::<f64>()));
    let wait = backoff(failures, rand::random()).max(asked.unwrap_or_default());
    let wait = JiraWait {
        until: after(passed.ended, wait),
        by_atlassian: outcome.retry_after.is_some(),
        of: observed.asks_jira_as(),
        resumes: if outcome.rate_limited || outcome.unanswered {
            passed.done
        } else {
            ReconcileKind::Full
        },
    };
    (Some(wait), failures)
}

/// The next pass at the earliest of these times.
pub(super) fn requeue(times: &[Option<Timestamp>], now: Timestamp) -> Action {
    earliest(times, now).map_or_else(Action::await_change, Action::requeue)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
    use serde_json::json;

    use super::*;
    use crate::{
        api::{condition::Finding, integration::JiraIntegration},
        atlassian::site::SiteUrl,
        grant::{
            credentials::CredentialsError,
            publish::{TokenSecret, TokenSecretState},
            store::GrantKey,
        },
    };

    fn observed(local: &LocalState) -> ObservedState {
        let integration: JiraIntegration = serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration",
            "metadata": {"name": "acme", "namespace": "ns", "uid": "u1", "generation": 1},
            "spec": {"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}}
        }))
        .unwrap();
        ObservedState {
            status: integration.status.clone().unwrap_or_default(),
            local: local.clone(),
            site: SiteUrl::parse(&integration.spec.site, &[]),
            credentials: Err(CredentialsError::NotFound("acme-oauth".into())),
            credentials_version: None,
            grant: GrantKey {
                namespace: "ns".into(),
                credentials: "acme-oauth".into(),
            },
            target: TokenSecret {
                namespace: "ns".into(),
                name: "acme-jira-token".into(),
                integration: "acme".into(),
                owner: OwnerReference::default(),
            },
            published: TokenSecretState::Nothing,
            now: Timestamp::UNIX_EPOCH,
            integration,
        }
    }

    fn settled(local: &LocalState, done: ReconcileKind, outcome: &Outcome, unwritten: bool) -> LocalState {
        let passed = Passed {
            done,
            outcome,
            unwritten,
            next_sync: None,
            ended: Timestamp::UNIX_EPOCH,
        };
        settle(&observed(local), local.clone(), &passed).0
    }

    #[test]
    fn a_status_that_could_not_be_written_is_doubted_until_everything_was_looked_at_again() {
        let well = Outcome::default();
        let lost = settled(&LocalState::default(), ReconcileKind::Full, &well, true);
        assert!(lost.unwritten && lost.retry_at.is_some());
        for done in [
            ReconcileKind::TokenOnly,
            ReconcileKind::Resume,
            ReconcileKind::Incremental,
        ] {
            assert!(settled(&lost, done, &well, false).unwritten, "{done:?}");
        }
        let limited = Outcome {
            rate_limited: true,
            ..Outcome::default()
        };
        assert!(
            settled(&lost, ReconcileKind::Full, &limited, false).unwritten,
            "it was cut short"
        );
        assert!(!settled(&lost, ReconcileKind::Full, &well, false).unwritten);
    }

    #[test]
    fn what_jira_cut_short_is_gone_on_with_and_trouble_is_looked_at_in_full() {
        let resumes = |done, outcome: &Outcome| {
            let wait = settled(&LocalState::default(), done, outcome, false).jira_wait;
            wait.map(|wait| wait.resumes)
        };
        let limited = Outcome {
            rate_limited: true,
            ..Outcome::default()
        };
        let unanswered = Outcome {
            unanswered: true,
            ..Outcome::default()
        };
        for due in [ReconcileKind::Incremental, ReconcileKind::Resume, ReconcileKind::Full] {
            assert_eq!(resumes(due, &limited), Some(due));
            assert_eq!(resumes(due, &unanswered), Some(due));
        }
        let mut troubled = Outcome::default();
        troubled.note(Finding::plain(ConditionType::SiteReachable, Reason::SiteUnavailable));
        assert_eq!(
            resumes(ReconcileKind::Incremental, &troubled),
            Some(ReconcileKind::Full)
        );
        assert_eq!(resumes(ReconcileKind::Incremental, &Outcome::default()), None);
    }
}
