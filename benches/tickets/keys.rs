//! When each ticket got its key, as a watch of the objects tells.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use jira_operator::api::issue::JiraIssue;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::shared::remote::Failure;

/// Longer than all tickets of a row take.
const PATIENCE: Duration = Duration::from_mins(9);

/// The keys that came so far.
pub struct Keys {
    seen: Arc<Seen>,
    watch: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    at: Mutex<HashMap<String, Instant>>,
    more: Notify,
}

impl Keys {
    /// Watches from now on.
    pub fn watch(objects: Api<JiraIssue>) -> Self {
        let seen = Arc::new(Seen::default());
        let to = Arc::clone(&seen);
        let watch = tokio::spawn(async move {
            let mut changes = watcher(objects, watcher::Config::default()).applied_objects().boxed();
            while let Some(change) = changes.next().await {
                let Ok(object) = change else { continue };
                if object.status.as_ref().is_some_and(|status| !status.key.is_empty()) {
                    let mut at = to.at.lock().unwrap_or_else(PoisonError::into_inner);
                    at.entry(object.name_any()).or_insert_with(Instant::now);
                    to.more.notify_waiters();
                }
            }
        });
        Self { seen, watch }
    }

    /// Waits until an object has its ticket's key, and says when it came.
    pub async fn of(&self, name: &str) -> Result<Instant, Failure> {
        let come = async {
            loop {
                let more = self.seen.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                let known = self
                    .seen
                    .at
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get(name)
                    .copied();
                if let Some(at) = known {
                    return at;
                }
                more.await;
            }
        };
        let come = tokio::time::timeout(PATIENCE, come).await;
        come.map_err(|_| format!("{name} has no ticket after {PATIENCE:?}").into())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.watch.abort();
    }
}
