//! The slots of all grants that this process knows, and what is heard of a grant while its slot is in use.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    codec::GrantIdentity,
    slot::{GrantSlot, PendingEvents, SecretEvent},
    store::{GrantKey, GrantStore},
};

/// The slots, by grant.
#[derive(Default)]
pub(super) struct GrantSlots(Mutex<HashMap<GrantKey, Arc<SharedSlot>>>);

/// A slot, and what was heard since its last use.
pub(super) struct SharedSlot {
    key: GrantKey,
    slot: tokio::sync::Mutex<GrantSlot>,
    news: Mutex<PendingEvents>,
}

impl SharedSlot {
    fn new(key: GrantKey) -> Self {
        Self {
            key,
            slot: tokio::sync::Mutex::default(),
            news: Mutex::default(),
        }
    }

    /// The slot, for one user at a time.
    pub(super) async fn lock(&self) -> tokio::sync::MutexGuard<'_, GrantSlot> {
        let mut slot = self.slot.lock().await;
        let news = std::mem::take(&mut *self.events());
        slot.apply_events(news, &self.key);
        slot
    }

    fn events(&self) -> MutexGuard<'_, PendingEvents> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether tokens wait in memory to be stored, as far as can be told.
    fn has_unsaved(&self) -> bool {
        // A slot that is locked is exchanging or storing.
        self.slot.try_lock().map_or(true, |slot| slot.unsaved.is_some())
    }

    /// Stores tokens that wait, where nobody uses the slot.
    async fn save(&self, store: &GrantStore) {
        if self.slot.try_lock().is_ok_and(|slot| slot.unsaved.is_some()) {
            self.lock().await.save_or_drop(store, &self.key).await;
        }
    }
}

impl GrantSlots {
    fn table(&self) -> MutexGuard<'_, HashMap<GrantKey, Arc<SharedSlot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of one grant.
    pub(super) fn slot(&self, key: &GrantKey) -> Arc<SharedSlot> {
        let mut table = self.table();
        let place = table
            .entry(key.clone())
            .or_insert_with(|| Arc::new(SharedSlot::new(key.clone())));
        Arc::clone(place)
    }

    /// Whether tokens of any grant wait in memory to be stored.
    pub(super) fn have_unsaved(&self) -> bool {
        self.table().values().any(|place| place.has_unsaved())
    }

    /// Forgets what is known of a grant that nobody names; tokens that wait to be stored are kept for a while.
    /// One that is in use is forgotten before its next use.
    pub(super) fn forget(&self, key: &GrantKey) {
        let mut table = self.table();
        match table.get(key) {
            Some(place) if place.has_unsaved() => place.events().is_unnamed = true,
            _ => drop(table.remove(key)),
        }
    }

    /// What is in memory of a grant is not written back any more.
    pub(super) fn doubt(&self, key: &GrantKey) {
        if let Some(place) = self.table().get(key) {
            place.events().is_doubtful = true;
        }
    }

    /// The same for all grants of a namespace, or of all, but these.
    pub(super) fn doubt_all_but(&self, namespace: Option<&str>, seen: &HashSet<GrantKey>) {
        let table = self.table();
        let watched = |key: &GrantKey| namespace.is_none_or(|namespace| key.namespace == namespace);
        for (_, place) in table.iter().filter(|(key, _)| watched(key) && !seen.contains(*key)) {
            place.events().is_doubtful = true;
        }
    }

    /// Takes in what the watch saw of a grant's Secret.
    pub(super) fn observe(&self, key: &GrantKey, trace: GrantIdentity, seen: SecretEvent) {
        let ended = trace.disconnected.is_some();
        let known = self.table().contains_key(key);
        // Of what was ended is known what must not come back, also where nothing else is known.
        if known || ended {
            self.slot(key).events().traces.push((trace, seen));
        }
    }

    /// Stores tokens that wait where nobody comes to do it: of grants that nobody names any more, for the last
    /// time, and of suspended integrations.
    pub(super) async fn save(&self, store: &GrantStore) {
        let all: Vec<Arc<SharedSlot>> = self.table().values().cloned().collect();
        futures::future::join_all(all.iter().map(|place| place.save(store))).await;
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(GrantKey, Arc<SharedSlot>)> {
        let one = |(key, place): (&GrantKey, &Arc<SharedSlot>)| (key.clone(), Arc::clone(place));
        self.table().iter().map(one).collect()
    }
}
