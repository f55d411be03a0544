//! Writes to the mirror what an issue became: kept, changed, or let go of. There is room for so many,
//! those that were updated last.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::{
    decide::{Verdict, verdict},
    deferred::DeferReason,
    engine::Engine,
    error::MirrorError,
    index::{Index, IndexEntry, OrphanedObject},
    mirror::Mirror,
    mirrored_issue::MirroredIssue,
    removal_reason::{RemovalReason, count},
    state::{IssueCounts, SyncPhase},
};
use crate::{api::integration::MirrorMode, atlassian::issue_models::Issue};

/// How many writes are in flight.
const WRITES: usize = 8;
/// What is to be written so that there are at most so many: issues that are new or different, and
/// ids that make room for them, oldest first.
struct Capacity {
    puts: Vec<MirroredIssue>,
    pushed_out: Vec<u64>,
    /// Something finds no room, or not any more.
    is_short: bool,
}

/// Decides before anything is written, so that nothing is kept only to be let go of.
fn room(index: &Index, max: usize, issues: Vec<MirroredIssue>) -> Capacity {
    let one_of_each: BTreeMap<u64, MirroredIssue> = issues.into_iter().map(|issue| (issue.id, issue)).collect();
    let is_new = |issue: &&MirroredIssue| index.get(issue.id).is_none();
    let new = one_of_each.values().filter(is_new).count();
    let surplus = (index.len() + new).saturating_sub(max);
    let others = index.by_update().filter(|(_, id)| !one_of_each.contains_key(id));
    let mut oldest: Vec<(i64, u64)> = others.take(surplus).collect();
    oldest.extend(one_of_each.values().map(|issue| (issue.updated, issue.id)));
    oldest.sort_unstable();
    oldest.truncate(surplus);
    let without: BTreeSet<u64> = oldest.iter().map(|(_, id)| *id).collect();
    let differs = |issue: &MirroredIssue| index.get(issue.id).is_none_or(|known| known.digest != issue.digest);
    let puts = one_of_each
        .into_values()
        .filter(|issue| !without.contains(&issue.id) && differs(issue));
    Capacity {
        puts: puts.collect(),
        is_short: !without.is_empty(),
        pushed_out: oldest
            .into_iter()
            .map(|(_, id)| id)
            .filter(|id| index.get(*id).is_some())
            .collect(),
    }
}

/// How issues were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// By a search: Jira's index may still have them as they were before.
    Search,
    /// By id: they are as they are.
    ById,
}

