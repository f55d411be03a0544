//! The projects of a mirror by their ids, and what went wrong with them in this pass.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    index::Index,
    issue_counts::IssueCounts,
    listing::IdListing,
    project_state::{ProjectState, SyncPhase},
};
use crate::api::integration::MirrorMode;

/// Why a project was not synchronised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectSyncError {
    /// Jira does not accept its jql, in its own words.
    Jql(String),
    /// Jira refuses queries that name it.
    Refused(String),
}

#[derive(Clone, Debug, Default)]
pub struct ProjectStates {
    by_id: BTreeMap<String, ProjectState>,
    errors: BTreeMap<String, ProjectSyncError>,
}

impl ProjectStates {
    /// The project, which is new where nothing is known of it.
    pub(super) fn of(&mut self, id: &str) -> &mut ProjectState {
        self.by_id.entry(id.to_owned()).or_default()
    }

    pub(super) fn get(&self, id: &str) -> Option<&ProjectState> {
        self.by_id.get(id)
    }

    pub(super) fn insert(&mut self, id: String, project: ProjectState) {
        self.by_id.insert(id, project);
    }

    /// Projects that cannot be read now are held, and others than these are forgotten.
    pub(super) fn retain(
        &mut self,
        is_followed: impl Fn(&String) -> bool,
        is_held: impl Fn(&String) -> bool,
        cursor: Option<i64>,
    ) {
        self.by_id.retain(|id, _| is_followed(id) || is_held(id));
        let held = self.by_id.iter_mut().filter(|(id, _)| !is_followed(id));
        held.for_each(|(_, project)| project.hold(cursor));
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut ProjectState)> {
        self.by_id.iter_mut()
    }

    #[must_use]
    pub fn phase(&self, id: &str) -> SyncPhase {
        self.get(id).map_or(SyncPhase::NEW, ProjectState::phase)
    }

    pub fn phases(&self) -> impl Iterator<Item = SyncPhase> {
        self.by_id.values().map(ProjectState::phase)
    }

    #[must_use]
    pub fn filter(&self, id: &str) -> Option<&String> {
        self.get(id)?.filter.as_ref()
    }

    #[must_use]
    pub fn counts(&self, id: &str) -> Option<&IssueCounts> {
        self.get(id)?.counts.as_ref()
    }

    pub fn all_counts(&self) -> impl Iterator<Item = &IssueCounts> {
        self.by_id.values().filter_map(|project| project.counts.as_ref())
    }

    /// How many issues are to be mirrored, as far as they were counted.
    #[must_use]
    pub fn matching(&self) -> usize {
        self.all_counts().filter_map(|counts| counts.matching).sum()
    }

    /// Whether Jira refused to list this project when it was asked last.
    #[must_use]
    pub fn is_refused(&self, id: &str) -> bool {
        self.get(id).is_some_and(|project| project.refusals().is_some())
    }

    #[must_use]
    pub fn is_any_refused(&self) -> bool {
        self.by_id.values().any(|project| project.refusals().is_some())
    }

    /// Whether a scan of a project that catches up resumes in the next slice.
    #[must_use]
    pub fn is_any_scan_open(&self) -> bool {
        self.by_id.values().any(|project| project.scan.is_open())
    }

    pub(super) fn fail(&mut self, id: &str, error: ProjectSyncError) {
        self.errors.insert(id.to_owned(), error);
    }

    pub(super) fn recover(&mut self, id: &str) {
        self.errors.remove(id);
    }

    pub(super) fn has_failed(&self, id: &str) -> bool {
        self.errors.contains_key(id)
    }

    pub(super) fn take_errors(&mut self) -> BTreeMap<String, ProjectSyncError> {
        std::mem::take(&mut self.errors)
    }

    /// What is queued is fetched no more: it is wanted in another way.
    pub(super) fn unqueue(&mut self) {
        self.by_id.values_mut().for_each(ProjectState::unqueue);
    }

    /// Keeps the counts of a listing. How many issues are open is counted in the mirror where it has all.
    pub(super) fn count(&mut self, listing: &IdListing, mode: MirrorMode, now: Timestamp) {
        if listing.is_cut {
            return;
        }
        for (id, matching) in &listing.found.counts {
            let project = self.of(id);
            // A list that may lack issues does not replace the count of an earlier one.
            let is_known = project.counts.is_some_and(|counts| counts.matching.is_some());
            if is_known && !listing.found.complete.contains(id) {
                continue;
            }
            project.counts = Some(IssueCounts {
                open: (mode != MirrorMode::All).then_some(*matching),
                matching: Some(*matching),
                about: false,
                as_of: now,
            });
        }
    }

    /// New projects were listed.
    pub(super) fn listed(&mut self, listing: &IdListing, now: Timestamp) {
        for id in listing.resumed.iter().chain(&listing.fresh) {
            self.of(id).listed(listing.cursor, now);
        }
    }

    /// All that was queued is fetched. Whether a project joined those whose changes are followed together.
    pub(super) fn filled(&mut self, cursor: i64, is_scan_open: bool) -> bool {
        let mut is_any = false;
        for project in self.by_id.values_mut() {
            is_any |= project.filled(cursor, is_scan_open);
        }
        is_any
    }

    /// The mirror has all issues of these projects: they are counted there.
    pub(super) fn recount(&mut self, index: &Index, now: Timestamp) {
        let mut found: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (_, entry) in index.iter() {
            let (matching, open) = found.entry(&entry.project_id).or_default();
            *matching += 1;
            *open += usize::from(entry.is_open);
        }
        let live = self.by_id.iter_mut();
        for (id, project) in live.filter(|(_, project)| project.phase() == SyncPhase::Live) {
            let Some(counts) = project.counts else {
                continue;
            };
            let (matching, open) = found.get(id.as_str()).copied().unwrap_or_default();
            let exact = IssueCounts {
                open: Some(open),
                matching: Some(matching),
                about: false,
                as_of: counts.as_of,
            };
            if counts != exact {
                project.counts = Some(IssueCounts { as_of: now, ..exact });
            }
        }
    }
}
