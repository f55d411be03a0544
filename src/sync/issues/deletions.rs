//! Finds out what became of mirrored issues that a sweep did not list: deleted, hidden, moved, archived,
//! no longer matching, or there all the same.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::{
    deferred::DeferReason,
    engine::Engine,
    error::MirrorError,
    mirror::Mirror,
    query::{among, newest},
    removal_reason::RemovalReason,
    state::{AwaitedEvidence, MissingIssue},
    write::Source,
};
use crate::{
    api::requirements::{AGENT, BROWSE},
    atlassian::{
        error::JiraError,
        issue_models::Issue,
        jira::{PAGE, PermissionQueries, RECONCILED, SearchFields},
    },
};

/// How many issues are looked up at once.
const LOOK_UPS: usize = 8;

impl<M: Mirror> Engine<'_, M> {
    /// Looks up what has been missing for long enough: by then it is in Jira's index if it lives, and
    /// what is asked for by id does not depend on that index at all.
    pub(super) async fn confirm(&mut self) -> Result<(), MirrorError> {
        loop {
            let after = self.settings.confirm_after;
            let now = self.moment.now;
            let followed = |id: u64| {
                let entry = self.state.index.get(id);
                entry.is_some_and(|entry| self.settings.project(&entry.project_id).is_some())
            };
            let gone: Vec<u64> = self.state.missing.keys().copied().filter(|id| !followed(*id)).collect();
            for id in gone {
                self.state.missing.remove(&id);
            }
            let is_whole = self.settings.is_whole;
            let is_open = |missing: &&MissingIssue| match missing.awaits {
                AwaitedEvidence::Time => true,
                AwaitedEvidence::Scope => is_whole,
                AwaitedEvidence::List => false,
            };
            let waited = |missing: &MissingIssue| now.duration_since(missing.since) >= after;
            let due = self
                .state
                .missing
                .iter()
                .filter(|(_, missing)| is_open(missing) && waited(missing));
            let due: Vec<u64> = due.map(|(id, _)| *id).take(PAGE).collect();
            if due.is_empty() {
                let next = self
                    .state
                    .missing
                    .values()
                    .filter(is_open)
                    .map(|missing| missing.since)
                    .min();
                self.report.look_at = next.and_then(|since| since.checked_add(after).ok());
                return Ok(());
            }
            if (self.moment.is_over)() {
                self.report.unfinished = true;
                return Ok(());
            }
            let unproven = self.look_up(&due).await?;
            for id in &due {
                // Where nothing could be concluded, it is looked up again.
                let awaits = match (self.unplaced.remove(id), unproven.contains(id)) {
                    (true, _) => AwaitedEvidence::Scope,
                    (false, true) => AwaitedEvidence::List,
                    (false, false) => {
                        self.state.missing.remove(id);
                        continue;
                    }
                };
                if let Some(missing) = self.state.missing.get_mut(id) {
                    missing.awaits = awaits;
                }
            }
        }
    }

    /// Looks issues up. Those of which nothing proves what became of them.
    async fn look_up(&mut self, ids: &[u64]) -> Result<BTreeSet<u64>, MirrorError> {
        let found = self.jira.bulk_fetch(ids).await?;
        self.report.malformed += found.malformed;
        let (failed, mut found) = (found.failed, found.issues);
        let there: BTreeSet<u64> = found.iter().filter_map(|issue| issue.id.parse().ok()).collect();
        let jira = self.jira;
        let asked = ids.iter().copied().filter(|id| !there.contains(id));
        let asked: Vec<_> = asked.map(|id| async move { (id, jira.issue(id).await) }).collect();
        let answers: Vec<(u64, Result<Issue, JiraError>)> =
            stream::iter(asked).buffer_unordered(LOOK_UPS).collect().await;
        let mut lost = Vec::new();
        for (id, answer) in answers {
            match answer {
                Ok(issue) => found.push(issue),
                Err(JiraError::NotFound(_)) => lost.push((id, RemovalReason::Gone)),
                Err(JiraError::Forbidden(_)) => lost.push((id, RemovalReason::Hidden)),
                // One that Jira cannot answer keeps none of the others waiting.
                Err(JiraError::Unavailable { .. }) if failed.contains(&id) => {
                    self.state.deferred.add(id, DeferReason::Jira);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let there: Vec<u64> = found.iter().filter_map(|issue| issue.id.parse().ok()).collect();
        // One answer that lacks an issue proves nothing: a search that finds nothing now may find it again at once.
        let unsearchable = self.unsearchable(&there).await?;
        let unsearchable = self.unsearchable(&unsearchable).await?;
        let (archived, unproven) = self.archived(&found, &unsearchable).await?;
        found.retain(|issue| issue.id.parse().is_ok_and(|id: u64| !unsearchable.contains(&id)));
        self.take_changed(found, Source::ById).await?;
        self.remove_all(archived.into_iter().map(|id| (id, RemovalReason::Archived)).collect())
            .await?;
        self.remove_lost(lost).await?;
        Ok(unproven)
    }

    /// Of issues that no search finds, those that are archived: search finds others of their project, or
    /// the project is archived as a whole. Besides, those of which neither is so: search may be at fault.
    async fn archived(
        &self,
        found: &[Issue],
        unsearchable: &[u64],
    ) -> Result<(BTreeSet<u64>, BTreeSet<u64>), MirrorError> {
        let mut by_project: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for issue in found {
            let id = issue.id.parse().ok().filter(|id| unsearchable.contains(id));
            if let (Some(id), Some(project)) = (id, &issue.fields.project) {
                by_project.entry(&project.id).or_default().insert(id);
            }
        }
        let (mut archived, mut unproven) = (BTreeSet::new(), BTreeSet::new());
        for (project, ids) in by_project {
            if self.finds_others(project).await? || self.is_archived(project).await? {
                archived.extend(ids);
            } else {
                unproven.extend(ids);
            }
        }
        Ok((archived, unproven))
    }

    /// Whether a search finds anything in a project.
    async fn finds_others(&self, project: &str) -> Result<bool, MirrorError> {
        let page = self.jira.search(&newest(&[project]), SearchFields::Newest, None).await;
        match page.map_err(MirrorError::from) {
            Ok(page) => Ok(!page.found.issues.is_empty()),
            Err(error) if error.refused_query().is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn is_archived(&self, project: &str) -> Result<bool, MirrorError> {
        match self.jira.project(project).await {
            Ok(project) => Ok(project.archived),
            Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Of issues that can be read, those that no search finds although Jira reconciles them with its
    /// index.
    async fn unsearchable(&self, ids: &[u64]) -> Result<Vec<u64>, MirrorError> {
        let mut unsearchable = Vec::new();
        for chunk in ids.chunks(RECONCILED) {
            match self.searchable(chunk).await? {
                Some(found) => unsearchable.extend(chunk.iter().filter(|id| !found.contains(id))),
                None => {
                    for id in chunk {
                        let found = self.searchable(&[*id]).await?;
                        unsearchable.extend(found.is_some_and(|found| !found.contains(id)).then_some(*id));
                    }
                }
            }
        }
        Ok(unsearchable)
    }

    /// Those of the ids that a search finds. None where Jira refuses it or may leave some out, which
    /// proves nothing.
    async fn searchable(&self, ids: &[u64]) -> Result<Option<Vec<u64>>, MirrorError> {
        let answer = self.jira.reconciled(&among(ids), ids).await.map_err(MirrorError::from);
        match answer {
            Ok(found) => Ok(found),
            Err(error) if error.refused_query().is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets go of issues that Jira answers are not there. An account that lost access to a project
    /// gets the same answer for each of its issues, so it is asked whether it still reads the project.
    async fn remove_lost(&mut self, lost: Vec<(u64, RemovalReason)>) -> Result<(), MirrorError> {
        let mut by_project: BTreeMap<String, Vec<(u64, RemovalReason)>> = BTreeMap::new();
        for (id, reason) in lost {
            if let Some(entry) = self.state.index.get(id) {
                let project = by_project.entry(entry.project_id.clone()).or_default();
                project.push((id, reason));
            }
        }
        if by_project.is_empty() {
            return Ok(());
        }
        let readable = self.readable(by_project.keys().cloned().collect()).await?;
        for (project, lost) in by_project {
            if readable.contains(&project) {
                self.remove_all(lost).await?;
            }
        }
        Ok(())
    }

    /// Those of the projects whose issues the account reads. In service projects Jira answers what a
    /// portal customer holds, so one in which it is no agent has the project itself asked for.
    async fn readable(&self, projects: Vec<String>) -> Result<BTreeSet<String>, MirrorError> {
        let (settings, jira) = (self.settings, self.jira);
        let is_desk = |id: &String| settings.project(id).is_some_and(|project| project.is_desk);
        let desks: Vec<String> = projects.iter().filter(|id| is_desk(id)).cloned().collect();
        let questions = PermissionQueries {
            global: Vec::new(),
            projects: vec![(vec![BROWSE], projects.clone()), (vec![AGENT], desks)],
        };
        let held = jira.permissions(&questions).await?;
        let holds = |id: &String, permission: &str| held.projects.get(id).is_some_and(|held| held.contains(permission));
        let mut readable = BTreeSet::new();
        for id in projects.into_iter().filter(|id| holds(id, BROWSE)) {
            let is_shown = if is_desk(&id) && !holds(&id, AGENT) {
                match jira.project(&id).await {
                    Ok(_) => true,
                    Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => false,
                    Err(error) => return Err(error.into()),
                }
            } else {
                true
            };
            readable.extend(is_shown.then_some(id));
        }
        Ok(readable)
    }
}
