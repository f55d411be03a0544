//! When the next reconciliation is due, and what is waited for until then. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::{observe::ObservedState, results::Results, status::ReconcileEnd, steps::cost::interval, verdict::Verdict};
use crate::{
    api::{condition::ConditionType, reason::Reason},
    cluster::{backoff::jittered, time::after},
    controller::{
        local_state::{ClusterBackoff, DueTimes, JiraBackoff},
        reconcile_kind::ReconcileKind,
    },
};

/// Longest wait before tokens that are in memory only are stored: well within the ten minutes in
/// which Atlassian would still accept what was spent for them.
const UNSAVED_RETRY: Duration = Duration::from_secs(15);

/// What is waited for.
#[derive(Debug)]
pub struct Waits {
    /// Writes that the cluster refused.
    pub cluster: ClusterBackoff,
    /// Answers that Jira did not give.
    pub jira: JiraBackoff,
    /// What is due when, besides what the status says.
    pub due: DueTimes,
    /// When the next synchronisation is due.
    pub sync_at: Timestamp,
}

impl Waits {
    /// What is waited for after a reconciliation. `next_sync` is what its status says of the next one; `is_written`, that
    /// the status could be written.
    #[must_use]
    pub fn after(
        observed: &ObservedState,
        results: &Results,
        verdict: &Verdict,
        (next_sync, is_written): (Option<Timestamp>, bool),
        end: ReconcileEnd,
    ) -> Self {
        let stretch = results.cost.as_ref().and_then(|cost| cost.stretch);
        let regular = after(end.at, jittered(interval(observed, stretch), end.random));
        let jira = jira_backoff(observed, results, verdict, end);
        let before = observed.local.due;
        let set_anew = match (results.projects(), results.kind) {
            (Some(_), _) => None,
            // Nothing was asked that a synchronisation would ask.
            (None, ReconcileKind::TokenOnly | ReconcileKind::Resume) => before.next_sync,
            (None, ReconcileKind::Full | ReconcileKind::Incremental) => Some(regular),
        };
        let sync_at = match &jira.wait {
            Some(wait) => wait.until,
            None => set_anew.or(next_sync).unwrap_or(regular),
        };
        Self {
            cluster: cluster_backoff(observed, results, verdict, is_written, end),
            jira,
            due: DueTimes {
                next_sync: set_anew,
                resume_at: match results.kind {
                    ReconcileKind::TokenOnly => before.resume_at,
                    ReconcileKind::Full | ReconcileKind::Incremental | ReconcileKind::Resume => {
                        results.work.resume_at()
                    }
                },
                token_at: token_at(results),
            },
            sync_at,
        }
    }

    /// The times of which the earliest brings the next reconciliation.
    #[must_use]
    pub fn times(&self) -> [Option<Timestamp>; 3] {
        let retry_at = self.cluster.retry_at;
        let [first, second] = match retry_at {
            Some(at) => [Some(at), None],
            None => [Some(self.sync_at), self.due.token_at],
        };
        // Unfinished work resumes in the reconciliation that ends a wait for Jira or the cluster.
        let is_waiting = retry_at.is_some() || self.jira.wait.is_some();
        [first, second, self.due.resume_at.filter(|_| !is_waiting)]
    }
}

fn token_at(results: &Results) -> Option<Timestamp> {
    let grant = results.last_grant()?;
    let times = [grant.refresh_at, grant.exchange_at, grant.busy_until];
    times.into_iter().flatten().min()
}

fn cluster_backoff(
    observed: &ObservedState,
    results: &Results,
    verdict: &Verdict,
    is_written: bool,
    end: ReconcileEnd,
) -> ClusterBackoff {
    let authorized = verdict.findings.get(&ConditionType::Authorized);
    let refused = authorized.is_some_and(|finding| finding.reason == Reason::SecretNotWritable);
    if !refused && is_written {
        return ClusterBackoff::default();
    }
    let mut grants = [results.access.grant.as_ref(), results.last_grant()]
        .into_iter()
        .flatten();
    let is_unsaved = grants.any(|step| step.is_unsaved);
    let longest = if is_unsaved { UNSAVED_RETRY } else { Duration::MAX };
    observed.local.cluster.refused(longest, (end.at, end.random))
}

fn jira_backoff(observed: &ObservedState, results: &Results, verdict: &Verdict, end: ReconcileEnd) -> JiraBackoff {
    let before = &observed.local.jira;
    if results.kind == ReconcileKind::TokenOnly {
        // Jira was not asked, so nothing is known anew.
        return before.clone();
    }
    if !verdict.is_troubled() && verdict.cut_short.is_none() {
        return JiraBackoff::default();
    }
    let resumes = match verdict.cut_short {
        Some(_) => results.kind,
        None => ReconcileKind::Full,
    };
    let asks_as = observed.asks_jira_as();
    before.failed(verdict.retry_after, asks_as, resumes, (end.at, end.random))
}
