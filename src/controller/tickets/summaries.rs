//! Whether what integrations say of their tickets may have changed.

use std::sync::atomic::{AtomicBool, Ordering};

use kube::runtime::watcher::{self, Event};

use crate::api::issue::JiraIssue;

/// Whether there may be something new to say.
#[derive(Debug, Default)]
pub struct Summaries(AtomicBool);

impl Summaries {
    /// There is.
    pub fn wake(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Takes an event of the watch of tickets in, once it is in the store.
    pub fn note(&self, event: &Result<Event<JiraIssue>, watcher::Error>) {
        if matches!(event, Ok(Event::Apply(_) | Event::Delete(_) | Event::InitDone)) {
            self.wake();
        }
    }

    /// Whether there was, since it was asked last.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
