//! How long to wait: jitter, backoff, and sums of times. Pure, with chance as an argument.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Longest wait between retries.
const BACKOFF_MAX: Duration = Duration::from_mins(15);

/// The duration times a factor, and the longest there is where that cannot be told: a factor may follow from
/// what a server said.
#[must_use]
pub fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// The interval with ±5 % jitter, so that integrations that started together drift apart.
/// `random` lies in 0..=1.
#[must_use]
pub fn jittered(interval: Duration, random: f64) -> Duration {
    scaled(interval, 0.95 + 0.1 * random.clamp(0.0, 1.0))
}

/// The wait before a retry: 1 s, doubled each time up to 15 minutes, with jitter.
#[must_use]
pub fn backoff(failures: u32, random: f64) -> Duration {
    let seconds = 1_u64 << failures.saturating_sub(1).min(12);
    jittered(Duration::from_secs(seconds), random).min(BACKOFF_MAX)
}

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

/// Now plus a duration.
#[must_use]
pub fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_double_up_to_a_quarter_of_an_hour() {
        assert_eq!(backoff(1, 0.5), Duration::from_secs(1));
        assert_eq!(backoff(4, 0.5), Duration::from_secs(8));
        assert_eq!(backoff(40, 1.0), BACKOFF_MAX);
    }

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

    #[test]
    fn no_factor_and_no_wait_is_too_much() {
        let minute = Duration::from_mins(1);
        for factor in [f64::INFINITY, f64::NAN, f64::MAX, -1.0] {
            assert_eq!(scaled(minute, factor), Duration::MAX, "{factor}");
        }
        assert_eq!(scaled(minute, 1.5), Duration::from_secs(90));
        assert_eq!(jittered(Duration::MAX, 1.0), Duration::MAX);
        assert_eq!(after(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX);
    }

    #[test]
    fn jitter_stays_within_five_percent() {
        let interval = Duration::from_secs(100);
        assert_eq!(jittered(interval, 0.0), Duration::from_secs(95));
        assert_eq!(jittered(interval, 1.0), Duration::from_secs(105));
    }
}
