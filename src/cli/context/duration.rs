//! Times as flags give them.

use std::time::Duration;

/// Reads a time such as 90s.
///
/// # Errors
/// When it is none.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "it must be a time such as 90s, 2m or 1h".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds).min(86_400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        for bad in ["", "2", "m", "2 m", "-2m", "2d", "ä"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
