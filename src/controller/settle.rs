//! What a pass leaves behind: what the next one needs to know, and when that is.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::runtime::controller::Action;

use super::{
    memory::{JiraWait, Memory},
    observe::Seen,
    outcome::Outcome,
    schedule::{Due, earliest},
};
use crate::{
    api::{condition::ConditionType, reason::Reason},
    grant::pace::{after, backoff, jittered, scaled},
};

/// Longest wait before tokens that are in memory only are stored: well within the ten minutes in
/// which Atlassian would still accept what was spent for them.
const UNSAVED_RETRY: Duration = Duration::from_secs(15);

/// Longest interval to which one is stretched.
const LONGEST_INTERVAL: Duration = Duration::from_hours(6);

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

/// Decides when the next look is due and when the next pass, and what it is to remember.
pub(super) fn settle(seen: &Seen, memory: Memory, passed: &Passed<'_>) -> (Memory, Timestamp, Action) {
    let (outcome, ended) = (passed.outcome, passed.ended);
    let interval = jittered(interval(seen, outcome), rand::random());
    let (retry_at, failures) = retry(seen, passed);
    let (jira_wait, jira_failures) = jira_wait(seen, passed);
    let next_look = match (&outcome.synced, passed.done) {
        (Some(_), _) => None,
        // Nothing was asked that a look would ask.
        (None, Due::Refresh | Due::Slice) => seen.memory.next_look,
        (None, Due::Full | Due::Plain) => Some(after(ended, interval)),
    };
    let look = match &jira_wait {
        Some(wait) => wait.until,
        None => next_look.or(passed.next_sync).unwrap_or_else(|| after(ended, interval)),
    };
    let of_token = [outcome.refresh_at, outcome.exchange_at, outcome.busy_until];
    let token_at = of_token.into_iter().flatten().min();
    let times = match retry_at {
        Some(at) => [Some(at), None],
        None => [Some(look), token_at],
    };
    let work_at = match passed.done {
        Due::Refresh => seen.memory.work_at,
        Due::Full | Due::Plain | Due::Slice => outcome.work_at,
    };
    // What waits for Jira or the cluster is gone on with by the pass that ends the wait.
    let work = work_at.filter(|_| retry_at.is_none() && jira_wait.is_none());
    // A look that Jira cut short has not found again what was lost.
    let looked_again = passed.done == Due::Full && !outcome.rate_limited;
    let memory = Memory {
        unwritten: passed.unwritten || (seen.memory.unwritten && !looked_again),
        judged_for: outcome.judged_for.clone().or_else(|| seen.memory.judged_for.clone()),
        failures,
        retry_at,
        jira_failures,
        jira_wait,
        next_look,
        looks: seen.memory.looks.wrapping_add(usize::from(passed.done == Due::Full)),
        plain_looks: seen
            .memory
            .plain_looks
            .wrapping_add(usize::from(passed.done == Due::Plain)),
        is_unlisted: outcome.is_unlisted,
        work_at,
        has_passed: true,
        token_at,
        tried: if passed.done == Due::Refresh {
            seen.memory.tried
        } else {
            Some(seen.generation())
        },
        taken: outcome.taken(seen, passed.done),
        unknown_statuses: outcome.unknown_statuses.clone(),
        phased: outcome
            .phased
            .clone()
            .unwrap_or_else(|| Arc::clone(&seen.memory.phased)),
        // A pass that did not come to it leaves it as it was.
        inventory: match outcome.inventory_done {
            Some(_) => None,
            None => outcome.inventory.clone().or_else(|| seen.memory.inventory.clone()),
        },
        costs: if passed.done == Due::Refresh {
            seen.memory.costs
        } else {
            outcome.costs
        },
        credentials: seen.credentials_version.clone(),
        lineage: outcome.lineage.clone().or_else(|| seen.memory.lineage.clone()),
        ..memory
    };
    let [first, second] = times;
    let awaited = memory.awaited;
    (memory, look, requeue(&[first, second, work, awaited], ended))
}

/// The interval as it is now: longer than declared where the hour's points would not last.
pub(super) fn interval(seen: &Seen, outcome: &Outcome) -> Duration {
    let declared = seen.integration.spec.interval();
    let stretched = scaled(declared, outcome.stretch.unwrap_or(1.0));
    stretched.min(LONGEST_INTERVAL.max(declared))
}

/// When what the cluster refused is tried again, and how often it was refused in a row.
fn retry(seen: &Seen, passed: &Passed<'_>) -> (Option<Timestamp>, u32) {
    let authorized = passed.outcome.findings.get(&ConditionType::Authorized);
    let refused = authorized.is_some_and(|finding| finding.reason == Reason::SecretNotWritable);
    if !refused && !passed.unwritten {
        return (None, 0);
    }
    let failures = seen.memory.failures.saturating_add(1);
    let mut wait = backoff(failures, rand::random());
    if passed.outcome.unsaved {
        wait = wait.min(UNSAVED_RETRY);
    }
    (Some(after(passed.ended, wait)), failures)
}

/// Until when Jira is not asked, and how often it gave no usable answer in a row.
fn jira_wait(seen: &Seen, passed: &Passed<'_>) -> (Option<JiraWait>, u32) {
    let outcome = passed.outcome;
    if passed.done == Due::Refresh {
        // Jira was not asked, so nothing is known anew.
        return (seen.memory.jira_wait.clone(), seen.memory.jira_failures);
    }
    if !outcome.is_troubled() && !outcome.rate_limited && !outcome.unanswered {
        return (None, 0);
    }
    let failures = seen.memory.jira_failures.saturating_add(1);
    // What Atlassian asks for is the least; a little more keeps all from coming back at once.
    let asked = outcome
        .retry_after
        .map(|wait| scaled(wait, 1.0 + 0.05 * rand::random::<f64>()));
    let wait = backoff(failures, rand::random()).max(asked.unwrap_or_default());
    let wait = JiraWait {
        until: after(passed.ended, wait),
        by_atlassian: outcome.retry_after.is_some(),
        of: seen.asks_jira_as(),
        resumes: if outcome.rate_limited || outcome.unanswered {
            passed.done
        } else {
            Due::Full
        },
    };
    (Some(wait), failures)
}

/// The next pass at the earliest of these times.
pub(super) fn requeue(times: &[Option<Timestamp>], now: Timestamp) -> Action {
    earliest(times, now).map_or_else(Action::await_change, Action::requeue)
}
