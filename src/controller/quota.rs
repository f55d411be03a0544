//! The price of a pass: counted, forecast for an hour, and paid by a longer interval where the hour's
//! points would not last.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    outcome::{StepError, refilled_in},
    pass::Pass,
    schedule::ReconcileKind,
    settle::interval,
};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        reason::Reason,
    },
    atlassian::{client::AtlassianClient, error::JiraError},
    cluster::{backoff::scaled, time::after},
    sync::budget::{PointDemand, RunCosts, SpentQuota, sweeps_an_hour, turn},
};

/// A stretch below this is none.
const WORTH_TELLING: f64 = 1.10;
/// One that was told is told until it is below this, so that it does not come and go.
const NO_LONGER_WORTH_TELLING: f64 = 1.02;

impl Pass<'_> {
    /// No call is made where another integration of the app has found that its points are spent.
    pub(super) fn points_are_left(&self) -> Result<(), StepError> {
        let (Ok(credentials), Ok(site)) = (&self.observed.credentials, &self.observed.site) else {
            return Ok(());
        };
        let now = self.observed.now;
        match self.ctx.pools.spent(&credentials.app.client_id, site.host(), now) {
            Some(SpentQuota { until, reason }) => Err(StepError::RateLimited(JiraError::RateLimited {
                reason,
                retry_after: Duration::try_from(until.duration_since(now)).ok(),
            })),
            None => Ok(()),
        }
    }

    /// Tells all integrations of the app that its points are spent, where Jira said so. What this one
    /// waits longer than Jira asks: by then all come back, each at a time within its interval.
    pub(super) fn share_limit(&self, ended: &Result<(), StepError>) -> Duration {
        let (Err(StepError::RateLimited(error)), Ok(credentials), Ok(site)) =
            (ended, &self.observed.credentials, &self.observed.site)
        else {
            return Duration::ZERO;
        };
        let JiraError::RateLimited { reason, .. } = error else {
            return Duration::ZERO;
        };
        if !error.is_quota() {
            return Duration::ZERO;
        }
        let (app, now) = (&credentials.app.client_id, self.observed.now);
        let spent = SpentQuota {
            until: after(now, refilled_in(error, now)),
            reason: reason.clone(),
        };
        self.ctx.pools.note_spent(app, site.host(), spent);
        turn(
            self.ctx.pools.sharing(app),
            interval(self.observed, &*self.outcome),
            rand::random(),
        )
    }

    /// Counts what the pass cost and decides on the interval.
    pub(super) fn settle_accounts(&mut self, client: &AtlassianClient) {
        self.outcome.points = client.points();
        let now = Timestamp::now();
        let costs = self.costs(now);
        self.outcome.costs = costs;
        let Ok(credentials) = &self.observed.credentials else {
            return;
        };
        let declared = self.observed.integration.spec.interval();
        let uid = &self.observed.target.owner.uid;
        let app = &credentials.app.client_id;
        let listed = self.outcome.issues.as_ref().map_or(0, |issues| issues.listed);
        let beside = self.directory_an_hour() + sweeps_an_hour(listed) + costs.once_at(now);
        let wish = PointDemand {
            points: costs.an_hour(declared) + beside,
            interval: declared,
        };
        let stretch = self.ctx.pools.stretch(app, uid, wish, client.pool(), now);
        let an_hour = costs.an_hour(scaled(declared, stretch)) + beside;
        self.outcome.points_per_hour = costs.are_known().then_some(an_hour);
        let told = Finding::carried(ConditionType::Synced, &self.observed.status.conditions);
        let was_told = told.is_some_and(|finding| finding.reason == Reason::IntervalStretched);
        if !is_worth_telling(stretch, was_told) {
            return;
        }
        self.outcome.stretch = Some(stretch);
        let well = |finding: &Finding| finding.is_true() || finding.reason == Reason::MirrorTruncated;
        if self.outcome.findings.get(&ConditionType::Synced).is_some_and(well) {
            let minutes = scaled(declared, stretch).as_secs().div_ceil(60);
            let what = format!(
                "Synchronised about every {minutes}m instead of {}, because the app's points would not last the hour.",
                self.observed.integration.spec.sync_interval
            );
            let finding = Finding::with_remedy(ConditionType::Synced, Reason::IntervalStretched, &what);
            self.outcome.note(finding);
        }
    }

    /// What passes cost, with this one. A first synchronisation is no usual pass, and what comes at a
    /// pace of its own is no part of it.
    fn costs(&self, now: Timestamp) -> RunCosts {
        let before = self.observed.local.costs;
        let issues = self.outcome.issues.as_ref();
        let apart = issues.map_or(0, |issues| issues.listing_points) + self.outcome.directory_points;
        let points = self.outcome.points.saturating_sub(apart);
        let filling = issues.is_some_and(|issues| issues.filled);
        match self.due {
            ReconcileKind::Full | ReconcileKind::Incremental if filling => before.with_once(points, now),
            ReconcileKind::Resume => before.with_once(points, now),
            ReconcileKind::Full | ReconcileKind::Incremental if self.outcome.synced.is_none() => before,
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
