//! Issues that were read by id and do not belong in the mirror. Jira's search index may be late, so for a while a
//! search may still show them as they were while they did belong. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// What was read of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ReadById {
    /// When the issue was updated last, in epoch milliseconds.
    updated: i64,
    /// When it was read.
    at: Timestamp,
}

/// Issues that left the mirror, or never came into it, because of what was read by id.
#[derive(Clone, Debug, Default)]
pub struct RecentlyRemoved(BTreeMap<u64, ReadById>);

impl RecentlyRemoved {
    /// An issue that was updated then does not belong in the mirror.
    pub(super) fn note(&mut self, id: u64, updated: i64, at: Timestamp) {
        self.0.insert(id, ReadById { updated, at });
    }

    /// It does after all.
    pub(super) fn forget(&mut self, id: u64) {
        self.0.remove(&id);
    }

    /// When an issue was updated that did not belong in the mirror.
    #[must_use]
    pub fn updated(&self, id: u64) -> Option<i64> {
        self.0.get(&id).map(|read| read.updated)
    }

    /// Forgets what was read so long ago that no search shows it as it was before.
    pub(super) fn prune(&mut self, now: Timestamp, overlap: SignedDuration) {
        self.0.retain(|_, read| now.duration_since(read.at) <= overlap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_kept_as_long_as_the_index_may_be_late() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let overlap = SignedDuration::from_mins(10);
        let mut left = RecentlyRemoved::default();
        left.note(1, 5, at(0));
        left.note(2, 6, at(3));
        left.note(1, 7, at(1));
        left.prune(at(11), overlap);
        assert_eq!(
            (left.updated(1), left.updated(2)),
            (Some(7), Some(6)),
            "read again since"
        );
        left.prune(at(12), overlap);
        assert_eq!((left.updated(1), left.updated(2)), (None, Some(6)));
        left.forget(2);
        assert_eq!(left.updated(2), None);
    }
}
