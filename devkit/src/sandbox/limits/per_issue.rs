//! Writes to one issue: so many in two seconds, and so many in thirty.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::reason::RateLimitReason;
use super::{Refusal, quota};

/// Documented windows: seconds, and how many writes they hold.
const WINDOWS: [(i64, usize); 2] = [(2, 20), (30, 100)];

/// The writes to each issue of late.
#[derive(Debug, Default)]
pub(crate) struct PerIssue {
    pub(crate) off: bool,
    writes: HashMap<(String, u64), VecDeque<Timestamp>>,
}

impl PerIssue {
    /// Counts a write to an issue, or says that there were too many.
    pub(super) fn take(&mut self, cloud_id: &str, issue: u64, now: Timestamp) -> Result<(), Refusal> {
        if self.off {
            return Ok(());
        }
        let writes = self.writes.entry((cloud_id.to_owned(), issue)).or_default();
        let longest = SignedDuration::from_secs(WINDOWS.iter().map(|(seconds, _)| *seconds).max().unwrap_or(0));
        while writes.front().is_some_and(|at| now.duration_since(*at) >= longest) {
            writes.pop_front();
        }
        for (seconds, most) in WINDOWS {
            let window = SignedDuration::from_secs(seconds);
            let recent = writes.iter().filter(|at| now.duration_since(**at) < window);
            if recent.clone().count() >= most {
                let oldest = recent.min().copied().unwrap_or(now);
                let free = oldest.checked_add(window).unwrap_or(Timestamp::MAX);
                return Err(Refusal {
                    reason: RateLimitReason::JiraPerIssueOnWrite,
                    limit: most as u64,
                    retry_after: Some(quota::seconds(free.duration_since(now))),
                    reset: Some(free),
                });
            }
        }
        writes.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_issue_takes_twenty_writes_in_two_seconds_and_a_hundred_in_thirty() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |milliseconds| start + SignedDuration::from_millis(milliseconds);
        let mut limiter = PerIssue::default();
        let mut taken = |issue, milliseconds| limiter.take("site", issue, at(milliseconds));
        for _ in 0..20 {
            assert!(taken(1, 0).is_ok());
        }
        assert_eq!(taken(1, 500).map_err(|refusal| refusal.retry_after), Err(Some(2)));
        assert!(taken(2, 500).is_ok(), "another issue");
        for step in 1..=4 {
            for _ in 0..20 {
                assert!(taken(1, step * 2000).is_ok());
            }
        }
        let refused = taken(1, 10_000).map_err(|refusal| (refusal.limit, refusal.retry_after));
        assert_eq!(refused, Err((100, Some(20))));
        assert!(taken(1, 30_000).is_ok());
    }
}
