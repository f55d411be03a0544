//! What follows from a reconciliation: the status, what this process remembers, what comes next, and what is told by
//! events. Pure: everything that was asked and written stands in the results.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kube::Resource;

use super::{
    grace,
    next::Waits,
    observe::ObservedState,
    request,
    results::Results,
    status::{self, End},
    steps::issue_sync::is_unlisted,
    verdict::Verdict,
};
use crate::{
    api::integration::JiraIntegrationStatus,
    cluster::{events::Notice, time::clock},
    controller::{
        local_state::{LocalState, UnknownStatuses},
        reconcile_kind::ReconcileKind,
    },
};

/// How long before a grant dies unused a person is warned.
const IDLE_WARNING: SignedDuration = SignedDuration::from_hours(24 * 14);

/// What follows from a reconciliation.
#[derive(Debug)]
pub struct Conclusion {
    /// The status.
    pub status: JiraIntegrationStatus,
    /// What this process remembers.
    pub local: LocalState,
    /// When the next synchronisation is due.
    pub next_sync: Option<Timestamp>,
    /// The times of which the earliest brings the next reconciliation; without one, only a change does.
    pub requeue: Vec<Option<Timestamp>>,
    /// What flipped, told by events once the status is written.
    pub transitions: Vec<Notice>,
    /// What else is told by events.
    pub events: Vec<Notice>,
}

/// Concludes. `is_written` says that the status could be written, or needed no write; before that is known, it is taken
/// for granted.
#[must_use]
pub fn conclude(
    observed: &ObservedState,
    results: &Results,
    verdict: &Verdict,
    end: End,
    is_written: bool,
) -> Conclusion {
    let status = status::status(observed, results, verdict, end);
    let next_sync = status.sync.as_ref().and_then(|sync| sync.next_sync_time.as_ref());
    let next_sync = next_sync.map(|time| time.0);
    let waits = Waits::after(observed, results, verdict, (next_sync, is_written), end);
    let missing = grace::wait(observed, &status.conditions);
    let (idle_warned, idle) = warn_of_idle_expiry(observed, &status);
    let mut events = of_projects(observed, results);
    events.extend(results.directory.iter().flat_map(|step| step.events.clone()));
    events.extend(idle);
    events.extend(missing.event);
    let transitions = transitions(observed, &status);
    let [look, token, work] = waits.times();
    Conclusion {
        next_sync: Some(waits.look),
        local: LocalState {
            idle_warned,
            awaited: missing.until,
            ..remembered(observed, results, verdict, waits, is_written)
        },
        requeue: vec![look, token, work, missing.until],
        transitions,
        events,
        status,
    }
}

/// What follows for a suspended integration: Atlassian is not called, and a person is warned before the grant dies of it.
#[must_use]
pub fn suspended(observed: &ObservedState) -> Conclusion {
    let status = status::suspended(observed);
    let (idle_warned, idle) = warn_of_idle_expiry(observed, &status);
    let warning = idle_warning_at(&status).filter(|at| *at > observed.now);
    Conclusion {
        transitions: transitions(observed, &status),
        status,
        local: LocalState {
            retry_at: None,
            idle_warned,
            has_passed: true,
            ..observed.local.clone()
        },
        next_sync: None,
        requeue: vec![warning],
        events: idle.into_iter().collect(),
    }
}

