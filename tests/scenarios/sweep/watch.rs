//! The watches of a trial: every version of every object, as the API server reports it, goes to [`Seen`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use devkit::sandbox::Sandbox;
use futures::StreamExt;
use jira_operator::api::{GROUP, VERSION};
use kube::{
    Api, Client, ResourceExt,
    api::ListParams,
    core::{ApiResource, DynamicObject, GroupVersionKind},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use tokio::{sync::watch, task::JoinHandle};

use super::seen::{Kind, Objects, Seen};
use crate::harness::Harness;

/// Longest time in which what the API server has is seen.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(30);

const KINDS: [Kind; 4] = [Kind::Integration, Kind::Project, Kind::Issue, Kind::Secret];

/// See the module.
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
    changes: watch::Receiver<u64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch the namespace of a harness.
    pub fn begin(harness: &Harness) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let (sender, changes) = watch::channel(0);
        let sender = Arc::new(sender);
        let tasks = KINDS.map(|kind| {
            let api = api(kind, &harness.client, &harness.namespace);
            let (sandbox, seen, sender) = (Arc::clone(&harness.sandbox), Arc::clone(&seen), Arc::clone(&sender));
            tokio::spawn(async move { look(kind, api, &sandbox, &seen, &sender).await })
        });
        Self {
            seen,
            changes,
            tasks: tasks.into(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports every change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// The objects as they were seen last.
    pub fn objects(&self) -> Objects {
        self.seen().objects().clone()
    }

    /// Waits until everything is seen that the API server has now. What a person or Jira changes is changed after that,
    /// so that no earlier version is held against it.
    pub async fn follow(&self, harness: &Harness) {
        let mut changes = self.changes();
        let followed = async {
            loop {
                changes.borrow_and_update();
                if self.has_followed(harness).await {
                    return;
                }
                let _ = tokio::time::timeout(Duration::from_millis(100), changes.changed()).await;
            }
        };
        let followed = tokio::time::timeout(FOLLOWED_WITHIN, followed).await;
        followed.expect("the watches follow the API server");
    }

    async fn has_followed(&self, harness: &Harness) -> bool {
        for kind in KINDS {
            let api = api(kind, &harness.client, &harness.namespace);
            let list = api.list_metadata(&ListParams::default()).await.expect("a list");
            let there: BTreeMap<String, String> = list
                .iter()
                .map(|object| (object.name_any(), object.resource_version().unwrap_or_default()))
                .collect();
            let seen = self.seen();
            let of_kind = seen.objects().iter().filter(|((of, _), _)| *of == kind);
            let seen: BTreeMap<String, String> = of_kind
                .map(|((_, name), object)| (name.clone(), object.resource_version().unwrap_or_default()))
                .collect();
            if there != seen {
                return false;
            }
        }
        true
    }

    /// Ends it: everything that was seen and must not be.
    pub fn end(&self) -> Vec<String> {
        for task in &self.tasks {
            task.abort();
        }
        self.seen().violations()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn look(kind: Kind, api: Api<DynamicObject>, sandbox: &Sandbox, seen: &Mutex<Seen>, sender: &watch::Sender<u64>) {
    let mut events = watcher::watcher(api, watcher::Config::default())
        .default_backoff()
        .boxed();
    let mut listed = BTreeSet::new();
    // An error is followed by another try.
    while let Some(event) = events.next().await {
        let Ok(event) = event else { continue };
        {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                Event::Init => listed.clear(),
                Event::InitApply(object) => {
                    listed.insert(object.name_any());
                    seen.applied(kind, object, sandbox);
                }
                Event::InitDone => seen.gone_unseen(kind, &listed, sandbox),
                Event::Apply(object) => seen.applied(kind, object, sandbox),
                Event::Delete(object) => seen.deleted(kind, &object, sandbox),
            }
        }
        sender.send_modify(|count| *count += 1);
    }
}

fn api(kind: Kind, client: &Client, namespace: &str) -> Api<DynamicObject> {
    let (group, version, plural) = match kind {
        Kind::Integration => (GROUP, VERSION, "jiraintegrations"),
        Kind::Project => (GROUP, VERSION, "jiraprojects"),
        Kind::Issue => (GROUP, VERSION, "jiraissues"),
        Kind::Secret => ("", "v1", "secrets"),
    };
    let named = GroupVersionKind::gvk(group, version, kind.name());
    Api::namespaced_with(
        client.clone(),
        namespace,
        &ApiResource::from_gvk_with_plural(&named, plural),
    )
}
