//! The lanes of all grants that this process knows, and which of them are to be forgotten.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{lane::Lane, store::GrantKey};

/// The lanes, by grant.
#[derive(Default)]
pub(super) struct Lanes(Mutex<HashMap<GrantKey, Arc<Place>>>);

/// A lane, and whether it was forgotten while it was in use.
#[derive(Default)]
pub(super) struct Place {
    lane: tokio::sync::Mutex<Lane>,
    is_forgotten: AtomicBool,
}

impl Place {
    /// The lane, for one user at a time.
    pub(super) async fn lock(&self) -> tokio::sync::MutexGuard<'_, Lane> {
        let mut lane = self.lane.lock().await;
        if self.is_forgotten.swap(false, Ordering::SeqCst) && lane.unsaved.is_none() {
            *lane = Lane::default();
        }
        lane
    }

    /// Whether tokens wait in memory to be stored, as far as can be told.
    fn has_unsaved(&self) -> bool {
        // A lane that is locked is exchanging or storing.
        self.lane.try_lock().map_or(true, |lane| lane.unsaved.is_some())
    }
}

impl Lanes {
    fn table(&self) -> MutexGuard<'_, HashMap<GrantKey, Arc<Place>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of one grant.
    pub(super) fn place(&self, key: &GrantKey) -> Arc<Place> {
        Arc::clone(self.table().entry(key.clone()).or_default())
    }

    /// Whether tokens of any grant wait in memory to be stored.
    pub(super) fn have_unsaved(&self) -> bool {
        self.table().values().any(|place| place.has_unsaved())
    }

    /// Forgets what is known of a grant; tokens that wait to be stored are kept. One that is in
    /// use is forgotten before its next use.
    pub(super) fn forget(&self, key: &GrantKey) {
        let mut table = self.table();
        match table.get(key) {
            Some(place) if place.has_unsaved() => place.is_forgotten.store(true, Ordering::SeqCst),
            _ => drop(table.remove(key)),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(GrantKey, Arc<Place>)> {
        let one = |(key, place): (&GrantKey, &Arc<Place>)| (key.clone(), Arc::clone(place));
        self.table().iter().map(one).collect()
    }
}
