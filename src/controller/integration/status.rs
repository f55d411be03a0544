//! The status that follows from a reconciliation. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::{
    observe::ObservedState,
    request,
    results::Results,
    schedule::off_the_hour,
    steps::{cost::interval, directory::DirectoryChange, token::TokenChange},
    verdict::{Verdict, by_command},
};
use crate::{
    api::{
        condition::{ConditionType, Finding, conditions, put_reconciling, reason_of},
        integration::{ApiStatus, DirectoryStatus, JiraIntegrationStatus, ProjectCounts, SyncStatus, TokenStatus},
        ready::ready,
        reason::{Reason, WAYS_TO_CONNECT},
    },
    cluster::{
        backoff::jittered,
        time::{after, clock},
    },
    controller::reconcile_kind::ReconcileKind,
};

/// When a reconciliation ended, and the chance by which times are spread, from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub struct ReconcileEnd {
    /// When it ended.
    pub at: Timestamp,
    /// Chance.
    pub random: f64,
}

/// The status that follows from a reconciliation.
#[must_use]
pub fn status(
    observed: &ObservedState,
    results: &Results,
    verdict: &Verdict,
    end: ReconcileEnd,
) -> JiraIntegrationStatus {
    let before = &observed.status;
    let generation = judged_generation(observed, results, verdict);
    let sync = with_work(sync(observed, results, verdict, end), results);
    let examined = results.examination.as_ref();
    let site = examined.and_then(|step| step.site.clone());
    let account = examined.and_then(|step| step.account.clone());
    let scopes = examined.and_then(|step| step.scopes.clone());
    let counts = examined.and_then(|step| step.counts.clone());
    let counts = counts.or_else(|| before.projects.clone()).map(ProjectCounts::summed_up);
    let steps = ConditionType::STEPS.iter();
    let findings: Vec<Finding> = steps.filter_map(|step| verdict.findings.get(step).cloned()).collect();
    JiraIntegrationStatus {
        observed_generation: Some(generation),
        conditions: conditions_of(
            observed,
            &findings,
            generation,
            (sync.as_ref(), counts.as_ref()),
            (end.at, results.work.put_off),
        ),
        consequences: consequences(&findings),
        site: site.or_else(|| before.site.clone()),
        account: account.or_else(|| before.account.clone()),
        scopes: scopes.unwrap_or_else(|| before.scopes.clone()),
        token: token(before.token.as_ref(), results.token()),
        projects: counts,
        sync,
        users: users(before.users.as_ref(), results),
        api: price(before.api.as_ref(), results),
        tickets: before.tickets.clone(),
        authorization_url: verdict.authorization_url.clone(),
        suspended_since: None,
        last_handled_reconcile_at: request::answered(observed, results, verdict)
            .map(str::to_owned)
            .or_else(|| before.last_handled_reconcile_at.clone()),
    }
}

/// Which generation of the spec was judged. A reconciliation that asked Jira nothing, or ended before it could, has not
/// judged a new spec.
fn judged_generation(observed: &ObservedState, results: &Results, verdict: &Verdict) -> i64 {
    let asks_nothing = matches!(results.kind, ReconcileKind::TokenOnly | ReconcileKind::Resume);
    let judged = if asks_nothing || verdict.is_unjudged {
        observed.status.observed_generation
    } else {
        None
    };
    judged.filter(|judged| *judged > 0).unwrap_or(observed.generation())
}

fn conditions_of(
    observed: &ObservedState,
    findings: &[Finding],
    generation: i64,
    (sync, counts): (Option<&SyncStatus>, Option<&ProjectCounts>),
    (ended, put_off): (Timestamp, Option<Timestamp>),
) -> Vec<Condition> {
    let (before, now) = (&observed.status.conditions, Time(ended));
    let ready = ready(findings, observed.integration.spec.depends_on_projects(counts));
    let mut conditions = conditions(before, findings, &ready, generation, &now);
    if let Some(progress) = sync.and_then(|sync| sync.progress.as_ref()) {
        let put_off = put_off.map(|until| {
            let until = clock(until);
            format!(" What is left of the hour's points is left to tickets, so it goes on at {until}.")
        });
        let what = format!(
            "Issues are fetched for the first time or anew: {} % are there, {} are to come.{}",
            progress.percent,
            progress.remaining,
            put_off.unwrap_or_default()
        );
        let finding = Finding::new(ConditionType::Reconciling, Reason::Synchronising, what);
        put_reconciling(&mut conditions, before, &finding, generation, &now);
    }
    if generation < observed.generation() {
        let what = "The spec has changed and was not checked yet; what is said here is of the one before.";
        let finding = Finding::new(ConditionType::Reconciling, Reason::NotChecked, what.to_owned());
        put_reconciling(&mut conditions, before, &finding, generation, &now);
    }
    conditions
}

