//! One pass over one integration: observe → plan → act → report.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use kube::{
    Resource, ResourceExt,
    runtime::{
        controller::Action,
        reflector::{ObjectRef, Store},
    },
};
use tracing::{debug, info, warn};

use super::{
    Guarded,
    admission::Admitted,
    authorization_url::{authorization_url, name_the_way},
    context::Context,
    grace,
    observe::{ObservedState, observe, waiting},
    report,
    schedule::{self, ReconcileKind},
    settle::{Passed, requeue, settle},
    steps,
};
use crate::{
    api::{
        condition::{ConditionType, find},
        definition::remedy,
        integration::{JiraIntegration, JiraIntegrationStatus},
    },
    cluster::{
        backoff::backoff,
        error::{WriteError, describe},
        time::clock,
    },
    telemetry::Progress,
};

/// How long before a grant dies unused a person is warned.
const IDLE_WARNING: SignedDuration = SignedDuration::from_hours(24 * 14);

/// When a pass of which nothing is said is followed by the next, where nothing wakes one before.
const QUIET_RETRY: Duration = Duration::from_secs(30);

/// What is to be done with what was observed.
enum NextStep {
    /// Nothing but to say that it is suspended.
    Suspended,
    /// Nothing before this time.
    PutOff(Timestamp),
    /// A pass.
    Run(ReconcileKind),
}

/// Reconciles one object, once it is its turn. Never fails: what goes wrong is in the status, or, when
/// the API server itself does not answer, tried again.
pub async fn reconcile(
    object: Arc<Guarded>,
    ctx: Arc<Context>,
    store: Store<Guarded>,
) -> Result<Action, std::convert::Infallible> {
    if object.0.is_err() {
        report_unreadable(&object, &ctx).await;
        return Ok(Action::await_change());
    }
    let mut wanted = None;
    loop {
        let Some((object, admitted)) = enter(&object, &ctx, &store, wanted).await else {
            return Ok(Action::await_change());
        };
        let Ok(integration) = &object.0 else {
            return Ok(Action::await_change());
        };
        let observed = match observe(&ctx, integration).await {
            Ok(observed) => observed,
            Err(error) => return Ok(cluster_trouble(&ctx, integration, &error)),
        };
        match plan(&observed) {
            NextStep::Suspended => return Ok(suspend(&ctx, &observed).await),
            NextStep::PutOff(at) => return Ok(requeue(&[Some(at)], observed.now)),
            NextStep::Run(due) if admitted.covers(due) => return Ok(pass(&ctx, &observed, due).await),
            // It was let in to keep its token fresh while it waits.
            NextStep::Run(_) if admitted.is_early => return Ok(pass(&ctx, &observed, ReconcileKind::TokenOnly).await),
            // What was read tells that more is due than it came for.
            NextStep::Run(due) => wanted = Some(due),
        }
    }
}

/// Waits for its turn, and returns the object as it is then. None when it is gone, or the process stops.
async fn enter(
    object: &Guarded,
    ctx: &Context,
    store: &Store<Guarded>,
    wanted: Option<ReconcileKind>,
) -> Option<(Arc<Guarded>, Admitted)> {
    let mut waiting = waiting(ctx, object.0.as_ref().ok()?);
    waiting.due = wanted.unwrap_or(waiting.due);
    let admitted = ctx.admission.enter(waiting).await?;
    Some((store.get(&ObjectRef::from_obj(object))?, admitted))
}

fn plan(observed: &ObservedState) -> NextStep {
    if observed.integration.spec.suspend {
        return NextStep::Suspended;
    }
    if let Some(at) = observed.put_off() {
        return NextStep::PutOff(at);
    }
    NextStep::Run(match observed.jira_wait() {
        Some(_) => ReconcileKind::TokenOnly,
        None => schedule::due(&observed.asked()),
    })
}

/// A pass that does what is due, reports it, and plans the next.
async fn pass(ctx: &Context, observed: &ObservedState, due: ReconcileKind) -> Action {
    let (mut outcome, done) = steps::run(ctx, observed, due).await;
    if outcome.quiet {
        // The namespace or the integration is being deleted; or a grant Secret was, and the watch has not told
        // of it yet.
        debug!(namespace = observed.target.namespace, "nothing is said of this pass");
        return Action::requeue(QUIET_RETRY);
    }
    outcome.authorization_url = authorization_url(ctx, observed, &outcome).await;
    name_the_way(&mut outcome);
    let ended = Timestamp::now();
    let mut status = report::status(observed, done, &outcome, ended, rand::random());
    let written = write(ctx, observed, &mut status, outcome.synced.is_some()).await;
    let next_sync = status.sync.as_ref().and_then(|s| s.next_sync_time.as_ref());
    let passed = Passed {
        done,
        outcome: &outcome,
        unwritten: written
            .as_ref()
            .err()
            .is_some_and(|error| worth_retrying(error, observed)),
        next_sync: next_sync.map(|time| time.0),
        ended,
    };
    tell(ctx, observed, &passed, &status).await;
    let mut local = observed.local.clone();
    local.idle_warned = warn_of_idle_expiry(ctx, observed, &status).await;
    local.awaited = grace::wait(ctx, observed, &status.conditions).await;
    let (mut local, look_at, action) = settle(observed, local, &passed);
    if let Ok(Some(version)) = written {
        local.written = Some((status, version));
    }
    let uid = &observed.target.owner.uid;
    ctx.metrics.sync_due(uid, Some(look_at));
    ctx.local_states.keep(uid, local);
    action
}

