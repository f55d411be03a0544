//! Writes to the mirror what an issue became: created, changed, or removed.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::{
    capacity::{Capacity, capacity},
    decide::{IssueDecision, decide},
    deferred::DeferReason,
    error::MirrorError,
    index::{Index, IndexEntry, OrphanedObject},
    mirror::Mirror,
    mirrored_issue::MirroredIssue,
    objects::ObjectState,
    removal_reason::RemovalReason,
    run::{MirrorSettings, StepContext},
    unlisted::Unlisted,
};
use crate::atlassian::issue_fields::Issue;

/// How many writes are in flight.
const WRITES: usize = 8;

/// How issues were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// By a search: Jira's index may still have them as they were before.
    Search,
    /// By id: they are as they are.
    ById,
}

/// What the writer did in a pass.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) changed: usize,
    pub(super) fetched: usize,
    pub(super) malformed: usize,
    pub(super) undiscarded: Option<(String, String)>,
    pub(super) statuses: BTreeSet<(String, String)>,
}

/// The one that changes objects.
pub(super) struct Writer<'a, M> {
    mirror: &'a M,
    settings: &'a MirrorSettings<'a>,
    now: Timestamp,
    objects: &'a mut ObjectState,
    /// The latest time of Jira's clock, in epoch milliseconds.
    clock: Option<i64>,
    /// Issues in projects of which it is unknown whether they are in scope.
    unplaced: BTreeSet<u64>,
    written: Written,
}

impl<'a, M: Mirror> Writer<'a, M> {
    pub(super) fn new(mirror: &'a M, run: &StepContext<'a>, objects: &'a mut ObjectState) -> Self {
        Self {
            mirror,
            settings: run.settings,
            now: run.now,
            objects,
            clock: None,
            unplaced: BTreeSet::new(),
            written: Written::default(),
        }
    }

    pub(super) const fn objects(&self) -> &ObjectState {
        self.objects
    }

    pub(super) const fn index(&self) -> &Index {
        self.objects.index()
    }

    pub(super) const fn changed(&self) -> usize {
        self.written.changed
    }

    /// What it did.
    pub(super) fn finish(self) -> Written {
        self.written
    }

    /// Jira's clock stands at this time or later.
    pub(super) fn set_clock(&mut self, clock: Option<i64>) {
        self.clock = clock.or(self.clock);
    }

    /// Whether it was found in this pass, in a project of which it is unknown whether it is in scope.
    pub(super) fn take_unplaced(&mut self, id: u64) -> bool {
        self.unplaced.remove(&id)
    }

    /// Writes issues as Jira answered them. `matches` holds the ids that their projects' jql
    /// finds, where that was asked.
    pub(super) async fn take(
        &mut self,
        issues: Vec<Issue>,
        matches: Option<&BTreeSet<u64>>,
        source: Source,
    ) -> Result<(), MirrorError> {
        let mapping = self.settings.mapping;
        let seen = issues
            .into_iter()
            .filter_map(|issue| MirroredIssue::from_jira(issue, mapping));
        let is_news = |issue: &MirroredIssue| source == Source::ById || !self.is_stale(issue);
        let seen: Vec<MirroredIssue> = seen.filter(is_news).collect();
        let (mut keep, mut leave) = (Vec::new(), Vec::new());
        for issue in seen {
            self.written.fetched += 1;
            if issue.project_id.is_empty() {
                self.written.malformed += 1;
                continue;
            }
            let status = (issue.project_id.clone(), issue.status.status_id.clone());
            self.written.statuses.insert(status);
            match decide(&issue, self.settings, self.matched(&issue, matches)) {
                IssueDecision::Keep => {
                    self.objects.recently_removed.forget(issue.id);
                    keep.push(issue);
                }
                IssueDecision::Leave(reason) => {
                    if source == Source::ById {
                        let read = &mut self.objects.recently_removed;
                        read.note(issue.id, issue.updated, self.now);
                    }
                    leave.push((issue.id, reason));
                }
                IssueDecision::Ignore => {
                    let is_unplaced = self.settings.is_unplaced(&issue.project_id);
                    self.unplaced.extend(is_unplaced.then_some(issue.id));
                }
            }
        }
        self.remove_all(leave).await?;
        self.keep(keep).await
    }

    /// What Jira said of the project's jql, where it has one and Jira was asked.
    fn matched(&self, issue: &MirroredIssue, matches: Option<&BTreeSet<u64>>) -> Option<bool> {
        let project = self.settings.project(&issue.project_id);
        let has_jql = project.is_some_and(|project| project.jql.is_some());
        matches.filter(|_| has_jql).map(|ids| ids.contains(&issue.id))
    }

    /// Whether a search shows an issue as it was before it was read last: Jira's index may be late. Not where
    /// what was read is of Jira's future.
    fn is_stale(&self, issue: &MirroredIssue) -> bool {
        let clock = self.clock.unwrap_or(i64::MAX);
        let known = self.objects.last_read(issue.id);
        known.is_some_and(|known| issue.updated != 0 && issue.updated < known && known <= clock)
    }

