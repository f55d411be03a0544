//! What the table says of a reason.

use crate::api::condition_type::ConditionType;

/// Whether a reason belongs to a condition that is True, False or Unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The condition is True.
    True,
    /// The condition is False.
    False,
    /// It could not be found out.
    Unknown,
}

impl Holds {
    /// The status as conditions print it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// What the operator does about a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Nothing is wrong, or nothing that needs anybody.
    Fine,
    /// Tried again with exponential backoff; shown as `Reconciling`.
    Retry,
    /// A watch or a clock will wake it; neither `Reconciling` nor `Stalled`.
    Wait,
    /// A person must act at Atlassian or in the spec; shown as `Stalled`. Looked at again on
    /// every interval all the same.
    Stalled,
}

/// One line of the table.
#[derive(Debug)]
pub struct Entry {
    /// The conditions that may carry the reason.
    pub conditions: &'static [ConditionType],
    /// The status a condition with this reason has.
    pub holds: Holds,
    /// What the operator does about it.
    pub disposition: Disposition,
    /// What it means, and how it was found out.
    pub meaning: &'static str,
    /// What causes it, likeliest first.
    pub cause: &'static str,
    /// What to do; empty where there is nothing to do.
    pub remedy: &'static str,
}