impl<M: Mirror> Engine<'_, M> {
    /// Takes in issues as Jira answered them. `matches` holds the ids that their projects' jql
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
            self.report.fetched += 1;
            if issue.project_id.is_empty() {
                self.report.malformed += 1;
                continue;
            }
            let status = (issue.project_id.clone(), issue.status.status_id.clone());
            self.report.statuses.insert(status);
            let narrowed = self
                .settings
                .project(&issue.project_id)
                .is_some_and(|p| p.jql.is_some());
            let found = matches.filter(|_| narrowed).map(|ids| ids.contains(&issue.id));
            match verdict(&issue, self.settings, found) {
                Verdict::Keep => {
                    self.state.recently_removed.forget(issue.id);
                    keep.push(issue);
                }
                Verdict::Leave(reason) => {
                    if source == Source::ById {
                        self.state
                            .recently_removed
                            .note(issue.id, issue.updated, self.moment.now);
                    }
                    leave.push((issue.id, reason));
                }
                Verdict::Ignore => self
                    .unplaced
                    .extend(self.settings.is_unplaced(&issue.project_id).then_some(issue.id)),
            }
        }
        self.remove_all(leave).await?;
        self.keep(keep).await
    }

    /// Whether a search shows an issue as it was before it was read last: Jira's index may be late. Not where
    /// what was read is of Jira's future.
    fn is_stale(&self, issue: &MirroredIssue) -> bool {
        let known = self.state.index.get(issue.id).map(|known| known.updated);
        let known = known.or_else(|| self.state.recently_removed.updated(issue.id));
        let clock = self.clock.unwrap_or(i64::MAX);
        known.is_some_and(|known| issue.updated != 0 && issue.updated < known && known <= clock)
    }

    /// Keeps what is new or different, and makes room for it.
    async fn keep(&mut self, issues: Vec<MirroredIssue>) -> Result<(), MirrorError> {
        // What the cluster refused is tried again in its time.
        let put_off = &self.state.deferred;
        let issues = issues.into_iter().filter(|issue| !put_off.is_refused(issue.id));
        let Capacity {
            puts,
            pushed_out,
            is_short,
        } = room(&self.state.index, self.settings.max, issues.collect());
        self.state.is_crowded |= is_short;
        let (mirror, state) = (self.mirror, &*self.state);
        let writes: Vec<_> = puts
            .iter()
            .map(|issue| (issue, state.object_of(issue.id)))
            .map(|(issue, known)| async move { (issue, mirror.put(issue, known.as_ref()).await) })
            .collect();
        let stored: Vec<_> = stream::iter(writes).buffer_unordered(WRITES).collect().await;
        let mut failed = Ok(());
        for (issue, stored) in stored {
            match stored {
                Ok(stored) => {
                    self.state.orphaned.remove(&stored.object);
                    self.state.deferred.settle(issue.id);
                    self.state.index.insert(issue.id, IndexEntry::of(issue, stored));
                    self.report.changed += 1;
                }
                Err(error) => failed = self.pass_over(issue.id, error).and(failed),
            }
        }
        failed?;
        // What the cluster refused needs no room.
        let surplus = self.state.index.len().saturating_sub(self.settings.max);
        let pushed_out = pushed_out.into_iter().take(surplus);
        self.remove_all(pushed_out.map(|id| (id, RemovalReason::NoLongerMatching)).collect())
            .await
    }

    /// An object that the cluster refuses stops none of the others.
    fn pass_over(&mut self, id: u64, error: MirrorError) -> Result<(), MirrorError> {
        let Some((object, words)) = error.refused_object() else {
            return Err(error);
        };
        self.state.deferred.add(id, DeferReason::Cluster { object, words });
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.state.index.len() >= self.settings.max
    }

    /// Lets go of issues, if they are mirrored.
    pub(super) async fn remove_all(&mut self, leaving: Vec<(u64, RemovalReason)>) -> Result<(), MirrorError> {
        let (mirror, index) = (self.mirror, &self.state.index);
        let put_off = &mut self.state.deferred;
        let known = leaving.into_iter().filter_map(|(id, reason)| {
            let Some(entry) = index.get(id) else {
                put_off.settle(id);
                return None;
            };
            (!put_off.is_refused(id)).then_some((id, reason, entry))
        });
        let known: Vec<(u64, RemovalReason, &IndexEntry)> = known.collect();
        let known = known.into_iter();
        let removals: Vec<_> = known
            .map(|(id, reason, entry)| async move { (id, reason, mirror.remove(entry).await) })
            .collect();
        let removed: Vec<_> = stream::iter(removals).buffer_unordered(WRITES).collect().await;
        let mut failed = Ok(());
        for (id, reason, removed) in removed {
            match removed {
                Ok(()) => {
                    self.state.index.remove(id);
                    self.state.deferred.settle(id);
                    count(&mut self.state.removed, reason);
                    self.report.changed += 1;
                }
                Err(error) => failed = self.pass_over(id, error).and(failed),
            }
        }
        failed
    }

    /// Where the mirror has all issues, it tells how many there are at this moment.
    pub(super) fn recount(&mut self) {
        let state = &mut *self.state;
        let is_whole = state.last_sweep.is_some() && state.doubted.is_none() && !state.is_crowded;
        if self.settings.mode == MirrorMode::None || state.is_filling() || !is_whole || state.is_truncated {
            return;
        }
        let mut found: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (_, entry) in state.index.iter() {
            let (matching, open) = found.entry(&entry.project_id).or_default();
            *matching += 1;
            *open += usize::from(entry.is_open);
        }
        for (id, counts) in &mut state.counts {
            let (matching, open) = found.get(id.as_str()).copied().unwrap_or_default();
            let followed = state.phases.get(id) == Some(&SyncPhase::Live);
            let exact = IssueCounts {
                open: Some(open),
                matching: Some(matching),
                about: false,
                as_of: counts.as_of,
            };
            if followed && *counts != exact {
                *counts = IssueCounts {
                    as_of: self.moment.now,
                    ..exact
                };
            }
        }
    }

    /// Whether an object may still become that of its issue: that was put off, or may be in a project that
    /// was not listed.
    fn waits(&self, orphaned: &OrphanedObject) -> bool {
        let Some(issue) = orphaned.issue else { return false };
        let is_unheard = match &orphaned.project {
            Some(project) => self.is_unheard(project),
            None => self.is_any_unheard(),
        };
        self.state.deferred.contains(issue) || (is_unheard && self.state.index.get(issue).is_none())
    }

    /// Whether the project was left out when everything was listed.
    fn is_unheard(&self, project: &str) -> bool {
        let followed = self.settings.project(project);
        let invalid = followed.is_some_and(|followed| self.invalid(followed).is_some());
        invalid || self.settings.is_held(project) || self.state.refused_lists.contains_key(project)
    }

    fn is_any_unheard(&self) -> bool {
        let mut followed = self.settings.followed.iter();
        let invalid = followed.any(|followed| self.invalid(followed).is_some());
        invalid || !self.settings.held.is_empty() || !self.state.refused_lists.is_empty()
    }

    /// Takes away objects that were left half made, once everything was listed and fetched: those
    /// whose issues are mirrored have become theirs by now, and what the cluster refuses waits.
    pub(super) async fn discard(&mut self) -> Result<(), MirrorError> {
        if !std::mem::take(&mut self.state.is_listed) {
            return Ok(());
        }
        let orphaned = std::mem::take(&mut self.state.orphaned).into_iter();
        let (waiting, left): (BTreeMap<_, _>, BTreeMap<_, _>) = orphaned.partition(|(_, object)| self.waits(object));
        self.state.orphaned = waiting;
        let (mut left, mut failed) = (left.into_iter(), Ok(()));
        for (object, orphaned) in left.by_ref() {
            let stored = orphaned.stored(&object);
            let Err(error) = self.mirror.discard(&stored).await else {
                self.report.changed += 1;
                continue;
            };
            self.state.orphaned.insert(object, orphaned);
            if let Some(refused) = error.refused_object() {
                self.report.undiscarded = Some(refused);
            } else {
                failed = Err(error);
                break;
            }
        }
        self.state.orphaned.extend(left);
        failed
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sync::{
        issues::{followed::FollowedProjects, index::StoredObject, mirrored_issue::MappingContext},
        phase::Phases,
    };

    fn issue(id: u64, second: u32) -> MirroredIssue {
        let updated = format!("2026-04-28T15:33:{second:02}.000+0000");
        let issue = serde_json::json!({"id": id, "key": format!("A-{id}"), "fields": {"updated": updated}});
        let mapping = MappingContext {
            site_url: "https://acme.atlassian.net",
            phases: &Phases::default(),
            projects: &FollowedProjects::default(),
        };
        MirroredIssue::from_jira(serde_json::from_value(issue).unwrap(), mapping).unwrap()
    }

    #[test]
    fn nothing_is_kept_only_to_be_let_go_of() {
        let mut index = Index::default();
        for id in 1..=3 {
            let issue = issue(id, u32::try_from(id).unwrap());
            index.insert(id, IndexEntry::of(&issue, StoredObject::default()));
        }
        let plan = |issues: Vec<MirroredIssue>| {
            let Capacity { puts, pushed_out, .. } = room(&index, 4, issues);
            (puts.iter().map(|issue| issue.id).collect::<Vec<_>>(), pushed_out)
        };
        assert_eq!(plan(vec![issue(4, 0)]), (vec![4], vec![]), "there is room");
        assert_eq!(plan(vec![issue(4, 9), issue(5, 8), issue(6, 0)]), (vec![4, 5], vec![1]));
        assert_eq!(
            plan(vec![issue(1, 7), issue(4, 9), issue(5, 8)]),
            (vec![1, 4, 5], vec![2])
        );
        assert_eq!(plan(vec![issue(2, 2)]), (vec![], vec![]), "it is as it was");
    }
}
