//! Times as flags give them.

use std::time::Duration;

use jiff::SignedDuration;

/// Nothing is waited for longer.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads a time such as 90s.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    let time = text.parse::<SignedDuration>().ok();
    let time = time.and_then(|time| Duration::try_from(time).ok());
    let time = time.ok_or("it must be a time such as 90s, 2m or 1h30m")?;
    Ok(time.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("2 m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("100h"), Ok(LONGEST));
        for bad in ["", "2", "m", "-2m", "2d", "ä"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
