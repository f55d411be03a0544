//! The reconciliations of this process so far. Pure.

use crate::{controller::reconcile_kind::ReconcileKind, sync::run_costs::RunCosts};

/// The reconciliations of one integration so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReconcileHistory {
    /// Whether one ended since the process began.
    pub has_reconciled: bool,
    /// How many were full: what not all of them can check takes turns.
    pub full_count: usize,
    /// How many were incremental, likewise.
    pub incremental_count: usize,
    /// What they cost in points.
    pub costs: RunCosts,
}

impl ReconcileHistory {
    /// With one more.
    #[must_use]
    pub fn after(self, kind: ReconcileKind, costs: Option<RunCosts>) -> Self {
        let one_if = |is_such: bool| usize::from(is_such);
        Self {
            has_reconciled: true,
            full_count: self.full_count.wrapping_add(one_if(kind == ReconcileKind::Full)),
            incremental_count: self
                .incremental_count
                .wrapping_add(one_if(kind == ReconcileKind::Incremental)),
            costs: costs.unwrap_or(self.costs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_checks_takes_turns() {
        let counts = |kinds: &[ReconcileKind]| {
            let all = kinds
                .iter()
                .fold(ReconcileHistory::default(), |all, kind| all.after(*kind, None));
            (all.has_reconciled, all.full_count, all.incremental_count)
        };
        assert_eq!(counts(&[]), (false, 0, 0));
        assert_eq!(counts(&[ReconcileKind::TokenOnly, ReconcileKind::Resume]), (true, 0, 0));
        assert_eq!(counts(&[ReconcileKind::Full, ReconcileKind::Incremental]), (true, 1, 1));
    }
}
