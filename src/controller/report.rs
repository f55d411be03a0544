//! The one place that writes the status of a `JiraIntegration`: once a pass, at its end.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    context::Context,
    observe::Seen,
    outcome::{Outcome, Token},
    schedule::{Due, STEPS, after, jittered},
};
use crate::{
    api::{
        GROUP, VERSION,
        condition::{Finding, conditions, ready},
        integration::{ApiStatus, JiraIntegration, JiraIntegrationStatus, SyncStatus},
        names,
        reason::Reason,
    },
    grant::finding::clock,
};

/// The status that follows from a pass.
#[must_use]
pub fn status(seen: &Seen, due: Due, outcome: &Outcome, ended: Timestamp, random: f64) -> JiraIntegrationStatus {
    let before = &seen.status;
    let spec = &seen.integration.spec;
    let findings: Vec<Finding> = STEPS
        .iter()
        .filter_map(|step| outcome.findings.get(step).cloned())
        .collect();
    let ready = ready(&findings, Reason::Connected, spec.projects.is_some());
    let handled = seen
        .asked()
        .requested_at
        .filter(|_| due == Due::Full && !outcome.rate_limited);
    JiraIntegrationStatus {
        observed_generation: Some(seen.generation()),
        conditions: conditions(&before.conditions, &findings, &ready, seen.generation(), &Time(ended)),
        site: outcome.site.clone().or_else(|| before.site.clone()),
        account: outcome.account.clone().or_else(|| before.account.clone()),
        scopes: outcome.scopes.clone().unwrap_or_else(|| before.scopes.clone()),
        token: match &outcome.token {
            Token::Kept => before.token.clone(),
            Token::Published(token) => Some(token.clone()),
            Token::Retracted => None,
        },
        projects: outcome.counts.clone().or_else(|| before.projects.clone()),
        sync: sync(seen, outcome, ended, random),
        api: match &outcome.synced {
            Some(_) => Some(ApiStatus {
                calls_last_sync: i64::from(outcome.calls),
            }),
            None => before.api.clone(),
        },
        suspended_since: None,
        last_handled_reconcile_at: handled
            .map(str::to_owned)
            .or_else(|| before.last_handled_reconcile_at.clone()),
    }
}

fn sync(seen: &Seen, outcome: &Outcome, ended: Timestamp, random: f64) -> Option<SyncStatus> {
    let before = seen.status.sync.clone();
    let next = after(ended, jittered(seen.integration.spec.interval(), random));
    let Some(synced) = &outcome.synced else {
        // A quota that is spent stays spent across a restart.
        let resumes = outcome
            .retry_after
            .filter(|_| outcome.rate_limited)
            .map(|wait| Time(after(ended, wait)));
        return match (before, resumes) {
            (Some(sync), Some(at)) => Some(SyncStatus {
                next_sync_time: Some(at),
                ..sync
            }),
            (before, _) => before,
        };
    };
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
        last_duration: Some(format!("{:.1}s", ended.duration_since(seen.now).as_secs_f64())),
        next_sync_time: Some(Time(next)),
        last_diagnosis_time: diagnosed,
        changed: i64::try_from(synced.applied.changed).unwrap_or(i64::MAX),
    })
}

/// The status of a suspended integration: conditions as they were, and since when.
#[must_use]
pub fn suspended(seen: &Seen) -> JiraIntegrationStatus {
    let before = &seen.status;
    let since = before.suspended_since.clone().unwrap_or(Time(seen.now));
    let kept: Vec<Finding> = STEPS
        .iter()
        .map(|step| {
            Finding::carried(*step, &before.conditions).unwrap_or_else(|| Finding::plain(*step, Reason::NotChecked))
        })
        .collect();
    let mut ready = ready(&kept, Reason::Connected, seen.integration.spec.projects.is_some());
    ready.message = format!("Suspended since {}; until then: {}", clock(since.0), ready.message);
    JiraIntegrationStatus {
        observed_generation: Some(seen.generation()),
        conditions: conditions(&before.conditions, &kept, &ready, seen.generation(), &Time(seen.now)),
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

/// Writes the status by server-side apply: what it no longer holds is removed, and a change of
/// the spec meanwhile is no conflict. Returns the resourceVersion.
///
/// # Errors
/// When the API server refuses it.
pub async fn write(ctx: &Context, seen: &Seen, status: &JiraIntegrationStatus) -> kube::Result<u64> {
    let api: Api<JiraIntegration> = Api::namespaced(ctx.client.clone(), &seen.target.namespace);
    let patch = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "JiraIntegration",
        // With the uid, an object that was deleted meanwhile is not created anew.
        "metadata": {"name": seen.target.integration, "uid": seen.target.owner.uid},
        "status": status,
    });
    let params = PatchParams::apply(names::MANAGER).force();
    let written = api
        .patch_status(&seen.target.integration, &params, &Patch::Apply(patch))
        .await?;
    let object = seen.integration.object_ref(&());
    ctx.events
        .transitions(&object, &seen.status.conditions, &status.conditions)
        .await;
    Ok(written.resource_version().and_then(|v| v.parse().ok()).unwrap_or(0))
}
