//! What wakes a reconciliation: integrations, the Secrets they name, and the clock.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{FutureExt, Stream, StreamExt, future};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, ResourceExt,
    core::PartialObjectMeta,
    runtime::{
        Controller, WatchStreamExt, controller,
        reflector::{self, ObjectRef, Store},
        watcher::{self, Event, watcher},
    },
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    Guarded,
    context::Context,
    grants::GrantWatch,
    index::Name,
    integration::{reconcile, written_due},
};
use crate::{
    api::{
        condition::{ConditionType, find},
        integration::JiraIntegration,
        names,
    },
    grant::{GrantKey, gc},
};

/// A watch ends after this many seconds and is opened anew, so that a dead connection shows.
const WATCH_TIMEOUT: u32 = 200;
/// Without bound: [`Admission`](super::Admission) says who may run, and in which order. What the runtime
/// itself holds back it serves in no order.
const CONCURRENCY: u16 = 0;
/// How often unused grants are looked for.
const HOUSEKEEPING_EVERY: Duration = Duration::from_mins(1);
/// How long it waits at the start for all integrations to be known.
const STORES_WITHIN: Duration = Duration::from_secs(10);

/// The integrations of one namespace, or of all.
type Watched = (Option<String>, Store<Guarded>);

/// Runs until it is asked to stop, then lets reconciliations under way end. One controller for each watched
/// namespace, or one for all: a reflector holds the objects of one watch.
pub async fn run(ctx: Arc<Context>, namespaces: &[String], stop: CancellationToken) {
    let scopes: Vec<Option<String>> = match namespaces {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    let mut stores = Vec::new();
    let mut controllers = Vec::new();
    for namespace in scopes {
        let (store, controller) = one(&ctx, namespace.as_deref(), stop.clone());
        stores.push((namespace, store));
        controllers.push(controller);
    }
    let housekeeping = housekeeping(Arc::clone(&ctx), stores, stop);
    future::join(future::join_all(controllers), housekeeping).await;
}

pub(super) fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: kube::Resource<Scope = kube::core::NamespaceResourceScope>,
    K::DynamicType: Default,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

fn one(
    ctx: &Arc<Context>,
    namespace: Option<&str>,
    stop: CancellationToken,
) -> (Store<Guarded>, impl Future<Output = ()> + use<>) {
    let config = || watcher::Config::default().timeout(WATCH_TIMEOUT);
    let (reader, writer) = reflector::store();
    let indexed = Arc::clone(ctx);
    let integrations = watcher(api::<Guarded>(&ctx.client, namespace), config())
        .default_backoff()
        .modify(|object| object.managed_fields_mut().clear())
        .inspect(move |event| keep_index(&indexed, event))
        .reflect(writer)
        .applied_objects()
        .predicate_filter(
            |object: &Guarded| Some(worth_waking(object)),
            kube::runtime::utils::PredicateConfig::default(),
        );
    let secrets = secret_wakes(ctx, namespace, config());
    let store = reader.clone();
    let settings = controller::Config::default().concurrency(CONCURRENCY);
    let current = reader.clone();
    let running = Controller::for_stream(integrations, reader)
        .with_config(settings)
        .reconcile_on(secrets)
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(
            move |object, ctx| reconcile(object, ctx, current.clone()).boxed(),
            |_, _, _| controller::Action::await_change(),
            Arc::clone(ctx),
        )
        .for_each(|result| {
            if let Err(error) = result {
                debug!(%error, "a watch or a wake failed");
            }
            future::ready(())
        });
    (store, running)
}

/// The spec, a request by a person, and the object itself: a write of the status wakes nobody,
/// and an object that was deleted and created anew is another one.
fn worth_waking(object: &Guarded) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    let meta = kube::Resource::meta(object);
    (
        &meta.uid,
        meta.generation,
        object.annotations().get(names::REQUESTED_AT),
    )
        .hash(&mut hasher);
    hasher.finish()
}

fn keep_index(ctx: &Context, event: &Result<Event<Guarded>, watcher::Error>) {
    let orphaned = match event {
        Ok(Event::Apply(object) | Event::InitApply(object)) => object.0.as_ref().map_or_else(
            |_| Vec::new(),
            |integration| {
                note_due(ctx, integration);
                ctx.index.insert(integration)
            },
        ),
        Ok(Event::Delete(object)) => {
            ctx.metrics.sync_due(&object.uid().unwrap_or_default(), None);
            ctx.index
                .remove(&object.namespace().unwrap_or_default(), &object.name_any())
        }
        Ok(Event::Init | Event::InitDone) => Vec::new(),
        Err(error) => {
            warn!(%error, "the watch of JiraIntegrations failed; it is opened anew");
            Vec::new()
        }
    };
    forget(ctx, &orphaned);
}

