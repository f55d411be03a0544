//! How long to wait before a retry: backoff and jitter. Pure, with chance as an argument.

use std::time::Duration;

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
    fn no_factor_is_too_much() {
        let minute = Duration::from_mins(1);
        for factor in [f64::INFINITY, f64::NAN, f64::MAX, -1.0] {
            assert_eq!(scaled(minute, factor), Duration::MAX, "{factor}");
        }
        assert_eq!(scaled(minute, 1.5), Duration::from_secs(90));
        assert_eq!(jittered(Duration::MAX, 1.0), Duration::MAX);
    }

    #[test]
    fn jitter_stays_within_five_percent() {
        let interval = Duration::from_secs(100);
        assert_eq!(jittered(interval, 0.0), Duration::from_secs(95));
        assert_eq!(jittered(interval, 1.0), Duration::from_secs(105));
    }
}
