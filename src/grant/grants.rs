//! Keeps the grants of this process: who may use one, and what is heard of it from outside.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::future::join_all;
use tokio_util::task::TaskTracker;

use super::{
    active::{ActiveGrant, GrantError},
    codec::GrantIdentity,
    credentials::Credentials,
    slot::SecretEvent,
    slots::{GrantSlots, SharedSlot},
    store::{GrantKey, GrantStore},
};
use crate::atlassian::{oauth::TokenEndpoint, secret::Secret};

/// How often what is unsaved is tried to be stored at the end.
const LAST_RETRY: Duration = Duration::from_millis(500);

/// What is asked of a grant besides being good.
#[derive(Clone, Debug, Default)]
pub struct AccessOptions {
    /// An access token that Atlassian no longer accepts, though it has not expired.
    pub rejected: Option<Secret>,
    /// A person asked for it, so that a wait of our own making is over, and what was refused is tried once more.
    pub requested: bool,
    /// The integration was seen to exist after the grant Secret was found deleted.
    pub is_rightful: bool,
}

/// Holds all grants of this process.
pub struct Grants {
    pub(super) store: GrantStore,
    pub(super) endpoint: TokenEndpoint,
    /// Random, so that a restarted process does not take its predecessor's lock for its own.
    pub(super) holder: String,
    pub(super) slots: GrantSlots,
    pub(super) tasks: TaskTracker,
    pub(super) on_exchange: Box<dyn Fn(&'static str) + Send + Sync>,
}

impl Grants {
    /// A keeper; `on_exchange` is told the outcome of every exchange.
    #[must_use]
    pub fn new(
        store: GrantStore,
        endpoint: TokenEndpoint,
        on_exchange: Box<dyn Fn(&'static str) + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            endpoint,
            holder: format!("{:032x}", rand::random::<u128>()),
            slots: GrantSlots::default(),
            tasks: TaskTracker::new(),
            on_exchange,
        })
    }

    /// The grant, with a good access token. Runs in a task of its own that outlives a cancelled
    /// caller, because an exchange whose answer nobody stores is a lost grant.
    ///
    /// # Errors
    /// [`GrantError`], which says whether the stored access token can still be used.
    pub async fn access(
        self: &Arc<Self>,
        key: &GrantKey,
        credentials: Credentials,
        wish: AccessOptions,
    ) -> Result<ActiveGrant, GrantError> {
        let place = self.slots.slot(key);
        let (keeper, key) = (Arc::clone(self), key.clone());
        let task = self.tasks.spawn(async move {
            let mut slot = place.lock().await;
            slot.mark_named();
            let held = keeper.access_locked(&key, credentials, &wish, &mut slot).await;
            held.map_err(|trouble| {
                let waiting = slot.unsaved.is_some();
                trouble.keeping(waiting).without(wish.rejected.as_ref())
            })
        });
        let interrupted = |_| Err(GrantError::unwritten("the exchange was interrupted"));
        task.await.unwrap_or_else(interrupted)
    }

    /// Waits for exchanges under way and stores what is unsaved. Called once, at the end.
    pub async fn shut_down(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        // All at once: one that is refused must not keep the others from being stored.
        let all = self.slots.all();
        join_all(all.iter().map(|(key, place)| self.finish_one(key, place))).await;
    }

    async fn finish_one(&self, key: &GrantKey, place: &SharedSlot) {
        let mut slot = place.lock().await;
        while slot.unsaved.is_some() && slot.save(&self.store, key).await.is_err() {
            tokio::time::sleep(LAST_RETRY).await;
        }
    }

    /// Whether tokens wait in memory to be stored: a process with such must not be restarted.
    #[must_use]
    pub fn has_unsaved(&self) -> bool {
        self.slots.have_unsaved()
    }

    /// Stores tokens that wait of grants that no reconciliation comes to any more, because nobody names them or those who
    /// do are suspended. Tokens of a grant that nobody names are dropped after some tries.
    pub async fn save_unsaved(&self) {
        self.slots.save(&self.store).await;
    }

    /// Forgets a grant that nobody names any more, so that it is not written back: what comes
    /// later under its name is nobody's heir. The Secret itself stays a day longer. Tokens that
    /// wait to be stored are not forgotten.
    pub fn forget(&self, key: &GrantKey) {
        self.slots.forget(key);
    }

    /// Does not write a grant back any more where it is deleted, until it is seen again: it is not used.
    pub fn suspend(&self, key: &GrantKey) {
        self.slots.doubt(key);
    }

    /// Takes in what the watch saw: a tombstone, or what a grant Secret was when it was deleted. So a grant that
    /// a person ended stays so, whatever is deleted afterwards.
    pub fn observe(&self, key: &GrantKey, trace: GrantIdentity, seen: SecretEvent) {
        self.slots.observe(key, trace, seen);
    }

    /// The watch of a namespace, or of all, was interrupted, and these are the grant Secrets that are there now.
    /// What became of the others nobody saw: they are not written back.
    pub fn observe_relist(&self, namespace: Option<&str>, there: &HashSet<GrantKey>) {
        self.slots.doubt_all_but(namespace, there);
    }
}

#[cfg(test)]
mod tests;
