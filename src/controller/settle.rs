//! What a pass leaves behind: what the next one needs to know, and when that is.

use jiff::Timestamp;
use kube::runtime::controller::Action;

use super::{
    memory::{Gate, Memory},
    observe::Seen,
    outcome::Outcome,
    schedule::{Due, after, backoff, earliest, jittered},
};
use crate::api::{
    condition::ConditionType,
    reason::{Disposition, Reason},
};

/// A pass that ended.
pub(super) struct Passed<'a> {
    /// What was done.
    pub(super) done: Due,
    /// What was found.
    pub(super) outcome: &'a Outcome,
    /// The status is to be written by another try.
    pub(super) unwritten: bool,
    /// When the next synchronisation is due, as the status says.
    pub(super) next_sync: Option<Timestamp>,
    /// When it ended.
    pub(super) ended: Timestamp,
}

/// Decides when the next pass is due, and what it is to remember.
pub(super) fn settle(seen: &Seen, memory: Memory, passed: &Passed<'_>) -> (Memory, Action) {
    let (outcome, ended) = (passed.outcome, passed.ended);
    let interval = jittered(seen.integration.spec.interval(), rand::random());
    let (gate, failures) = gate(seen, passed);
    let next_look = match (&outcome.synced, passed.done) {
        (Some(_), _) => None,
        // Nothing was asked that a look would ask.
        (None, Due::Refresh) => seen.memory.next_look,
        (None, Due::Full | Due::Plain) => Some(after(ended, interval)),
    };
    let due = next_look.or(passed.next_sync).or_else(|| Some(after(ended, interval)));
    let times = match gate {
        Some(gate) if gate.exchanges_too => [Some(gate.until), None, None],
        Some(gate) => [Some(gate.until), outcome.refresh_at, outcome.busy_until],
        None => [due, outcome.refresh_at, outcome.busy_until],
    };
    let memory = Memory {
        failures,
        gate,
        next_look,
        credentials: seen.credentials_version.clone(),
        lineage: outcome.lineage.clone().or_else(|| seen.memory.lineage.clone()),
        ..memory
    };
    (memory, requeue(&times, ended))
}

/// Until when nothing more is asked, and how often it failed in a row.
fn gate(seen: &Seen, passed: &Passed<'_>) -> (Option<Gate>, u32) {
    let outcome = passed.outcome;
    let exchanges_too = outcome.refresh_failed || is_retried(outcome, ConditionType::Authorized);
    let trouble = match passed.done {
        Due::Refresh => exchanges_too || passed.unwritten,
        Due::Full | Due::Plain => {
            passed.unwritten || outcome.rate_limited || outcome.refresh_failed || is_any_retried(outcome)
        }
    };
    if !trouble {
        // A refresh in between says nothing of what is waited for.
        let waiting = seen
            .memory
            .gate
            .filter(|gate| passed.done == Due::Refresh && gate.until > passed.ended);
        return (waiting, if waiting.is_some() { seen.memory.failures } else { 0 });
    }
    let failures = seen.memory.failures.saturating_add(1);
    let wait = outcome.retry_after.unwrap_or_else(|| backoff(failures, rand::random()));
    let mut until = after(passed.ended, wait);
    // A token that expires before the next try is looked at then, so that it is said in time.
    if let Some(expires) = outcome.usable_until.filter(|_| outcome.retry_after.is_none()) {
        until = until.min(expires);
    }
    (
        Some(Gate {
            until,
            by_atlassian: outcome.retry_after.is_some(),
            exchanges_too,
        }),
        failures,
    )
}

fn is_retried(outcome: &Outcome, condition: ConditionType) -> bool {
    outcome
        .findings
        .get(&condition)
        .is_some_and(|finding| retries(finding.reason))
}

fn is_any_retried(outcome: &Outcome) -> bool {
    outcome.findings.values().any(|finding| retries(finding.reason))
}

fn retries(reason: Reason) -> bool {
    reason.entry().disposition == Disposition::Retry
}

/// The next pass at the earliest of these times.
pub(super) fn requeue(times: &[Option<Timestamp>], now: Timestamp) -> Action {
    earliest(times, now).map_or_else(Action::await_change, Action::requeue)
}
