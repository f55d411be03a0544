//! One pass over a mirror: changes → listing → fetching → deletions, each picked up where the last
//! pass left it.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::{
    decide::{Verdict, verdict},
    error::MirrorError,
    fetch::Fetching,
    index::Tracked,
    mirror::Mirror,
    observed::Observed,
    query::Followed,
    removals::{Fate, count},
    state::{Lane, Moment, Settings, State},
};
use crate::{
    api::integration::MirrorMode,
    atlassian::{issue_models::Issue, jira::Jira},
};

/// How many writes are in flight.
const WRITES: usize = 8;

/// What a pass did, besides what the state tells.
#[derive(Debug, Default)]
pub struct Report {
    /// Issues that were kept anew, changed or removed.
    pub changed: usize,
    /// Issues that were fetched.
    pub fetched: usize,
    /// Issues that were fetched by id, because they were listed and not there.
    pub filled: usize,
    /// Work is left for the next slice.
    pub unfinished: bool,
    /// When something is to be looked at again.
    pub look_at: Option<Timestamp>,
    /// Projects that were not synchronised, by id, and why.
    pub troubled: BTreeMap<String, Trouble>,
    /// Jira warned that an answer may be incomplete.
    pub incomplete: bool,
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
    engine.report.unfinished |= engine.state.is_filling() || engine.state.round.is_some();
    (engine.report, ended)
}

