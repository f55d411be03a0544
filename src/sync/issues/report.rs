//! What a pass did, besides what the state says: what each step returns, and what that is all together.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{project_states::ProjectSyncError, writer::Written};

/// What the scanner saw.
#[derive(Debug, Default)]
pub(super) struct ScanReport {
    /// A page may lack issues.
    pub(super) incomplete: bool,
    pub(super) malformed: usize,
}

/// What the lister saw.
#[derive(Debug, Default)]
pub(super) struct ListReport {
    /// A list may lack issues.
    pub(super) incomplete: bool,
}

/// What the filler did.
#[derive(Debug, Default)]
pub(super) struct FillReport {
    pub(super) filled: usize,
    /// A page may lack issues.
    pub(super) incomplete: bool,
    pub(super) malformed: usize,
    /// There is not room for all, as it had seemed: what was listed is not fetched, and is to be listed anew.
    pub(super) is_out_of_room: bool,
}

/// What the confirmer did.
#[derive(Debug, Default)]
pub(super) struct ConfirmReport {
    pub(super) malformed: usize,
    /// Missing issues are left to be looked up.
    pub(super) unfinished: bool,
    /// When the next one is to be looked up.
    pub(super) look_at: Option<Timestamp>,
}

/// What the verifier saw.
#[derive(Debug, Default)]
pub(super) struct VerifyReport {
    pub(super) malformed: usize,
}

/// What the steps of a pass returned.
#[derive(Debug, Default)]
pub(super) struct StepReports {
    pub(super) scan: ScanReport,
    pub(super) list: ListReport,
    /// Points that listing cost.
    pub(super) listing_points: u64,
    pub(super) fill: FillReport,
    pub(super) confirm: ConfirmReport,
    pub(super) verify: VerifyReport,
}

/// What a pass did.
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
    /// What the steps and the writer did, all together; `unfinished` says what the state leaves to be done.
    pub(super) fn of(
        steps: StepReports,
        written: Written,
        failed_projects: BTreeMap<String, ProjectSyncError>,
        unfinished: bool,
    ) -> Self {
        let StepReports {
            scan,
            list,
            listing_points,
            fill,
            confirm,
            verify,
        } = steps;
        let FillReport {
            filled,
            incomplete,
            malformed,
            is_out_of_room,
        } = fill;
        let Written {
            changed,
            fetched,
            malformed: unreadable,
            undiscarded,
            statuses,
        } = written;
        Self {
            changed,
            fetched,
            filled,
            unfinished: unfinished || is_out_of_room || confirm.unfinished,
            look_at: confirm.look_at,
            failed_projects,
            incomplete: incomplete || scan.incomplete || list.incomplete,
            malformed: malformed + unreadable + scan.malformed + confirm.malformed + verify.malformed,
            listing_points,
            undiscarded,
            statuses,
        }
    }
}