/// Notes when an integration is due that had no reconciliation yet: it may have to wait for one.
fn note_due(ctx: &Context, integration: &JiraIntegration) {
    let Some(uid) = integration.uid().filter(|_| !integration.spec.suspend) else {
        return;
    };
    let due = written_due(integration.status.as_ref(), Timestamp::now());
    ctx.metrics.sync_due_at_first(&uid, due);
}

/// Forgets the tokens of grants that no integration names any more.
fn forget(ctx: &Context, secrets: &[Name]) {
    for (namespace, secret) in secrets {
        if let Some(credentials) = names::credentials_of_grant(secret) {
            let (namespace, credentials) = (namespace.clone(), credentials.to_owned());
            ctx.grants.forget(&GrantKey { namespace, credentials });
        }
    }
}

/// Wakes the integrations that name a Secret which changed. Only metadata is watched, and
/// nothing of other people's Secrets is kept.
fn secret_wakes(
    ctx: &Arc<Context>,
    namespace: Option<&str>,
    config: watcher::Config,
) -> impl Stream<Item = ObjectRef<Guarded>> + use<> {
    let secrets: Api<PartialObjectMeta<Secret>> = api(&ctx.client, namespace);
    let (index, told) = (Arc::clone(&ctx.index), Arc::clone(ctx));
    let mut grants = GrantWatch::of(namespace);
    watcher(secrets, config)
        .default_backoff()
        .inspect(move |event| grants.note(&told, event))
        .touched_objects()
        .filter_map(|result| {
            future::ready(
                result
                    .inspect_err(|error| warn!(%error, "the watch of Secrets failed; it is opened anew"))
                    .ok(),
            )
        })
        .flat_map(move |secret| {
            let wakes = index.naming(&secret.namespace().unwrap_or_default(), &secret.name_any());
            futures::stream::iter(wakes)
        })
}

/// Removes grants that nobody names, forgets integrations that are gone, and counts the rest.
async fn housekeeping(ctx: Arc<Context>, stores: Vec<Watched>, stop: CancellationToken) {
    // A namespace that cannot be read must not stop the others.
    let all_ready = future::join_all(stores.iter().map(|(_, store)| store.wait_until_ready()));
    tokio::select! {
        () = stop.cancelled() => return,
        _ = tokio::time::timeout(STORES_WITHIN, all_ready) => {}
    }
    loop {
        let unknown = stores
            .iter()
            .filter(|(_, store)| store.wait_until_ready().now_or_never().is_none());
        let unknown: Vec<Option<String>> = unknown.map(|(namespace, _)| namespace.clone()).collect();
        if unknown.contains(&None) {
            // Nothing is known of anything yet.
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(STORES_WITHIN) => continue,
            }
        }
        let stores = stores.iter().map(|(_, store)| store);
        let objects: Vec<Arc<Guarded>> = stores.flat_map(Store::state).collect();
        count(&ctx, &objects);
        let uids = objects.iter().filter_map(|o| o.uid()).collect::<HashSet<_>>();
        ctx.local_states.retain(&uids);
        ctx.mirrors.retain(&uids);
        ctx.pools.retain(&uids);
        ctx.following.retain(&uids);
        ctx.directories.retain(&uids);
        ctx.metrics.retain(&uids);
        let unreadable = objects.iter().filter(|object| object.0.is_err());
        let in_doubt = unreadable.filter_map(|object| object.namespace());
        let in_doubt = in_doubt.chain(unknown.into_iter().flatten()).collect();
        let names = objects
            .iter()
            .map(|o| (o.namespace().unwrap_or_default(), o.name_any()))
            .collect();
        forget(&ctx, &ctx.index.retain(&names));
        ctx.grants.save_unsaved().await;
        match gc::sweep(
            &ctx.client,
            &ctx.grant_store,
            &ctx.index.secrets(),
            &in_doubt,
            Timestamp::now(),
        )
        .await
        {
            Ok(()) => {}
            Err(error) => debug!(%error, "unused grants could not be looked for"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(HOUSEKEEPING_EVERY) => {}
        }
    }
}

fn count(ctx: &Context, objects: &[Arc<Guarded>]) {
    let status = |object: &Guarded| {
        let status = object.0.as_ref().ok()?.status.as_ref()?;
        Some(find(&status.conditions, ConditionType::Ready)?.status.clone())
    };
    let all: Vec<String> = objects
        .iter()
        .map(|o| status(o).unwrap_or_else(|| "Unknown".into()))
        .collect();
    let number = |value: &str| i64::try_from(all.iter().filter(|s| *s == value).count()).unwrap_or(i64::MAX);
    ctx.metrics
        .integrations(&["True", "False", "Unknown"].map(|value| (value, number(value))));
}
