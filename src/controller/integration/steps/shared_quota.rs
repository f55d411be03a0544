//! The hour's points of an OAuth app, which its integrations share: one that finds them spent tells the others, and all
//! come back in turns.

use std::time::Duration;

use super::{Run, StepError};
use crate::{
    atlassian::rate_limit::RateLimit,
    sync::budget::{SpentQuota, turn},
};

/// No call is made where another integration of the app has found that its points are spent.
///
/// # Errors
/// That they are.
pub fn points_are_left(run: Run<'_>) -> Result<(), StepError> {
    let (Ok(credentials), Ok(site)) = (&run.observed.credentials, &run.observed.site) else {
        return Ok(());
    };
    let now = run.observed.now;
    match run.ctx.pools.spent(&credentials.app.client_id, site.host(), now) {
        Some(SpentQuota { until, reason }) => Err(StepError::RateLimited(RateLimit {
            reason,
            retry_after: Duration::try_from(until.duration_since(now)).ok(),
        })),
        None => Ok(()),
    }
}

/// Tells all integrations of the app that its points are spent, where Jira said so. What this one
/// waits longer than Jira asks: by then all come back, each at a time within its interval.
#[must_use]
pub fn share(run: Run<'_>, stopped: Option<&StepError>, interval: Duration) -> Duration {
    let (Some(StepError::RateLimited(limit)), Ok(credentials), Ok(site)) =
        (stopped, &run.observed.credentials, &run.observed.site)
    else {
        return Duration::ZERO;
    };
    if !limit.is_quota() {
        return Duration::ZERO;
    }
    let app = &credentials.app.client_id;
    run.ctx.pools.note_spent(app, site.host(), limit, run.observed.now);
    turn(run.ctx.pools.sharing(app), interval, rand::random())
}
