//! The objects in which issues are mirrored, as the writer knows them.

use std::collections::BTreeMap;

use super::{
    cluster::StoredIssues,
    deferred::DeferredIssues,
    index::{Index, IndexEntry, OrphanedObject, StoredObject},
    mirrored_issue::MirroredIssue,
    recently_removed::RecentlyRemoved,
    removal_reason::{RemovalReason, count},
};
use crate::api::integration::RemovedIssues;

#[derive(Clone, Debug, Default)]
pub struct ObjectState {
    index: Index,
    /// Objects that hold no issue, by name: they may still become an issue's.
    pub orphaned: BTreeMap<String, OrphanedObject>,
    /// Issues that could not be written, removed or fetched.
    pub deferred: DeferredIssues,
    /// Issues that do not belong in the mirror, as they were read by id.
    pub(super) recently_removed: RecentlyRemoved,
    /// What left the mirror so far.
    pub removed: RemovedIssues,
    /// An issue found no room, or pushed another one out, since everything was listed.
    pub is_crowded: bool,
    /// There are more issues than there is room for.
    pub is_truncated: bool,
}

impl ObjectState {
    pub(super) fn restored(found: StoredIssues, removed: RemovedIssues) -> Self {
        let mut objects = Self {
            removed,
            ..Self::default()
        };
        objects.reload(found);
        objects
    }

    /// The objects are as the cluster has them.
    pub fn reload(&mut self, found: StoredIssues) {
        (self.index, self.orphaned) = (found.index, found.orphaned);
    }

    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// When the issue was updated that has been in the mirror for longest without an update.
    #[must_use]
    pub fn oldest(&self) -> Option<i64> {
        self.index.by_update().next().map(|(updated, _)| updated)
    }

    /// Whether there is no room for what was updated before this time.
    pub(super) fn has_no_room_for(&self, updated: i64, max: usize) -> bool {
        self.index.len() >= max && self.oldest().is_some_and(|oldest| updated < oldest)
    }

    /// The object of an issue: the one that holds it, or else one that was made for it.
    pub(super) fn object_of(&self, id: u64) -> Option<StoredObject> {
        let known = self.index.get(id).map(|entry| entry.stored.clone());
        let orphaned = || self.orphaned.values().find(|orphaned| orphaned.issue == Some(id));
        known.or_else(|| orphaned().map(|orphaned| orphaned.stored.clone()))
    }

    /// When an issue was updated as it was read last, mirrored or not.
    pub(super) fn last_read(&self, id: u64) -> Option<i64> {
        let known = self.index.get(id).map(|known| known.updated);
        known.or_else(|| self.recently_removed.updated(id))
    }

    pub(super) fn written(&mut self, issue: &MirroredIssue, stored: StoredObject) {
        self.orphaned.remove(&stored.object);
        self.deferred.resolve(issue.id);
        self.index.insert(issue.id, IndexEntry::of(issue, stored));
    }

    pub(super) fn removed_for(&mut self, id: u64, reason: RemovalReason) {
        self.index.remove(id);
        self.deferred.resolve(id);
        count(&mut self.removed, reason);
    }
}
