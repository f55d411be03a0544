//! When what is due: pure functions of the clock and what was written before.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::{
        condition::{ConditionType, Finding, is_true},
        integration::JiraIntegrationStatus,
        reason::{Holds, Reason},
    },
    grant::pace::{after, scaled},
};

/// How often everything is looked at.
const DIAGNOSIS_EVERY: SignedDuration = SignedDuration::from_mins(30);
/// What a pass is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask everything.
    Full,
    /// Ask whether everything is as it was.
    Plain,
    /// Go on with what an earlier pass left unfinished, without asking whether all is well.
    Slice,
    /// Ask Jira nothing: keep the token fresh.
    Refresh,
}

impl Due {
    /// The word in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Plain => "plain",
            Self::Slice => "slice",
            Self::Refresh => "refresh",
        }
    }
}

/// What decides.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Generation of the spec.
    pub generation: i64,
    /// Value of the annotation requestedAt.
    pub requested_at: Option<&'a str>,
    /// What was written before.
    pub status: &'a JiraIntegrationStatus,
    /// When the next look is due that is not written in the status.
    pub next_look: Option<Timestamp>,
    /// A retry is due.
    pub retry_due: bool,
    /// When the next slice of unfinished work is due.
    pub work_at: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

impl Asked<'_> {
    /// Whether the spec changed since the status was written.
    #[must_use]
    pub fn is_new_generation(&self) -> bool {
        self.status.observed_generation != Some(self.generation)
    }

    /// Whether a person asked for a pass that was not answered yet.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested_at.is_some() && self.requested_at != self.status.last_handled_reconcile_at.as_deref()
    }
}

/// Decides what is due.
#[must_use]
pub fn due(asked: &Asked<'_>) -> Due {
    let status = asked.status;
    let authorized = is_true(&status.conditions, ConditionType::Authorized);
    if asked.is_new_generation() || asked.is_requested() || asked.retry_due || !authorized {
        return Due::Full;
    }
    let sync = status.sync.as_ref();
    let next_sync = sync.and_then(|s| s.next_sync_time.as_ref()).map(|t| t.0);
    // A pass that ended without a synchronisation set the time anew.
    let next = asked.next_look.or(next_sync);
    if next.is_some_and(|next| asked.now < next) {
        let work = asked.work_at.is_some_and(|at| at <= asked.now);
        return if work { Due::Slice } else { Due::Refresh };
    }
    let diagnosed = sync.and_then(|s| s.last_diagnosis_time.as_ref()).map(|t| t.0);
    let stale = diagnosed.is_none_or(|at| asked.now.duration_since(at) >= DIAGNOSIS_EVERY);
    if stale || is_troubled(status) {
        Due::Full
    } else {
        Due::Plain
    }
}

/// Whether a condition is not True that the cheap look of a plain pass cannot judge. It asks for
/// blocked projects, service desks, people and statuses again itself.
fn is_troubled(status: &JiraIntegrationStatus) -> bool {
    let again = [
        ConditionType::DirectoryReadable,
        ConditionType::ServiceDesksReady,
        ConditionType::StatusMappingValid,
    ];
    let blocked = [Reason::SomeProjectsBlocked, Reason::AllProjectsBlocked];
    // Of these each synchronisation of issues tells anew.
    let of_issues = [Reason::IntervalStretched, Reason::MirrorTruncated, Reason::SyncPartial];
    ConditionType::STEPS.iter().any(|step| {
        let Some(found) = Finding::carried(*step, &status.conditions) else {
            return *step != ConditionType::ServiceDesksReady;
        };
        let asked_again = again.contains(step) && found.reason.entry().holds == Holds::False;
        // Of a desk whose project is blocked there is nothing else to ask.
        let of_blocked = found.reason == Reason::SkippedAfterAccessible;
        !found.is_true()
            && !asked_again
            && !of_blocked
            && !blocked.contains(&found.reason)
            && !of_issues.contains(&found.reason)
    })
}

/// The wait until the earliest of these times, at least a tenth of a second.
#[must_use]
pub fn earliest(times: &[Option<Timestamp>], now: Timestamp) -> Option<Duration> {
    let first = times.iter().flatten().min()?;
    let wait = Duration::try_from(first.duration_since(now)).unwrap_or_default();
    Some(wait.max(Duration::from_millis(100)))
}

