//! Projects that a listing of everything leaves out: an orphaned object may hold an issue of theirs.

use super::{
    index::OrphanedObject, known_jql::KnownJql, objects::ObjectState, project_states::ProjectStates,
    run::MirrorSettings,
};

pub(super) struct Unlisted<'p> {
    pub(super) settings: &'p MirrorSettings<'p>,
    pub(super) jql: &'p KnownJql,
    pub(super) projects: &'p ProjectStates,
}

impl Unlisted<'_> {
    /// Whether an orphaned object may still become that of its issue: that was deferred, or may be in one of
    /// these projects.
    pub(super) fn may_have(&self, orphaned: &OrphanedObject, objects: &ObjectState) -> bool {
        let Some(issue) = orphaned.issue else { return false };
        let is_unlisted = match &orphaned.project {
            Some(project) => self.contains(project),
            None => !self.is_empty(),
        };
        objects.deferred.contains(issue) || (is_unlisted && objects.index().get(issue).is_none())
    }

    fn contains(&self, project: &str) -> bool {
        let followed = self.settings.project(project);
        let is_invalid = followed.is_some_and(|followed| self.jql.error_of(followed).is_some());
        is_invalid || self.settings.is_held(project) || self.projects.is_refused(project)
    }

    fn is_empty(&self) -> bool {
        let mut followed = self.settings.followed.iter();
        let is_any_invalid = followed.any(|followed| self.jql.error_of(followed).is_some());
        !is_any_invalid && self.settings.held.is_empty() && !self.projects.is_any_refused()
    }
}
