//! What this command spends of an OAuth app's hourly points, which the operator needs.

use std::collections::HashMap;

use crate::{
    atlassian::{client::AtlassianClient, rate_limit::points_and_bursts::PointPool},
    sync::budget::POOL,
};

/// What was spent so far, by app.
#[derive(Debug, Default)]
pub struct PointsSpent(HashMap<String, AppPoints>);

#[derive(Clone, Copy, Debug, Default)]
struct AppPoints {
    points: u64,
    pool: Option<PointPool>,
}

impl AppPoints {
    /// Whether nothing more is to be spent from it: a fifth of the hour is left to the operator, and
    /// no more than a fifth is spent here where Atlassian does not say what is left.
    fn is_low(self) -> bool {
        let low = |pool: PointPool| pool.remaining.saturating_mul(5) < pool.limit;
        self.pool.is_some_and(low) || self.points.saturating_mul(5) > POOL
    }
}

impl PointsSpent {
    /// Adds what a check cost, and what Atlassian said of the pool.
    pub fn note(&mut self, app: &str, client: &AtlassianClient) {
        self.add(app, client.points(), client.pool());
    }

    fn add(&mut self, app: &str, points: u64, pool: Option<PointPool>) {
        let entry = self.0.entry(app.to_owned()).or_default();
        entry.points = entry.points.saturating_add(points);
        entry.pool = pool.or(entry.pool);
    }

    /// Whether the app's points are to be left to the operator.
    #[must_use]
    pub fn is_low(&self, app: &str) -> bool {
        self.0.get(app).is_some_and(|app| app.is_low())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_hour_is_left_to_the_operator() {
        let pool = |remaining| {
            Some(PointPool {
                limit: 1_000,
                remaining,
                resets_in: 60,
            })
        };
        let mut spent = PointsSpent::default();
        assert!(!spent.is_low("a"));
        spent.add("a", 10, pool(200));
        assert!(!spent.is_low("a"));
        spent.add("a", 10, pool(199));
        assert!(spent.is_low("a") && !spent.is_low("b"), "each app has its own");
        spent.add("a", 10, None);
        assert!(spent.is_low("a"), "what was told last stands");
        spent.add("b", POOL / 5, None);
        assert!(!spent.is_low("b"));
        spent.add("b", 1, None);
        assert!(spent.is_low("b"), "also where nothing was told");
    }
}
