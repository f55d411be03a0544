//! One pass over a mirror: changes → listing → fetching → deletions, each picked up where the last
//! pass left it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    deferred::wait,
    error::MirrorError,
    index::IndexEntry,
    mirror::Mirror,
    query::FollowedProject,
    removal_reason::RemovalReason,
    state::{AwaitedEvidence, MirrorSettings, MirrorState, MissingIssue, RunContext, SyncPhase},
};
use crate::{
    api::integration::MirrorMode,
    atlassian::jira::{PAGE, Session},
};

/// What a pass did, besides what the state tells.
#[derive(Debug, Default)]
pub struct SyncReport {
    /// Issues that were kept anew, changed or removed.
    pub changed: usize,
    /// Issues that were fetched.
    pub fetched: usize,
    /// Issues that were fetched because they were not there, or under other settings.
    pub filled: usize,
    /// Work is left for the next slice.
    pub unfinished: bool,
    /// When something is to be looked at again.
    pub look_at: Option<Timestamp>,
    /// Projects that were not synchronised, by id, and why.
    pub failed_projects: BTreeMap<String, ProjectSyncError>,
    /// Jira warned that an answer may be incomplete.
    pub incomplete: bool,
    /// Issues that came in a form that is not understood.
    pub malformed: usize,
    /// Points that a listing of everything cost.
    pub listing_points: u64,
    /// An object that was left half made and that the cluster does not remove, and its words.
    pub undiscarded: Option<(String, String)>,
    /// Statuses of issues that were fetched, each with the id of its project before it.
    pub statuses: BTreeSet<(String, String)>,
}

/// Why a project was not synchronised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectSyncError {
    /// Jira does not accept its jql, in its own words.
    Jql(String),
    /// Jira refuses queries that name it.
    Refused(String),
}

/// A pass under way.
pub struct Engine<'a, M> {
    pub(super) jira: &'a Session,
    pub(super) mirror: &'a M,
    pub(super) settings: &'a MirrorSettings<'a>,
    pub(super) moment: RunContext<'a>,
    pub(super) state: &'a mut MirrorState,
    pub(super) report: SyncReport,
    /// Jira's clock, as it was told last, in epoch milliseconds.
    pub(super) clock: Option<i64>,
    /// Issues that Jira could not answer once in this pass.
    pub(super) again: BTreeSet<u64>,
    /// Issues in projects of which nothing tells whether they are in scope.
    pub(super) unplaced: BTreeSet<u64>,
}

/// Runs one pass. What it did is in the report, also of one that failed.
///
/// # Errors
/// The first failure that concerns more than one project. Everything before it stands.
pub async fn run<M: Mirror>(
    jira: &Session,
    mirror: &M,
    settings: &MirrorSettings<'_>,
    moment: RunContext<'_>,
    state: &mut MirrorState,
) -> (SyncReport, Result<(), MirrorError>) {
    let mut engine = Engine {
        jira,
        mirror,
        settings,
        moment,
        state,
        report: SyncReport::default(),
        clock: None,
        again: BTreeSet::new(),
        unplaced: BTreeSet::new(),
    };
    let ended = engine.walk().await;
    engine.report.unfinished |= engine.state.is_under_way();
    (engine.report, ended)
}

