//! Plans a listing: asks for what must be known before it, and says what is to be listed.

use super::{
    counting::expected,
    error::MirrorError,
    first_cursor::first_cursor,
    known_jql::KnownJql,
    listing_state::ListingState,
    objects::ObjectState,
    plan::{ListingRequest, counting_only, plan},
    project_states::ProjectStates,
    query::FollowedProject,
    run::StepContext,
    scan_state::ScanState,
};
use crate::api::integration::MirrorMode;

pub(super) struct Planner<'p, 'a> {
    pub(super) run: StepContext<'a>,
    pub(super) listing: &'p mut ListingState,
    pub(super) scan: &'p mut ScanState,
    pub(super) jql: &'p mut KnownJql,
    pub(super) projects: &'p ProjectStates,
    pub(super) objects: &'p ObjectState,
}

impl Planner<'_, '_> {
    /// Whether everything is to be listed now, or only what is new.
    pub(super) fn due(&self) -> Option<bool> {
        let (run, settings) = (self.run, self.run.settings);
        let due = self.listing.is_due(run.now, settings.sweep_every);
        // There is not room for all any more: how many there are is to be counted.
        let due = due || (self.objects.is_crowded && !self.objects.is_truncated);
        // A slice does not check permissions first, and lists only what is new.
        let due = (due || run.requested) && !run.slice;
        let is_new = |project: &FollowedProject| {
            // Where nothing is mirrored, what is known of a project is its number of issues.
            let counted = settings.mode == MirrorMode::None && self.projects.counts(&project.id).is_some();
            let is_initial = self.projects.phase(&project.id).is_initial();
            is_initial && !counted && self.jql.error_of(project).is_none() && !self.is_backing_off(project)
        };
        (due || settings.followed.iter().any(is_new)).then_some(due)
    }

    /// Whether Jira refused to list the project, and it is not yet to be asked again.
    fn is_backing_off(&self, project: &FollowedProject) -> bool {
        let (run, known) = (self.run, self.projects.get(&project.id));
        known.is_some_and(|known| known.is_backing_off(run.now, run.slice, run.settings.sweep_every))
    }

    /// Opens a listing of everything, or only of projects of which nothing is mirrored yet.
    pub(super) async fn open(&mut self, everything: bool) -> Result<(), MirrorError> {
        let (run, settings) = (self.run, self.run.settings);
        let known = self.projects;
        let is_new = |project: &&FollowedProject| known.phase(&project.id).is_initial();
        let asked = |project: &&FollowedProject| everything || (is_new(project) && !self.is_backing_off(project));
        let projects: Vec<&FollowedProject> = settings.followed.iter().filter(asked).collect();
        self.jql.validate(run.jira, &projects).await?;
        let valid = projects.iter().copied();
        let valid = valid.filter(|project| self.jql.error_of(project).is_none());
        let (new, filled): (Vec<&FollowedProject>, Vec<&FollowedProject>) = valid.partition(is_new);
        if settings.mode == MirrorMode::None {
            let all: Vec<&FollowedProject> = new.into_iter().chain(filled).collect();
            let expected = expected(run, &all).await?;
            self.listing.open(counting_only(&all, expected, everything));
            return Ok(());
        }
        // Where changes are followed from is asked for before the first page.
        let expected = if self.scan.cursor().is_none() {
            let (cursor, expected) = futures::join!(first_cursor(run.jira, projects), expected(run, &new));
            self.scan.set_cursor(cursor?);
            expected?
        } else {
            expected(run, &new).await?
        };
        let wanted = ListingRequest {
            new: &new,
            filled: &filled,
            expected,
            everything,
            cursor: self.scan.cursor().unwrap_or(0),
        };
        self.listing.open(plan(known, self.objects, settings, &wanted));
        Ok(())
    }
}
