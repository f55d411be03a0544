//! Points in time as JQL writes them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A point in time, and whether it moves with the clock.
pub(super) struct Time {
    pub(super) at: Timestamp,
    pub(super) moves: bool,
}

/// Reads epoch milliseconds, a date in the reader's time zone with minutes at most, or a period before or after now.
pub(super) fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Time> {
    if let Some(at) = relative(text, now) {
        return Some(Time { at, moves: true });
    }
    let at = match text.parse() {
        Ok(milliseconds) => Timestamp::from_millisecond(milliseconds).ok()?,
        Err(_) => date(text, zone)?,
    };
    Some(Time { at, moves: false })
}

fn date(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.replace('/', "-");
    let text = if text.contains(' ') {
        text
    } else {
        format!("{text} 00:00")
    };
    let date = DateTime::strptime("%Y-%m-%d %H:%M", text).ok()?;
    Some(date.to_zoned(zone.clone()).ok()?.timestamp())
}

/// `-1d`, `4w 2d` and their like.
fn relative(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (back, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut sum = SignedDuration::ZERO;
    for part in text.split_whitespace() {
        sum = sum.checked_add(period(part)?)?;
    }
    let none = text.trim().is_empty();
    let moved = if back {
        now.checked_sub(sum)
    } else {
        now.checked_add(sum)
    };
    moved.ok().filter(|_| !none)
}

fn period(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().last()?;
    let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 60 * 24,
        'w' => 60 * 24 * 7,
        _ => return None,
    };
    Some(SignedDuration::from_secs(count.checked_mul(minutes)?.checked_mul(60)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_readers_zone_and_to_the_minute() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let zone = TimeZone::get("America/New_York").unwrap();
        let at = |text: &str| read(text, now, &zone).map(|time| time.at.to_string());
        assert_eq!(at("2026-01-31 10:30").unwrap(), "2026-01-31T15:30:00Z");
        assert_eq!(at("2026/07/01").unwrap(), "2026-07-01T04:00:00Z");
        assert_eq!(at("1767225600000").unwrap(), "2026-01-01T00:00:00Z");
        assert_eq!(at("-1w 1d").unwrap(), "2026-02-21T12:00:00Z");
        assert_eq!(at("2h").unwrap(), "2026-03-01T14:00:00Z");
        for wrong in [
            "2026-01-31 10:30:15",
            "yesterday",
            "-",
            "5x",
            "2026-13-01",
            "2026-01-31T10:30",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
