//! One pass over one integration: observe → plan → act → report.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use kube::{Resource, ResourceExt, runtime::controller::Action};
use tracing::{debug, info, warn};

use super::{
    Guarded,
    context::Context,
    memory::{Gate, Memory},
    observe::{Seen, observe},
    outcome::Outcome,
    report,
    schedule::{self, Due, after, backoff, earliest, jittered},
    steps,
};
use crate::{
    api::{
        condition::{ConditionType, find},
        integration::{JiraIntegration, JiraIntegrationStatus},
        reason::{Disposition, Reason},
    },
    grant::{finding::clock, store::WriteError},
};

/// How long before a grant dies unused a person is warned.
const IDLE_WARNING: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Reconciles one object. Never fails: what goes wrong is in the status, or, when the API
/// server itself does not answer, tried again.
pub async fn reconcile(object: Arc<Guarded>, ctx: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let Ok(integration) = &object.0 else {
        report_unreadable(&object, &ctx).await;
        return Ok(Action::await_change());
    };
    let Ok(_permit) = ctx.passes.acquire().await else {
        return Ok(Action::await_change());
    };
    let seen = match observe(&ctx, integration).await {
        Ok(seen) => seen,
        Err(error) => return Ok(cluster_trouble(&ctx, integration, &error)),
    };
    if seen.integration.spec.suspend {
        return Ok(suspend(&ctx, &seen).await);
    }
    if let Some(until) = seen.gate() {
        return Ok(requeue(&[Some(until)], seen.now));
    }
    let due = schedule::due(&seen.asked());
    let (outcome, done) = steps::run(&ctx, &seen, due).await;
    if outcome.quiet {
        debug!(namespace = seen.target.namespace, "the namespace is being deleted");
        return Ok(Action::await_change());
    }
    let ended = Timestamp::now();
    let status = report::status(&seen, done, &outcome, ended, rand::random());
    let written = write(&ctx, &seen, &status, outcome.synced.is_some()).await;
    tell(&ctx, &seen, done, &outcome, &status, ended).await;
    Ok(settle(&ctx, &seen, &outcome, status, &written, ended))
}

/// Writes the status if it is worth it. The resourceVersion, or none if nothing was written.
async fn write(
    ctx: &Context,
    seen: &Seen,
    status: &JiraIntegrationStatus,
    synced: bool,
) -> Result<Option<u64>, kube::Error> {
    if !report::is_worth_writing(&seen.status, status, synced) {
        return Ok(None);
    }
    report::write(ctx, seen, status).await.map(Some)
}

/// One line a pass, the metrics, and events of projects.
async fn tell(
    ctx: &Context,
    seen: &Seen,
    done: Due,
    outcome: &Outcome,
    status: &JiraIntegrationStatus,
    ended: Timestamp,
) {
    let seconds = ended.duration_since(seen.now).as_secs_f64();
    ctx.metrics.pass(done.as_str(), seconds, outcome.calls);
    let ready = find(&status.conditions, ConditionType::Ready);
    let reason = ready.map(|c| c.reason.as_str()).unwrap_or_default();
    let changed = outcome.synced.as_ref().map_or(0, |s| s.applied.changed);
    let (namespace, name) = (&seen.target.namespace, &seen.target.integration);
    if done == Due::Refresh && status.conditions == seen.status.conditions {
        debug!(namespace, name, "nothing is due");
    } else {
        info!(
            namespace,
            name,
            pass = done.as_str(),
            reason,
            calls = outcome.calls,
            changed,
            seconds,
            "pass"
        );
    }
    let Some(synced) = &outcome.synced else {
        return;
    };
    for transition in &synced.applied.transitions {
        ctx.events
            .transitions(&transition.object, &transition.before, &transition.after)
            .await;
    }
    let object = seen.integration.object_ref(&());
    for (key, why) in &synced.applied.removed {
        ctx.events
            .publish(&object, false, "ProjectRemoved", &why.message(key))
            .await;
    }
}

