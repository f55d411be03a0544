//! What wakes the reconciliation of a ticket: its object, its integration, its project, and the clock.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::Arc,
};

use futures::{
    FutureExt, Stream, StreamExt, future,
    stream::{self, BoxStream},
};
use kube::{
    Resource, ResourceExt,
    runtime::{
        Controller, WatchStreamExt, controller,
        reflector::{self, ObjectRef, Store},
        utils::PredicateConfig,
        watcher::{self, watcher},
    },
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{claims::ClaimWatch, context::TicketContext, follower, reconcile::reconcile, summary};
use crate::{
    api::{
        condition::ConditionType::{AccountEligible, Authorized, ScopesGranted, SiteReachable},
        condition::{find, is_true},
        integration::JiraIntegration,
        issue::{JiraIssue, JiraIssueSpec},
        names,
        project::{JiraProject, JiraProjectStatus},
    },
    controller::{Guarded, context::Context, watches::api},
};

/// A watch ends after this many seconds and is opened anew, so that a dead connection shows.
const WATCH_TIMEOUT: u32 = 200;
/// How many tickets are reconciled at once: many that wait for a look-up share it.
const CONCURRENCY: u16 = 256;
/// The annotations by which a person says something of a ticket.
const WAKING: [&str; 3] = [names::PLAN, names::ADOPT, names::CREATE_ANYWAY];

/// Runs until stopped, then lets creations under way end.
pub async fn run(ctx: Arc<Context>, namespaces: &[String], stop: CancellationToken) {
    let scopes: Vec<Option<String>> = match namespaces {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    let (mut integrations, mut projects, mut wakes) = (Vec::new(), Vec::new(), Vec::new());
    for scope in &scopes {
        let (store, woken) = integrations_of(&ctx, scope.as_deref());
        integrations.push(store);
        let (store, also) = projects_of(&ctx, scope.as_deref());
        projects.push(store);
        wakes.push((woken, also));
    }
    let tickets = Arc::new(TicketContext::new(ctx, integrations, projects));
    let (mut stores, mut running) = (Vec::new(), Vec::new());
    for (scope, (woken, also)) in scopes.iter().zip(wakes) {
        let wakes = stream::select(woken, also).boxed();
        let (store, controller) = one(&tickets, scope.as_deref(), wakes, stop.clone());
        stores.push(store);
        running.push(controller);
    }
    let follower = follower::run(Arc::clone(&tickets), stores.clone(), stop.clone());
    let summaries = summary::run(Arc::clone(&tickets), stores, stop);
    future::join3(future::join_all(running), follower, summaries).await;
    tickets.outbox.shut_down().await;
}

fn config() -> watcher::Config {
    watcher::Config::default().timeout(WATCH_TIMEOUT)
}

/// Names an integration.
type IntegrationName = (String, String);

fn one(
    tickets: &Arc<TicketContext>,
    namespace: Option<&str>,
    wakes: BoxStream<'static, IntegrationName>,
    stop: CancellationToken,
) -> (Store<JiraIssue>, impl Future<Output = ()> + use<>) {
    let client = &tickets.ctx.client;
    // Those that are mirrored are thousands, and nobody's wish.
    let applied = config().labels(&format!("{}!={}", names::ORIGIN_LABEL, names::ORIGIN_MIRROR));
    let (reader, writer) = reflector::store();
    let mut claims = ClaimWatch::of(Arc::clone(tickets), namespace);
    let (summed_up, changed) = (Arc::clone(tickets), Arc::clone(tickets));
    let objects = watcher(api::<JiraIssue>(client, namespace), applied)
        .default_backoff()
        .modify(keep_what_is_asked)
        .inspect(move |event| claims.note(event))
        .reflect(writer)
        .inspect(move |event| summed_up.summaries.note(event))
        .applied_objects()
        .predicate_filter(
            |object: &JiraIssue| Some(worth_waking(object)),
            PredicateConfig::default(),
        );
    let (store, known) = (reader.clone(), reader.clone());
    let woken = wakes.flat_map(move |(namespace, name)| {
        changed.summaries.wake();
        stream::iter(of_integration(&store, &namespace, &name))
    });
    let woken = stream::select(woken, tickets.news.wakes(namespace));
    let running = Controller::for_stream(objects, reader)
        .with_config(controller::Config::default().concurrency(CONCURRENCY))
        .reconcile_on(woken)
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(
            |object, ctx| async move { Ok::<_, std::convert::Infallible>(reconcile(object, ctx).await) }.boxed(),
            |_, _, _| controller::Action::await_change(),
            Arc::clone(tickets),
        )
        .for_each(|result| {
            if let Err(error) = result {
                debug!(%error, "a watch or a wake of tickets failed");
            }
            future::ready(())
        });
    (known, running)
}

/// Of the objects of tickets only what is asked of them here is kept in memory. Their texts may be long, and a
/// reconciliation reads its object itself.
fn keep_what_is_asked(object: &mut JiraIssue) {
    object.managed_fields_mut().clear();
    object.labels_mut().clear();
    let told = |name: &String| WAKING.contains(&name.as_str());
    object.annotations_mut().retain(|name, _| told(name));
    let spec = std::mem::take(&mut object.spec);
    object.spec = JiraIssueSpec {
        integration: spec.integration,
        project: spec.project,
        ticket: spec.ticket,
        ..JiraIssueSpec::default()
    };
}

/// The spec, a person's annotations, and the object itself: a write of the status wakes nobody.
fn worth_waking(object: &JiraIssue) -> u64 {
    let mut hasher = DefaultHasher::new();
    let meta = object.meta();
    let said = WAKING.map(|name| object.annotations().get(name));
    (&meta.uid, meta.generation, said).hash(&mut hasher);
    hasher.finish()
}

fn of_integration(store: &Store<JiraIssue>, namespace: &str, name: &str) -> Vec<ObjectRef<JiraIssue>> {
    let all = store.state().into_iter();
    let of_it =
        all.filter(|object| object.spec.integration == name && object.namespace().as_deref() == Some(namespace));
    of_it.map(|object| ObjectRef::from_obj(&*object)).collect()
}

fn integrations_of(
    ctx: &Arc<Context>,
    namespace: Option<&str>,
) -> (Store<Guarded>, impl Stream<Item = IntegrationName> + Send + use<>) {
    let (reader, writer) = reflector::store();
    let all = watcher(api::<Guarded>(&ctx.client, namespace), config())
        .default_backoff()
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer)
        .touched_objects()
        .predicate_filter(
            |object: &Guarded| object.0.as_ref().ok().map(matters_to_tickets),
            PredicateConfig::default(),
        );
    let names = all.filter_map(|object| {
        let object =
            object.inspect_err(|error| warn!(%error, "the watch of JiraIntegrations failed; it is opened anew"));
        future::ready(
            object
                .ok()
                .map(|object| (object.namespace().unwrap_or_default(), object.name_any())),
        )
    });
    (reader, names)
}

/// What of an integration decides whether and how tickets are written.
fn matters_to_tickets(integration: &JiraIntegration) -> u64 {
    let mut hasher = DefaultHasher::new();
    let status = integration.status.as_ref();
    let conditions = status.map_or(&[][..], |status| status.conditions.as_slice());
    for needed in [Authorized, SiteReachable, ScopesGranted, AccountEligible] {
        let reason = find(conditions, needed).map(|condition| condition.reason.as_str());
        (is_true(conditions, needed), reason).hash(&mut hasher);
    }
    let account = status
        .and_then(|status| status.account.as_ref())
        .map(|account| account.account_id.as_str());
    let site = status
        .and_then(|status| status.site.as_ref())
        .map(|site| site.cloud_id.as_str());
    (integration.uid(), integration.meta().generation, account, site).hash(&mut hasher);
    hasher.finish()
}

fn projects_of(
    ctx: &Arc<Context>,
    namespace: Option<&str>,
) -> (Store<JiraProject>, impl Stream<Item = IntegrationName> + Send + use<>) {
    let (reader, writer) = reflector::store();
    let all = watcher(api::<JiraProject>(&ctx.client, namespace), config())
        .default_backoff()
        .modify(keep_what_matters)
        .reflect(writer)
        .touched_objects()
        .predicate_filter(
            |object: &JiraProject| Some(project_matters(object)),
            PredicateConfig::default(),
        );
    let names = all.filter_map(|object| {
        let object = object.inspect_err(|error| warn!(%error, "the watch of JiraProjects failed; it is opened anew"));
        let name = |object: JiraProject| (object.namespace().unwrap_or_default(), object.spec.integration);
        future::ready(object.ok().map(name))
    });
    (reader, names)
}

/// Of thousands of projects only what decides on a ticket is kept in memory.
fn keep_what_matters(project: &mut JiraProject) {
    project.managed_fields_mut().clear();
    project.annotations_mut().clear();
    project.labels_mut().clear();
    project.owner_references_mut().clear();
    let Some(status) = &mut project.status else { return };
    for condition in &mut status.conditions {
        condition.message.clear();
    }
    *status = JiraProjectStatus {
        conditions: std::mem::take(&mut status.conditions),
        id: status.id.take(),
        key: status.key.take(),
        project_type: status.project_type.take(),
        lifecycle: status.lifecycle,
        ..JiraProjectStatus::default()
    };
}

fn project_matters(project: &JiraProject) -> u64 {
    let mut hasher = DefaultHasher::new();
    let conditions = project.status.iter().flat_map(|status| &status.conditions);
    for condition in conditions {
        (&condition.type_, &condition.status, &condition.reason).hash(&mut hasher);
    }
    let key = project.status.as_ref().and_then(|status| status.key.as_deref());
    (project.uid(), key).hash(&mut hasher);
    hasher.finish()
}
