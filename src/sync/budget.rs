//! The pools of points: how much longer the intervals of all that share an OAuth app have to be so that they make do with
//! the app's pool, what of it is left to tickets, and until when it is spent. Pure, but for the register of pools. What
//! an integration costs is in [`run_costs`](super::run_costs).

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    atlassian::rate_limit::{RateLimit, points_and_bursts::PointPool},
    cluster::time::after,
};

/// Points an hour that Atlassian gives an app over all its sites, where no header says otherwise
/// (facts of Atlassian's page on rate limits).
pub const POOL: u64 = 65_000;
/// Share of the pool that is planned for.
const PLANNED: f64 = 0.8;
/// What fetching and listing in bulk leaves of an hour's points to tickets, where any are written: a tenth of the pool. A page
/// of a listing, the dearest of its calls, costs less.
const LEFT_TO_TICKETS: u64 = 10;
/// What a quota is for.
const HOUR: Duration = Duration::from_hours(1);

/// What is known of one app's pool.
#[derive(Clone, Debug, Default)]
struct SharedPool {
    /// What each integration would cost in an hour at its declared interval, by uid.
    wishes: HashMap<String, u64>,
    /// The integrations that write tickets, by uid.
    writers: HashSet<String>,
    /// What Atlassian said last of the pool, and when.
    answered: Option<(PointPool, Timestamp)>,
    /// Points that are spent: over all sites without a site, else of that one.
    spent: HashMap<Option<String>, SpentQuota>,
}

/// Points that are spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentQuota {
    /// Until when.
    pub until: Timestamp,
    /// As Atlassian gave it.
    pub reason: String,
}

/// The reason of a quota that holds for one site only.
const OF_SITE: &str = "jira-quota-tenant-based";

/// The pools of all apps, by client-id.
#[derive(Debug, Default)]
pub struct PointPools(Mutex<HashMap<String, SharedPool>>);

impl PointPools {
    /// Takes in what an integration would cost, and what Atlassian said of the pool. By how much
    /// every interval of the app is to be stretched, at least 1.
    pub fn stretch(&self, app: &str, uid: &str, wish: PointDemand, answered: Option<PointPool>, now: Timestamp) -> f64 {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = pools.entry(app.to_owned()).or_default();
        shared.wishes.insert(uid.to_owned(), wish.points);
        shared.answered = answered.map(|pool| (pool, now)).or(shared.answered);
        let present = shared.answered.map(|(pool, at)| as_of(pool, at, now));
        factor(shared.wishes.values().sum(), present, wish.interval)
    }

    /// Notes whether an integration writes tickets.
    pub fn note_tickets(&self, app: &str, uid: &str, writes: bool) {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = pools.entry(app.to_owned()).or_default();
        if writes {
            shared.writers.insert(uid.to_owned());
        } else {
            shared.writers.remove(uid);
        }
    }

    /// Until when nothing is fetched in bulk, because the rest of the hour's points is left to tickets that are written with
    /// the app. `told` is what Atlassian said of the pool just now; where it never says it, nothing can be left.
    #[must_use]
    pub fn left_to_tickets(&self, app: &str, told: Option<PointPool>, now: Timestamp) -> Option<Timestamp> {
        let pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = pools.get(app).filter(|shared| !shared.writers.is_empty())?;
        let before = shared.answered.map(|(pool, at)| as_of(pool, at, now));
        let pool = told.or(before)?;
        let resets_in = SignedDuration::from_secs(i64::try_from(pool.resets_in).unwrap_or(3600));
        (pool.remaining < pool.limit / LEFT_TO_TICKETS).then(|| now + resets_in)
    }

    /// Notes that the app's points are spent, on this site at least, where a 429 says so.
    pub fn note_spent(&self, app: &str, site: &str, limit: &RateLimit, now: Timestamp) {
        if !limit.is_quota() {
            return;
        }
        let spent = SpentQuota {
            until: after(now, limit.refilled_in(now)),
            reason: limit.reason.clone(),
        };
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = pools.entry(app.to_owned()).or_default();
        let of = (spent.reason == OF_SITE).then(|| site.to_owned());
        shared.spent.insert(of, spent);
    }