/// Writes the status if it is worth it. The resourceVersion, or none if nothing was written.
async fn write(
    ctx: &Context,
    observed: &ObservedState,
    status: &mut JiraIntegrationStatus,
    synced: bool,
) -> Result<Option<u64>, kube::Error> {
    if !report::is_worth_writing(&observed.status, status, synced) {
        return Ok(None);
    }
    let written = report::write(ctx, observed, status).await;
    if let Err(error @ kube::Error::Api(answer)) = &written
        && remedy(answer).is_some()
    {
        // Nothing can be said in the status of what keeps it from being written.
        let note = format!("The status could not be written: {}", describe(error));
        let object = observed.integration.object_ref(&());
        ctx.events.publish(&object, true, "DefinitionDiffers", &note).await;
    }
    written.map(Some)
}

/// One line a pass, the metrics, and events of projects.
async fn tell(ctx: &Context, observed: &ObservedState, passed: &Passed<'_>, status: &JiraIntegrationStatus) {
    let (done, outcome) = (passed.done, passed.outcome);
    let seconds = passed.ended.duration_since(observed.now).as_secs_f64();
    ctx.metrics.reconcile(done.as_str(), seconds);
    if let Some(issues) = &outcome.issues {
        let progress = issues.progress.as_ref().map(|progress| Progress {
            listed: i64::try_from(issues.to_fetch).unwrap_or(i64::MAX),
            remaining: progress.remaining,
            per_second: progress.issues_per_second,
        });
        ctx.metrics.progress(&observed.target.owner.uid, progress);
    }
    let ready = find(&status.conditions, ConditionType::Ready);
    let reason = ready.map(|c| c.reason.as_str()).unwrap_or_default();
    let changed = outcome.synced.as_ref().map_or(0, |s| s.applied.changed);
    let (namespace, name) = (&observed.target.namespace, &observed.target.integration);
    if done == ReconcileKind::TokenOnly && status.conditions == observed.status.conditions {
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
    let object = observed.integration.object_ref(&());
    for (key, why) in &synced.applied.removed {
        ctx.events
            .publish(&object, false, "ProjectRemoved", &why.message(key))
            .await;
    }
}

/// A status that could not be written is written by the next try, unless the object is gone.
fn worth_retrying(error: &kube::Error, observed: &ObservedState) -> bool {
    let gone = matches!(WriteError::from_kube(error), WriteError::Gone | WriteError::Terminating);
    if !gone {
        warn!(
            namespace = observed.target.namespace,
            name = observed.target.integration,
            error = describe(error),
            "the status could not be written"
        );
    }
    !gone
}

fn cluster_trouble(ctx: &Context, integration: &JiraIntegration, error: &kube::Error) -> Action {
    let uid = integration.uid().unwrap_or_default();
    let mut local = ctx.local_states.of(&uid);
    local.failures = local.failures.saturating_add(1);
    let wait = backoff(local.failures, rand::random()).min(Duration::from_secs(30));
    ctx.local_states.keep(&uid, local);
    warn!(
        namespace = integration.namespace(),
        name = integration.name_any(),
        error = describe(error),
        "the cluster could not be asked"
    );
    Action::requeue(wait)
}

/// A suspended integration: Atlassian is not called, and a person is warned before the grant
/// dies of it.
async fn suspend(ctx: &Context, observed: &ObservedState) -> Action {
    // What somebody does to its grant meanwhile is not undone from memory once it goes on.
    ctx.grants_in_use.suspend(&observed.grant);
    let mut status = report::suspended(observed);
    let mut local = observed.local.clone();
    local.retry_at = None;
    match write(ctx, observed, &mut status, false).await {
        Ok(Some(version)) => local.written = Some((status.clone(), version)),
        Err(error) if worth_retrying(&error, observed) => {
            return Action::requeue(Duration::from_secs(5));
        }
        Ok(None) | Err(_) => {}
    }
    local.idle_warned = warn_of_idle_expiry(ctx, observed, &status).await;
    local.has_passed = true;
    ctx.metrics.sync_due(&observed.target.owner.uid, None);
    ctx.local_states.keep(&observed.target.owner.uid, local);
    requeue(
        &[idle_warning_at(&status).filter(|at| *at > observed.now)],
        observed.now,
    )
}

/// When a person is warned that the grant dies unused.
fn idle_warning_at(status: &JiraIntegrationStatus) -> Option<Timestamp> {
    status
        .token
        .as_ref()?
        .grant_idle_expires_at
        .0
        .checked_sub(IDLE_WARNING)
        .ok()
}

/// Warns once of a grant that nothing refreshes, because the integration is suspended or its
/// credentials are gone. The expiry that was warned of.
async fn warn_of_idle_expiry(
    ctx: &Context,
    observed: &ObservedState,
    status: &JiraIntegrationStatus,
) -> Option<Timestamp> {
    let dies = status.token.as_ref()?.grant_idle_expires_at.0;
    let due = idle_warning_at(status).is_some_and(|at| at <= observed.now);
    if !due || observed.local.idle_warned == Some(dies) {
        return observed.local.idle_warned;
    }
    let note = format!(
        "The grant has not been refreshed for long and dies on {}. Resume the integration, or fix what its conditions name, before that.",
        clock(dies)
    );
    let object = observed.integration.object_ref(&());
    ctx.events.publish(&object, true, "GrantIdleExpiry", &note).await;
    Some(dies)
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
