//! What the process remembers of each integration between passes. All of it can be lost: the
//! next pass then asks a little more than it would have had to.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{api::integration::JiraIntegrationStatus, atlassian::secret::TokenHash};

/// Nothing is asked before a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The time.
    pub until: Timestamp,
    /// Atlassian asked for it, so that not even a request by a person overrides it.
    pub by_atlassian: bool,
    /// The grant is not refreshed either: the trouble is there. Otherwise it is, so that a token
    /// does not expire while Jira is waited for.
    pub exchanges_too: bool,
}

/// What is remembered of one integration.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The status as last written, and the resourceVersion it got: the watch may lag behind.
    pub written: Option<(JiraIntegrationStatus, u64)>,
    /// Retries in a row.
    pub failures: u32,
    /// When the next retry may be made.
    pub gate: Option<Gate>,
    /// When the next look is due, where nothing was synchronised.
    pub next_look: Option<Timestamp>,
    /// resourceVersion of the credential Secret as last seen.
    pub credentials: Option<String>,
    /// Which grant was judged last.
    pub lineage: Option<TokenHash>,
    /// The idle expiry that was warned of.
    pub idle_warned: Option<Timestamp>,
}

/// The memories of all integrations, by uid.
#[derive(Debug, Default)]
pub struct Memories(Mutex<HashMap<String, Memory>>);

impl Memories {
    /// A copy of what is remembered.
    #[must_use]
    pub fn of(&self, uid: &str) -> Memory {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(uid)
            .cloned()
            .unwrap_or_default()
    }

    /// Remembers.
    pub fn keep(&self, uid: &str, memory: Memory) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(uid.to_owned(), memory);
    }

    /// Forgets all but these.
    pub fn retain(&self, uids: &std::collections::HashSet<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|uid, _| uids.contains(uid));
    }
}
