//! What follows from a 429 that says how long to wait: nothing goes to that endpoint of the site before the time that Jira
//! asked for, or to that issue, where its writes were too many. It holds for all that call Jira, whatever wakes them: what
//! would be sent meanwhile fails as the 429 did, with what is left of the wait. So do the steps of a ticket, and each goes
//! on after it, or after a time of its own where Jira named none. What a step does besides waiting stands where it meets
//! `WriteError::NotDone`: `create.rs`, `note.rs`, `edit.rs`, `phase.rs`, `moves.rs`, `comment_calls.rs` and `links.rs` in
//! `controller/tickets/`, `outbox.rs` in `tickets/`.
//!
//! A spent quota holds for the whole app, and is kept in `sync/budget.rs`; what a 429 means is in `mod.rs`.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::RateLimit;
use crate::atlassian::{error::JiraError, write_error::WriteError};

/// How long a step of a ticket that failed is put off where Jira named no time.
pub const RETRY: Duration = Duration::from_secs(10);

/// What a call goes to.
#[derive(Clone, Copy, Debug)]
pub(in crate::atlassian) struct Called<'a> {
    /// The site.
    pub(in crate::atlassian) cloud_id: &'a str,
    /// The endpoint, without ids and keys.
    pub(in crate::atlassian) endpoint: &'a str,
    /// The issue that is changed, by id or key.
    pub(in crate::atlassian) issue: Option<&'a str>,
}

/// A site, and an endpoint or an issue of it.
type Place = (String, String);

/// A wait that Jira asked for.
#[derive(Debug)]
struct Wait {
    until: Instant,
    /// The reason that it gave.
    reason: String,
}

/// The waits that are not over.
#[derive(Debug, Default)]
pub(in crate::atlassian) struct WaitsAfter429(Mutex<HashMap<Place, Wait>>);

impl WaitsAfter429 {
    /// A call was answered with a 429.
    pub(in crate::atlassian) fn note(&self, called: Called<'_>, limit: &RateLimit, now: Instant) {
        let Some(asked) = limit.retry_after.filter(|_| !limit.is_quota()) else {
            return;
        };
        let limited = called.issue.filter(|_| limit.is_of_issue());
        let place = (
            called.cloud_id.to_owned(),
            limited.unwrap_or(called.endpoint).to_owned(),
        );
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, wait| wait.until > now);
        let until = now + asked;
        if all.get(&place).is_none_or(|wait| wait.until < until) {
            let reason = limit.reason.clone();
            all.insert(place, Wait { until, reason });
        }
    }

    /// Whether a call may be sent.
    ///
    /// # Errors
    /// The 429 for which it waits, with what is left of the wait.
    pub(in crate::atlassian) fn check(&self, called: Called<'_>, now: Instant) -> Result<(), RateLimit> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return Ok(());
        }
        let places = [Some(called.endpoint), called.issue].into_iter().flatten();
        let waits = places.filter_map(|place| all.get(&(called.cloud_id.to_owned(), place.to_owned())));
        let lasting = waits.filter(|wait| wait.until > now);
        lasting.max_by_key(|wait| wait.until).map_or(Ok(()), |wait| {
            Err(RateLimit {
                reason: wait.reason.clone(),
                retry_after: Some(wait.until.saturating_duration_since(now)),
            })
        })
    }
}

impl JiraError {
    /// After how long what failed is tried again: what Jira asked for, or `otherwise`.
    #[must_use]
    pub fn retry_after_or(&self, otherwise: Duration) -> Duration {
        self.retry_after().unwrap_or(otherwise)
    }
}

impl WriteError {
    /// The same of a change.
    #[must_use]
    pub fn retry_after_or(&self, otherwise: Duration) -> Duration {
        match self {
            Self::NotDone(error) | Self::Uncertain(error) => error.retry_after_or(otherwise),
            Self::Refused(_) => otherwise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMENT: Called<'_> = Called {
        cloud_id: "site",
        endpoint: "POST /rest/api/3/issue/{}/comment",
        issue: Some("10001"),
    };

    fn limit(reason: &str, seconds: u64) -> RateLimit {
        RateLimit {
            reason: reason.to_owned(),
            retry_after: Some(Duration::from_secs(seconds)),
        }
    }

    /// In so many seconds, so many after `now`.
    fn left(waits: &WaitsAfter429, called: Called<'_>, now: Instant, seconds: u64) -> Option<u64> {
        let limit = waits.check(called, now + Duration::from_secs(seconds)).err()?;
        limit.retry_after.map(|left| left.as_secs())
    }

    #[test]
    fn an_endpoint_of_one_site_waits_and_the_longest_wait_stands() {
        let (waits, now) = (WaitsAfter429::default(), Instant::now());
        waits.note(COMMENT, &limit("jira-burst-based", 60), now);
        waits.note(COMMENT, &limit("jira-burst-based", 5), now);
        let left = |called, seconds| left(&waits, called, now, seconds);
        let of_another_issue = Called {
            issue: Some("10002"),
            ..COMMENT
        };
        assert_eq!((left(COMMENT, 0), left(of_another_issue, 20)), (Some(60), Some(40)));
        assert_eq!(left(COMMENT, 60), None, "its time is over");
        for free in [
            Called {
                cloud_id: "another",
                ..COMMENT
            },
            Called {
                endpoint: "PUT /rest/api/3/issue/{}",
                ..COMMENT
            },
        ] {
            assert_eq!(left(free, 0), None, "{free:?}");
        }
    }

    #[test]
    fn an_issue_that_is_changed_too_often_waits_at_all_endpoints() {
        let (waits, now) = (WaitsAfter429::default(), Instant::now());
        waits.note(COMMENT, &limit("jira-per-issue-on-write", 30), now);
        let left = |called| left(&waits, called, now, 0);
        let edit = Called {
            endpoint: "PUT /rest/api/3/issue/{}",
            ..COMMENT
        };
        assert_eq!((left(COMMENT), left(edit)), (Some(30), Some(30)));
        let of_another_issue = Called {
            issue: Some("10002"),
            ..COMMENT
        };
        let read = Called { issue: None, ..COMMENT };
        assert_eq!((left(of_another_issue), left(read)), (None, None));
    }

    #[test]
    fn a_spent_quota_and_a_429_without_a_time_hold_no_endpoint() {
        let (waits, now) = (WaitsAfter429::default(), Instant::now());
        waits.note(COMMENT, &limit("jira-quota-global-based", 1800), now);
        let untimed = RateLimit {
            retry_after: None,
            ..limit("jira-burst-based", 0)
        };
        waits.note(COMMENT, &untimed, now);
        assert_eq!(left(&waits, COMMENT, now, 0), None);
    }

    #[test]
    fn what_fails_is_tried_again_after_what_is_left_or_after_a_time_of_its_own() {
        let (asked, own) = (Duration::from_secs(6), Duration::from_secs(10));
        let limited = JiraError::from(limit("jira-burst-based", 6));
        assert_eq!(limited.retry_after_or(own), asked);
        assert_eq!(WriteError::NotDone(limited).retry_after_or(own), asked);
        let lost = WriteError::Uncertain(JiraError::unavailable("no answer"));
        assert_eq!(lost.retry_after_or(own), own);
    }
}
