//! What is done about a 429 of Jira: is the hour's quota of points spent or did calls come too fast, how long is Jira left
//! alone, and whose 429 stops nothing else. What is sent by none meanwhile, tickets among them, is in `waits_after_429.rs`;
//! an integration waits in `controller/local_state/jira_wait.rs`. `points_and_bursts.rs` and `issue_writes.rs` keep most of
//! them from happening; the token endpoint's, which refuse nothing, are sorted in `token_answer.rs`.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(super) mod issue_writes;
pub mod points_and_bursts;
pub mod waits_after_429;

/// How long the list of all users and the workflows are left alone after too many calls a second, where Jira does not say.
/// What an integration waits then is in `controller/local_state/jira_wait.rs`, and what a ticket does is `RETRY` of
/// `waits_after_429.rs`.
const BURST: Duration = Duration::from_secs(5);

/// The longest wait that a server is granted. The quota, the longest that Atlassian knows, is refilled each
/// hour; a header may come from any proxy.
const LONGEST_WAIT: Duration = Duration::from_hours(2);

/// The reason of too many changes of one issue.
const OF_ISSUE: &str = "jira-per-issue-on-write";

/// A 429.
#[derive(Clone, Debug, Error, Serialize, Deserialize, PartialEq, Eq)]
#[error("Jira asked to slow down ({reason})")]
pub struct RateLimit {
    /// `RateLimit-Reason`, such as jira-quota-global-based.
    pub reason: String,
    /// `Retry-After`, where it was given.
    pub retry_after: Option<Duration>,
}

/// What was asked when a 429 came. Too many calls a second to an endpoint say nothing of other endpoints: where what was
/// asked can wait or be left out, everything else goes on. What is not named here stops everything, since its 429 is passed
/// up to the reconciliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The people that spec pins: what is said of them stays as it was.
    PinnedPeople,
    /// The list of all users: its next page waits.
    UserList,
    /// Issue types and statuses of single projects: those that are left wait.
    Workflows,
}

impl RateLimit {
    /// From the headers of an answer.
    pub(in crate::atlassian) fn of(headers: &HeaderMap) -> Self {
        Self {
            reason: header(headers, "ratelimit-reason")
                .unwrap_or("no reason given")
                .to_owned(),
            retry_after: retry_after(headers),
        }
    }

    /// Whether the hourly quota is spent, so that every further call would be refused.
    #[must_use]
    pub fn is_quota(&self) -> bool {
        self.reason.starts_with("jira-quota")
    }

    /// Whether one issue was changed too often, which says nothing of others.
    #[must_use]
    pub fn is_of_issue(&self) -> bool {
        self.reason == OF_ISSUE
    }

    /// Whether nothing more is to be asked of Jira, and not only this.
    #[must_use]
    pub fn stops_all(&self, asked: Asked) -> bool {
        match asked {
            Asked::PinnedPeople | Asked::UserList | Asked::Workflows => self.is_quota(),
        }
    }

    /// How long what can wait is left alone after too many calls a second.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.retry_after.unwrap_or(BURST)
    }

    /// In what time a quota that is spent is refilled.
    #[must_use]
    pub fn refilled_in(&self, now: Timestamp) -> Duration {
        self.retry_after.unwrap_or_else(|| until_next_hour(now))
    }

    /// How long Jira is left alone; `turn` is what this integration waits longer than Atlassian asks, for a quota that it
    /// shares.
    #[must_use]
    pub fn wait(&self, turn: Duration, now: Timestamp) -> Option<Duration> {
        if self.is_quota() {
            Some(self.refilled_in(now).saturating_add(turn))
        } else {
            self.retry_after
        }
    }
}

/// `Retry-After` in seconds; a date, which Atlassian does not send, counts as absent.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = header(headers, "retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The wait until Atlassian refills the hourly quota, at the top of the UTC hour, for an answer
/// that does not say how long.
fn until_next_hour(now: Timestamp) -> Duration {
    let into_the_hour = now.as_second().rem_euclid(3600);
    Duration::from_secs(u64::try_from(3600 - into_the_hour).unwrap_or(3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_asks_for_a_wait_without_end() {
        let asked = |seconds: &str| {
            let mut headers = HeaderMap::new();
            headers.extend(seconds.parse().map(|value| (reqwest::header::RETRY_AFTER, value)));
            retry_after(&headers)
        };
        assert_eq!(asked("1847"), Some(Duration::from_secs(1847)));
        assert_eq!(asked("18446744073709551615"), Some(LONGEST_WAIT));
        assert_eq!(asked("18446744073709551616"), None);
        assert_eq!(asked("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    #[test]
    fn the_quota_is_refilled_on_the_hour() {
        let minute = |minutes: i64| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(minutes);
        assert_eq!(until_next_hour(minute(50)), Duration::from_mins(10));
        assert_eq!(until_next_hour(minute(60)), Duration::from_hours(1));
    }

    #[test]
    fn too_many_calls_for_what_can_wait_stop_nothing_else() {
        let limit = |reason: &str| RateLimit {
            reason: reason.to_owned(),
            retry_after: None,
        };
        let all = [Asked::PinnedPeople, Asked::UserList, Asked::Workflows];
        let stops = |reason| all.map(|asked| limit(reason).stops_all(asked));
        assert_eq!(stops("jira-quota-global-based"), [true; 3]);
        assert_eq!(stops("jira-burst-based"), [false; 3]);
    }
}
