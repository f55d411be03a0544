//! What a listing costs: a pure function.

use super::{listing::MOST_COUNTED, state::MirrorState, verify::share};
use crate::api::integration::MirrorMode;

/// About how many points a listing of everything costs, beside its pages: a point for each id that is
/// listed and for each issue that is verified, and two for each number that only Jira knows.
#[must_use]
pub fn price(state: &MirrorState, mode: MirrorMode, max: usize, projects: usize) -> usize {
    let matching = state.projects.matching();
    let verified = share(state.objects.index().len());
    match mode {
        MirrorMode::None if matching > MOST_COUNTED => 2 * projects,
        MirrorMode::None => matching,
        _ if !state.objects.is_truncated => matching.min(max) + verified,
        MirrorMode::Open => max + 2 * projects + verified,
        MirrorMode::All => max + 4 * projects + verified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::issues::issue_counts::IssueCounts;
    use jiff::Timestamp;

    #[test]
    fn each_id_and_each_number_is_paid_once() {
        let state = |matching, is_truncated| {
            let counts = IssueCounts {
                open: Some(matching),
                matching: Some(matching),
                about: false,
                as_of: Timestamp::UNIX_EPOCH,
            };
            let mut state = MirrorState::default();
            state.projects.of("1").counts = Some(counts);
            state.objects.is_truncated = is_truncated;
            state
        };
        assert_eq!(price(&state(300, false), MirrorMode::Open, 500, 3), 300);
        assert_eq!(price(&state(9_000, true), MirrorMode::Open, 500, 3), 506);
        assert_eq!(price(&state(9_000, true), MirrorMode::All, 500, 3), 512);
        assert_eq!(price(&state(300, false), MirrorMode::None, 500, 3), 300);
        assert_eq!(price(&state(9_000, false), MirrorMode::None, 500, 3), 6);
    }
}
