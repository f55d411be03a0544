//! How long a refresh token is accepted that was spent already.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long Atlassian still accepts a refresh token that was spent.
const LEEWAY: SignedDuration = SignedDuration::from_mins(10);
/// Longest wait between tries within it.
const LEEWAY_RETRY: Duration = Duration::from_mins(1);

/// The wait before the next exchange of a token that was perhaps spent at a try begun `since`: as long as
/// Atlassian would still answer with a new one, the tries must not step over the end of that.
#[must_use]
pub fn within_the_leeway(wait: Duration, since: Option<Timestamp>, now: Timestamp) -> Duration {
    let open = since.is_some_and(|since| now.duration_since(since) < LEEWAY);
    if open { wait.min(LEEWAY_RETRY) } else { wait }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{backoff::backoff, time::after};

    #[test]
    fn a_token_that_was_perhaps_spent_is_tried_each_minute_until_the_leeway_ends() {
        let begun = Timestamp::UNIX_EPOCH;
        let mut last_within = Timestamp::UNIX_EPOCH;
        let mut now = after(begun, Duration::from_secs(15));
        for failures in 1..=20 {
            if now.duration_since(begun) < LEEWAY {
                last_within = now;
            }
            let wait = within_the_leeway(backoff(failures, 1.0), Some(begun), now);
            // The try itself takes as long as the longest call.
            now = after(now, wait + Duration::from_secs(15));
        }
        assert!(
            last_within.duration_since(begun) > SignedDuration::from_mins(8),
            "{last_within}"
        );
        let later = after(begun, Duration::from_mins(10));
        let long = Duration::from_mins(15);
        assert_eq!(within_the_leeway(long, Some(begun), later), long);
        assert_eq!(within_the_leeway(long, None, begun), long);
    }
}