    /// Writes what is new or different, and makes room for it.
    async fn keep(&mut self, issues: Vec<MirroredIssue>) -> Result<(), MirrorError> {
        // What the cluster refused is tried again after its backoff.
        let deferred = &self.objects.deferred;
        let issues = issues.into_iter().filter(|issue| !deferred.is_refused(issue.id));
        let Capacity {
            puts,
            pushed_out,
            is_short,
        } = capacity(self.objects.index(), self.settings.max, issues.collect());
        self.objects.is_crowded |= is_short;
        let (mirror, objects) = (self.mirror, &*self.objects);
        let writes: Vec<_> = puts
            .iter()
            .map(|issue| (issue, objects.object_of(issue.id)))
            .map(|(issue, known)| async move { (issue, mirror.put(issue, known.as_ref()).await) })
            .collect();
        let stored: Vec<_> = stream::iter(writes).buffer_unordered(WRITES).collect().await;
        let mut failed = Ok(());
        for (issue, stored) in stored {
            match stored {
                Ok(stored) => {
                    self.objects.written(issue, stored);
                    self.written.changed += 1;
                }
                Err(error) => failed = self.defer_refused(issue.id, error).and(failed),
            }
        }
        failed?;
        // What the cluster refused needs no room.
        let surplus = self.index().len().saturating_sub(self.settings.max);
        let pushed_out = pushed_out.into_iter().take(surplus);
        self.remove_all(pushed_out.map(|id| (id, RemovalReason::NoLongerMatching)).collect())
            .await
    }

    /// An object that the cluster refuses stops none of the others.
    fn defer_refused(&mut self, id: u64, error: MirrorError) -> Result<(), MirrorError> {
        let Some((object, words)) = error.refused_object() else {
            return Err(error);
        };
        let reason = DeferReason::Cluster { object, words };
        self.objects.deferred.add(id, reason);
        Ok(())
    }

    /// Jira could not answer an issue.
    pub(super) fn defer_unanswered(&mut self, id: u64) {
        self.objects.deferred.add(id, DeferReason::Jira);
    }

    /// Removes issues, if they are mirrored.
    pub(super) async fn remove_all(&mut self, leaving: Vec<(u64, RemovalReason)>) -> Result<(), MirrorError> {
        for (id, _) in &leaving {
            if self.index().get(*id).is_none() {
                self.objects.deferred.resolve(*id);
            }
        }
        let (mirror, objects) = (self.mirror, &*self.objects);
        let known = leaving.into_iter().filter_map(|(id, reason)| {
            let entry = objects.index().get(id)?;
            (!objects.deferred.is_refused(id)).then_some((id, reason, entry))
        });
        let known: Vec<(u64, RemovalReason, &IndexEntry)> = known.collect();
        let removals: Vec<_> = known
            .into_iter()
            .map(|(id, reason, entry)| async move { (id, reason, mirror.remove(entry).await) })
            .collect();
        let removed: Vec<_> = stream::iter(removals).buffer_unordered(WRITES).collect().await;
        let mut failed = Ok(());
        for (id, reason, removed) in removed {
            match removed {
                Ok(()) => {
                    self.objects.removed_for(id, reason);
                    self.written.changed += 1;
                }
                Err(error) => failed = self.defer_refused(id, error).and(failed),
            }
        }
        failed
    }

    /// Removes the issues that were updated longest ago, where there are more than there is room for.
    pub(super) async fn remove_surplus(&mut self) -> Result<(), MirrorError> {
        let index = self.objects.index();
        let surplus = index.len().saturating_sub(self.settings.max);
        let deferred = &self.objects.deferred;
        let oldest = index.by_update().take(surplus).map(|(_, id)| id);
        let pushed_out = oldest.filter(|id| !deferred.is_refused(*id));
        let pushed_out = pushed_out.map(|id| (id, RemovalReason::NoLongerMatching));
        self.remove_all(pushed_out.collect()).await
    }

    /// Deferred issues whose backoff is over, so many at most.
    pub(super) fn take_deferred(&mut self, most: usize) -> Vec<u64> {
        let (now, longest) = (self.now, self.settings.sweep_every);
        self.objects.deferred.take(now, most, longest)
    }

    pub(super) fn set_truncated(&mut self, is_truncated: bool) {
        self.objects.is_truncated = is_truncated;
    }

    /// Everything was listed without a doubt.
    pub(super) fn clear_crowded(&mut self) {
        self.objects.is_crowded = false;
    }

    /// A listing ended: no search shows any more what was read so long ago.
    pub(super) fn prune(&mut self) {
        let read = &mut self.objects.recently_removed;
        read.prune(self.now, self.settings.overlap);
    }

    /// Removes orphaned objects, once everything was listed and fetched: those whose issues are mirrored have
    /// become theirs by now. What the cluster refuses to remove is tried again after the next listing.
    pub(super) async fn discard(&mut self, unlisted: &Unlisted<'_>) -> Result<(), MirrorError> {
        let orphaned = std::mem::take(&mut self.objects.orphaned).into_iter();
        let awaited = |(_, object): &(String, OrphanedObject)| unlisted.may_have(object, self.objects);
        let (awaited, left): (BTreeMap<_, _>, BTreeMap<_, _>) = orphaned.partition(awaited);
        self.objects.orphaned.extend(awaited);
        let (mut left, mut failed) = (left.into_iter(), Ok(()));
        for (object, orphaned) in left.by_ref() {
            let Err(error) = self.mirror.discard(&orphaned.stored).await else {
                self.written.changed += 1;
                continue;
            };
            self.objects.orphaned.insert(object, orphaned);
            if let Some(refused) = error.refused_object() {
                self.written.undiscarded = Some(refused);
            } else {
                failed = Err(error);
                break;
            }
        }
        self.objects.orphaned.extend(left);
        failed
    }
}
