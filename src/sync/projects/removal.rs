//! Why the object of a project goes.

/// Why an object is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectRemoval {
    /// spec.projects no longer names it.
    OutOfScope,
    /// Its key was changed; it has a new object.
    Renamed,
    /// It was in the trash and now is nowhere.
    Deleted,
    /// It was in no list for seven days.
    Missing,
}

impl ProjectRemoval {
    /// What an event says of it.
    #[must_use]
    pub fn message(self, key: &str) -> String {
        match self {
            Self::OutOfScope => format!("Project {key} is no longer in spec.projects."),
            Self::Renamed => format!("Project {key} has another key now and is listed under that."),
            Self::Deleted => format!("Project {key} was in the trash and is deleted for good."),
            Self::Missing => format!("Jira has not shown project {key} for seven days."),
        }
    }
}