/// The conditions of which another one tells already.
fn consequences(findings: &[Finding]) -> Vec<String> {
    let reasons = || findings.iter().map(|finding| finding.reason);
    let explained = findings.iter().filter(|finding| finding.is_explained_among(reasons()));
    explained.map(|finding| finding.condition.as_str().to_owned()).collect()
}

fn token(before: Option<&TokenStatus>, change: &TokenChange) -> Option<TokenStatus> {
    match change {
        TokenChange::Kept => before.cloned(),
        TokenChange::Published(token) => Some(token.clone()),
        TokenChange::Retracted => None,
    }
}

fn users(before: Option<&DirectoryStatus>, results: &Results) -> Option<DirectoryStatus> {
    match results.work.directory.as_ref().map(|step| &step.change) {
        None | Some(DirectoryChange::Kept) => before.cloned(),
        Some(DirectoryChange::Written(users)) => Some(users.clone()),
        Some(DirectoryChange::Removed) => None,
    }
}

/// What a synchronisation cost, with the slices that followed it.
fn price(before: Option<&ApiStatus>, results: &Results) -> Option<ApiStatus> {
    let earlier = match (results.kind, before) {
        (ReconcileKind::Resume, Some(earlier)) => earlier.clone(),
        _ if results.projects().is_some() => ApiStatus::default(),
        _ => return before.cloned(),
    };
    let number = |points: u64| i64::try_from(points).unwrap_or(i64::MAX);
    let (calls, points, an_hour) = match &results.cost {
        Some(cost) => (i64::from(cost.calls), number(cost.points), cost.points_per_hour),
        None => (0, 0, None),
    };
    Some(ApiStatus {
        calls_last_sync: earlier.calls_last_sync.saturating_add(calls),
        points_last_sync: Some(earlier.points_last_sync.unwrap_or(0).saturating_add(points)),
        points_per_hour: an_hour.map(number).or(earlier.points_per_hour),
    })
}

fn sync(observed: &ObservedState, results: &Results, verdict: &Verdict, end: ReconcileEnd) -> Option<SyncStatus> {
    let before = observed.status.sync.clone();
    // A quota that is spent stays spent across a restart.
    let wait = verdict.retry_after.filter(|_| verdict.is_rate_limited());
    let resumes = wait.map(|wait| Time(after(end.at, wait)));
    let (Some(projects), Some(succeeded)) = (results.projects(), results.has_succeeded()) else {
        return match (before, resumes) {
            (Some(sync), Some(at)) => Some(SyncStatus {
                next_sync_time: Some(at),
                ..sync
            }),
            (before, _) => before,
        };
    };
    let stretch = results.cost.as_ref().and_then(|cost| cost.stretch);
    let interval = jittered(interval(observed, stretch), end.random);
    let next = off_the_hour(after(end.at, interval), end.random);
    let before = before.unwrap_or_default();
    let now_if = |done: bool, earlier: &Option<Time>| if done { Some(Time(end.at)) } else { earlier.clone() };
    Some(SyncStatus {
        last_sync_time: now_if(succeeded, &before.last_sync_time),
        last_duration: Some(format!("{:.1}s", end.at.duration_since(observed.now).as_secs_f64())),
        next_sync_time: Some(resumes.unwrap_or(Time(next))),
        last_diagnosis_time: now_if(projects.is_full, &before.last_diagnosis_time),
        changed: i64::try_from(projects.applied.changed).unwrap_or(i64::MAX),
        ..before
    })
}

/// Adds how the mirror of issues stands, and when all projects' workflows were refreshed.
fn with_work(sync: Option<SyncStatus>, results: &Results) -> Option<SyncStatus> {
    let sync = match results.work.workflows.as_ref().and_then(|step| step.done) {
        Some(at) => Some(SyncStatus {
            last_inventory_time: Some(Time(at)),
            ..sync.unwrap_or_default()
        }),
        None => sync,
    };
    let Some(issues) = results.work.issues.as_ref().and_then(|step| step.summary.as_ref()) else {
        return sync;
    };
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let sync = sync.unwrap_or_default();
    Some(SyncStatus {
        cursor: issues.cursor.map(|at| format!("{at:.3}")),
        issues_tracked: Some(number(issues.tracked)),
        progress: issues.progress.clone(),
        last_sweep_time: issues.last_sweep.map(Time),
        removed: Some(issues.removed),
        changed: sync.changed.saturating_add(number(issues.changed)),
        ..sync
    })
}