impl<M: Mirror> Engine<'_, M> {
    async fn walk(&mut self) -> Result<(), MirrorError> {
        self.leave_scope().await?;
        if self.settings.mode != MirrorMode::None && (!self.moment.slice || self.state.round.is_some()) {
            self.follow().await?;
        }
        if let Some(everything) = self.listing_due() {
            let before = self.jira.points();
            let swept = self.sweep(everything).await;
            self.report.listing_points = self.jira.points().saturating_sub(before);
            swept?;
        }
        self.tell_refused();
        self.fill().await?;
        self.confirm().await
    }

    /// Whether everything is to be listed now, or only what is new. None while what was listed is
    /// still being fetched.
    fn listing_due(&self) -> Option<bool> {
        if self.state.is_filling() {
            return None;
        }
        let due = self.state.last_sweep.is_none_or(|last| {
            let since = self.moment.now.duration_since(last);
            since >= self.settings.sweep_every || since.is_negative()
        });
        let asked = self.moment.requested && !self.moment.slice;
        let is_new = |project: &Followed| {
            let unfilled = matches!(self.state.lane(&project.id), Lane::Unfilled { .. });
            // Where nothing is mirrored, what is known of a project is its number of issues.
            let counted = self.settings.mode == MirrorMode::None && self.state.counts.contains_key(&project.id);
            unfilled && !counted && self.invalid(project).is_none()
        };
        let new = self.settings.followed.iter().any(is_new);
        (due || asked || new).then_some(due || asked)
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
            _ if settings.project(&tracked.project_id).is_some() || settings.held.contains(&tracked.project_id) => None,
            _ => Some(Fate::OutOfScope),
        };
        let index = self.state.index.iter();
        let leaving: Vec<(u64, Fate)> = index.filter_map(|(id, tracked)| Some((id, fate(tracked)?))).collect();
        self.let_go(leaving).await?;
        let followed: BTreeSet<&str> = settings.followed.iter().map(|project| project.id.as_str()).collect();
        let known = |id: &String| followed.contains(id.as_str());
        self.state
            .counts
            .retain(|id, _| known(id) || settings.held.contains(id));
        self.state.lanes.retain(|id, _| known(id) || settings.held.contains(id));
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
        let pushed_out = self.state.index.oldest(surplus);
        let pushed_out = pushed_out.into_iter().map(|id| (id, Fate::NoLongerMatching));
        self.let_go(pushed_out.collect()).await
    }

    /// Fetches what is queued, until the slice is over.
    async fn fill(&mut self) -> Result<(), MirrorError> {
        let mut fetching = Fetching::new(self.jira, self.settings.cloud_id);
        let mut first_error = None;
        loop {
            if first_error.is_none() && !(self.moment.is_over)() {
                fetching.send(&mut self.state.queue);
            }
            let Some((ids, answer)) = fetching.next().await else {
                break;
            };
            let taken = match answer {
                Ok(issues) => {
                    self.report.filled += issues.len();
                    self.take(issues, None).await
                }
                Err(error) => Err(error.into()),
            };
            if let Err(error) = taken {
                ids.into_iter().rev().for_each(|id| self.state.queue.push_front(id));
                first_error.get_or_insert(error);
            }
        }
        if let Some(error) = first_error {
            return Err(error);
        }
        if self.state.queue.is_empty() && self.state.last_sweep.is_some() {
            self.join_filled();
        }
        Ok(())
    }

    /// Projects of which everything was fetched are followed with the others.
    fn join_filled(&mut self) {
        for project in self.settings.followed {
            let troubled = self.report.troubled.contains_key(&project.id);
            let listed = self.state.counts.contains_key(&project.id);
            if !troubled && listed && matches!(self.state.lane(&project.id), Lane::Unfilled { .. }) {
                self.state.lanes.insert(project.id.clone(), Lane::Joined);
                // What was late in the index when it was listed comes with the next changes.
                self.state.reach(self.state.cursor, self.moment.now);
            }
        }
    }

    /// Takes in issues as Jira answered them. `matches` holds the ids that their projects' jql
    /// finds, where that was asked.
    pub(super) async fn take(
        &mut self,
        issues: Vec<Issue>,
        matches: Option<&BTreeSet<u64>>,
    ) -> Result<(), MirrorError> {
        let lens = self.settings.lens;
        let seen = issues.into_iter().filter_map(|issue| Observed::of(issue, lens));
        let (mut keep, mut leave) = (Vec::new(), Vec::new());
        for issue in seen {
            self.report.fetched += 1;
            let status = (issue.project_id.clone(), issue.status.status_id.clone());
            self.report.statuses.insert(status);
            let narrowed = self
                .settings
                .project(&issue.project_id)
                .is_some_and(|p| p.jql.is_some());
            let found = matches.filter(|_| narrowed).map(|ids| ids.contains(&issue.id));
            match verdict(&issue, self.settings, found) {
                Verdict::Keep => keep.push(issue),
                Verdict::Leave(fate) => leave.push((issue.id, fate)),
                Verdict::Ignore => {}
            }
        }
        self.let_go(leave).await?;
        self.keep(keep).await
    }

    /// Keeps what is new or different, and makes room for it.
    async fn keep(&mut self, issues: Vec<Observed>) -> Result<(), MirrorError> {
        let one_of_each: BTreeMap<u64, Observed> = issues.into_iter().map(|issue| (issue.id, issue)).collect();
        let wanted: Vec<Observed> = one_of_each
            .into_values()
            .filter(|issue| self.is_wanted(issue))
            .collect();
        let (mirror, index) = (self.mirror, &self.state.index);
        let puts: Vec<_> = wanted
            .iter()
            .map(|issue| async move { (issue, mirror.put(issue, index.get(issue.id)).await) })
            .collect();
        let stored: Vec<_> = stream::iter(puts).buffer_unordered(WRITES).collect().await;
        let mut failed = Ok(());
        for (issue, stored) in stored {
            match stored {
                Ok(object) => {
                    self.state.index.insert(issue.id, Tracked::of(issue, object));
                    self.report.changed += 1;
                }
                Err(error) => failed = Err(error),
            }
        }
        failed?;
        let surplus = self.state.index.len().saturating_sub(self.settings.max);
        let pushed_out = self.state.index.oldest(surplus);
        let pushed_out = pushed_out.into_iter().map(|id| (id, Fate::NoLongerMatching));
        self.let_go(pushed_out.collect()).await
    }

    fn is_wanted(&self, issue: &Observed) -> bool {
        if let Some(known) = self.state.index.get(issue.id) {
            return known.digest != issue.digest;
        }
        let is_full = self.state.index.len() >= self.settings.max;
        let oldest = self.state.index.oldest_update();
        !is_full || oldest.is_none_or(|oldest| issue.updated > oldest)
    }

    /// Lets go of issues, if they are mirrored.
    pub(super) async fn let_go(&mut self, leaving: Vec<(u64, Fate)>) -> Result<(), MirrorError> {
        let (mirror, index) = (self.mirror, &self.state.index);
        let known = leaving
            .into_iter()
            .filter_map(|(id, fate)| Some((id, fate, index.get(id)?)));
        let removals: Vec<_> = known
            .map(|(id, fate, tracked)| async move { (id, fate, mirror.remove(tracked).await) })
            .collect();
        let removed: Vec<_> = stream::iter(removals).buffer_unordered(WRITES).collect().await;
        let mut failed = Ok(());
        for (id, fate, removed) in removed {
            match removed {
                Ok(()) => {
                    self.state.index.remove(id);
                    count(&mut self.state.removed, fate);
                    self.report.changed += 1;
                }
                Err(error) => failed = Err(error),
            }
        }
        failed
    }
}
