//! How a mirror stands after a pass, in numbers.

use std::time::Instant;

use jiff::Timestamp;

use super::{report::SyncReport, state::MirrorState};
use crate::api::integration::{RemovedIssues, SyncProgress};

/// How the mirror of issues stands.
#[derive(Debug, Default)]
pub struct IssueSyncSummary {
    /// Up to when changes were fetched.
    pub cursor: Option<Timestamp>,
    /// How many there are.
    pub tracked: usize,
    /// How far the first or a new synchronisation is.
    pub progress: Option<SyncProgress>,
    /// When everything was listed last.
    pub last_sweep: Option<Timestamp>,
    /// What left the mirror so far.
    pub removed: RemovedIssues,
    /// Objects that were written or removed.
    pub changed: usize,
    /// Whether issues were fetched by id, as in a first synchronisation.
    pub filled: bool,
    /// How many were to be fetched when they were listed.
    pub to_fetch: usize,
    /// How many issues a listing of everything has.
    pub listed: usize,
    /// Points that such a listing cost in this pass.
    pub listing_points: u64,
}

impl IssueSyncSummary {
    /// What a pass that began then leaves. `listed` is how many issues a listing of everything has.
    #[must_use]
    pub fn of(state: &MirrorState, report: &SyncReport, listed: usize, began: Instant) -> Self {
        Self {
            cursor: state.scan.cursor().and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            tracked: state.objects.index().len(),
            progress: progress(state, report, began),
            last_sweep: state.listing.last_sweep(),
            removed: state.objects.removed,
            changed: report.changed,
            filled: report.filled > 0,
            to_fetch: state.fill.total(),
            listed,
            listing_points: report.listing_points,
        }
    }
}

/// How far a synchronisation is that takes several slices.
fn progress(state: &MirrorState, report: &SyncReport, began: Instant) -> Option<SyncProgress> {
    if !state.is_filling() {
        return None;
    }
    let (remaining, total) = (state.fill.remaining(), state.fill.total());
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let done = total.saturating_sub(remaining);
    let percent = done.saturating_mul(100).checked_div(total).unwrap_or(0);
    let millis = usize::try_from(began.elapsed().as_millis())
        .unwrap_or(usize::MAX)
        .max(1);
    Some(SyncProgress {
        percent: number(percent),
        issues_per_second: number(report.fetched.saturating_mul(1000).checked_div(millis).unwrap_or(0)),
        remaining: number(remaining),
    })
}
