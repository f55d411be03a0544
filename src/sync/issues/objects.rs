//! The objects in which issues are mirrored, as the writer knows them.

use jiff::{SignedDuration, Timestamp};
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
    orphaned: BTreeMap<String, OrphanedObject>,
    /// Issues that could not be written, removed or fetched.
    deferred: DeferredIssues,
    /// Issues that do not belong in the mirror, as they were read by id.
    recently_removed: RecentlyRemoved,
    /// What left the mirror so far.
    removed: RemovedIssues,
    /// An issue found no room, or pushed another one out, since everything was listed.
    is_crowded: bool,
    /// There are more issues than there is room for.
    is_truncated: bool,
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

    #[must_use]
    pub const fn orphaned(&self) -> &BTreeMap<String, OrphanedObject> {
        &self.orphaned
    }

    #[must_use]
    pub const fn deferred(&self) -> &DeferredIssues {
        &self.deferred
    }

    #[must_use]
    pub const fn removed(&self) -> RemovedIssues {
        self.removed
    }

    #[must_use]
    pub const fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.is_truncated
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
        let orphaned = || self.orphaned.iter().find(|(_, other)| other.issue == Some(id));
        known.or_else(|| orphaned().map(|(name, other)| other.stored(name)))
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

    pub(super) const fn deferred_mut(&mut self) -> &mut DeferredIssues {
        &mut self.deferred
    }

    /// It belongs in the mirror.
    pub(super) fn belongs(&mut self, id: u64) {
        self.recently_removed.forget(id);
    }

    /// It was read by id, and does not belong in the mirror.
    pub(super) fn read_outside(&mut self, id: u64, updated: i64, now: Timestamp) {
        self.recently_removed.note(id, updated, now);
    }

    pub(super) fn prune(&mut self, now: Timestamp, overlap: SignedDuration) {
        self.recently_removed.prune(now, overlap);
    }

    pub(super) fn take_orphaned(&mut self) -> BTreeMap<String, OrphanedObject> {
        std::mem::take(&mut self.orphaned)
    }

    pub(super) fn keep_orphaned(&mut self, orphaned: impl IntoIterator<Item = (String, OrphanedObject)>) {
        self.orphaned.extend(orphaned);
    }

    /// Something finds no room, or not any more.
    pub(super) const fn crowd(&mut self, is_short: bool) {
        self.is_crowded |= is_short;
    }

    /// Everything is listed: from now on it is noted anew whether issues find no room.
    pub(super) const fn clear_crowded(&mut self) {
        self.is_crowded = false;
    }

    pub(super) const fn set_truncated(&mut self, is_truncated: bool) {
        self.is_truncated = is_truncated;
    }
}
