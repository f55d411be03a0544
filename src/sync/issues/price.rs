//! What a listing costs: a pure function.

use super::{listing::MOST_COUNTED, state::State, verify::share};
use crate::api::integration::MirrorMode;

/// About how many points a listing of everything costs, beside its pages: a point for each id that is
/// listed and for each issue whose contents are looked at again, and two for each number that only Jira
/// tells.
#[must_use]
pub fn price(state: &State, mode: MirrorMode, max: usize, projects: usize) -> usize {
    let matching = state.matching();
    let verified = share(state.index.len());
    match mode {
        MirrorMode::None if matching > MOST_COUNTED => 2 * projects,
        MirrorMode::None => matching,
        _ if !state.is_truncated => matching.min(max) + verified,
        MirrorMode::Open => max + 2 * projects + verified,
        MirrorMode::All => max + 4 * projects + verified,
    }
}
