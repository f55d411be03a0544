//! Mirrored issues that a list did not have, and what must come before it is concluded that they are gone. Pure.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{fill_state::PagedFetch, index::Index, listing::ListedIds};

/// So many issues of a project may be missing at once, however few it has.
const MANY: usize = 10;

/// What must come before a missing issue is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwaitedEvidence {
    /// Time alone.
    Time,
    /// A pass that knows all projects in scope: it is in one of which there is no object.
    Scope,
    /// Another list that lacks it.
    List,
}

#[derive(Clone, Copy, Debug)]
struct MissingIssue {
    since: Timestamp,
    awaits: AwaitedEvidence,
}

#[derive(Clone, Debug, Default)]
pub struct MissingIssues(BTreeMap<u64, MissingIssue>);

impl MissingIssues {
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Not found just now; looked up after a while.
    pub(super) fn note(&mut self, id: u64, now: Timestamp) {
        self.insert(id, now, AwaitedEvidence::Time);
    }

    /// To be looked up at once.
    pub(super) fn suspect(&mut self, id: u64, since: Timestamp) {
        let awaits = AwaitedEvidence::Time;
        self.0.insert(id, MissingIssue { since, awaits });
    }

    pub(super) fn found(&mut self, id: u64) {
        self.0.remove(&id);
    }

    fn insert(&mut self, id: u64, since: Timestamp, awaits: AwaitedEvidence) {
        self.0.entry(id).or_insert(MissingIssue { since, awaits });
    }

    /// Notes what is mirrored and was not listed. Of projects that were not listed whole nothing is
    /// missing; and where most of what is mirrored of a project is missing at once, that is believed only
    /// of a second list. Whether that is so of one for the first time.
    pub(super) fn note_unlisted(&mut self, found: &ListedIds, index: &Index, now: Timestamp) -> bool {
        let listed: HashSet<u64> = found.lists.iter().flatten().copied().collect();
        let is_missing = |id: u64, project: &str| found.complete.contains(project) && !listed.contains(&id);
        let mut by_project: BTreeMap<&str, (usize, Vec<u64>)> = BTreeMap::new();
        for (id, entry) in index.iter() {
            let (all, missing) = by_project.entry(&entry.project_id).or_default();
            *all += 1;
            missing.extend(is_missing(id, &entry.project_id).then_some(id));
        }
        let mut is_landslide = false;
        self.0.retain(|id, _| !listed.contains(id));
        for (all, missing) in by_project.into_values() {
            let most = missing.len() > MANY && missing.len() * 2 > all;
            for id in missing {
                if let Some(known) = self.0.get_mut(&id) {
                    if known.awaits == AwaitedEvidence::List {
                        known.awaits = AwaitedEvidence::Time;
                    }
                    continue;
                }
                is_landslide |= most;
                let awaits = if most {
                    AwaitedEvidence::List
                } else {
                    AwaitedEvidence::Time
                };
                self.insert(id, now, awaits);
            }
        }
        is_landslide
    }

    /// Notes what is mirrored of projects that were fetched whole, and did not come.
    pub(super) fn note_unfetched(&mut self, fetch: &PagedFetch, index: &Index, now: Timestamp) {
        let lacking = index.iter().filter(|(id, entry)| fetch.lacks(*id, &entry.project_id));
        lacking.for_each(|(id, _)| self.note(id, now));
    }

    pub(super) fn retain(&mut self, is_followed: impl Fn(u64) -> bool) {
        self.0.retain(|id, _| is_followed(*id));
    }

    /// Those that have been missing for so long, so many at most.
    pub(super) fn due(&self, now: Timestamp, after: SignedDuration, is_whole: bool, most: usize) -> Vec<u64> {
        let open = self.0.iter().filter(|(_, missing)| missing.is_open(is_whole));
        let due = open.filter(|(_, missing)| now.duration_since(missing.since) >= after);
        due.map(|(id, _)| *id).take(most).collect()
    }

    /// Since when the next one that is to be looked up has been missing.
    pub(super) fn earliest(&self, is_whole: bool) -> Option<Timestamp> {
        let open = self.0.values().filter(|missing| missing.is_open(is_whole));
        open.map(|missing| missing.since).min()
    }

    /// It was looked up, and nothing could be concluded.
    pub(super) fn defer(&mut self, id: u64, awaits: AwaitedEvidence) {
        if let Some(missing) = self.0.get_mut(&id) {
            missing.awaits = awaits;
        }
    }
}

impl MissingIssue {
    /// Whether time alone must go by, where `is_whole` says that all projects in scope are known.
    const fn is_open(self, is_whole: bool) -> bool {
        match self.awaits {
            AwaitedEvidence::Time => true,
            AwaitedEvidence::Scope => is_whole,
            AwaitedEvidence::List => false,
        }
    }
}