/// What is remembered. Destructured whole, so that nothing that a reconciliation finds is forgotten by oversight.
fn remembered(
    observed: &ObservedState,
    results: &Results,
    verdict: &Verdict,
    waits: Waits,
    is_written: bool,
) -> LocalState {
    let before = &observed.local;
    let Results {
        kind,
        examination,
        workflows,
        issues,
        cost,
        // What they found is in the verdict, in the status and in the waits.
        refused_site: _,
        grant: _,
        name_taken: _,
        doubt: _,
        confirmed: _,
        directory: _,
        upkeep: _,
        turn: _,
        stopped: _,
    } = results;
    let (is_full, is_incremental) = (*kind == ReconcileKind::Full, *kind == ReconcileKind::Incremental);
    let asked = *kind != ReconcileKind::TokenOnly;
    let judged_for = examination.as_ref().and_then(|step| step.judged_for.clone());
    let refreshed = workflows.as_ref().is_some_and(|step| step.done.is_some());
    let refresh = workflows.as_ref().and_then(|step| step.refresh.clone());
    let mapped = workflows.as_ref().map_or(&before.phased, |step| &step.mapped);
    LocalState {
        written: before.written.clone(),
        // One that Jira cut short has not found again what was lost.
        unwritten: !is_written || (before.unwritten && (!is_full || verdict.is_rate_limited())),
        judged_for: judged_for.or_else(|| before.judged_for.clone()),
        failures: waits.retry.1,
        retry_at: waits.retry.0,
        jira_failures: waits.jira.1,
        jira_wait: waits.jira.0,
        looks: before.looks.wrapping_add(usize::from(is_full)),
        plain_looks: before.plain_looks.wrapping_add(usize::from(is_incremental)),
        next_look: waits.next_look,
        // One that did not come to it leaves it as it was.
        inventory: refresh.or_else(|| before.inventory.clone()).filter(|_| !refreshed),
        phased: Arc::clone(mapped),
        costs: cost.as_ref().map_or(before.costs, |cost| cost.costs),
        work_at: waits.work_at,
        has_passed: true,
        token_at: waits.token_at,
        tried: if asked {
            Some(observed.generation())
        } else {
            before.tried
        },
        is_unlisted: issues
            .as_ref()
            .map_or_else(|| is_unlisted(observed), |step| step.is_unlisted),
        taken: request::pending(observed, results, verdict),
        unknown_statuses: unknown_statuses(observed, results),
        credentials: observed.credentials_version.clone(),
        lineage: results.lineage(observed),
        awaited: before.awaited,
        idle_warned: before.idle_warned,
    }
}

fn unknown_statuses(observed: &ObservedState, results: &Results) -> UnknownStatuses {
    let after_issues = results.issues.as_ref().map(|step| &step.unknown_statuses);
    let after_workflows = results.workflows.as_ref().map(|step| &step.unknown_statuses);
    let last = after_issues.or(after_workflows);
    last.unwrap_or(&observed.local.unknown_statuses).clone()
}

fn transitions(observed: &ObservedState, status: &JiraIntegrationStatus) -> Vec<Notice> {
    let object = observed.integration.object_ref(&());
    let told = grace::worth_telling(observed, &status.conditions);
    Notice::transitions(&object, &observed.status.conditions, &told).collect()
}

fn of_projects(observed: &ObservedState, results: &Results) -> Vec<Notice> {
    let Some(projects) = results.projects() else {
        return Vec::new();
    };
    let object = observed.integration.object_ref(&());
    let removed = projects.applied.removed.iter().map(|(key, why)| Notice {
        object: object.clone(),
        is_warning: false,
        reason: "ProjectRemoved".to_owned(),
        note: why.message(key),
    });
    let flipped = projects.applied.transitions.iter();
    let flipped = flipped.flat_map(|one| Notice::transitions(&one.object, &one.before, &one.after));
    flipped.chain(removed).collect()
}

/// When a person is warned that the grant dies unused.
fn idle_warning_at(status: &JiraIntegrationStatus) -> Option<Timestamp> {
    let dies = status.token.as_ref()?.grant_idle_expires_at.0;
    dies.checked_sub(IDLE_WARNING).ok()
}

/// Warns once of a grant that nothing refreshes, because the integration is suspended or its
/// credentials are gone. The expiry that was warned of.
fn warn_of_idle_expiry(
    observed: &ObservedState,
    status: &JiraIntegrationStatus,
) -> (Option<Timestamp>, Option<Notice>) {
    let warned = observed.local.idle_warned;
    let Some(token) = &status.token else {
        return (None, None);
    };
    let dies = token.grant_idle_expires_at.0;
    let due = idle_warning_at(status).is_some_and(|at| at <= observed.now);
    if !due || warned == Some(dies) {
        return (warned, None);
    }
    let note = format!(
        "The grant has not been refreshed for long and dies on {}. Resume the integration, or fix what its conditions name, before that.",
        clock(dies)
    );
    let object = observed.integration.object_ref(&());
    (Some(dies), Some(Notice::warning(object, "GrantIdleExpiry", note)))
}

#[cfg(test)]
mod tests;
