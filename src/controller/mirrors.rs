//! The mirrors of issues that this process remembers.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::sync::issues::MirrorState;

type SharedMirror = Arc<AsyncMutex<Option<MirrorState>>>;

/// The mirrors of all integrations, by uid. All of it can be lost: it is read from the cluster.
#[derive(Default)]
pub struct Mirrors(Mutex<HashMap<String, SharedMirror>>);

impl Mirrors {
    /// That of an integration, for one user at a time; none before it is read from the cluster.
    pub(super) async fn of(&self, uid: &str) -> OwnedMutexGuard<Option<MirrorState>> {
        let kept = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(uid.to_owned()).or_default())
        };
        kept.lock_owned().await
    }

    /// Forgets all but these.
    pub fn retain(&self, uids: &HashSet<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|uid, _| uids.contains(uid));
    }
}
