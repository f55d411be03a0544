//! The one place that writes the status of a `JiraIntegration`: once a pass, at its end.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, Resource, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;

use super::{
    authorization_url::without_link,
    context::Context,
    grace,
    observe::ObservedState,
    outcome::{Outcome, Token, Users},
    schedule::{ReconcileKind, off_the_hour},
    settle::interval,
};
use crate::{
    api::{
        GROUP, VERSION,
        condition::{ConditionType, Finding, conditions, keep_times, put_reconciling},
        integration::{ApiStatus, JiraIntegration, JiraIntegrationStatus, ProjectCounts, SyncStatus},
        names,
        ready::ready,
        reason::Reason,
    },
    cluster::{
        backoff::jittered,
        error::is_conflict,
        time::{after, clock},
    },
};

/// How often a write starts again because somebody else wrote the object meanwhile.
const WRITES: usize = 4;

/// The status that follows from a pass.
#[must_use]
pub fn status(
    observed: &ObservedState,
    due: ReconcileKind,
    outcome: &Outcome,
    ended: Timestamp,
    random: f64,
) -> JiraIntegrationStatus {
    let before = &observed.status;
    let spec = &observed.integration.spec;
    let findings: Vec<Finding> = ConditionType::STEPS
        .iter()
        .filter_map(|step| outcome.findings.get(step).cloned())
        .collect();
    let ready = ready(&findings, spec.projects.is_some());
    // A pass that asked Jira nothing, or ended before it could, has not judged a new spec.
    let judged = if matches!(due, ReconcileKind::TokenOnly | ReconcileKind::Resume) || outcome.unjudged {
        before.observed_generation
    } else {
        None
    };
    let generation = judged.filter(|judged| *judged > 0).unwrap_or(observed.generation());
    let handled = outcome.answer(observed, due);
    let sync = with_work(sync(observed, outcome, ended, random), outcome);
    let mut conditions = conditions(&before.conditions, &findings, &ready, generation, &Time(ended));
    if let Some(progress) = sync.as_ref().and_then(|sync| sync.progress.as_ref()) {
        let what = format!(
            "Issues are fetched for the first time or anew: {} % are there, {} are to come.",
            progress.percent, progress.remaining
        );
        let finding = Finding::new(ConditionType::Reconciling, Reason::Synchronising, what);
        put_reconciling(&mut conditions, &before.conditions, &finding, generation, &Time(ended));
    }
    if generation < observed.generation() {
        let what = "The spec has changed and was not checked yet; what is said here is of the one before.";
        let finding = Finding::new(ConditionType::Reconciling, Reason::NotChecked, what.to_owned());
        put_reconciling(&mut conditions, &before.conditions, &finding, generation, &Time(ended));
    }
    JiraIntegrationStatus {
        observed_generation: Some(generation),
        conditions,
        site: outcome.site.clone().or_else(|| before.site.clone()),
        account: outcome.account.clone().or_else(|| before.account.clone()),
        scopes: outcome.scopes.clone().unwrap_or_else(|| before.scopes.clone()),
        token: match &outcome.token {
            Token::Kept => before.token.clone(),
            Token::Published(token) => Some(token.clone()),
            Token::Retracted => None,
        },
        projects: outcome
            .counts
            .clone()
            .or_else(|| before.projects.clone())
            .map(ProjectCounts::summed_up),
        sync,
        users: match &outcome.users {
            Users::Kept => before.users.clone(),
            Users::Told(users) => Some(users.clone()),
            Users::Forgotten => None,
        },
        api: price(before.api.as_ref(), due, outcome),
        authorization_url: outcome.authorization_url.clone(),
        suspended_since: None,
        last_handled_reconcile_at: handled
            .map(str::to_owned)
            .or_else(|| before.last_handled_reconcile_at.clone()),
    }
}

/// What a synchronisation cost, with the slices that followed it.
fn price(before: Option<&ApiStatus>, due: ReconcileKind, outcome: &Outcome) -> Option<ApiStatus> {
    let earlier = match (due, before) {
        (ReconcileKind::Resume, Some(earlier)) => earlier.clone(),
        _ if outcome.synced.is_some() => ApiStatus::default(),
        _ => return before.cloned(),
    };
    let number = |points: u64| i64::try_from(points).unwrap_or(i64::MAX);
    let points = earlier.points_last_sync.unwrap_or(0);
    Some(ApiStatus {
        calls_last_sync: earlier.calls_last_sync.saturating_add(i64::from(outcome.calls)),
        points_last_sync: Some(points.saturating_add(number(outcome.points))),
        points_per_hour: outcome.points_per_hour.map(number).or(earlier.points_per_hour),
    })
}

