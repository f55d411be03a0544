//! The price of a reconciliation: counted, forecast for an hour, and paid by a longer interval where the hour's
//! points would not last.

use std::time::Duration;

use jiff::Timestamp;

use super::{Run, directory};
use crate::{
    api::{
        condition::{ConditionType, Finding, reason_of},
        reason::Reason,
    },
    atlassian::client::AtlassianClient,
    cluster::backoff::scaled,
    controller::{integration::observe::ObservedState, reconcile_kind::ReconcileKind},
    sync::{
        budget::PointDemand,
        issues::IssueSyncSummary,
        run_costs::{RunCosts, sweeps_an_hour},
    },
    tickets::FollowingCost,
};

/// A stretch below this is none.
const WORTH_TELLING: f64 = 1.10;
/// One that was reported is reported until it is below this, so that it does not come and go.
const NO_LONGER_WORTH_TELLING: f64 = 1.02;
/// Longest interval to which one is stretched.
const LONGEST_INTERVAL: Duration = Duration::from_hours(6);

/// What a reconciliation cost.
#[derive(Debug)]
pub struct ApiCost {
    /// Calls to Atlassian.
    pub calls: u32,
    /// Points that the calls cost.
    pub points: u64,
    /// What reconciliations cost.
    pub costs: RunCosts,
    /// Points an hour that the integration costs at its present interval.
    pub points_per_hour: Option<u64>,
    /// By how much the interval is stretched, so that the hour's points last; none where it is not.
    pub stretch: Option<f64>,
    /// What is said of that.
    pub finding: Option<Finding>,
}

/// What the points went to.
#[derive(Clone)]
pub struct Spending<'a> {
    /// What was done.
    pub kind: ReconcileKind,
    /// How the mirror of issues stands.
    pub issues: Option<&'a IssueSyncSummary>,
    /// Points that the directory of people cost.
    pub directory_points: u64,
    /// Whether the projects were synchronised.
    pub is_synced: bool,
    /// What is said of the synchronisation.
    pub synced: Option<Finding>,
}

/// The interval as it is now: longer than declared where the hour's points would not last.
#[must_use]
pub fn interval(observed: &ObservedState, stretch: Option<f64>) -> Duration {
    let declared = observed.integration.spec.interval();
    let stretched = scaled(declared, stretch.unwrap_or(1.0));
    stretched.min(LONGEST_INTERVAL.max(declared))
}

/// Counts what was spent, also since the last synchronisation to follow tickets, and decides on the interval.
#[must_use]
pub fn account(run: Run<'_>, client: &AtlassianClient, spending: &Spending<'_>) -> ApiCost {
    let (observed, now) = (run.observed, Timestamp::now());
    let following = match spending.kind {
        ReconcileKind::Full | ReconcileKind::Incremental => run.ctx.following.take(&observed.target.owner.uid),
        ReconcileKind::Resume | ReconcileKind::TokenOnly => FollowingCost::default(),
    };
    let points = client.points().saturating_add(following.points);
    let costs = costs(observed.local.history.costs, spending, points, now);
    let mut cost = ApiCost {
        calls: client.calls().saturating_add(following.calls),
        points,
        costs,
        points_per_hour: None,
        stretch: None,
        finding: None,
    };
    let Ok(credentials) = &observed.credentials else {
        return cost;
    };
    let declared = observed.integration.spec.interval();
    let listed = spending.issues.map_or(0, |issues| issues.listed);
    let beside = directory::points_an_hour(observed) + sweeps_an_hour(listed) + costs.once_at(now);
    let demand = PointDemand {
        points: costs.an_hour(declared) + beside,
        interval: declared,
    };
    let (app, uid) = (&credentials.app.client_id, &observed.target.owner.uid);
    let stretch = run.ctx.pools.stretch(app, uid, demand, client.pool(), now);
    let an_hour = costs.an_hour(scaled(declared, stretch)) + beside;
    cost.points_per_hour = costs.are_known().then_some(an_hour);
    let before = reason_of(&observed.status.conditions, ConditionType::Synced);
    if is_worth_telling(stretch, before == Some(Reason::IntervalStretched)) {
        cost.stretch = Some(stretch);
        cost.finding = finding(observed, stretch, spending.synced.as_ref());
    }
    cost
}

/// What is said of a stretched interval, where nothing graver is.
fn finding(observed: &ObservedState, stretch: f64, synced: Option<&Finding>) -> Option<Finding> {
    let well = |finding: &Finding| finding.is_true() || finding.reason == Reason::MirrorTruncated;
    if !synced.is_some_and(well) {
        return None;
    }
    let spec = &observed.integration.spec;
    let minutes = scaled(spec.interval(), stretch).as_secs().div_ceil(60);
    let what = format!(
        "Synchronised about every {minutes}m instead of {}, because the app's points would not last the hour.",
        spec.sync_interval
    );
    Some(Finding::with_remedy(
        ConditionType::Synced,
        Reason::IntervalStretched,
        &what,
    ))
}

/// What reconciliations cost, with this one. A first synchronisation is no usual one, and what comes at a
/// pace of its own is no part of it.
fn costs(before: RunCosts, spending: &Spending<'_>, points: u64, now: Timestamp) -> RunCosts {
    let apart = spending.issues.map_or(0, |issues| issues.listing_points) + spending.directory_points;
    let points = points.saturating_sub(apart);
    let filling = spending.issues.is_some_and(|issues| issues.filled);
    match spending.kind {
        ReconcileKind::Full | ReconcileKind::Incremental if filling => before.with_once(points, now),
        ReconcileKind::Resume => before.with_once(points, now),
        ReconcileKind::Full | ReconcileKind::Incremental if !spending.is_synced => before,
        ReconcileKind::Full => RunCosts {
            full: Some(points),
            ..before
        },
        ReconcileKind::Incremental => RunCosts {
            plain: Some(points),
            ..before
        },
        ReconcileKind::TokenOnly => before,
    }
}

/// Whether an interval counts as stretched, where it did so before or did not.
fn is_worth_telling(stretch: f64, was_told: bool) -> bool {
    let least = if was_told {
        NO_LONGER_WORTH_TELLING
    } else {
        WORTH_TELLING
    };
    stretch >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_does_not_come_and_go() {
        let told = [1.0, 1.05, 1.09, 1.12, 1.05, 1.09, 1.03, 1.01, 1.05];
        let mut is_told = false;
        let flips = told.iter().filter(|stretch| {
            let before = is_told;
            is_told = is_worth_telling(**stretch, before);
            before != is_told
        });
        assert_eq!(flips.copied().collect::<Vec<f64>>(), [1.12, 1.01]);
    }
}