/// Remembers what the next pass needs, and says when that is.
fn settle(
    ctx: &Context,
    seen: &Seen,
    outcome: &Outcome,
    status: JiraIntegrationStatus,
    written: &kube::Result<Option<u64>>,
    ended: Timestamp,
) -> Action {
    let write_failed = match written {
        Ok(_) => false,
        Err(error) => worth_retrying(error, seen),
    };
    let retry = write_failed || outcome.refresh_failed || needs_retry(outcome);
    let failures = if retry {
        seen.memory.failures.saturating_add(1)
    } else {
        0
    };
    let wait = outcome
        .retry_after
        .or_else(|| retry.then(|| backoff(failures, rand::random())));
    let gate = wait.map(|wait| Gate {
        until: after(ended, wait),
        by_atlassian: outcome.retry_after.is_some(),
    });
    let interval = jittered(seen.integration.spec.interval(), rand::random());
    let next_look = match &outcome.synced {
        Some(_) => None,
        None if has_looked(seen, outcome) => Some(after(ended, interval)),
        None => seen.memory.next_look,
    };
    let next_sync = status
        .sync
        .as_ref()
        .and_then(|s| s.next_sync_time.as_ref())
        .map(|t| t.0);
    let due = next_look.or(next_sync).or_else(|| Some(after(ended, interval)));
    let memory = Memory {
        written: match written {
            Ok(Some(version)) => Some((status, *version)),
            _ => seen.memory.written.clone(),
        },
        failures,
        gate,
        next_look,
        credentials: seen.credentials_version.clone(),
        lineage: outcome.lineage.clone().or_else(|| seen.memory.lineage.clone()),
        idle_warned: seen.memory.idle_warned,
    };
    ctx.memories.keep(&seen.target.owner.uid, memory);
    match gate {
        Some(gate) => requeue(&[Some(gate.until)], ended),
        None => requeue(&[due, outcome.refresh_at, outcome.busy_until], ended),
    }
}

/// Whether this pass asked what a synchronisation would ask, without getting so far.
fn has_looked(seen: &Seen, outcome: &Outcome) -> bool {
    let before = &seen.status.conditions;
    let stayed = outcome
        .findings
        .iter()
        .all(|(step, finding)| find(before, *step).is_some_and(|c| c.reason == finding.reason.as_str()));
    !stayed || seen.memory.next_look.is_none_or(|at| at <= seen.now)
}

fn needs_retry(outcome: &Outcome) -> bool {
    let retried = |reason: Reason| reason.entry().disposition == Disposition::Retry;
    !outcome.rate_limited && outcome.findings.values().any(|finding| retried(finding.reason))
}

/// A status that could not be written is written by the next try, unless the object is gone.
fn worth_retrying(error: &kube::Error, seen: &Seen) -> bool {
    let gone = matches!(
        WriteError::from_kube(error),
        WriteError::Gone | WriteError::Terminating | WriteError::Conflict
    );
    if !gone {
        warn!(namespace = seen.target.namespace, name = seen.target.integration, %error, "the status could not be written");
    }
    !gone
}

fn requeue(times: &[Option<Timestamp>], now: Timestamp) -> Action {
    earliest(times, now).map_or_else(Action::await_change, Action::requeue)
}

fn cluster_trouble(ctx: &Context, integration: &JiraIntegration, error: &kube::Error) -> Action {
    let uid = integration.uid().unwrap_or_default();
    let mut memory = ctx.memories.of(&uid);
    memory.failures = memory.failures.saturating_add(1);
    let wait = backoff(memory.failures, rand::random()).min(Duration::from_secs(30));
    ctx.memories.keep(&uid, memory);
    warn!(namespace = integration.namespace(), name = integration.name_any(), %error, "the cluster could not be asked");
    Action::requeue(wait)
}

/// A suspended integration: Atlassian is not called, and a person is warned before the grant
/// dies of it.
async fn suspend(ctx: &Context, seen: &Seen) -> Action {
    let status = report::suspended(seen);
    let mut memory = seen.memory.clone();
    memory.gate = None;
    match write(ctx, seen, &status, false).await {
        Ok(Some(version)) => memory.written = Some((status.clone(), version)),
        Err(error) if worth_retrying(&error, seen) => {
            return Action::requeue(Duration::from_secs(5));
        }
        Ok(None) | Err(_) => {}
    }
    let dies = status.token.as_ref().map(|token| token.grant_idle_expires_at.0);
    let warn_at = dies.and_then(|at| at.checked_sub(IDLE_WARNING).ok());
    if let Some(at) = dies.filter(|_| warn_at.is_some_and(|at| at <= seen.now) && memory.idle_warned != dies) {
        let note = format!(
            "The grant has not been refreshed for long and dies on {}. Resume the integration before that.",
            clock(at)
        );
        ctx.events
            .publish(&seen.integration.object_ref(&()), true, "GrantIdleExpiry", &note)
            .await;
        memory.idle_warned = dies;
    }
    ctx.memories.keep(&seen.target.owner.uid, memory);
    requeue(&[warn_at.filter(|at| *at > seen.now)], seen.now)
}

/// An object that this version cannot read, most likely written for a later one: said once for
/// each version of it, and no reason to stop looking at the others.
async fn report_unreadable(object: &Guarded, ctx: &Context) {
    let Err(invalid) = &object.0 else { return };
    ctx.metrics.unreadable();
    warn!(namespace = object.namespace(), name = object.name_any(), error = %invalid.error, "this JiraIntegration cannot be read");
    let note = format!(
        "This version of the operator cannot read the object: {}. Upgrade the operator, or correct the field.",
        invalid.error
    );
    ctx.events
        .publish(&object.object_ref(&()), true, "Unreadable", &note)
        .await;
}
