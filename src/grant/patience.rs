//! How long a mark of another process is respected: by its deadline, which is a time of that machine's clock, and
//! no longer than is plausible by a clock that nobody sets.

use std::time::{Duration, Instant};

use super::record::Mark;

/// Longest wait for a mark that does not change.
const PATIENCE: Duration = Duration::from_mins(2);

/// The mark that is waited for, and since when.
#[derive(Debug, Default)]
pub(super) struct Patience(Option<(Mark, Instant)>);

impl Patience {
    /// How long this mark is still respected. None where it was waited for long enough: a process whose clock is
    /// ahead died, or somebody made it up.
    pub(super) fn left(&mut self, mark: &Mark, now: Instant) -> Option<Duration> {
        let since = match &self.0 {
            Some((same, since)) if same == mark => *since,
            _ => {
                self.0 = Some((mark.clone(), now));
                now
            }
        };
        let left = PATIENCE.checked_sub(now.saturating_duration_since(since))?;
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
        let mark = |holder: &str| Mark {
            holder: holder.to_owned(),
            deadline: Timestamp::MAX,
            spends: TokenHash::stored("r"),
            adopts: false,
            begun: None,
        };
        let (mut patience, start) = (Patience::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(patience.left(&mark("a"), at(0)), Some(PATIENCE));
        assert_eq!(patience.left(&mark("a"), at(119)), Some(Duration::from_secs(1)));
        assert_eq!(patience.left(&mark("a"), at(120)), None);
        assert_eq!(patience.left(&mark("a"), at(999)), None, "and stays so");
        assert_eq!(patience.left(&mark("b"), at(999)), Some(PATIENCE));
    }
}
