//! What it costs to follow the tickets of integrations: spent beside their reconciliations, and told with the next one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Calls to Atlassian, and their points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowingCost {
    /// Calls.
    pub calls: u32,
    /// Points by estimate.
    pub points: u64,
}

/// What was spent since the last reconciliation, by the uid of the integration.
#[derive(Debug, Default)]
pub struct FollowingCosts(Mutex<HashMap<String, FollowingCost>>);

impl FollowingCosts {
    fn all(&self) -> MutexGuard<'_, HashMap<String, FollowingCost>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So much was spent.
    pub fn add(&self, uid: &str, cost: FollowingCost) {
        let mut all = self.all();
        let sum = all.entry(uid.to_owned()).or_default();
        sum.calls = sum.calls.saturating_add(cost.calls);
        sum.points = sum.points.saturating_add(cost.points);
    }

    /// What was spent since this was asked last.
    #[must_use]
    pub fn take(&self, uid: &str) -> FollowingCost {
        self.all().remove(uid).unwrap_or_default()
    }

    /// Forgets all integrations but these.
    pub fn retain(&self, uids: &HashSet<String>) {
        self.all().retain(|uid, _| uids.contains(uid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_is_told_once() {
        let costs = FollowingCosts::default();
        let of = |calls, points| FollowingCost { calls, points };
        costs.add("1", of(1, 3));
        costs.add("1", of(2, 4));
        costs.add("2", of(5, 6));
        assert_eq!((costs.take("1"), costs.take("1")), (of(3, 7), of(0, 0)));
        costs.retain(&HashSet::new());
        assert_eq!(costs.take("2"), of(0, 0));
    }
}
