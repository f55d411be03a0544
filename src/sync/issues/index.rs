//! What is mirrored, as far as it is needed to see what changed: a few words for each issue.

use std::collections::{BTreeSet, HashMap};

use super::mirrored_issue::MirroredIssue;

/// An object as it was stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredObject {
    /// Its name.
    pub object: String,
    /// Its version: what has another one may be another object of the same name.
    pub version: String,
    /// Its generation, which a status that is written onto it speaks of.
    pub generation: i64,
}

/// An object that holds no issue: a crash came between the two writes that make one, its status cannot
/// be read, or another object holds the same issue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrphanedObject {
    /// The object in the version that was read.
    pub stored: StoredObject,
    /// The issue that it is of, as far as that can be read.
    pub issue: Option<u64>,
    /// Id of the project that it was in, as far as that can be read.
    pub project: Option<String>,
}

/// A mirrored issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Id of the issue.
    pub id: u64,
    /// Its object.
    pub stored: StoredObject,
    /// Id of its project.
    pub project_id: String,
    /// When it was updated last, in epoch milliseconds.
    pub updated: i64,
    /// Whether it is not done.
    pub is_open: bool,
    /// Digest of what is mirrored.
    pub digest: u64,
}

impl IndexEntry {
    /// What is to be remembered of an issue that was stored so.
    #[must_use]
    pub fn of(issue: &MirroredIssue, stored: StoredObject) -> Self {
        Self {
            id: issue.id,
            stored,
            project_id: issue.project_id.clone(),
            updated: issue.updated,
            is_open: issue.is_open,
            digest: issue.digest,
        }
    }
}

/// All mirrored issues by id, and in the order of their last update.
#[derive(Clone, Debug, Default)]
pub struct Index {
    by_id: HashMap<u64, IndexEntry>,
    by_update: BTreeSet<(i64, u64)>,
}

impl Index {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&IndexEntry> {
        self.by_id.get(&id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &IndexEntry)> {
        self.by_id.iter().map(|(id, entry)| (*id, entry))
    }

    /// Takes one in, or what it became.
    pub fn insert(&mut self, id: u64, entry: IndexEntry) {
        let updated = entry.updated;
        if let Some(before) = self.by_id.insert(id, entry) {
            self.by_update.remove(&(before.updated, id));
        }
        self.by_update.insert((updated, id));
    }

    /// Takes one out.
    pub fn remove(&mut self, id: u64) -> Option<IndexEntry> {
        let entry = self.by_id.remove(&id)?;
        self.by_update.remove(&(entry.updated, id));
        Some(entry)
    }

    /// Updates and ids, what was updated longest ago first.
    pub fn by_update(&self) -> impl Iterator<Item = (i64, u64)> {
        self.by_update.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(updated: i64) -> IndexEntry {
        IndexEntry {
            id: 1,
            stored: StoredObject::default(),
            project_id: "1".into(),
            updated,
            is_open: true,
            digest: 0,
        }
    }

    #[test]
    fn the_oldest_is_found_whatever_was_updated_since() {
        let mut index = Index::default();
        index.insert(1, entry(10));
        index.insert(2, entry(20));
        assert_eq!(index.by_update().next(), Some((10, 1)));
        index.insert(1, entry(30));
        assert_eq!(index.by_update().next(), Some((20, 2)));
        index.insert(1, entry(30));
        assert_eq!((index.remove(2).is_some(), index.len()), (true, 1));
        assert_eq!(index.by_update().collect::<Vec<_>>(), [(30, 1)]);
        assert_eq!(
            (index.remove(1).is_some(), index.by_update().next(), index.is_empty()),
            (true, None, true)
        );
    }
}
