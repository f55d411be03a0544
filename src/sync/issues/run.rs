//! What a pass over a mirror is given: it changes nothing of this.

use std::{collections::BTreeSet, ops::Deref};

use jiff::{SignedDuration, Timestamp};

use super::{
    claimed::ClaimedIssues, followed::FollowedProjects, mirrored_issue::MappingContext, query::FollowedProject,
};
use crate::{api::integration::MirrorMode, atlassian::jira::Session};

/// What is to be mirrored.
#[derive(Clone, Debug)]
pub struct MirrorSettings<'a> {
    /// How issues become what is mirrored of them.
    pub mapping: MappingContext<'a>,
    /// Which issues.
    pub mode: MirrorMode,
    /// How many at most.
    pub max: usize,
    /// Projects that can be read.
    pub followed: &'a FollowedProjects,
    /// Ids of projects in scope that cannot be read now: what is mirrored of them stays.
    pub held: &'a BTreeSet<String>,
    /// Ids of projects in scope that are archived.
    pub archived: &'a BTreeSet<String>,
    /// Issues that are the tickets of objects which people applied.
    pub claimed: &'a ClaimedIssues,
    /// Whether every project in scope is among these, so that any other is out of scope.
    pub is_whole: bool,
    /// How long changes may be late in Jira's index.
    pub overlap: SignedDuration,
    /// How long an issue must be missing before it is looked up.
    pub confirm_after: SignedDuration,
    /// How often everything is listed.
    pub sweep_every: SignedDuration,
}

impl MirrorSettings<'_> {
    /// Whether a project is in scope, or may be, and cannot be read now.
    #[must_use]
    pub fn is_held(&self, id: &str) -> bool {
        self.held.contains(id) || self.is_unplaced(id)
    }

    /// Whether it is unknown where a project belongs, until every project in scope is known.
    #[must_use]
    pub fn is_unplaced(&self, id: &str) -> bool {
        let is_known = self.held.contains(id) || self.archived.contains(id) || self.project(id).is_some();
        !self.is_whole && !is_known
    }

    /// A project that can be read.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<&FollowedProject> {
        self.followed.get(id)
    }

    /// The overlap in milliseconds.
    pub(super) fn overlap_ms(&self) -> i64 {
        i64::try_from(self.overlap.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The time of a pass.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// Now. It is compared with itself alone: a clock that is off by hours does no harm.
    pub now: Timestamp,
    /// Whether the slice is over.
    pub is_over: &'a (dyn Fn() -> bool + Sync),
    /// A person asked for everything.
    pub requested: bool,
    /// Only unfinished work is to be resumed.
    pub slice: bool,
}

/// What every step has at hand.
#[derive(Clone, Copy)]
pub(super) struct StepContext<'a> {
    pub(super) jira: &'a Session,
    pub(super) settings: &'a MirrorSettings<'a>,
    pub(super) moment: RunContext<'a>,
}

impl<'a> Deref for StepContext<'a> {
    type Target = RunContext<'a>;

    fn deref(&self) -> &Self::Target {
        &self.moment
    }
}

impl RunContext<'_> {
    pub(super) fn is_over(&self) -> bool {
        (self.is_over)()
    }
}

impl<'a> StepContext<'a> {
    /// Those of the projects that can be read.
    pub(super) fn followed<'i>(&self, ids: impl IntoIterator<Item = &'i String>) -> Vec<&'a FollowedProject> {
        let settings = self.settings;
        ids.into_iter().filter_map(|id| settings.project(id)).collect()
    }
}
