//! What this process remembers of each integration, by its uid.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::local_state::LocalState;
use crate::sync::{directory::DirectoryRun, issues::MirrorState};

/// Something of each integration. All of it can be lost at any moment.
#[derive(Debug, Default)]
pub struct ByUid<T>(Mutex<HashMap<String, T>>);

/// What is known of integrations besides their statuses.
pub type LocalStates = ByUid<LocalState>;

/// The mirrors of issues, each for one user at a time; none before it is read from the cluster.
pub type Mirrors = ByUid<Arc<tokio::sync::Mutex<Option<MirrorState>>>>;

/// The listings of people that are under way.
pub type Directories = ByUid<DirectoryRun>;

impl<T> ByUid<T> {
    /// Keeps it for an integration.
    pub fn keep(&self, uid: &str, value: T) {
        self.all().insert(uid.to_owned(), value);
    }

    /// Forgets all integrations but these.
    pub fn retain(&self, uids: &HashSet<String>) {
        self.all().retain(|uid, _| uids.contains(uid));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default> ByUid<T> {
    /// Takes that of an integration out, or begins one.
    #[must_use]
    pub fn take(&self, uid: &str) -> T {
        self.all().remove(uid).unwrap_or_default()
    }
}

impl<T: Clone + Default> ByUid<T> {
    /// That of an integration.
    #[must_use]
    pub fn of(&self, uid: &str) -> T {
        self.all().entry(uid.to_owned()).or_default().clone()
    }
}
