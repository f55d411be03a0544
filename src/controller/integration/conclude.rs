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
    results::{AccessResults, Results, WorkResults},
    status::{self, ReconcileEnd},
    steps::{
        issue_sync::{IssueSync, is_relist_due},
        workflows::WorkflowSync,
    },
    verdict::Verdict,
};
use crate::{
    api::integration::JiraIntegrationStatus,
    cluster::{events::Notice, time::clock},
    controller::{
        local_state::{JudgedInputs, LocalState, NoticeState, PendingWork},
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
    /// Conditions that flipped: events once the status is written.
    pub transitions: Vec<Notice>,
    /// Other events.
    pub events: Vec<Notice>,
}

/// Concludes. `is_written` says that the status could be written, or needed no write; before that is known, it is taken
/// for granted.
#[must_use]
pub fn conclude(
    observed: &ObservedState,
    results: &Results,
    verdict: &Verdict,
    end: ReconcileEnd,
    is_written: bool,
) -> Conclusion {
    let status = status::status(observed, results, verdict, end);
    let next_sync = status.sync.as_ref().and_then(|sync| sync.next_sync_time.as_ref());
    let next_sync = next_sync.map(|time| time.0);
    let waits = Waits::after(observed, results, verdict, (next_sync, is_written), end);
    let missing = grace::wait(observed, &status.conditions);
    let (warned_idle_expiry, idle) = warn_of_idle_expiry(observed, &status);
    let mut events = of_projects(observed, results);
    events.extend(results.work.directory.iter().flat_map(|step| step.events.clone()));
    events.extend(idle);
    events.extend(missing.event);
    let transitions = transitions(observed, &status);
    let [sync, token, work] = waits.times();
    let notices = NoticeState {
        missing_secret_grace: missing.until,
        warned_idle_expiry,
    };
    Conclusion {
        next_sync: Some(waits.sync_at),
        local: remembered(observed, (results, verdict), waits, notices, is_written),
        requeue: vec![sync, token, work, missing.until],
        transitions,
        events,
        status,
    }
}

/// What follows for a suspended integration: Atlassian is not called, and a person is warned before the grant dies of it.
#[must_use]
pub fn suspended(observed: &ObservedState) -> Conclusion {
    let status = status::suspended(observed);
    let (warned_idle_expiry, idle) = warn_of_idle_expiry(observed, &status);
    let warning = idle_warning_at(&status).filter(|at| *at > observed.now);
    Conclusion {
        transitions: transitions(observed, &status),
        status,
        local: suspended_state(&observed.local, warned_idle_expiry),
        next_sync: None,
        requeue: vec![warning],
        events: idle.into_iter().collect(),
    }
}

/// What is remembered of a suspended integration: what it waited for in the cluster is over.
fn suspended_state(before: &LocalState, warned_idle_expiry: Option<Timestamp>) -> LocalState {
    let mut local = before.clone();
    local.cluster = before.cluster.idle();
    local.notices.warned_idle_expiry = warned_idle_expiry;
    local.history.has_reconciled = true;
    local
}

/// What is remembered. Destructured whole, so that nothing that a reconciliation finds is forgotten by oversight.
fn remembered(
    observed: &ObservedState,
    (results, verdict): (&Results, &Verdict),
    waits: Waits,
    notices: NoticeState,
    is_written: bool,
) -> LocalState {
    let before = &observed.local;
    let Results {
        kind,
        examination,
        work:
            WorkResults {
                workflows,
                issues,
                directory: _,
                put_off: _,
            },
        cost,
        // What they found is in the verdict, in the status and in the waits.
        access:
            AccessResults {
                refused_site: _,
                grant: _,
                name_taken: _,
                doubt: _,
                upkeep: _,
            },
        confirmed: _,
        turn: _,
        stopped: _,
    } = results;
    let judged_for = examination.as_ref().and_then(|step| step.judged_for.clone());
    // One that Jira cut short has not found again what was lost.
    let is_complete = *kind == ReconcileKind::Full && !verdict.is_rate_limited();
    LocalState {
        status: before.status.after(is_written, is_complete),
        judged: JudgedInputs {
            observed_generation: match kind {
                ReconcileKind::TokenOnly => before.judged.observed_generation,
                _ => Some(observed.generation()),
            },
            credentials: observed.credentials_version.clone(),
            account: judged_for.or_else(|| before.judged.account.clone()),
            lineage: results.lineage(observed),
        },
        cluster: waits.cluster,
        jira: waits.jira,
        due: waits.due,
        work: PendingWork {
            request: request::pending(observed, results, verdict),
            ..unfinished(observed, workflows.as_ref(), issues.as_ref())
        },
        history: before.history.after(*kind, cost.as_ref().map(|cost| cost.costs)),
        notices,
    }
}

/// The work that is unfinished after these steps. One that a reconciliation did not come to leaves it as it was.
fn unfinished(observed: &ObservedState, workflows: Option<&WorkflowSync>, issues: Option<&IssueSync>) -> PendingWork {
    let mut work = observed.local.work.clone();
    work.is_relist_due = is_relist_due(observed);
    if let Some(step) = workflows {
        work.workflow_refresh = match step.done {
            Some(_) => None,
            None => step.refresh.clone().or(work.workflow_refresh),
        };
        work.mapped = Arc::clone(&step.mapped);
        work.unknown_statuses.clone_from(&step.unknown_statuses);
    }
    if let Some(step) = issues {
        work.is_relist_due = step.is_relist_due;
        work.unknown_statuses.clone_from(&step.unknown_statuses);
    }
    work
}

fn transitions(observed: &ObservedState, status: &JiraIntegrationStatus) -> Vec<Notice> {
    let object = observed.integration.object_ref(&());
    let before = grace::of_their_own(&observed.status);
    let told = grace::worth_telling(observed, status);
    Notice::transitions(&object, &before, &told).collect()
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
    let warned = observed.local.notices.warned_idle_expiry;
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
