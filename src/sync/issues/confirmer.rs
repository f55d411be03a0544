//! Finds out what became of mirrored issues that a listing did not have: deleted, hidden, moved, archived,
//! no longer matching, or there all the same.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::{
    error::MirrorError,
    intake::Intake,
    lookup::{archived, readable, unsearchable},
    mirror::Mirror,
    missing::{AwaitedEvidence, MissingIssues},
    removal_reason::RemovalReason,
    report::ConfirmReport,
    writer::Source,
};
use crate::atlassian::{error::JiraError, issue_fields::Issue, jira::PAGE};

/// How many issues are looked up at once.
const LOOK_UPS: usize = 8;

pub(super) struct Confirmer<'p, 'a, M> {
    pub(super) missing: &'p mut MissingIssues,
    pub(super) intake: &'p mut Intake<'a, M>,
    pub(super) report: ConfirmReport,
}

impl<M: Mirror> Confirmer<'_, '_, M> {
    /// Looks up what has been missing for long enough: by then it is in Jira's index if it lives, and
    /// what is asked for by id does not depend on that index at all.
    pub(super) async fn confirm(mut self) -> (ConfirmReport, Result<(), MirrorError>) {
        let ended = self.look_up_due().await;
        (self.report, ended)
    }

    async fn look_up_due(&mut self) -> Result<(), MirrorError> {
        let run = self.intake.run;
        let (after, is_whole) = (run.settings.confirm_after, run.settings.is_whole);
        loop {
            let index = self.intake.writer.index();
            self.missing.retain(|id| {
                let entry = index.get(id);
                entry.is_some_and(|entry| run.settings.project(&entry.project_id).is_some())
            });
            let due = self.missing.due(run.now, after, is_whole, PAGE);
            if due.is_empty() {
                let next = self.missing.earliest(is_whole);
                self.report.look_at = next.and_then(|since| since.checked_add(after).ok());
                return Ok(());
            }
            if run.is_over() {
                self.report.unfinished = true;
                return Ok(());
            }
            let unproven = self.look_up(&due).await?;
            for id in due {
                // Where nothing could be concluded, it is looked up again.
                if self.intake.writer.take_unplaced(id) {
                    self.missing.defer(id, AwaitedEvidence::Scope);
                } else if unproven.contains(&id) {
                    self.missing.defer(id, AwaitedEvidence::List);
                } else {
                    self.missing.found(id);
                }
            }
        }
    }

    /// Looks issues up. Returns those of which nothing proves what became of them.
    async fn look_up(&mut self, ids: &[u64]) -> Result<BTreeSet<u64>, MirrorError> {
        let jira = self.intake.run.jira;
        let found = jira.bulk_fetch(ids).await?;
        self.report.malformed += found.malformed;
        let (failed, mut found) = (found.failed, found.issues);
        let there: BTreeSet<u64> = found.iter().filter_map(|issue| issue.id.parse().ok()).collect();
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
                Err(JiraError::Unavailable { .. }) if failed.contains(&id) => self.intake.writer.defer_unanswered(id),
                Err(error) => return Err(error.into()),
            }
        }
        let there: Vec<u64> = found.iter().filter_map(|issue| issue.id.parse().ok()).collect();
        // One answer that lacks an issue proves nothing: a search that finds nothing now may find it again at once.
        let hidden = unsearchable(jira, &there).await?;
        let hidden = unsearchable(jira, &hidden).await?;
        let (archived, unproven) = archived(jira, &found, &hidden).await?;
        found.retain(|issue| issue.id.parse().is_ok_and(|id: u64| !hidden.contains(&id)));
        self.intake.take_changed(found, Source::ById).await?;
        let archived = archived.into_iter().map(|id| (id, RemovalReason::Archived));
        self.intake.writer.remove_all(archived.collect()).await?;
        self.remove_lost(lost).await?;
        Ok(unproven)
    }

    /// Removes issues that Jira answers are not there. An account that lost access to a project
    /// gets the same answer for each of its issues, so it is asked whether it still reads the project.
    async fn remove_lost(&mut self, lost: Vec<(u64, RemovalReason)>) -> Result<(), MirrorError> {
        let mut by_project: BTreeMap<String, Vec<(u64, RemovalReason)>> = BTreeMap::new();
        for (id, reason) in lost {
            if let Some(entry) = self.intake.writer.index().get(id) {
                let project = by_project.entry(entry.project_id.clone()).or_default();
                project.push((id, reason));
            }
        }
        if by_project.is_empty() {
            return Ok(());
        }
        let run = self.intake.run;
        let is_desk = |id: &String| run.settings.project(id).is_some_and(|project| project.is_desk);
        let projects = by_project.keys().map(|id| (id.clone(), is_desk(id)));
        let readable = readable(run.jira, &projects.collect()).await?;
        for (project, lost) in by_project {
            if readable.contains(&project) {
                self.intake.writer.remove_all(lost).await?;
            }
        }
        Ok(())
    }
}
