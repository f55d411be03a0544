//! A mirror in memory that watches over what is written to it.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use jira_operator::{
    api::issue::JiraIssueStatus,
    sync::issues::{
        error::MirrorError,
        index::{Index, Tracked},
        mirror::Mirror,
        observed::Observed,
    },
};

/// What is kept of one issue.
#[derive(Clone, Debug)]
pub struct Kept {
    pub tracked: Tracked,
    pub status: JiraIssueStatus,
}

/// How often what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    pub created: usize,
    pub changed: usize,
    pub removed: usize,
}

#[derive(Default)]
pub struct Memory {
    pub kept: Mutex<HashMap<u64, Kept>>,
    pub writes: Mutex<Writes>,
    /// Issues that were removed since this was emptied.
    pub removed: Mutex<Vec<(u64, JiraIssueStatus)>>,
    /// After so many writes nothing is written any more, and the pass hangs, as in a crash.
    pub dies_after: AtomicUsize,
}

impl Memory {
    pub fn new() -> Self {
        let memory = Self::default();
        memory.dies_after.store(usize::MAX, Ordering::SeqCst);
        memory
    }

    /// What the cluster would tell after a restart.
    pub fn index(&self) -> Index {
        let mut index = Index::default();
        for (id, kept) in self.kept.lock().unwrap().iter() {
            index.insert(*id, kept.tracked.clone());
        }
        index
    }

    async fn alive(&self) {
        let left = self.dies_after.load(Ordering::SeqCst);
        if left == 0 {
            std::future::pending::<()>().await;
        }
        if left != usize::MAX {
            self.dies_after.store(left - 1, Ordering::SeqCst);
        }
    }
}

impl Mirror for Memory {
    async fn put(&self, issue: &Observed, known: Option<&Tracked>) -> Result<String, MirrorError> {
        self.alive().await;
        let object = format!("acme-{}", issue.id);
        let kept = Kept {
            tracked: Tracked::of(issue, object.clone()),
            status: issue.status.clone(),
        };
        let before = self.kept.lock().unwrap().insert(issue.id, kept);
        let mut writes = self.writes.lock().unwrap();
        match (&before, known) {
            (None, _) => writes.created += 1,
            (Some(before), Some(_)) => {
                assert_ne!(before.status, issue.status, "a write that changes nothing");
                writes.changed += 1;
            }
            (Some(before), None) => panic!("{} is there already", before.status.key),
        }
        Ok(object)
    }

    async fn remove(&self, known: &Tracked) -> Result<(), MirrorError> {
        self.alive().await;
        let mut kept = self.kept.lock().unwrap();
        let id = kept
            .iter()
            .find(|(_, kept)| kept.tracked.object == known.object)
            .map(|(id, _)| *id);
        let id = id.expect("what is removed is there");
        let gone = kept.remove(&id).unwrap();
        self.removed.lock().unwrap().push((id, gone.status));
        self.writes.lock().unwrap().removed += 1;
        Ok(())
    }
}
