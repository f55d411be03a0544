//! What search knows of issues: it may lag behind what they are, and is ordered for the questions search is asked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::RangeBounds;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::issue::Issue;

/// When search gets to know of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lag {
    /// At once.
    #[default]
    None,
    /// After this time.
    For(SignedDuration),
    /// When a command says so.
    UntilReleased,
}

/// A write that search does not know of yet.
#[derive(Clone, Debug)]
struct Pending {
    due: Option<Timestamp>,
    project: u64,
    issue: Arc<Issue>,
}

/// The search index of a site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SearchIndex {
    pub(crate) lag: Lag,
    /// The lags of single issues, in the place of the site's.
    pub(crate) lags: HashMap<u64, Lag>,
    projects: BTreeMap<u64, BTreeMap<u64, Arc<Issue>>>,
    homes: HashMap<u64, u64>,
    /// In the order of their changes, each with its project.
    by_updated: BTreeMap<(Timestamp, u64), (u64, Arc<Issue>)>,
    pending: VecDeque<Pending>,
    /// The issues of what is pending, so that the rest need not look for themselves.
    late: HashSet<u64>,
}

impl SearchIndex {
    /// Takes note of a write, now or as late as the lag has it.
    pub(super) fn note(&mut self, project: u64, issue: Arc<Issue>, now: Timestamp) {
        let lag = self.lags.get(&issue.id).copied().unwrap_or(self.lag);
        let due = match lag {
            Lag::None if !self.late.contains(&issue.id) => {
                return self.enter(project, issue);
            }
            Lag::None => Some(now),
            Lag::For(lag) => Some(now.checked_add(lag).unwrap_or(Timestamp::MAX)),
            Lag::UntilReleased => None,
        };
        let due = self.not_before(issue.id, due);
        self.late.insert(issue.id);
        self.pending.push_back(Pending { due, project, issue });
    }

    /// Writes to one issue come in their order, also after the lag became shorter or was taken away.
    fn not_before(&self, id: u64, due: Option<Timestamp>) -> Option<Timestamp> {
        if !self.late.contains(&id) {
            return due;
        }
        let earlier = self.pending.iter().filter(|pending| pending.issue.id == id);
        earlier.fold(due, |due, pending| Some(due?.max(pending.due?)))
    }

    /// Puts an issue in, in the place of what was known of it.
    pub(super) fn enter(&mut self, project: u64, issue: Arc<Issue>) {
        self.drop_known(issue.id);
        self.homes.insert(issue.id, project);
        let place = (issue.updated, issue.id);
        self.by_updated.insert(place, (project, Arc::clone(&issue)));
        self.projects.entry(project).or_default().insert(issue.id, issue);
    }

    fn drop_known(&mut self, id: u64) {
        let Some(home) = self.homes.remove(&id) else { return };
        let known = self.projects.get_mut(&home).and_then(|issues| issues.remove(&id));
        if let Some(known) = known {
            self.by_updated.remove(&(known.updated, id));
        }
    }

    /// Forgets an issue, and what was still to be learned of it.
    pub(super) fn forget(&mut self, id: u64) {
        self.drop_known(id);
        if self.late.remove(&id) {
            self.pending.retain(|pending| pending.issue.id != id);
        }
    }

    /// Whether something is due to be learned.
    pub(super) fn has_due(&self, now: Timestamp) -> bool {
        let due = |pending: &Pending| pending.due.is_some_and(|due| due <= now);
        self.pending.iter().any(due)
    }

    /// Learns what is due.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.learn(|pending| pending.due.is_some_and(|due| due <= now));
    }

    /// Learns everything, or everything about these issues, and returns how many writes that were.
    pub(crate) fn release(&mut self, ids: Option<&BTreeSet<u64>>) -> usize {
        self.learn(|pending| ids.is_none_or(|ids| ids.contains(&pending.issue.id)))
    }

    fn learn(&mut self, now: impl Fn(&Pending) -> bool) -> usize {
        let all = std::mem::take(&mut self.pending);
        let (learned, waiting): (VecDeque<_>, _) = all.into_iter().partition(|pending| now(pending));
        self.pending = waiting;
        self.late = self.pending.iter().map(|pending| pending.issue.id).collect();
        let count = learned.len();
        for Pending { project, issue, .. } in learned {
            self.enter(project, issue);
        }
        count
    }

    /// How many writes wait to be learned.
    pub(crate) fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// What is known of an issue, with the project it was in.
    pub(crate) fn get(&self, id: u64) -> Option<(u64, &Arc<Issue>)> {
        let home = *self.homes.get(&id)?;
        Some((home, self.projects.get(&home)?.get(&id)?))
    }

    /// What is known of a project's issues.
    pub(crate) fn of_project(&self, project: u64) -> impl Iterator<Item = &Arc<Issue>> {
        self.projects.get(&project).into_iter().flat_map(BTreeMap::values)
    }

    /// How many issues a project is known to have.
    pub(crate) fn size(&self, project: u64) -> usize {
        self.projects.get(&project).map_or(0, BTreeMap::len)
    }

    /// Whether at most so many issues changed within a time.
    pub(crate) fn is_shorter(&self, range: impl RangeBounds<(Timestamp, u64)>, count: usize) -> bool {
        self.by_updated.range(range).nth(count).is_none()
    }

    /// What is known of the issues that changed within a time.
    pub(crate) fn changed_within(
        &self,
        range: impl RangeBounds<(Timestamp, u64)>,
    ) -> impl Iterator<Item = (u64, &Arc<Issue>)> {
        let changes = self.by_updated.range(range);
        changes.map(|(_, (project, issue))| (*project, issue))
    }
}
