//! What the table says of a reason.

use crate::api::condition_type::ConditionType;

/// Whether a reason belongs to a condition that is True, False or Unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
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
    pub fn as_str(self) -> &'static str {
        self.into()
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
    /// A person must act at Atlassian or in the spec; shown as `Stalled`. Examined again on
    /// every interval all the same.
    Stalled,
}

/// Which `Ready` a reason that is not True keeps from being True.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// That of its object, and of the integration.
    Ready,
    /// That of the integration, where spec.projects names the projects.
    NamedProjects,
    /// That of the `JiraProject` that carries it; of the integration where spec.projects names it.
    Project,
    /// None: it is said, and things go on.
    Nothing,
}

/// Which reconcile finds out whether a reason that is not True still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recheck {
    /// One that asks everything.
    Full,
    /// Each: an incremental one asks about it alone.
    Incremental,
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
    /// Of two reasons for one condition the graver stands. What keeps `Ready` from being True goes before what does
    /// not, and what was not synchronised before what was, but late or in part.
    pub gravity: u8,
    /// Which `Ready` it keeps from being True.
    pub blocks: Blocks,
    /// Whether a person has to consent anew before it is fixed.
    pub needs_consent: bool,
    /// Which reconcile finds out whether it still holds.
    pub recheck: Recheck,
    /// Whether a cause before it explains it.
    pub is_consequence: bool,
    /// What it means, and how it was found out.
    pub meaning: &'static str,
    /// What causes it, likeliest first.
    pub cause: &'static str,
    /// What to do; empty where there is nothing to do.
    pub remedy: &'static str,
}

impl Entry {
    /// A line with what most lines say in the columns that the table leaves out.
    pub(super) const fn of(
        conditions: &'static [ConditionType],
        holds: Holds,
        disposition: Disposition,
        [meaning, cause, remedy]: [&'static str; 3],
    ) -> Self {
        let (gravity, blocks) = match holds {
            Holds::True => (0, Blocks::Nothing),
            Holds::Unknown => (5, Blocks::Ready),
            Holds::False => (6, Blocks::Ready),
        };
        Self {
            conditions,
            holds,
            disposition,
            gravity,
            blocks,
            needs_consent: false,
            recheck: Recheck::Full,
            is_consequence: false,
            meaning,
            cause,
            remedy,
        }
    }
}
