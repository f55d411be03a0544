//! One pass over a mirror: changes → listing → fetching → deletions, each picked up where the last
//! pass left it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    error::MirrorError,
    index::Tracked,
    mirror::Mirror,
    query::Followed,
    removals::Fate,
    state::{Lane, Moment, Settings, State},
};
use crate::{api::integration::MirrorMode, atlassian::jira::Jira};

/// When to list again after a list that may lack issues.
const DOUBTED: SignedDuration = SignedDuration::from_mins(10);

/// What a pass did, besides what the state tells.
#[derive(Debug, Default)]
pub struct Report {
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
    pub troubled: BTreeMap<String, Trouble>,
    /// Jira warned that an answer may be incomplete.
    pub incomplete: bool,
    /// Issues that came in a form that is not understood.
    pub odd: usize,
    /// Points that a listing of everything cost.
    pub listing_points: u64,
    /// Statuses of issues that were fetched, each with the id of its project before it.
    pub statuses: BTreeSet<(String, String)>,
}

/// Why a project was not synchronised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Jira does not accept its jql, in its own words.
    Jql(String),
    /// Jira refuses queries that name it.
    Refused(String),
}

/// A pass under way.
pub struct Engine<'a, M> {
    pub(super) jira: &'a Jira,
    pub(super) mirror: &'a M,
    pub(super) settings: &'a Settings<'a>,
    pub(super) moment: Moment<'a>,
    pub(super) state: &'a mut State,
    pub(super) report: Report,
}

/// Runs one pass. What it did is in the report, also of one that failed.
///
/// # Errors
/// The first failure that concerns more than one project. Everything before it stands.
pub async fn run<M: Mirror>(
    jira: &Jira,
    mirror: &M,
    settings: &Settings<'_>,
    moment: Moment<'_>,
    state: &mut State,
) -> (Report, Result<(), MirrorError>) {
    let mut engine = Engine {
        jira,
        mirror,
        settings,
        moment,
        state,
        report: Report::default(),
    };
    let ended = engine.walk().await;
    engine.report.unfinished |= engine.state.is_under_way();
    (engine.report, ended)
}

impl<M: Mirror> Engine<'_, M> {
    async fn walk(&mut self) -> Result<(), MirrorError> {
        self.leave_scope().await?;
        self.review_rounds();
        if self.settings.mode != MirrorMode::None && (!self.moment.slice || !self.state.rounds.is_empty()) {
            self.follow().await?;
        }
        let before = self.jira.points();
        let listed = self.list_if_due().await;
        self.report.listing_points = self.jira.points().saturating_sub(before);
        listed?;
        self.tell_refused();
        if self.state.listing.is_none() {
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
            (Some(doubted), _) => old(doubted, DOUBTED),
            (None, last) => last.is_none_or(|last| old(last, self.settings.sweep_every)),
        };
        // There is not room for all any more: how many there are is to be said.
        let due = due || (self.state.is_crowded && !self.state.is_truncated);
        // A slice does not look at permissions first, and lists only what is new.
        let due = (due || self.moment.requested) && !self.moment.slice;
        let is_new = |project: &Followed| {
            // Where nothing is mirrored, what is known of a project is its number of issues.
            let counted = self.settings.mode == MirrorMode::None && self.state.counts.contains_key(&project.id);
            self.state.lane(&project.id).is_unfilled() && !counted && self.invalid(project).is_none()
        };
        let new = self.settings.followed.iter().any(is_new);
        (due || new).then_some(due)
    }

    /// What Jira said against the jql of a project.
    pub(super) fn invalid(&self, project: &Followed) -> Option<&String> {
        self.state.invalid_jql.get(project.jql.as_ref()?)
    }

    /// A jql that Jira did not accept is not asked for again before the next sweep, and told of all
    /// the same.
    fn tell_refused(&mut self) {
        for project in self.settings.followed {
            if let Some(error) = self.invalid(project) {
                let trouble = Trouble::Jql(error.clone());
                self.report.troubled.insert(project.id.clone(), trouble);
            }
        }
    }

    /// Lets go of what is no longer in scope. What cannot be read now stays.
    async fn leave_scope(&mut self) -> Result<(), MirrorError> {
        let settings = self.settings;
        let fate = |tracked: &Tracked| match settings.mode {
            MirrorMode::None => Some(Fate::NoLongerMatching),
            _ if settings.archived.contains(&tracked.project_id) => Some(Fate::Archived),
            _ if settings.project(&tracked.project_id).is_some() || settings.is_held(&tracked.project_id) => None,
            _ => Some(Fate::OutOfScope),
        };
        let index = self.state.index.iter();
        let leaving: Vec<(u64, Fate)> = index.filter_map(|(id, tracked)| Some((id, fate(tracked)?))).collect();
        self.let_go(leaving).await?;
        let followed: BTreeSet<&str> = settings.followed.iter().map(|project| project.id.as_str()).collect();
        let known = |id: &String| followed.contains(id.as_str());
        self.state.counts.retain(|id, _| known(id) || settings.is_held(id));
        self.state.lanes.retain(|id, _| known(id) || settings.is_held(id));
        self.state.queued.retain(known);
        self.state.filling.retain(known);
        // What is left is listed anew, without those.
        self.state.listing = self
            .state
            .listing
            .take()
            .filter(|listing| listing.projects().all(known));
        // The others are followed on without those that cannot be read now.
        let cursor = self.state.cursor.unwrap_or(0);
        for (_, lane) in self
            .state
            .lanes
            .iter_mut()
            .filter(|(id, lane)| !known(id) && **lane == Lane::Joined)
        {
            *lane = Lane::Behind(cursor);
        }
        let surplus = self.state.index.len().saturating_sub(settings.max);
        let pushed_out = self.state.index.by_update().take(surplus);
        let pushed_out = pushed_out.map(|(_, id)| (id, Fate::NoLongerMatching));
        let pushed_out: Vec<(u64, Fate)> = pushed_out.collect();
        self.let_go(pushed_out).await
    }
}
