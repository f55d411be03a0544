//! Issues that could not be written, removed or fetched while others can: they are deferred, and
//! tried again later, less and less often.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

/// Until the second try; then twice as long each time.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// How long to wait before what went wrong so many times is tried again.
#[must_use]
pub(super) fn wait(times: u32, most: SignedDuration) -> SignedDuration {
    let doubled = FIRST_WAIT.checked_mul(1 << times.saturating_sub(1).min(16));
    doubled.unwrap_or(most).min(most)
}

/// Why an issue was deferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeferReason {
    /// The cluster refused its object.
    Cluster {
        /// Name of the object.
        object: String,
        /// What was refused, in the cluster's words.
        words: String,
    },
    /// Jira could not answer it.
    Jira,
}

/// Issues that are to be tried again.
#[derive(Clone, Debug, Default)]
pub struct DeferredIssues {
    why: BTreeMap<u64, DeferReason>,
    /// Those that are tried again now.
    trying: BTreeSet<u64>,
    /// One of them went well.
    recovers: bool,
    tries: u32,
    last: Option<Timestamp>,
}

impl DeferredIssues {
    /// One more. What the cluster refuses is so also while Jira cannot answer it.
    pub(super) fn add(&mut self, id: u64, why: DeferReason) {
        if why != DeferReason::Jira || !self.is_refused(id) {
            self.why.insert(id, why);
        }
    }

    /// It went well after all, or is no longer to be done.
    pub(super) fn resolve(&mut self, id: u64) {
        self.why.remove(&id);
        self.recovers |= self.trying.remove(&id);
    }

    /// Whether it waits.
    pub(super) fn contains(&self, id: u64) -> bool {
        self.why.contains_key(&id)
    }

    /// Whether the cluster refuses its object, which is tried again in its time. What Jira could not answer by id
    /// may come by a search at any time.
    pub(super) fn is_refused(&self, id: u64) -> bool {
        matches!(self.why.get(&id), Some(DeferReason::Cluster { .. }))
    }

    /// Those that are tried again now: at the next chance the first time, then less and less often, and so
    /// many at most; all of them at the next chance once one went well.
    pub(super) fn take(&mut self, now: Timestamp, most: usize, longest: SignedDuration) -> Vec<u64> {
        if self.why.is_empty() {
            *self = Self::default();
            return Vec::new();
        }
        let most = if self.recovers { usize::MAX } else { most };
        if std::mem::take(&mut self.recovers) {
            (self.tries, self.last) = (0, None);
        }
        let waited = |last: Timestamp| {
            let since = now.duration_since(last);
            since >= wait(self.tries, longest) || since.is_negative()
        };
        if !self.last.is_none_or(waited) {
            return Vec::new();
        }
        (self.tries, self.last) = (self.tries.saturating_add(1), Some(now));
        let ids: Vec<u64> = self.why.keys().copied().take(most).collect();
        for id in &ids {
            self.why.remove(id);
        }
        self.trying = ids.iter().copied().collect();
        ids
    }

    /// How many the cluster refuses, and of one of them the object and the cluster's words.
    #[must_use]
    pub fn refused(&self) -> Option<(usize, &str, &str)> {
        let mut refused = self.why.values().filter_map(|why| match why {
            DeferReason::Cluster { object, words } => Some((object.as_str(), words.as_str())),
            DeferReason::Jira => None,
        });
        let (object, words) = refused.next()?;
        Some((refused.count() + 1, object, words))
    }

    /// How many Jira cannot answer.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.why.values().filter(|why| **why == DeferReason::Jira).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deferred_is_tried_at_the_next_chance_and_then_less_and_less_often() {
        let hour = SignedDuration::from_hours(1);
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let mut deferred = DeferredIssues::default();
        assert!(deferred.take(at(0), 9, hour).is_empty() && deferred.refused().is_none());
        let why = || DeferReason::Cluster {
            object: "acme-sup-1".into(),
            words: "exceeded quota".into(),
        };
        let mut tried = Vec::new();
        deferred.add(1, why());
        deferred.add(2, DeferReason::Jira);
        for minute in (0..300).step_by(5) {
            for id in deferred.take(at(minute), 9, hour) {
                tried.extend((id == 1).then_some(minute));
                deferred.add(id, why());
            }
        }
        assert_eq!(tried, [0, 10, 30, 70, 130, 190, 250]);
        assert_eq!(deferred.refused(), Some((2, "acme-sup-1", "exceeded quota")));
        deferred.resolve(1);
        assert_eq!(deferred.take(at(300), 0, hour), [2], "one went well: so may the others");
        deferred.resolve(2);
        assert!(deferred.take(at(999), 9, hour).is_empty());
        deferred.add(3, DeferReason::Jira);
        assert_eq!(deferred.take(at(999), 9, hour), [3], "it begins anew");
    }
}
