//! The listings of people that this process has under way.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use crate::sync::directory::DirectoryRun;

/// What is remembered of the listings under way, by uid of the integration.
#[derive(Default)]
pub struct Directories(Mutex<HashMap<String, DirectoryRun>>);

impl Directories {
    /// Takes that of an integration out, or begins one.
    pub(super) fn take(&self, uid: &str) -> DirectoryRun {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(uid).unwrap_or_default()
    }

    /// Puts it back.
    pub(super) fn keep(&self, uid: &str, run: DirectoryRun) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(uid.to_owned(), run);
    }

    /// Forgets all but these.
    pub fn retain(&self, uids: &HashSet<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|uid, _| uids.contains(uid));
    }
}
