//! The price of a pass: counted, forecast for an hour, and paid by a longer interval where the hour's
//! points would not last.

use super::{pass::Pass, schedule::Due};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        reason::Reason,
    },
    atlassian::jira::Jira,
    sync::budget::Costs,
};

/// A stretch below this is none.
const WORTH_TELLING: f64 = 1.05;

impl Pass<'_> {
    /// Counts what the pass cost and decides on the interval.
    pub(super) fn settle_accounts(&mut self, jira: &Jira) {
        self.outcome.points = jira.points();
        let costs = self.costs();
        self.outcome.costs = costs;
        let Ok(credentials) = &self.seen.credentials else {
            return;
        };
        let declared = self.seen.integration.spec.interval();
        let uid = &self.seen.target.owner.uid;
        let app = &credentials.app.client_id;
        let directory = self.directory_an_hour();
        let wish = costs.an_hour(declared) + directory;
        let stretch = self.ctx.pools.stretch(app, uid, wish, jira.pool());
        let an_hour = costs.an_hour(declared.mul_f64(stretch)) + directory;
        self.outcome.points_per_hour = costs.are_known().then_some(an_hour);
        if stretch < WORTH_TELLING {
            return;
        }
        self.outcome.stretch = Some(stretch);
        let well = |finding: &Finding| finding.is_true() || finding.reason == Reason::MirrorTruncated;
        if self.outcome.findings.get(&ConditionType::Synced).is_some_and(well) {
            let minutes = declared.mul_f64(stretch).as_secs().div_ceil(60);
            let what = format!(
                "Synchronised about every {minutes}m instead of {}, because the app's points would not last the hour.",
                self.seen.integration.spec.sync_interval
            );
            let finding = Finding::with_remedy(ConditionType::Synced, Reason::IntervalStretched, &what);
            self.outcome.note(finding);
        }
    }

    /// What passes cost, with this one. A first synchronisation is no usual pass.
    fn costs(&self) -> Costs {
        let before = self.seen.memory.costs;
        let points = Some(self.outcome.points);
        let filling = self.outcome.issues.as_ref().is_some_and(|issues| issues.filled);
        match self.due {
            _ if filling || self.outcome.synced.is_none() => before,
            Due::Full => Costs { full: points, ..before },
            Due::Plain => Costs {
                plain: points,
                ..before
            },
            Due::Slice | Due::Refresh => before,
        }
    }
}
