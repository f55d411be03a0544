//! How grave a line of a report is.

use serde::Serialize;

use crate::api::reason::{Holds, Reason};

/// How a line is marked, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Checked and healthy.
    Fine,
    /// Something to know or to fix that does not set Ready to False.
    Warning,
    /// It could not be checked, so that it is not known whether all is Ready.
    Unknown,
    /// It sets Ready to False.
    Finding,
}

impl Severity {
    /// The status of what only this command checks.
    #[must_use]
    pub const fn status(self) -> Holds {
        match self {
            Self::Fine | Self::Warning => Holds::True,
            Self::Unknown => Holds::Unknown,
            Self::Finding => Holds::False,
        }
    }

    /// The severity of a condition with this reason, where it holds Ready back unless it is True.
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