    /// What is spent of the app's points, so that no call for the site would be answered.
    #[must_use]
    pub fn spent(&self, app: &str, site: &str, now: Timestamp) -> Option<SpentQuota> {
        let pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = &pools.get(app)?.spent;
        let found = [spent.get(&None), spent.get(&Some(site.to_owned()))];
        let lasting = found.into_iter().flatten().filter(|spent| spent.until > now);
        lasting.max_by_key(|spent| spent.until).cloned()
    }

    /// How many integrations share the app's pool.
    #[must_use]
    pub fn sharing(&self, app: &str) -> usize {
        let pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pools.get(app).map_or(0, |shared| shared.wishes.len())
    }

    /// Forgets all integrations but these.
    pub fn retain(&self, uids: &HashSet<String>) {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for shared in pools.values_mut() {
            shared.wishes.retain(|uid, _| uids.contains(uid));
            shared.writers.retain(|uid| uids.contains(uid));
        }
        pools.retain(|_, shared| !shared.wishes.is_empty());
    }
}

/// What an integration would like to spend.
#[derive(Clone, Copy, Debug)]
pub struct PointDemand {
    /// Points an hour at its declared interval.
    pub points: u64,
    /// That interval.
    pub interval: Duration,
}

/// The pool as it is some time after Atlassian spoke of it: once the time is up it is full again.
fn as_of(pool: PointPool, told_at: Timestamp, now: Timestamp) -> PointPool {
    let age = now.duration_since(told_at).as_secs().unsigned_abs();
    match pool.resets_in.checked_sub(age) {
        Some(resets_in) if resets_in > 0 => PointPool { resets_in, ..pool },
        _ => PointPool {
            remaining: pool.limit,
            resets_in: 3600,
            ..pool
        },
    }
}

/// How long after its quota was refilled an integration comes back: where others share it, at any time
/// within its interval, as without the wait, and at most within the hour that the quota is for.
#[must_use]
pub fn turn(sharing: usize, interval: Duration, random: f64) -> Duration {
    let others = sharing.saturating_sub(1);
    let share = u32::try_from(others).unwrap_or(u32::MAX);
    let of = u32::try_from(sharing.max(1)).unwrap_or(u32::MAX);
    let window = interval.min(HOUR) / of * share;
    window.mul_f64(random.clamp(0.0, 1.0))
}

