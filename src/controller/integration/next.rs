//! When the next reconciliation is due, and what is waited for until then. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::{observe::ObservedState, results::Results, status::End, steps::cost::interval, verdict::Verdict};
use crate::{
    api::{condition::ConditionType, reason::Reason},
    cluster::{
        backoff::{backoff, jittered, scaled},
        time::after,
    },
    controller::{local_state::JiraWait, reconcile_kind::ReconcileKind},
};

/// Longest wait before tokens that are in memory only are stored: well within the ten minutes in
/// which Atlassian would still accept what was spent for them.
const UNSAVED_RETRY: Duration = Duration::from_secs(15);

/// What is waited for.
#[derive(Debug)]
pub struct Waits {
    /// When what the cluster refused is tried again, and how often it was refused in a row.
    pub retry: (Option<Timestamp>, u32),
    /// Until when Jira is not asked, and how often it gave no usable answer in a row.
    pub jira: (Option<JiraWait>, u32),
    /// When the next synchronisation is due, where the status does not tell.
    pub next_look: Option<Timestamp>,
    /// When the next synchronisation is due.
    pub look: Timestamp,
    /// When something is due for the token.
    pub token_at: Option<Timestamp>,
    /// When the next slice of unfinished work is due.
    pub work_at: Option<Timestamp>,
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
        end: End,
    ) -> Self {
        let stretch = results.cost.as_ref().and_then(|cost| cost.stretch);
        let regular = after(end.at, jittered(interval(observed, stretch), end.random));
        let jira = jira_wait(observed, results, verdict, end);
        let next_look = match (results.projects(), results.kind) {
            (Some(_), _) => None,
            // Nothing was asked that a synchronisation would ask.
            (None, ReconcileKind::TokenOnly | ReconcileKind::Resume) => observed.local.next_look,
            (None, ReconcileKind::Full | ReconcileKind::Incremental) => Some(regular),
        };
        let look = match &jira.0 {
            Some(wait) => wait.until,
            None => next_look.or(next_sync).unwrap_or(regular),
        };
        Self {
            retry: retry(observed, results, verdict, is_written, end),
            jira,
            next_look,
            look,
            token_at: token_at(results),
            work_at: match results.kind {
                ReconcileKind::TokenOnly => observed.local.work_at,
                ReconcileKind::Full | ReconcileKind::Incremental | ReconcileKind::Resume => resume_at(results),
            },
        }
    }

    /// The times of which the earliest brings the next reconciliation.
    #[must_use]
    pub fn times(&self) -> [Option<Timestamp>; 3] {
        let retry_at = self.retry.0;
        let [first, second] = match retry_at {
            Some(at) => [Some(at), None],
            None => [Some(self.look), self.token_at],
        };
        // Unfinished work resumes in the reconciliation that ends a wait for Jira or the cluster.
        let work = self.work_at.filter(|_| retry_at.is_none() && self.jira.0.is_none());
        [first, second, work]
    }
}

fn token_at(results: &Results) -> Option<Timestamp> {
    let grant = results.last_grant()?;
    let times = [grant.refresh_at, grant.exchange_at, grant.busy_until];
    times.into_iter().flatten().min()
}

/// When work that is left unfinished goes on: at once where a slice ended.
fn resume_at(results: &Results) -> Option<Timestamp> {
    let times = [
        results.workflows.as_ref().and_then(|step| step.resume_at),
        results.issues.as_ref().and_then(|step| step.resume_at),
        results.directory.as_ref().and_then(|step| step.resume_at),
    ];
    times.into_iter().flatten().min()
}

/// When what the cluster refused is tried again, and how often it was refused in a row.
fn retry(
    observed: &ObservedState,
    results: &Results,
    verdict: &Verdict,
    is_written: bool,
    end: End,
) -> (Option<Timestamp>, u32) {
    let authorized = verdict.findings.get(&ConditionType::Authorized);
    let refused = authorized.is_some_and(|finding| finding.reason == Reason::SecretNotWritable);
    if !refused && is_written {
        return (None, 0);
    }
    let failures = observed.local.failures.saturating_add(1);
    let mut wait = backoff(failures, end.random);
    let grants = [results.grant.as_ref(), results.last_grant()];
    if grants.into_iter().flatten().any(|step| step.is_unsaved) {
        wait = wait.min(UNSAVED_RETRY);
    }
    (Some(after(end.at, wait)), failures)
}

/// Until when Jira is not asked, and how often it gave no usable answer in a row.
fn jira_wait(observed: &ObservedState, results: &Results, verdict: &Verdict, end: End) -> (Option<JiraWait>, u32) {
    if results.kind == ReconcileKind::TokenOnly {
        // Jira was not asked, so nothing is known anew.
        return (observed.local.jira_wait.clone(), observed.local.jira_failures);
    }
    if !verdict.is_troubled() && verdict.cut_short.is_none() {
        return (None, 0);
    }
    let failures = observed.local.jira_failures.saturating_add(1);
    // What Atlassian asks for is the least; a little more keeps all from coming back at once.
    let asked = verdict.retry_after.map(|wait| scaled(wait, 1.0 + 0.05 * end.random));
    let wait = backoff(failures, end.random).max(asked.unwrap_or_default());
    let wait = JiraWait {
        until: after(end.at, wait),
        by_atlassian: verdict.retry_after.is_some(),
        of: observed.asks_jira_as(),
        resumes: if verdict.cut_short.is_some() {
            results.kind
        } else {
            ReconcileKind::Full
        },
    };
    (Some(wait), failures)
}