/// The wait until Atlassian refills the hourly quota, at the top of the UTC hour, for an answer
/// that does not say how long.
#[must_use]
pub fn until_next_hour(now: Timestamp) -> Duration {
    let into_the_hour = now.as_second().rem_euclid(3600);
    Duration::from_secs(u64::try_from(3600 - into_the_hour).unwrap_or(3600))
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
mod tests {
    use super::*;
    use crate::api::{condition::conditions, integration::SyncStatus, ready::ready};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn minute(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(n)
    }

    fn healthy() -> JiraIntegrationStatus {
        with(Reason::AllProjectsAccessible)
    }

    fn with(projects: Reason) -> JiraIntegrationStatus {
        with_both(projects, Reason::AllServiceDesksReady)
    }

    fn with_both(projects: Reason, desks: Reason) -> JiraIntegrationStatus {
        let findings: Vec<Finding> = [
            Reason::TokenFresh,
            Reason::SiteFound,
            Reason::AllScopesGranted,
            Reason::StandardAccount,
            projects,
            Reason::UsersReadable,
            desks,
            Reason::MappingMatchesWorkflows,
            Reason::SyncSucceeded,
        ]
        .into_iter()
        .zip(ConditionType::STEPS)
        .map(|(reason, step)| Finding::plain(step, reason))
        .collect();
        let ready = ready(&findings, false);
        JiraIntegrationStatus {
            observed_generation: Some(1),
            conditions: conditions(&[], &findings, &ready, 1, &Time(minute(0))),
            sync: Some(SyncStatus {
                last_sync_time: Some(Time(minute(0))),
                next_sync_time: Some(Time(minute(5))),
                last_diagnosis_time: Some(Time(minute(0))),
                ..SyncStatus::default()
            }),
            ..JiraIntegrationStatus::default()
        }
    }

    fn at(status: &JiraIntegrationStatus, now: i64) -> Due {
        due(&Asked {
            generation: 1,
            requested_at: None,
            status,
            next_look: None,
            retry_due: false,
            work_at: None,
            now: minute(now),
        })
    }

    #[test]
    fn only_what_is_due_is_asked() {
        assert_eq!(at(&healthy(), 4), Due::Refresh);
        assert_eq!(at(&healthy(), 5), Due::Plain);
        assert_eq!(at(&healthy(), 30), Due::Full);
    }

    #[test]
    fn a_change_or_a_request_asks_everything_now() {
        let status = healthy();
        let asked = Asked {
            generation: 2,
            requested_at: None,
            status: &status,
            next_look: None,
            retry_due: false,
            work_at: None,
            now: minute(1),
        };
        assert_eq!(due(&asked), Due::Full);
        assert_eq!(
            due(&Asked {
                generation: 1,
                requested_at: Some("now"),
                ..asked
            }),
            Due::Full
        );
        let answered = JiraIntegrationStatus {
            last_handled_reconcile_at: Some("now".into()),
            ..healthy()
        };
        assert_eq!(
            due(&Asked {
                generation: 1,
                requested_at: Some("now"),
                status: &answered,
                ..asked
            }),
            Due::Refresh
        );
    }

    #[test]
    fn trouble_is_asked_for_again_on_each_interval() {
        assert_eq!(at(&with(Reason::NoProjectsVisible), 5), Due::Full);
        assert_eq!(at(&with(Reason::SomeProjectsBlocked), 5), Due::Plain);
        assert_eq!(at(&JiraIntegrationStatus::default(), 0), Due::Full);
    }

    /// The cheap look asks for blocked projects itself, and of their desks there is nothing to ask.
    #[test]
    fn a_desk_whose_project_is_blocked_makes_no_look_dearer() {
        let blocked = |desks| with_both(Reason::SomeProjectsBlocked, desks);
        assert_eq!(at(&blocked(Reason::SkippedAfterAccessible), 5), Due::Plain);
        assert_eq!(at(&blocked(Reason::SiteUnavailable), 5), Due::Full);
    }

    #[test]
    fn the_time_that_a_look_set_is_the_time_of_the_next_look() {
        let status = healthy();
        let asked = Asked {
            generation: 1,
            requested_at: None,
            status: &status,
            next_look: Some(minute(2)),
            retry_due: false,
            work_at: None,
            now: minute(2),
        };
        assert_ne!(due(&asked), Due::Refresh, "though nextSyncTime is in the future");
    }

    #[test]
    fn a_retry_that_is_due_asks_everything() {
        let status = healthy();
        let asked = Asked {
            generation: 1,
            requested_at: None,
            status: &status,
            next_look: None,
            retry_due: true,
            work_at: None,
            now: minute(1),
        };
        assert_eq!(due(&asked), Due::Full);
    }

    #[test]
    fn nothing_is_planned_for_the_first_minute_of_an_hour() {
        for random in [0.0, 0.5, 1.0] {
            let moved = off_the_hour(minute(60) + Duration::from_secs(5), random);
            assert!(moved >= minute(61) && moved <= minute(63));
            assert_eq!(off_the_hour(minute(62), random), minute(62));
        }
    }

    #[test]
    fn the_quota_is_refilled_on_the_hour() {
        assert_eq!(until_next_hour(minute(50)), Duration::from_mins(10));
        assert_eq!(until_next_hour(minute(60)), Duration::from_hours(1));
    }
}
