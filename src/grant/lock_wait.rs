//! How long a lock of another process is respected: by its deadline, which is a time of that machine's clock, and
//! no longer than is plausible by a clock that nobody sets.

use std::time::{Duration, Instant};

use super::record::ExchangeLock;

/// Longest wait for a lock that does not change.
const LONGEST_LOCK_WAIT: Duration = Duration::from_mins(2);

/// The lock that is waited for, and since when.
#[derive(Debug, Default)]
pub(super) struct LockWait(Option<(ExchangeLock, Instant)>);

impl LockWait {
    /// How long this lock is still respected. None where it was waited for long enough: a process whose clock is
    /// ahead died, or somebody made it up.
    pub(super) fn left(&mut self, lock: &ExchangeLock, now: Instant) -> Option<Duration> {
        let since = match &self.0 {
            Some((same, since)) if same == lock => *since,
            _ => {
                self.0 = Some((lock.clone(), now));
                now
            }
        };
        let left = LONGEST_LOCK_WAIT.checked_sub(now.saturating_duration_since(since))?;
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlassian::secret::TokenHash;
    use jiff::Timestamp;

    #[test]
    fn a_mark_is_respected_for_two_minutes_and_a_new_one_anew() {
        let lock = |holder: &str| ExchangeLock {
            holder: holder.to_owned(),
            deadline: Timestamp::MAX,
            spends: TokenHash::stored("r"),
            adopts: false,
            begun: None,
        };
        let (mut lock_wait, start) = (LockWait::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(lock_wait.left(&lock("a"), at(0)), Some(LONGEST_LOCK_WAIT));
        assert_eq!(lock_wait.left(&lock("a"), at(119)), Some(Duration::from_secs(1)));
        assert_eq!(lock_wait.left(&lock("a"), at(120)), None);
        assert_eq!(lock_wait.left(&lock("a"), at(999)), None, "and stays so");
        assert_eq!(lock_wait.left(&lock("b"), at(999)), Some(LONGEST_LOCK_WAIT));
    }
}
