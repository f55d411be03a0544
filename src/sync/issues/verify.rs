//! Looks again at the contents of what is mirrored: some changes, as that of a status's name, touch no
//! issue's time, and some come into Jira's index after nobody waits for them any more. By id, which
//! depends on no index.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    deferred::DeferReason, engine::Engine, error::MirrorError, index::Index, mirror::Mirror, state::MissingIssue,
    write::Source,
};
use crate::atlassian::jira::PAGE;

/// In so many listings, which are an hour apart, everything is looked at once.
const ROUND: usize = 24;
const DAY: i64 = 24 * 60 * 60;

/// How many of so many mirrored issues are looked at in an hour.
#[must_use]
pub fn share(mirrored: usize) -> usize {
    mirrored.div_ceil(ROUND).max(PAGE).min(mirrored)
}

/// Which ids are next, and up to which id that is. Whoever does not know begins at the place that fits the
/// time of day, so that restarts do not look at the same ones again and again.
fn next(index: &Index, after: Option<u64>, now: Timestamp) -> Vec<u64> {
    let ids: BTreeSet<u64> = index.iter().map(|(id, _)| id).collect();
    let count = share(ids.len());
    let by_time = || {
        let second = usize::try_from(now.as_second().rem_euclid(DAY)).unwrap_or(0);
        let place = ids.len() * second / 86_400;
        ids.iter().nth(place).map_or(0, |id| id.saturating_sub(1))
    };
    let after = after.unwrap_or_else(by_time);
    let later = ids.range(after.saturating_add(1)..);
    later.chain(ids.range(..=after)).take(count).copied().collect()
}

impl<M: Mirror> Engine<'_, M> {
    /// Has the next share of the mirror looked at.
    pub(super) fn verify_more(&mut self) {
        let next = next(&self.state.index, self.state.verified, self.moment.now);
        self.state.verified = next.last().copied().or(self.state.verified);
        let waiting: BTreeSet<u64> = self.state.verifying.iter().copied().collect();
        let more = next.into_iter().filter(|id| !waiting.contains(id));
        self.state.verifying.extend(more);
    }

    /// Looks at what is waiting for it, until the slice is over. What is not answered may be gone.
    pub(super) async fn verify(&mut self) -> Result<(), MirrorError> {
        // What a search has just brought may be older than what is asked for by id: it is looked at in
        // the next slice, so that nothing is written twice in one pass.
        if self.report.filled > 0 || self.report.changed > 0 {
            return Ok(());
        }
        loop {
            let index = &self.state.index;
            self.state.verifying.retain(|id| index.get(*id).is_some());
            let ids: Vec<u64> = self.state.verifying.iter().take(PAGE).copied().collect();
            if ids.is_empty() {
                return Ok(());
            }
            let found = self.jira.bulk_fetch(&ids).await?;
            self.report.malformed += found.malformed;
            let answered = found.issues.iter().filter_map(|issue| issue.id.parse().ok());
            let answered: BTreeSet<u64> = answered.chain(found.failed.iter().copied()).collect();
            self.take_changed(found.issues, Source::ById).await?;
            for id in found.failed {
                self.state.deferred.add(id, DeferReason::Jira);
            }
            let missing = MissingIssue::since(self.moment.now);
            for id in ids.iter().filter(|id| !answered.contains(id)) {
                self.state.missing.entry(*id).or_insert(missing);
            }
            self.state.verifying.drain(..ids.len());
            // Each slice gets on by a page at least.
            if (self.moment.is_over)() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::issues::index::{IndexEntry, StoredObject};

    #[test]
    fn a_day_of_listings_looks_at_everything_once() {
        let mut index = Index::default();
        let entry = IndexEntry {
            id: 0,
            stored: StoredObject::default(),
            project_id: String::new(),
            updated: 0,
            is_open: true,
            digest: 0,
        };
        for id in 1..=4_800 {
            index.insert(id * 3, entry.clone());
        }
        let noon = Timestamp::from_second(DAY / 2).unwrap_or_default();
        let (mut after, mut seen) = (None, Vec::new());
        for _ in 0..ROUND {
            let some = next(&index, after, noon);
            assert_eq!(some.len(), 200);
            after = some.last().copied();
            seen.extend(some);
        }
        assert_eq!(seen.first(), Some(&(2_401 * 3)), "from the middle, at noon");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4_800);
        // Few are looked at whole: a call is a call.
        let mut few = Index::default();
        few.insert(7, entry);
        assert_eq!(next(&few, Some(7), noon), [7]);
        assert!(next(&Index::default(), None, noon).is_empty());
    }
}