fn sync(observed: &ObservedState, outcome: &Outcome, ended: Timestamp, random: f64) -> Option<SyncStatus> {
    let before = observed.status.sync.clone();
    // A quota that is spent stays spent across a restart.
    let resumes = outcome
        .retry_after
        .filter(|_| outcome.rate_limited)
        .map(|wait| Time(after(ended, wait)));
    let Some(synced) = &outcome.synced else {
        return match (before, resumes) {
            (Some(sync), Some(at)) => Some(SyncStatus {
                next_sync_time: Some(at),
                ..sync
            }),
            (before, _) => before,
        };
    };
    let next = off_the_hour(after(ended, jittered(interval(observed, outcome), random)), random);
    let earlier = before.as_ref();
    let last = if synced.succeeded {
        Some(Time(ended))
    } else {
        earlier.and_then(|s| s.last_sync_time.clone())
    };
    let diagnosed = if synced.full {
        Some(Time(ended))
    } else {
        earlier.and_then(|s| s.last_diagnosis_time.clone())
    };
    Some(SyncStatus {
        last_sync_time: last,
        last_duration: Some(format!("{:.1}s", ended.duration_since(observed.now).as_secs_f64())),
        next_sync_time: Some(resumes.unwrap_or(Time(next))),
        last_diagnosis_time: diagnosed,
        changed: i64::try_from(synced.applied.changed).unwrap_or(i64::MAX),
        ..before.unwrap_or_default()
    })
}

/// Adds how the mirror of issues stands, and when all projects were looked through.
fn with_work(sync: Option<SyncStatus>, outcome: &Outcome) -> Option<SyncStatus> {
    let sync = match outcome.inventory_done {
        Some(at) => Some(SyncStatus {
            last_inventory_time: Some(Time(at)),
            ..sync.unwrap_or_default()
        }),
        None => sync,
    };
    let Some(issues) = &outcome.issues else {
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
            Finding::carried(*step, &before.conditions).or_else(|| always.then(unknown))
        })
        .map(without_link)
        .collect();
    let mut ready = ready(&kept, observed.integration.spec.projects.is_some());
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

/// Writes the status by server-side apply: what it no longer holds is removed. It is written onto
/// the version that was looked at; on a newer one, because a person changed the spec meanwhile or
/// another process wrote its own, conditions keep the transition times that stand there. Returns
/// the resourceVersion.
///
/// # Errors
/// When the API server refuses it, or another process has already judged a newer spec.
pub async fn write(ctx: &Context, observed: &ObservedState, status: &mut JiraIntegrationStatus) -> kube::Result<u64> {
    let api: Api<JiraIntegration> = Api::namespaced(ctx.client.clone(), &observed.target.namespace);
    let mut version = observed.version();
    let mut attempts = 0;
    let written = loop {
        attempts += 1;
        match apply(&api, observed, status, version).await {
            Err(error) if attempts < WRITES && is_conflict(&error) => {
                let Some(live) = look_again(&api, observed).await? else {
                    return Err(error);
                };
                let newer = live.status.clone().unwrap_or_default();
                if newer.observed_generation > Some(observed.generation()) {
                    return Err(error);
                }
                keep_times(&mut status.conditions, &newer.conditions);
                version = number(&live);
            }
            result => break result?,
        }
    };
    let object = observed.integration.object_ref(&());
    let told = grace::worth_telling(observed, &status.conditions);
    ctx.events
        .transitions(&object, &observed.status.conditions, &told)
        .await;
    Ok(number(&written))
}

/// The object as it is now, if it still is the same. By a list of one: the operator may list
/// integrations and needs no right to get them.
async fn look_again(api: &Api<JiraIntegration>, observed: &ObservedState) -> kube::Result<Option<JiraIntegration>> {
    let one = ListParams::default().fields(&format!("metadata.name={}", observed.target.integration));
    let found = api.list(&one).await?.items.into_iter().next();
    Ok(found.filter(|live| live.uid().as_ref() == Some(&observed.target.owner.uid)))
}

async fn apply(
    api: &Api<JiraIntegration>,
    observed: &ObservedState,
    status: &JiraIntegrationStatus,
    version: u64,
) -> kube::Result<JiraIntegration> {
    let name = &observed.target.integration;
    let patch = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "JiraIntegration",
        // With the uid, an object that was deleted meanwhile is not created anew.
        "metadata": {"name": name, "uid": observed.target.owner.uid, "resourceVersion": version.to_string()},
        "status": status,
    });
    let params = PatchParams::apply(names::MANAGER).force();
    api.patch_status(name, &params, &Patch::Apply(patch)).await
}

fn number(integration: &JiraIntegration) -> u64 {
    integration.resource_version().and_then(|v| v.parse().ok()).unwrap_or(0)
}