impl<M: Mirror> Engine<'_, M> {
    async fn walk(&mut self) -> Result<(), MirrorError> {
        self.leave_scope().await?;
        self.review_scans();
        if self.settings.mode == MirrorMode::None {
            // What changes from now on is not followed.
            self.state.advance_cursor(None);
        }
        if self.settings.mode != MirrorMode::None && (!self.moment.slice || !self.state.scans.is_empty()) {
            self.follow().await?;
        }
        let before = self.jira.points();
        let listed = self.list_if_due().await;
        self.report.listing_points = self.jira.points().saturating_sub(before);
        listed?;
        self.tell_refused();
        if self.state.listing.is_none() {
            self.try_again();
            self.fill().await?;
        }
        self.confirm().await?;
        self.verify().await?;
        // Jira's own words, on what was looked at again, say less than those of the validation.
        self.tell_refused();
        self.recount();
        Ok(())
    }

    async fn list_if_due(&mut self) -> Result<(), MirrorError> {
        if self.state.listing.is_none()
            && let Some(everything) = self.listing_due()
        {
            let is_untouched = |phase: &SyncPhase| matches!(phase, SyncPhase::Initial { since: None, .. });
            if self.state.phases.values().all(is_untouched) {
                // Nothing is followed: what changed until now comes with the lists.
                self.state.advance_cursor(None);
            }
            self.sweep(everything).await?;
        }
        self.list().await
    }

    /// Whether everything is to be listed now, or only what is new. None while what was listed is
    /// still being fetched.
    fn listing_due(&self) -> Option<bool> {
        if self.state.is_filling() {
            return None;
        }
        let old = |last: Timestamp, every: SignedDuration| {
            let since = self.moment.now.duration_since(last);
            since >= every || since.is_negative()
        };
        let due = match (self.state.doubted, self.state.last_sweep) {
            (Some(doubted), _) => old(doubted, wait(self.state.doubts, self.settings.sweep_every)),
            (None, last) => last.is_none_or(|last| old(last, self.settings.sweep_every)),
        };
        // There is not room for all any more: how many there are is to be said.
        let due = due || (self.state.is_crowded && !self.state.is_truncated);
        // A slice does not look at permissions first, and lists only what is new.
        let due = (due || self.moment.requested) && !self.moment.slice;
        let is_new = |project: &FollowedProject| {
            // Where nothing is mirrored, what is known of a project is its number of issues.
            let counted = self.settings.mode == MirrorMode::None && self.state.counts.contains_key(&project.id);
            let phase = self.state.phase(&project.id);
            phase.is_initial() && !counted && self.invalid(project).is_none() && !self.is_refused(project)
        };
        let new = self.settings.followed.iter().any(is_new);
        (due || new).then_some(due)
    }

    /// What Jira said against the jql of a project.
    pub(super) fn invalid(&self, project: &FollowedProject) -> Option<&String> {
        self.state.invalid_jql.get(project.jql.as_ref()?)
    }

    /// Whether Jira refused to list the project, and it is not yet to be asked again.
    pub(super) fn is_refused(&self, project: &FollowedProject) -> bool {
        let refused = self.state.refused_lists.get(&project.id);
        refused.is_some_and(|(times, last)| {
            let since = self.moment.now.duration_since(*last);
            let again = wait(times.saturating_sub(1), self.settings.sweep_every);
            let waits = !since.is_negative() && since < again;
            self.moment.slice || (*times > 1 && waits)
        })
    }

    /// What was put off is fetched again, or looked up where it is mirrored: it may be gone.
    fn try_again(&mut self) {
        if self.moment.slice {
            return;
        }
        let (now, longest) = (self.moment.now, self.settings.sweep_every);
        for id in self.state.deferred.take(now, PAGE, longest) {
            if self.state.index.get(id).is_some() {
                let since = now.checked_sub(self.settings.confirm_after).unwrap_or(now);
                let awaits = AwaitedEvidence::Time;
                self.state.missing.insert(id, MissingIssue { since, awaits });
            } else if !self.state.queue.contains(&id) {
                self.state.queue.push_back(id);
                self.state.listed += 1;
            }
        }
    }

    /// A jql that Jira did not accept is not asked for again before the next sweep, and told of all
    /// the same.
    fn tell_refused(&mut self) {
        for project in self.settings.followed.iter() {
            if let Some(error) = self.invalid(project) {
                let trouble = ProjectSyncError::Jql(error.clone());
                self.report.failed_projects.insert(project.id.clone(), trouble);
            }
        }
    }

    /// Lets go of what is no longer in scope. What cannot be read now stays.
    async fn leave_scope(&mut self) -> Result<(), MirrorError> {
        let settings = self.settings;
        let put_off = &self.state.deferred;
        let reason = |entry: &IndexEntry| match settings.mode {
            MirrorMode::None => Some(RemovalReason::NoLongerMatching),
            _ if settings.archived.contains(&entry.project_id) => Some(RemovalReason::Archived),
            _ if settings.project(&entry.project_id).is_some() || settings.is_held(&entry.project_id) => None,
            _ => Some(RemovalReason::OutOfScope),
        };
        let index = self.state.index.iter();
        let leaving: Vec<(u64, RemovalReason)> = index
            .filter(|(id, _)| !put_off.is_refused(*id))
            .filter_map(|(id, entry)| Some((id, reason(entry)?)))
            .collect();
        self.remove_all(leaving).await?;
        let known = |id: &String| settings.project(id).is_some();
        self.state.counts.retain(|id, _| known(id) || settings.is_held(id));
        self.state.phases.retain(|id, _| known(id) || settings.is_held(id));
        self.state.queued.retain(known);
        self.state.filling.retain(known);
        // What is left is listed anew, without those.
        self.state.listing = self
            .state
            .listing
            .take()
            .filter(|listing| listing.projects().all(known));
        self.state.filters.retain(|id, _| known(id) || settings.is_held(id));
        self.state.refused_lists.retain(|id, _| known(id));
        // The others are followed on without those that cannot be read now.
        let cursor = self.state.cursor.unwrap_or(0);
        for (_, phase) in self
            .state
            .phases
            .iter_mut()
            .filter(|(id, phase)| !known(id) && **phase == SyncPhase::Live)
        {
            *phase = SyncPhase::CatchingUp(cursor);
        }
        let surplus = self.state.index.len().saturating_sub(settings.max);
        let put_off = &self.state.deferred;
        let oldest = self.state.index.by_update().take(surplus);
        let pushed_out = oldest.filter(|(_, id)| !put_off.is_refused(*id));
        let pushed_out = pushed_out.map(|(_, id)| (id, RemovalReason::NoLongerMatching));
        let pushed_out: Vec<(u64, RemovalReason)> = pushed_out.collect();
        self.remove_all(pushed_out).await
    }
}
