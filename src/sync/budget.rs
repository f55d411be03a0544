//! Points: what an integration costs in an hour, and how much longer its interval has to be so that
//! all that share an OAuth app make do with the app's pool. Pure, but for the register of pools.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::atlassian::limits::Pool;

/// Points an hour that Atlassian gives an app over all its sites, where no header says otherwise
/// (facts of Atlassian's page on rate limits).
pub const POOL: u64 = 65_000;
/// Share of the pool that is planned for.
const PLANNED: f64 = 0.8;
/// Full looks an hour.
const FULL_AN_HOUR: u64 = 2;

/// What passes of an integration cost in points, as far as it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// The last plain pass.
    pub plain: Option<u64>,
    /// The last full pass without a first synchronisation.
    pub full: Option<u64>,
}

impl Costs {
    /// Whether any pass was seen whole.
    #[must_use]
    pub const fn are_known(self) -> bool {
        self.plain.is_some() || self.full.is_some()
    }

    /// Points an hour at this interval.
    #[must_use]
    pub fn an_hour(self, interval: Duration) -> u64 {
        let passes = 3600_u64.checked_div(interval.as_secs()).unwrap_or(0).max(1);
        let full = self.full.unwrap_or(0);
        // A plain pass asks far less than a full one.
        let plain = self.plain.unwrap_or(full / 4);
        let fulls = FULL_AN_HOUR.min(passes);
        full * fulls + plain * (passes - fulls)
    }
}

/// What is known of one app's pool.
#[derive(Clone, Debug, Default)]
struct Shared {
    /// What each integration would cost in an hour at its declared interval, by uid.
    wishes: HashMap<String, u64>,
    told: Option<Pool>,
}

/// The pools of all apps, by client-id.
#[derive(Debug, Default)]
pub struct Pools(Mutex<HashMap<String, Shared>>);

impl Pools {
    /// Takes in what an integration would cost, and what Atlassian said of the pool. By how much
    /// every interval of the app is to be stretched, at least 1.
    pub fn stretch(&self, app: &str, uid: &str, wish: u64, told: Option<Pool>) -> f64 {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = pools.entry(app.to_owned()).or_default();
        shared.wishes.insert(uid.to_owned(), wish);
        shared.told = told.or(shared.told);
        factor(shared.wishes.values().sum(), shared.told)
    }

    /// Forgets all integrations but these.
    pub fn retain(&self, uids: &std::collections::HashSet<String>) {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for shared in pools.values_mut() {
            shared.wishes.retain(|uid, _| uids.contains(uid));
        }
        pools.retain(|_, shared| !shared.wishes.is_empty());
    }
}

/// By how much intervals are to be stretched for these points an hour: so that a usual hour stays
/// within the planned share of the pool, and the rest of this hour within what is left of it.
#[must_use]
pub fn factor(an_hour: u64, told: Option<Pool>) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Points are far below 2^52.
    let float = |points: u64| points as f64;
    let wish = float(an_hour);
    let usual = wish / (float(told.map_or(POOL, |pool| pool.limit)).max(1.0) * PLANNED);
    let now = told.map_or(0.0, |pool| {
        let rest = float(pool.resets_in.min(3600)) / 3600.0;
        wish * rest / (float(pool.remaining) * PLANNED).max(1.0)
    });
    usual.max(now).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_costs_its_passes() {
        let costs = Costs {
            plain: Some(10),
            full: Some(100),
        };
        assert_eq!(costs.an_hour(Duration::from_mins(5)), 10 * 10 + 2 * 100);
        assert_eq!(costs.an_hour(Duration::from_hours(24)), 100);
        assert_eq!(Costs::default().an_hour(Duration::from_mins(5)), 0);
    }

    #[test]
    fn intervals_are_stretched_only_where_the_points_would_not_last() {
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 0.01, "{found} {expected}");
        near(factor(1_000, None), 1.0);
        near(factor(104_000, None), 2.0);
        let pool = |remaining, resets_in| Pool {
            limit: 65_000,
            remaining,
            resets_in,
        };
        near(factor(10_000, Some(pool(65_000, 3600))), 1.0);
        near(factor(10_000, Some(pool(1_000, 3600))), 12.5);
        near(factor(10_000, Some(pool(1_000, 60))), 1.0);
    }

    #[test]
    fn integrations_of_one_app_share_its_pool() {
        let pools = Pools::default();
        assert!(pools.stretch("app", "one", 40_000, None) < 1.01);
        assert!(pools.stretch("app", "two", 40_000, None) > 1.5);
        assert!(pools.stretch("other", "three", 40_000, None) < 1.01);
        pools.retain(&["two".to_owned()].into());
        assert!(pools.stretch("app", "two", 40_000, None) < 1.01);
    }
}
