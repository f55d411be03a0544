//! What the reconciliations of an integration cost in points, and its listings of all issues: from that follows how many an
//! hour takes. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Full reconciliations an hour.
const FULL_AN_HOUR: u64 = 2;
/// Points of an hour for listing all issues, a tenth of the pool.
const SWEEPS: u64 = 6_500;
/// How often all issues are listed where they are few.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Issues in a page of a listing.
const LISTED: u64 = 5_000;

/// What reconciliations of an integration cost in points, as far as it was seen. What comes at a pace of its
/// own is left out: listings of all issues, and the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCosts {
    /// The last incremental one.
    pub plain: Option<u64>,
    /// The last full one without a first synchronisation.
    pub full: Option<u64>,
    /// What slices and first synchronisations cost in the hour that began then.
    pub once: Option<(Timestamp, u64)>,
}

impl RunCosts {
    /// With what was spent once, in a slice or a first synchronisation.
    #[must_use]
    pub fn with_once(self, points: u64, now: Timestamp) -> Self {
        let (since, before) = self.once.filter(|_| self.once_at(now) > 0).unwrap_or((now, 0));
        let once = (points > 0 || before > 0).then_some((since, before + points));
        Self { once, ..self }
    }

    /// What was spent once in this hour.
    #[must_use]
    pub fn once_at(self, now: Timestamp) -> u64 {
        let recent = |(since, _): &(Timestamp, u64)| now.duration_since(*since).as_secs().unsigned_abs() < 3600;
        self.once.filter(recent).map_or(0, |(_, points)| points)
    }

    /// Whether any was seen whole.
    #[must_use]
    pub const fn are_known(self) -> bool {
        self.plain.is_some() || self.full.is_some()
    }

    /// Points an hour at this interval.
    #[must_use]
    pub fn an_hour(self, interval: Duration) -> u64 {
        let passes = 3600_u64.checked_div(interval.as_secs()).unwrap_or(0).max(1);
        let full = self.full.unwrap_or(0);
        // An incremental one asks far less than a full one.
        let plain = self.plain.unwrap_or(full / 4);
        let fulls = FULL_AN_HOUR.min(passes);
        full * fulls + plain * (passes - fulls)
    }
}

/// Points for listing so many issues, and how often that is done, so that an hour of it stays within
/// a tenth of the pool.
#[must_use]
pub fn sweeps(issues: usize) -> (u64, SignedDuration) {
    let issues = u64::try_from(issues).unwrap_or(u64::MAX / 2);
    let price = issues + issues.div_ceil(LISTED) + 1;
    let seconds = price.saturating_mul(3600).div_ceil(SWEEPS);
    let apart = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    (price, apart.max(SWEEP_EVERY))
}

/// Points that listing so many issues costs in an hour.
#[must_use]
pub fn sweeps_an_hour(issues: usize) -> u64 {
    let (price, _) = sweeps(issues);
    price.min(SWEEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Duration = Duration::from_mins(5);

    fn minute(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(n)
    }

    #[test]
    fn an_hour_costs_its_passes() {
        let costs = RunCosts {
            plain: Some(10),
            full: Some(100),
            once: None,
        };
        assert_eq!(costs.an_hour(FIVE), 10 * 10 + 2 * 100);
        assert_eq!(costs.an_hour(Duration::from_hours(24)), 100);
        assert_eq!(RunCosts::default().an_hour(FIVE), 0);
    }

    #[test]
    fn what_is_spent_once_counts_for_an_hour() {
        let costs = RunCosts::default().with_once(500, minute(0)).with_once(20, minute(30));
        assert_eq!((costs.once_at(minute(59)), costs.once_at(minute(60))), (520, 0));
        assert_eq!(costs.with_once(7, minute(70)).once_at(minute(71)), 7);
    }

    #[test]
    fn many_issues_are_listed_less_often() {
        let hours = |issues| sweeps(issues).1.as_secs() / 3600;
        assert_eq!([0, 500, 6_000, 13_000, 65_000].map(hours), [1, 1, 1, 2, 10]);
        assert_eq!([500, 65_000].map(sweeps_an_hour), [502, 6_500]);
    }
}