/// By how much intervals are to be stretched for these points an hour: so that a usual hour stays
/// within the planned share of the pool, and the rest of this hour within what is left of it; but for
/// that not beyond the hour.
#[must_use]
pub fn factor(an_hour: u64, answered: Option<PointPool>, interval: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Points are far below 2^52.
    let float = |points: u64| points as f64;
    let wish = float(an_hour);
    let usual = wish / (float(answered.map_or(POOL, |pool| pool.limit)).max(1.0) * PLANNED);
    let now = answered.map_or(0.0, |pool| {
        let resets_in = pool.resets_in.min(3600);
        let wanted = wish * float(resets_in) / 3600.0 / (float(pool.remaining) * PLANNED).max(1.0);
        wanted.min(float(resets_in) / interval.as_secs_f64().max(1.0))
    });
    usual.max(now).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Duration = Duration::from_mins(5);

    fn minute(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(n)
    }

    fn wish(points: u64) -> PointDemand {
        let interval = FIVE;
        PointDemand { points, interval }
    }

    #[test]
    fn intervals_are_stretched_only_where_the_points_would_not_last() {
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 0.01, "{found} {expected}");
        near(factor(1_000, None, FIVE), 1.0);
        near(factor(104_000, None, FIVE), 2.0);
        let pool = |remaining, resets_in| PointPool {
            limit: 65_000,
            remaining,
            resets_in,
        };
        near(factor(10_000, Some(pool(65_000, 3600)), FIVE), 1.0);
        near(factor(10_000, Some(pool(5_000, 3600)), FIVE), 2.5);
        near(factor(10_000, Some(pool(1_000, 60)), FIVE), 1.0);
        // After the hour there are new points: there is no reason to wait longer.
        near(factor(10_000, Some(pool(10, 1200)), FIVE), 4.0);
    }

    /// Nothing says so when the hour turns, because a stretched interval asks nothing meanwhile.
    #[test]
    fn a_spent_pool_is_full_again_after_its_hour() {
        let pools = PointPools::default();
        let spent = PointPool {
            limit: 65_000,
            remaining: 0,
            resets_in: 1800,
        };
        assert!(pools.stretch("app", "one", wish(5_000), Some(spent), minute(0)) > 5.0);
        assert!(pools.stretch("app", "one", wish(5_000), None, minute(20)) > 1.5);
        assert!(pools.stretch("app", "one", wish(5_000), None, minute(31)) < 1.01);
    }

    #[test]
    fn what_one_integration_finds_spent_the_others_of_its_app_do_not_ask_for() {
        let pools = PointPools::default();
        let refused = |reason: &str| RateLimit {
            reason: reason.to_owned(),
            retry_after: Some(Duration::from_hours(1)),
        };
        let note = |reason| pools.note_spent("app", "https://acme.atlassian.net", &refused(reason), minute(0));
        note("jira-burst-based");
        assert_eq!(pools.spent("app", "https://acme.atlassian.net", minute(1)), None);
        note(OF_SITE);
        let of = |app, site, at| pools.spent(app, site, minute(at)).map(|spent| spent.reason);
        assert_eq!(of("app", "https://acme.atlassian.net", 59).as_deref(), Some(OF_SITE));
        assert_eq!(of("app", "https://other.atlassian.net", 59), None);
        note("jira-quota-global-based");
        let global = Some("jira-quota-global-based");
        assert_eq!(of("app", "https://other.atlassian.net", 59).as_deref(), global);
        assert_eq!(of("app", "https://other.atlassian.net", 60), None);
        assert_eq!(of("another", "https://acme.atlassian.net", 59), None);
    }

    #[test]
    fn the_last_tenth_of_an_hour_is_left_to_tickets_where_any_are_written() {
        let pools = PointPools::default();
        let pool = |remaining| {
            Some(PointPool {
                limit: 65_000,
                remaining,
                resets_in: 1800,
            })
        };
        let until = |told, at| pools.left_to_tickets("app", told, minute(at));
        assert_eq!(until(pool(0), 0), None, "nobody writes tickets");
        pools.note_tickets("app", "one", true);
        assert_eq!(until(None, 0), None, "nothing is known of the pool");
        assert_eq!(until(pool(6_500), 0), None);
        assert_eq!(until(pool(6_499), 0), Some(minute(30)));
        assert_eq!(pools.left_to_tickets("other", pool(0), minute(0)), None);
        // What was told last stands until the hour is over.
        pools.stretch("app", "two", wish(1_000), pool(100), minute(0));
        assert_eq!((until(None, 20), until(None, 31)), (Some(minute(30)), None));
        pools.note_tickets("app", "one", false);
        assert_eq!(until(None, 20), None);
    }

    #[test]
    fn those_that_share_a_quota_come_back_over_their_interval() {
        let minutes = |sharing, interval, random| turn(sharing, interval, random).as_secs() / 60;
        assert_eq!(turn(1, FIVE, 1.0), Duration::ZERO);
        assert_eq!(turn(0, FIVE, 1.0), Duration::ZERO);
        assert_eq!([0.0, 0.5, 1.0].map(|random| minutes(2, FIVE * 2, random)), [0, 2, 5]);
        assert_eq!(minutes(1000, FIVE * 2, 1.0), 9);
        assert_eq!(minutes(1000, Duration::from_hours(24), 1.0), 59);
    }

    #[test]
    fn integrations_of_one_app_share_its_pool() {
        let pools = PointPools::default();
        let stretch = |app, uid| pools.stretch(app, uid, wish(40_000), None, minute(0));
        assert!(stretch("app", "one") < 1.01);
        assert!(stretch("app", "two") > 1.5);
        assert!(stretch("other", "three") < 1.01);
        pools.retain(&["two".to_owned()].into());
        assert!(stretch("app", "two") < 1.01);
    }
}
