//! What a pass did, besides what the state says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{project_states::ProjectSyncError, writer::Written};

#[derive(Debug, Default)]
pub struct SyncReport {
    /// Issues that were created, changed or removed in the mirror.
    pub changed: usize,
    /// Issues that were fetched.
    pub fetched: usize,
    /// Issues that were fetched because they were not there, or under other settings.
    pub filled: usize,
    /// Work is left for the next slice.
    pub unfinished: bool,
    /// When a missing issue is to be looked up.
    pub look_at: Option<Timestamp>,
    /// Projects that were not synchronised, by id, and why.
    pub failed_projects: BTreeMap<String, ProjectSyncError>,
    /// Jira warned that an answer may be incomplete.
    pub incomplete: bool,
    /// Issues that came in a form that is not understood.
    pub malformed: usize,
    /// Points that a listing of everything cost.
    pub listing_points: u64,
    /// An orphaned object that the cluster does not remove, and its answer.
    pub undiscarded: Option<(String, String)>,
    /// Statuses of issues that were fetched, each with the id of its project before it.
    pub statuses: BTreeSet<(String, String)>,
}

impl SyncReport {
    /// Adds what was written.
    pub(super) fn add(&mut self, written: Written) {
        let Written {
            changed,
            fetched,
            malformed,
            undiscarded,
            statuses,
        } = written;
        self.changed += changed;
        self.fetched += fetched;
        self.malformed += malformed;
        self.undiscarded = undiscarded;
        self.statuses = statuses;
    }
}
