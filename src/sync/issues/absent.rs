//! Finds out what became of mirrored issues that a sweep did not list: deleted, moved, archived, no
//! longer matching, or there all the same.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::{engine::Engine, error::MirrorError, mirror::Mirror, query::newest, removals::Fate};
use crate::atlassian::{
    error::JiraError,
    issue_models::Issue,
    jira::{PAGE, Wanted},
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
                let tracked = self.state.index.get(id);
                tracked.is_some_and(|tracked| self.settings.project(&tracked.project_id).is_some())
            };
            let gone: Vec<u64> = self.state.missing.keys().copied().filter(|id| !followed(*id)).collect();
            for id in gone {
                self.state.missing.remove(&id);
            }
            let waited = |since: &Timestamp| now.duration_since(*since) >= after;
            let due = self.state.missing.iter().filter(|(_, since)| waited(since));
            let due: Vec<u64> = due.map(|(id, _)| *id).take(PAGE).collect();
            if due.is_empty() {
                let next = self.state.missing.values().min();
                self.report.look_at = next.and_then(|since| since.checked_add(after).ok());
                return Ok(());
            }
            if (self.moment.is_over)() {
                self.report.unfinished = true;
                return Ok(());
            }
            self.look_up(&due).await?;
            for id in &due {
                self.state.missing.remove(id);
            }
        }
    }

    async fn look_up(&mut self, ids: &[u64]) -> Result<(), MirrorError> {
        let found = self.jira.bulk_fetch(self.settings.cloud_id, ids).await?;
        let there: BTreeSet<u64> = found.iter().filter_map(|issue| issue.id.parse().ok()).collect();
        self.take_changed(found).await?;
        let (jira, cloud_id) = (self.jira, self.settings.cloud_id);
        let asked = ids.iter().copied().filter(|id| !there.contains(id));
        let asked: Vec<_> = asked
            .map(|id| async move { (id, jira.issue(cloud_id, id).await) })
            .collect();
        let answers: Vec<(u64, Result<Issue, JiraError>)> =
            stream::iter(asked).buffer_unordered(LOOK_UPS).collect().await;
        let (mut alone, mut gone) = (Vec::new(), Vec::new());
        for (id, answer) in answers {
            match answer {
                Ok(issue) => alone.push(issue),
                Err(JiraError::NotFound(_)) => gone.push(id),
                Err(error) => return Err(error.into()),
            }
        }
        self.take_changed(alone).await?;
        self.bury(gone).await
    }

    /// Lets go of issues that Jira answers are not there. An account that lost access to a project
    /// gets the same answer for each of its issues, so the project is asked for first.
    async fn bury(&mut self, ids: Vec<u64>) -> Result<(), MirrorError> {
        let mut by_project: BTreeMap<String, Vec<(u64, Fate)>> = BTreeMap::new();
        for id in ids {
            if let Some(tracked) = self.state.index.get(id) {
                let project = by_project.entry(tracked.project_id.clone()).or_default();
                project.push((id, Fate::Gone));
            }
        }
        for (project, gone) in by_project {
            let query = newest(&[&project]);
            let answer = self
                .jira
                .search(self.settings.cloud_id, &query, Wanted::Newest, None)
                .await;
            match answer {
                Ok(_) => self.let_go(gone).await?,
                Err(JiraError::Refused { status: 400, .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
