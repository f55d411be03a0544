//! How many issues there are of a project.

use jiff::Timestamp;

/// How many issues a project has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssueCounts {
    /// Not done; none where they are counted in the mirror, once it has all.
    pub open: Option<usize>,
    /// To be mirrored; none where they are counted in the mirror, once it has all.
    pub matching: Option<usize>,
    /// Jira estimated them.
    pub about: bool,
    /// When they were counted.
    pub as_of: Timestamp,
}

impl IssueCounts {
    /// Before anything was counted.
    #[must_use]
    pub const fn unknown(now: Timestamp) -> Self {
        Self {
            open: None,
            matching: None,
            about: false,
            as_of: now,
        }
    }
}
