//! Points that are left out because of a fault that is known and not fixed yet. Each says which; the list should be
//! empty.

use super::point::{Disturbance, Point};

/// Points of a scenario that are left out.
pub struct Known {
    /// Name of the scenario.
    pub scenario: &'static str,
    /// Part of what the write is called.
    pub write: &'static str,
    /// Which disturbance of it; all where unset.
    pub disturbance: Option<Disturbance>,
    /// What is wrong.
    pub why: &'static str,
}

/// The list.
pub const KNOWN: &[Known] = &[];

/// Why a point is left out.
pub fn known(scenario: &str, point: &Point) -> Option<&'static str> {
    let mut all = KNOWN.iter();
    let found = all.find(|known| {
        known.scenario == scenario
            && point.shape.to_string().contains(known.write)
            && known
                .disturbance
                .is_none_or(|disturbance| disturbance == point.disturbance)
    });
    found.map(|known| known.why)
}
