//! What is done about a 429: how long Jira is left alone, what is said of it, and how all integrations of an OAuth app
//! learn of a spent quota. The error itself is made in `atlassian/error.rs`; `atlassian/points_and_bursts.rs` keeps most
//! of them from happening.

use std::time::Duration;

use jiff::Timestamp;

use super::{Run, StepError};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        reason::Reason,
    },
    atlassian::error::JiraError,
    cluster::time::{after, clock},
    controller::integration::schedule::until_next_hour,
    sync::budget::{SpentQuota, turn},
};

/// How long an endpoint is left alone after too many calls a second, where Jira does not say.
pub const BURST: Duration = Duration::from_secs(5);

/// Whether calls came too fast, while the hour's points last.
#[must_use]
pub fn is_burst(error: &StepError) -> bool {
    matches!(error, StepError::RateLimited(error) if !error.is_quota())
}

/// When an endpoint that was called too often may be called again.
#[must_use]
pub fn burst_over(error: &JiraError) -> Timestamp {
    after(Timestamp::now(), error.retry_after().unwrap_or(BURST))
}

/// How long Jira is left alone; `turn` is what this integration waits longer than Atlassian asks, for a quota that it
/// shares.
#[must_use]
pub fn wait(error: &JiraError, turn: Duration, now: Timestamp) -> Option<Duration> {
    if error.is_quota() {
        Some(refilled_in(error, now).saturating_add(turn))
    } else {
        error.retry_after()
    }
}

/// Being asked to slow down proves nothing about what was asked.
#[must_use]
pub fn finding(error: &JiraError, wait: Option<Duration>, now: Timestamp) -> Finding {
    let until = wait.map(|wait| clock(after(now, wait)));
    let until = until.map(|at| format!(" until {at}")).unwrap_or_default();
    let (reason, so) = if error.is_quota() {
        (Reason::QuotaExhausted, "no call is made")
    } else {
        (Reason::SyncPartial, "a part was not asked for")
    };
    let what = format!("{error}, so {so}{until}.");
    Finding::with_remedy(ConditionType::Synced, reason, &what)
}

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
        Some(SpentQuota { until, reason }) => Err(StepError::RateLimited(JiraError::RateLimited {
            reason,
            retry_after: Duration::try_from(until.duration_since(now)).ok(),
        })),
        None => Ok(()),
    }
}

/// Tells all integrations of the app that its points are spent, where Jira said so. What this one
/// waits longer than Jira asks: by then all come back, each at a time within its interval.
#[must_use]
pub fn share_limit(run: Run<'_>, stopped: Option<&StepError>, interval: Duration) -> Duration {
    let (Some(StepError::RateLimited(error)), Ok(credentials), Ok(site)) =
        (stopped, &run.observed.credentials, &run.observed.site)
    else {
        return Duration::ZERO;
    };
    let JiraError::RateLimited { reason, .. } = error else {
        return Duration::ZERO;
    };
    if !error.is_quota() {
        return Duration::ZERO;
    }
    let (app, now) = (&credentials.app.client_id, run.observed.now);
    let spent = SpentQuota {
        until: after(now, refilled_in(error, now)),
        reason: reason.clone(),
    };
    run.ctx.pools.note_spent(app, site.host(), spent);
    turn(run.ctx.pools.sharing(app), interval, rand::random())
}

/// In what time a quota that is spent is refilled.
fn refilled_in(error: &JiraError, now: Timestamp) -> Duration {
    error.retry_after().unwrap_or_else(|| until_next_hour(now))
}
