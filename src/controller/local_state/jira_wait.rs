//! Backoff: when the API server is asked again to take a write that it refused, and when Jira is asked again. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    cluster::{
        backoff::{backoff, scaled},
        time::after,
    },
    controller::reconcile_kind::ReconcileKind,
};

/// Writes that the API server refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterBackoff {
    /// How often in a row.
    pub failures: u32,
    /// When they are tried again.
    pub retry_at: Option<Timestamp>,
}

impl ClusterBackoff {
    /// Until when nothing is tried.
    #[must_use]
    pub fn until(self, now: Timestamp) -> Option<Timestamp> {
        self.retry_at.filter(|at| *at > now)
    }

    /// A write was refused: it is tried again after a backoff of so long at most.
    #[must_use]
    pub fn refused(self, longest: Duration, (at, random): (Timestamp, f64)) -> Self {
        let failures = self.failures.saturating_add(1);
        Self {
            failures,
            retry_at: Some(after(at, backoff(failures, random).min(longest))),
        }
    }

    /// The API server could not be asked at all, so of the writes nothing is known anew.
    #[must_use]
    pub const fn unanswered(self) -> Self {
        Self {
            failures: self.failures.saturating_add(1),
            ..self
        }
    }

    /// Nothing is to be written for now.
    #[must_use]
    pub const fn idle(self) -> Self {
        Self { retry_at: None, ..self }
    }
}

/// Jira is not asked before a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JiraWait {
    /// The time.
    pub until: Timestamp,
    /// Atlassian asked for it, so that not even a request by a person overrides it.
    pub by_atlassian: bool,
    /// The site and the credentials that it was asked for: with others there is no wait.
    pub of: String,
    /// What resumes then.
    pub resumes: ReconcileKind,
}

/// Answers that Jira did not give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JiraBackoff {
    /// How often in a row there was no usable one.
    pub failures: u32,
    /// When Jira may be asked again.
    pub wait: Option<JiraWait>,
}

impl JiraBackoff {
    /// A wait that is not over.
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Option<&JiraWait> {
        self.wait.as_ref().filter(|wait| wait.until > now)
    }

    /// The wait that is in force. What the operator imposed on itself ends with a change or a request; what Atlassian
    /// asked for only with another site or other credentials.
    #[must_use]
    pub fn in_force(&self, asks_as: &str, is_changed: bool, now: Timestamp) -> Option<&JiraWait> {
        let is_lifted = |wait: &JiraWait| {
            if wait.by_atlassian {
                wait.of != asks_as
            } else {
                is_changed
            }
        };
        self.wait(now).filter(|wait| !is_lifted(wait))
    }

    /// When the wait ends, and what resumes then.
    #[must_use]
    pub fn resumes(&self) -> Option<(Timestamp, ReconcileKind)> {
        self.wait.as_ref().map(|wait| (wait.until, wait.resumes))
    }

    /// There was no usable answer. What Atlassian asks for is the least; a little more keeps all from coming back at
    /// once.
    #[must_use]
    pub fn failed(
        &self,
        asked: Option<Duration>,
        of: String,
        resumes: ReconcileKind,
        (at, random): (Timestamp, f64),
    ) -> Self {
        let failures = self.failures.saturating_add(1);
        let least = asked.map(|wait| scaled(wait, 1.0 + 0.05 * random)).unwrap_or_default();
        Self {
            failures,
            wait: Some(JiraWait {
                until: after(at, backoff(failures, random).max(least)),
                by_atlassian: asked.is_some(),
                of,
                resumes,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn second(n: i64) -> Timestamp {
        NOW + SignedDuration::from_secs(n)
    }

    #[test]
    fn a_refused_write_is_tried_again_less_and_less_often() {
        let longest = Duration::from_secs(15);
        let refused = |before: ClusterBackoff| before.refused(longest, (NOW, 0.5));
        let first = refused(ClusterBackoff::default());
        assert_eq!((first.failures, first.retry_at), (1, Some(second(1))));
        assert_eq!(refused(first).retry_at, Some(second(2)));
        let often = ClusterBackoff {
            failures: 9,
            retry_at: None,
        };
        assert_eq!(refused(often).retry_at, Some(second(15)));
        assert_eq!(first.unanswered().retry_at, first.retry_at);
        assert_eq!((first.unanswered().failures, first.idle().failures), (2, 1));
        assert_eq!(first.until(second(0)), Some(second(1)));
        assert!(first.until(second(1)).is_none() && first.idle().until(NOW).is_none());
    }

    #[test]
    fn only_what_the_operator_imposed_on_itself_is_lifted_by_a_change() {
        let failed = |asked: Option<u64>| {
            let asked = asked.map(Duration::from_secs);
            JiraBackoff::default().failed(asked, "acme".into(), ReconcileKind::Full, (NOW, 0.0))
        };
        let in_force = |backoff: &JiraBackoff, asks_as, is_changed, now| {
            let wait = backoff.in_force(asks_as, is_changed, second(now));
            wait.is_some()
        };
        let (own, asked) = (failed(None), failed(Some(60)));
        for (backoff, asks_as, is_changed, now, is_in_force) in [
            (&own, "acme", false, 0, true),
            (&own, "acme", true, 0, false),
            (&own, "other", false, 0, true),
            (&own, "acme", false, 1, false),
            (&asked, "acme", true, 59, true),
            (&asked, "other", false, 0, false),
            (&asked, "acme", false, 60, false),
        ] {
            let found = in_force(backoff, asks_as, is_changed, now);
            assert_eq!(found, is_in_force, "{backoff:?} {asks_as} {is_changed} {now}");
        }
    }

    #[test]
    fn atlassian_is_asked_no_sooner_than_it_says_and_less_and_less_often() {
        let until = |failures, asked: Option<u64>| {
            let before = JiraBackoff { failures, wait: None };
            let asked = asked.map(Duration::from_secs);
            let failed = before.failed(asked, String::new(), ReconcileKind::Resume, (NOW, 0.5));
            failed.resumes().map(|(at, _)| at)
        };
        assert!(until(0, Some(60)) > Some(second(60)));
        assert_eq!(until(3, Some(1)), Some(second(8)));
        assert_eq!((until(0, None), until(4, None)), (Some(second(1)), Some(second(16))));
    }
}
