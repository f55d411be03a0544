//! Fetches again what is mirrored: some changes, as that of a status's name, touch no issue's time, and some
//! come into Jira's index after the overlap. By id, which depends on no index.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use super::{
    error::MirrorError, index::Index, intake::Intake, mirror::Mirror, missing::MissingIssues, report::VerifyReport,
    writer::Source,
};
use crate::atlassian::jira::PAGE;

/// In so many listings, which are an hour apart, everything is verified once.
const ROUND: usize = 24;
const DAY: i64 = 24 * 60 * 60;

/// How many of so many mirrored issues are verified in an hour.
#[must_use]
pub fn share(mirrored: usize) -> usize {
    mirrored.div_ceil(ROUND).max(PAGE).min(mirrored)
}

/// Which ids are next after this one. After a restart it begins at the place that fits the time of day, so that
/// many restarts do not verify the same ones again and again.
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

#[derive(Clone, Debug, Default)]
pub struct VerifyState {
    /// Ids of mirrored issues that are to be verified.
    queue: VecDeque<u64>,
    /// The id that was queued last, in the order of the ids.
    last: Option<u64>,
}

impl VerifyState {
    #[must_use]
    pub const fn queued(&self) -> &VecDeque<u64> {
        &self.queue
    }

    /// Queues the next share of the mirror.
    pub(super) fn queue_share(&mut self, index: &Index, now: Timestamp) {
        let next = next(index, self.last, now);
        self.last = next.last().copied().or(self.last);
        self.queue(next);
    }

    pub(super) fn queue(&mut self, ids: impl IntoIterator<Item = u64>) {
        let queued: BTreeSet<u64> = self.queue.iter().copied().collect();
        self.queue.extend(ids.into_iter().filter(|id| !queued.contains(id)));
    }

    /// The next page of them.
    fn page(&mut self, index: &Index) -> Vec<u64> {
        self.queue.retain(|id| index.get(*id).is_some());
        self.queue.iter().take(PAGE).copied().collect()
    }
}

pub(super) struct Verifier<'p, 'a, M> {
    pub(super) verify: &'p mut VerifyState,
    pub(super) missing: &'p mut MissingIssues,
    pub(super) intake: &'p mut Intake<'a, M>,
    pub(super) report: VerifyReport,
}

impl<M: Mirror> Verifier<'_, '_, M> {
    /// Verifies what is queued, until the slice is over. What is not answered may be gone.
    pub(super) async fn verify(mut self) -> (VerifyReport, Result<(), MirrorError>) {
        let ended = self.fetch_queued().await;
        (self.report, ended)
    }

    async fn fetch_queued(&mut self) -> Result<(), MirrorError> {
        let run = self.intake.run;
        loop {
            let ids = self.verify.page(self.intake.writer.index());
            if ids.is_empty() {
                return Ok(());
            }
            let found = run.jira.bulk_fetch(&ids).await?;
            self.report.malformed += found.malformed;
            let answered = found.issues.iter().filter_map(|issue| issue.id.parse().ok());
            let answered: BTreeSet<u64> = answered.chain(found.failed.iter().copied()).collect();
            self.intake.take_changed(found.issues, Source::ById).await?;
            for id in found.failed {
                self.intake.writer.defer_unanswered(id);
            }
            for id in ids.iter().filter(|id| !answered.contains(id)) {
                self.missing.note(*id, run.now);
            }
            self.verify.queue.drain(..ids.len());
            // Each slice verifies a page at least.
            if run.is_over() {
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
    fn a_day_of_listings_verifies_everything_once() {
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
        // Few are verified at once: a call is a call.
        let mut few = Index::default();
        few.insert(7, entry);
        assert_eq!(next(&few, Some(7), noon), [7]);
        assert!(next(&Index::default(), None, noon).is_empty());
    }
}