/// The status of a suspended integration: conditions as they were, and since when.
#[must_use]
pub fn suspended(observed: &ObservedState) -> JiraIntegrationStatus {
    let before = &observed.status;
    let since = before.suspended_since.clone().unwrap_or(Time(observed.now));
    let kept: Vec<Finding> = ConditionType::STEPS
        .iter()
        .filter_map(|step| {
            let unknown = || Finding::plain(*step, Reason::NotChecked);
            let always = *step != ConditionType::ServiceDesksReady;
            let kept = || before.finding(*step).or_else(|| always.then(unknown));
            of_lost_link(before, *step).or_else(kept)
        })
        .collect();
    let depends_on_projects = observed.integration.spec.depends_on_projects(before.projects.as_ref());
    let mut ready = ready(&kept, depends_on_projects);
    let message = format!("Suspended since {}; until then: {}", clock(since.0), ready.message());
    ready = Finding::new(ready.condition, ready.reason, message);
    let mut conditions = conditions(
        &before.conditions,
        &kept,
        &ready,
        observed.generation(),
        &Time(observed.now),
    );
    // Nothing is retried, and nothing was judged for a spec that changed meanwhile.
    conditions.retain(|c| c.type_ != ConditionType::Reconciling.as_str());
    for condition in &mut conditions {
        let judged = before.conditions.iter().find(|b| b.type_ == condition.type_);
        condition.observed_generation = judged.map_or(condition.observed_generation, |b| b.observed_generation);
    }
    JiraIntegrationStatus {
        observed_generation: Some(observed.generation()),
        conditions,
        authorization_url: None,
        suspended_since: Some(since),
        ..before.clone()
    }
}

/// A condition that names the link by which a person connects, which a suspended integration has no longer. It says
/// instead what its reason says, and the way that is left.
fn of_lost_link(before: &JiraIntegrationStatus, condition: ConditionType) -> Option<Finding> {
    before.authorization_url.as_ref()?;
    let reason = reason_of(&before.conditions, condition)?;
    let names_link = reason.entry().remedy.ends_with(WAYS_TO_CONNECT);
    names_link.then(|| by_command(Finding::plain(condition, reason)))
}

/// Whether the status has to be written: always after a synchronisation, which carries its
/// time; else only when more than the times of synchronisation changed.
#[must_use]
pub fn is_worth_writing(before: &JiraIntegrationStatus, after: &JiraIntegrationStatus, synced: bool) -> bool {
    let settled = |status: &JiraIntegrationStatus| JiraIntegrationStatus {
        sync: status.sync.clone().map(|sync| SyncStatus {
            next_sync_time: None,
            ..sync
        }),
        ..status.clone()
    };
    synced || settled(before) != settled(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::reason::OF_BLOCKED_PROJECTS;

    /// Else a new process, which has the status only, would tell one cause twice.
    #[test]
    fn what_another_condition_tells_is_known_from_the_status_alone() {
        let projects = |reason| Finding::plain(ConditionType::ProjectsAccessible, reason);
        let desks = Finding::plain(ConditionType::ServiceDesksReady, Reason::SomeServiceDesksBlocked);
        let written = |desks: &Finding| {
            let findings = [projects(Reason::SomeProjectsBlocked), desks.clone()];
            let ready = ready(&findings, true);
            JiraIntegrationStatus {
                conditions: conditions(&[], &findings, &ready, 1, &Time(Timestamp::UNIX_EPOCH)),
                consequences: consequences(&findings),
                ..JiraIntegrationStatus::default()
            }
        };
        let told = |status: &JiraIntegrationStatus, by: Reason| {
            let kept = status.finding(ConditionType::ServiceDesksReady);
            let findings = [Some(projects(by)), kept].into_iter().flatten().collect::<Vec<_>>();
            ready(&findings, true).message().contains("SomeServiceDesksBlocked")
        };
        let apart = written(&desks);
        assert!(apart.consequences.is_empty() && told(&apart, Reason::SomeProjectsBlocked));
        let explained = written(&desks.explained_by(OF_BLOCKED_PROJECTS));
        assert_eq!(explained.consequences, ["ServiceDesksReady"]);
        assert!(!told(&explained, Reason::SomeProjectsBlocked));
        assert!(
            told(&explained, Reason::NoProjectsVisible),
            "nothing else tells of it now"
        );
    }
}
