//! One reconciliation of one integration: observe → plan → run → conclude → write.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::{
    Resource, ResourceExt,
    runtime::{
        controller::Action,
        reflector::{ObjectRef, Store},
    },
};
use tracing::{Instrument, debug, info, info_span, warn};

use super::{
    authorization_url::authorization_url,
    conclude::{self, Conclusion, conclude},
    observe::{ObservedState, observe, waiting},
    results::Results,
    run::run,
    schedule::{self, earliest},
    status::{ReconcileEnd, is_worth_writing},
    steps::{Run, StepError},
    verdict::Verdict,
    write::write,
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
        events::Notice,
    },
    controller::{Guarded, admission::Admitted, context::Context, reconcile_kind::ReconcileKind},
    telemetry::Progress,
};

/// When a reconciliation of which nothing is said is followed by the next, where nothing wakes one before.
const QUIET_RETRY: Duration = Duration::from_secs(30);

/// What is to be done with what was observed.
enum NextStep {
    /// Nothing but to say that it is suspended.
    Suspended,
    /// Nothing before this time.
    PutOff(Timestamp),
    /// A reconciliation.
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
            NextStep::Run(due) if admitted.covers(due) => {
                return Ok(Box::pin(reconcile_now(&ctx, &observed, due)).await);
            }
            // It was let in to keep its token fresh while it waits.
            NextStep::Run(_) if admitted.is_early => {
                return Ok(Box::pin(reconcile_now(&ctx, &observed, ReconcileKind::TokenOnly)).await);
            }
            // What was read shows that more is due than it came for.
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
        None => schedule::due(&observed.inputs()),
    })
}

/// Does what is due, writes the status, and plans the next reconciliation.
async fn reconcile_now(ctx: &Context, observed: &ObservedState, kind: ReconcileKind) -> Action {
    let (namespace, name) = (&observed.target.namespace, &observed.target.integration);
    let span = info_span!("reconcile", namespace, name);
    let results = run(ctx, observed, kind).instrument(span).await;
    if matches!(results.stopped, Some(StepError::Quiet)) {
        // The namespace or the integration is being deleted; or a grant Secret was, and the watch has not
        // reported it yet.
        debug!(
            namespace = observed.target.namespace,
            "nothing is said of this reconciliation"
        );
        return Action::requeue(QUIET_RETRY);
    }
    let run = Run { ctx, observed };
    let verdict = Verdict::of(observed, &results);
    let link = authorization_url(run, &verdict).await;
    let verdict = verdict.with_link(link);
    let end = ReconcileEnd {
        at: Timestamp::now(),
        random: rand::random(),
    };
    let mut conclusion = conclude(observed, &results, &verdict, end, true);
    let written = write_if_worth(run, &mut conclusion.status, results.projects().is_some()).await;
    let is_lost = written
        .as_ref()
        .err()
        .is_some_and(|error| worth_retrying(error, observed));
    if written.is_err() {
        conclusion = conclude(observed, &results, &verdict, end, !is_lost);
    }
    report(ctx, observed, &results, end.at, &conclusion.status);
    let version = written.ok().flatten();
    carry_out(run, conclusion, version, end.at).await
}

/// Publishes the events, remembers what is to be remembered, and requeues.
async fn carry_out(run: Run<'_>, conclusion: Conclusion, version: Option<u64>, now: Timestamp) -> Action {
    let Conclusion {
        status,
        mut local,
        next_sync,
        requeue,
        transitions,
        events,
    } = conclusion;
    let told = transitions.iter().filter(|_| version.is_some()).chain(&events);
    for event in told {
        run.ctx.events.publish(event).await;
    }
    if let Some(version) = version {
        local.status.last = Some((status, version));
    }
    let uid = &run.observed.target.owner.uid;
    run.ctx.metrics.sync_due(uid, next_sync);
    run.ctx.local_states.keep(uid, local);
    self::requeue(&requeue, now)
}

/// The next reconciliation at the earliest of these times.
fn requeue(times: &[Option<Timestamp>], now: Timestamp) -> Action {
    earliest(times, now).map_or_else(Action::await_change, Action::requeue)
}

/// Writes the status if it is worth it. The resourceVersion, or none if nothing was written.
async fn write_if_worth(
    run: Run<'_>,
    status: &mut JiraIntegrationStatus,
    synced: bool,
) -> Result<Option<u64>, kube::Error> {
    if !is_worth_writing(&run.observed.status, status, synced) {
        return Ok(None);
    }
    let written = write(run, status).await;
    if let Err(error @ kube::Error::Api(answer)) = &written
        && remedy(answer).is_some()
    {
        // Nothing can be said in the status of what keeps it from being written.
        let note = format!("The status could not be written: {}", describe(error));
        let object = run.observed.integration.object_ref(&());
        let notice = Notice::warning(object, "DefinitionDiffers", note);
        run.ctx.events.publish(&notice).await;
    }
    written.map(Some)
}

/// One line a reconciliation, and the metrics.
fn report(
    ctx: &Context,
    observed: &ObservedState,
    results: &Results,
    ended: Timestamp,
    status: &JiraIntegrationStatus,
) {
    let seconds = ended.duration_since(observed.now).as_secs_f64();
    ctx.metrics.reconcile(results.kind.as_str(), seconds);
    if let Some(issues) = results.work.issues.as_ref().and_then(|step| step.summary.as_ref()) {
        let progress = issues.progress.as_ref().map(|progress| Progress {
            listed: i64::try_from(issues.to_fetch).unwrap_or(i64::MAX),
            remaining: progress.remaining,
            per_second: progress.issues_per_second,
        });
        ctx.metrics.progress(&observed.target.owner.uid, progress);
    }
    let (namespace, name) = (&observed.target.namespace, &observed.target.integration);
    if results.kind == ReconcileKind::TokenOnly && status.conditions == observed.status.conditions {
        debug!(namespace, name, "nothing is due");
        return;
    }
    let ready = find(&status.conditions, ConditionType::Ready);
    let reason = ready.map(|c| c.reason.as_str()).unwrap_or_default();
    let changed = results.projects().map_or(0, |projects| projects.applied.changed);
    let calls = results.cost.as_ref().map_or(0, |cost| cost.calls);
    let kind = results.kind.as_str();
    info!(namespace, name, kind, reason, calls, changed, seconds, "reconciled");
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
    local.cluster = local.cluster.unanswered();
    let wait = backoff(local.cluster.failures, rand::random()).min(Duration::from_secs(30));
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
    let run = Run { ctx, observed };
    // What a person does to its grant meanwhile is not undone from memory once it goes on.
    ctx.grants.suspend(&observed.grant);
    let mut conclusion = conclude::suspended(observed);
    let written = write_if_worth(run, &mut conclusion.status, false).await;
    if written
        .as_ref()
        .err()
        .is_some_and(|error| worth_retrying(error, observed))
    {
        return Action::requeue(Duration::from_secs(5));
    }
    carry_out(run, conclusion, written.ok().flatten(), observed.now).await
}

/// An object that this version cannot read, most likely written for a later one: said once for
/// each version of it, and no reason to stop reconciling the others.
async fn report_unreadable(object: &Guarded, ctx: &Context) {
    let Err(invalid) = &object.0 else { return };
    ctx.metrics.unreadable();
    warn!(namespace = object.namespace(), name = object.name_any(), error = %invalid.error, "this JiraIntegration cannot be read");
    let note = format!(
        "This version of the operator cannot read the object: {}. Upgrade the operator, or correct the field.",
        invalid.error
    );
    let notice = Notice::warning(object.object_ref(&()), "Unreadable", note);
    ctx.events.publish(&notice).await;
}
