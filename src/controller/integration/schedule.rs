//! When what is due: pure functions of the clock and what was written before.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::{
        condition::{ConditionType, is_true, reason_of},
        integration::{JiraIntegrationStatus, SyncStatus},
        reason::{Holds, Reason, Recheck},
    },
    cluster::{backoff::scaled, time::after},
    controller::reconcile_kind::ReconcileKind,
};

/// How often everything is asked.
const DIAGNOSIS_EVERY: SignedDuration = SignedDuration::from_mins(30);
/// How far clocks may differ.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(60);
/// The longest interval, with its jitter: nothing is planned for later.
const LONGEST: SignedDuration = SignedDuration::from_hours(26);

/// What decides.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleInputs<'a> {
    /// Generation of the spec.
    pub generation: i64,
    /// Value of the annotation requestedAt.
    pub requested_at: Option<&'a str>,
    /// What was written before.
    pub status: &'a JiraIntegrationStatus,
    /// When the next synchronisation is due, where the status does not say.
    pub next_sync: Option<Timestamp>,
    /// What was found since the status was written could not be written.
    pub is_stale: bool,
    /// A wait for Jira: when it ends, and what is due then.
    pub wait: Option<(Timestamp, ReconcileKind)>,
    /// When the next slice of unfinished work is due.
    pub resume_at: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

impl ScheduleInputs<'_> {
    /// Whether the spec changed since the status was written.
    #[must_use]
    pub fn is_new_generation(&self) -> bool {
        self.status.observed_generation != Some(self.generation)
    }

    /// Whether a person asked for a reconciliation that was not answered yet.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested_at.is_some() && self.requested_at != self.status.last_handled_reconcile_at.as_deref()
    }

    /// What a wait for Jira that is over leads to.
    fn resumed(&self) -> Option<ReconcileKind> {
        self.wait.filter(|(until, _)| *until <= self.now).map(|(_, due)| due)
    }

    /// When the next synchronisation is due. A reconciliation that ended without one set the time anew.
    fn next(&self) -> Option<Timestamp> {
        let sync = self.status.sync.as_ref();
        let believed = sync.filter(|sync| !is_ahead(sync, self.now));
        let written = believed.and_then(|sync| sync.next_sync_time.as_ref());
        self.next_sync.or(written.map(|time| time.0))
    }

    /// Since when that is due which is due now.
    #[must_use]
    pub fn due_since(&self) -> Timestamp {
        let resumed = self.wait.map(|(until, _)| until);
        let work = self.resume_at.filter(|_| due(self) == ReconcileKind::Resume);
        let times = [resumed, self.next(), work];
        let past = times.into_iter().flatten().filter(|at| *at <= self.now);
        past.min().unwrap_or(self.now)
    }
}

/// Whether it was written by a clock that was ahead of this one: then its times say nothing.
fn is_ahead(sync: &SyncStatus, now: Timestamp) -> bool {
    let last = sync.last_sync_time.as_ref().map(|time| time.0);
    let next = sync.next_sync_time.as_ref().map(|time| time.0);
    last.is_some_and(|last| last.duration_since(now) > CLOCKS_DIFFER)
        || next.is_some_and(|next| next.duration_since(now) > LONGEST)
}

/// Decides what is due.
#[must_use]
pub fn due(asked: &ScheduleInputs<'_>) -> ReconcileKind {
    let status = asked.status;
    let authorized = is_true(&status.conditions, ConditionType::Authorized);
    if asked.is_new_generation() || asked.is_requested() || asked.is_stale || !authorized {
        return ReconcileKind::Full;
    }
    let next = asked.next();
    let early = next.is_some_and(|next| asked.now < next);
    match asked.resumed() {
        // Whether more is due by now, the next reconciliation finds: after a spent quota, for example,
        // everything would be due for all that share it.
        Some(ReconcileKind::Resume) if !early => return ReconcileKind::Incremental,
        Some(resumed) => return resumed,
        None => {}
    }
    if early {
        let work = asked.resume_at.is_some_and(|at| at <= asked.now);
        return if work {
            ReconcileKind::Resume
        } else {
            ReconcileKind::TokenOnly
        };
    }
    let sync = status.sync.as_ref();
    let diagnosed = sync.and_then(|s| s.last_diagnosis_time.as_ref()).map(|t| t.0);
    let is_old = |at: Timestamp| {
        let ago = asked.now.duration_since(at);
        ago >= DIAGNOSIS_EVERY || -ago > CLOCKS_DIFFER
    };
    let stale = diagnosed.is_none_or(is_old);
    if stale || is_troubled(status) {
        ReconcileKind::Full
    } else {
        ReconcileKind::Incremental
    }
}

/// When the integration is to be reconciled next, as far as its status says: at once where it never was.
#[must_use]
pub fn written_due(status: Option<&JiraIntegrationStatus>, now: Timestamp) -> Timestamp {
    let sync = status.and_then(|status| status.sync.as_ref());
    let next = sync
        .filter(|sync| !is_ahead(sync, now))
        .and_then(|sync| sync.next_sync_time.as_ref());
    next.map_or(now, |time| time.0)
}

/// Whether a condition is not True that an incremental reconcile does not ask about.
fn is_troubled(status: &JiraIntegrationStatus) -> bool {
    ConditionType::STEPS.iter().any(|step| {
        let Some(found) = reason_of(&status.conditions, *step).map(Reason::entry) else {
            return *step != ConditionType::ServiceDesksReady;
        };
        found.holds != Holds::True && found.recheck == Recheck::Full
    })
}

/// Longest wait for the next reconciliation, well within what timers can take.
const LONGEST_WAIT: Duration = Duration::from_hours(24 * 7);

/// The wait until the earliest of these times, at least a tenth of a second.
#[must_use]
pub fn earliest(times: &[Option<Timestamp>], now: Timestamp) -> Option<Duration> {
    let first = times.iter().flatten().min()?;
    let wait = Duration::try_from(first.duration_since(now)).unwrap_or_default();
    // What is further away is reconciled before: a time may come from a status that a person wrote.
    Some(wait.clamp(Duration::from_millis(100), LONGEST_WAIT))
}

/// A time a little later, where it falls on the first minute of an hour: the quota is refilled then
/// for everybody, and everybody comes.
#[must_use]
pub fn off_the_hour(at: Timestamp, random: f64) -> Timestamp {
    let into_the_hour = at.as_second().rem_euclid(3600);
    if into_the_hour >= 60 {
        return at;
    }
    after(at, scaled(Duration::from_mins(1), 1.0 + random.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests;
