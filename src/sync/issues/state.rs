//! What the mirror remembers between passes. All but the index can be restored from what is written in
//! status; the index is read from the cluster.

use super::{
    cluster::StoredIssues, fill_state::FillState, known_jql::KnownJql, listing_state::ListingState,
    missing::MissingIssues, objects::ObjectState, project_states::ProjectStates, scan_state::ScanState,
    verify::VerifyState,
};

/// The memory of one mirror: a part for each step of a pass, which alone changes it.
#[derive(Clone, Debug, Default)]
pub struct MirrorState {
    pub projects: ProjectStates,
    pub scan: ScanState,
    pub listing: ListingState,
    pub fill: FillState,
    pub missing: MissingIssues,
    pub verify: VerifyState,
    pub jql: KnownJql,
    pub objects: ObjectState,
}

impl MirrorState {
    /// Whether issues are still to be fetched.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.fill.remaining() > 0 || self.listing.is_of_new()
    }

    /// Whether a scan resumes in the next slice.
    #[must_use]
    pub fn is_scan_open(&self) -> bool {
        self.scan.open.is_open() || self.projects.is_any_scan_open()
    }

    /// Whether work is left for the next slice.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.is_filling() || self.listing.is_open() || !self.verify.queued().is_empty() || self.is_scan_open()
    }

    /// The objects are as the cluster has them now.
    pub fn reload(&mut self, found: StoredIssues) {
        self.objects.reload(found);
    }

    /// Settings changed: what was listed under the former ones is not fetched.
    pub(super) fn stop_filling(&mut self) {
        self.fill.stop();
        self.projects.unqueue();
        self.listing.stop();
    }
}
