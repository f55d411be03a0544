//! How grave a line of a report is.

use crate::api::reason::{Holds, Reason};

/// How a line is marked, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Looked at and in order.
    Fine,
    /// In order, with something to know.
    Warning,
    /// It could not be looked at.
    Unknown,
    /// Something is wrong.
    Finding,
}

impl Mark {
    /// The status that a condition with this mark has.
    #[must_use]
    pub const fn status(self) -> &'static str {
        match self {
            Self::Fine | Self::Warning => "True",
            Self::Unknown => "Unknown",
            Self::Finding => "False",
        }
    }

    /// The mark of a condition with this reason.
    #[must_use]
    pub fn of(reason: Reason) -> Self {
        let entry = reason.entry();
        match entry.holds {
            Holds::False => Self::Finding,
            Holds::Unknown => Self::Unknown,
            // A reason that is True and has a remedy is a warning.
            Holds::True if !entry.remedy.is_empty() => Self::Warning,
            Holds::True => Self::Fine,
        }
    }
}
