//! A mirror in memory that watches over what is written to it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use jira_operator::{
    api::issue::JiraIssueStatus,
    sync::issues::{IndexEntry, Mirror, MirrorError, MirroredIssue, OrphanedObject, StoredIssues, StoredObject},
};
use tokio::sync::Notify;

use super::model::write_distance::Objects;

/// What is kept of one issue.
#[derive(Clone, Debug)]
pub struct Kept {
    pub tracked: IndexEntry,
    pub status: JiraIssueStatus,
}

/// How often what was done to issues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    pub created: usize,
    pub changed: usize,
    pub removed: usize,
    /// Objects that were left half made and taken away.
    pub discarded: usize,
}

#[derive(Default)]
pub struct Memory {
    pub kept: Mutex<HashMap<u64, Kept>>,
    /// Objects that were left half made, with the issue that each is of, as far as that can be read.
    pub half_made: Mutex<BTreeMap<String, Option<u64>>>,
    pub writes: Mutex<Writes>,
    /// Writes as an API server counts them.
    pub raw: AtomicUsize,
    /// What was written in the reconciliation under way, in words.
    pub log: Mutex<Vec<String>>,
    /// Issues that were removed since this was emptied.
    pub removed: Mutex<Vec<(u64, JiraIssueStatus)>>,
    /// After so many writes nothing is written any more, and the reconciliation hangs, as in a crash.
    pub dies_after: AtomicUsize,
    /// Told when that has come.
    pub died: Arc<Notify>,
    /// Issues whose objects the cluster refuses to write and to remove, with this status.
    pub refused: Mutex<BTreeMap<u64, u16>>,
    /// How often it refused.
    pub refusals: AtomicUsize,
}

impl Memory {
    pub fn new() -> Self {
        let memory = Self::default();
        memory.dies_after.store(usize::MAX, Ordering::SeqCst);
        memory
    }

    /// What the cluster would tell after a restart.
    pub fn read(&self) -> StoredIssues {
        let mut found = StoredIssues::default();
        for (id, kept) in self.kept.lock().unwrap().iter() {
            found.index.insert(*id, kept.tracked.clone());
        }
        let half_made = self.half_made.lock().unwrap();
        let half_made = half_made.iter().map(|(name, issue)| {
            let stored = StoredObject {
                object: name.clone(),
                ..StoredObject::default()
            };
            let (issue, project) = (*issue, None);
            (name.clone(), OrphanedObject { stored, issue, project })
        });
        found.orphaned = half_made.collect();
        found
    }

    pub fn objects(&self) -> Objects {
        let half_made = self.half_made.lock().unwrap();
        let mut objects: Objects = half_made.keys().map(|name| (name.clone(), None)).collect();
        let kept = self.kept.lock().unwrap();
        objects.extend(
            kept.values()
                .map(|kept| (kept.tracked.stored.object.clone(), Some(kept.status.clone()))),
        );
        objects
    }

    /// One write, unless the process is dead by now.
    async fn write(&self, what: impl FnOnce() -> String) {
        let left = self.dies_after.load(Ordering::SeqCst);
        if left == 0 {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        if left != usize::MAX {
            self.dies_after.store(left - 1, Ordering::SeqCst);
        }
        self.raw.fetch_add(1, Ordering::SeqCst);
        self.log.lock().unwrap().push(what());
    }

    fn refuse(&self, object: &str, id: u64) -> Result<(), MirrorError> {
        let Some(code) = self.refused.lock().unwrap().get(&id).copied() else {
            return Ok(());
        };
        self.refusals.fetch_add(1, Ordering::SeqCst);
        let status = serde_json::json!({"code": code, "message": "exceeded quota: issues"});
        let status: kube::core::Status = serde_json::from_value(status).unwrap();
        Err(MirrorError::Cluster {
            object: object.to_owned(),
            source: Box::new(kube::Error::Api(Box::new(status))),
        })
    }

    fn is_half_made(&self, object: &str) -> bool {
        self.half_made.lock().unwrap().contains_key(object)
    }
}

impl Mirror for Memory {
    async fn put(&self, issue: &MirroredIssue, known: Option<&StoredObject>) -> Result<StoredObject, MirrorError> {
        let object = known.map_or_else(|| format!("acme-{}", issue.id), |known| known.object.clone());
        self.refuse(&object, issue.id)?;
        let stored = StoredObject {
            object: object.clone(),
            ..StoredObject::default()
        };
        if known.is_none() && !self.is_half_made(&object) {
            self.write(|| format!("create {object}")).await;
            self.half_made.lock().unwrap().insert(object.clone(), None);
        }
        let status = &issue.status;
        let (key, updated, name) = (&status.key, &status.updated, &status.status);
        self.write(|| format!("write {object}, {key} of {updated}: {name}"))
            .await;
        let kept = Kept {
            tracked: IndexEntry::of(issue, stored.clone()),
            status: issue.status.clone(),
        };
        self.half_made.lock().unwrap().remove(&object);
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
        Ok(stored)
    }

    async fn discard(&self, stored: &StoredObject) -> Result<(), MirrorError> {
        let object = &stored.object;
        self.write(|| format!("discard {object}")).await;
        let was_there = self.half_made.lock().unwrap().remove(object);
        assert!(was_there.is_some(), "{object} is there");
        self.writes.lock().unwrap().discarded += 1;
        Ok(())
    }

    async fn remove(&self, known: &IndexEntry) -> Result<(), MirrorError> {
        self.refuse(&known.stored.object, known.id)?;
        self.write(|| format!("remove {}", known.stored.object)).await;
        let mut kept = self.kept.lock().unwrap();
        let id = kept
            .iter()
            .find(|(_, kept)| kept.tracked.stored == known.stored)
            .map(|(id, _)| *id);
        let id = id.expect("what is removed is there");
        let gone = kept.remove(&id).unwrap();
        self.removed.lock().unwrap().push((id, gone.status));
        self.writes.lock().unwrap().removed += 1;
        Ok(())
    }
}
