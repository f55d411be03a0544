//! What projects are made of, as work of a pass: issue types, statuses and phases.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use kube::ResourceExt;

use super::{local_state::UnknownStatuses, outcome::StepError, pass::Pass, schedule::ReconcileKind, work::Slice};
use crate::{
    api::project::{JiraProject, JiraProjectStatus},
    atlassian::{error::JiraError, models::IssueTypeStatuses},
    cluster::time::after,
    diagnose::{evidence::StatusesEvidence, judge},
    sync::{
        phase::Phases,
        projects::{
            apply, browsed,
            workflows::{self, MappedProjects, WorkflowRefresh},
        },
    },
};

/// How long an endpoint is left alone after too many calls a second, where Jira does not say.
pub(super) const BURST: Duration = Duration::from_secs(5);

impl Pass<'_> {
    /// Brings the projects up to date. Those that are written change in the list too.
    pub(super) async fn inventory(&mut self, slice: &Slice<'_>, known: &mut [JiraProject]) -> Result<(), StepError> {
        let last = self
            .observed
            .status
            .sync
            .as_ref()
            .and_then(|sync| sync.last_inventory_time.as_ref());
        let under_way = self.observed.local.inventory.clone();
        let mut round = WorkflowRefresh::due(under_way, last.map(|at| at.0), slice.requested, self.observed.now);
        let doubtful: BTreeSet<String> = self
            .outcome
            .unknown_statuses
            .iter()
            .filter(|(_, asked)| !**asked)
            .map(|((name, _), _)| name.clone())
            .collect();
        let due = workflows::due(known, round.as_ref(), &doubtful);
        // Whether all is well is said first: what projects are made of follows in a slice.
        let (answers, left) = match self.due {
            ReconcileKind::Full => (Vec::new(), !due.is_empty()),
            _ => workflows::ask(slice.jira, due, slice.is_over).await,
        };
        let asked = !answers.is_empty();
        self.note_asked(&answers);
        let limited = answers.iter().find_map(|(_, answer)| match answer {
            Err(error @ JiraError::RateLimited { .. }) => Some(error.clone()),
            _ => None,
        });
        let left = left || limited.is_some();
        let refused = |error: &JiraError| matches!(error, JiraError::NotFound(_) | JiraError::Forbidden(_));
        let settled = |answer: &Result<_, JiraError>| answer.as_ref().err().is_none_or(refused);
        let mut done: BTreeSet<String> = answers
            .iter()
            .filter(|(_, answer)| settled(answer))
            .map(|(name, _)| name.clone())
            .collect();
        let failed = answers.len() > done.len();
        let answers = answers
            .into_iter()
            .filter_map(|(name, answer)| Some((name, answer.ok()?)));
        let unwritten = self.write_workflows(&answers.collect(), known).await;
        done.retain(|name| !unwritten.contains(name));
        if left {
            // Too many calls a second to this endpoint say nothing about the others.
            let wait = limited.as_ref().map(|error| error.retry_after().unwrap_or(BURST));
            self.outcome
                .work_on(wait.map_or(self.observed.now, |wait| after(Timestamp::now(), wait)));
            self.outcome.is_left = true;
        }
        // What failed is asked for again by the next pass that has the time.
        let complete = !left && !failed && unwritten.is_empty();
        if let Some(round) = &mut round {
            round.done.extend(done);
        }
        if complete {
            self.outcome.inventory_done = round.take().map(|round| round.since);
            if asked {
                self.judge_mapping(known);
            }
        }
        self.outcome.inventory = round;
        match limited.filter(JiraError::is_quota) {
            Some(spent) => Err(StepError::RateLimited(spent)),
            None => Ok(()),
        }
    }

    /// Judges spec.statusMapping by what all projects were found to be made of.
    fn judge_mapping(&mut self, known: &[JiraProject]) {
        let rules = &self.observed.integration.spec.status_mapping;
        if !rules.is_empty() {
            let evidence = StatusesEvidence::known(browsed(known));
            self.outcome.note(judge::mapping::judge(rules, &evidence));
        }
    }

    /// Whatever the answer, a project is asked once for a status that it was not known to have.
    fn note_asked(&mut self, answers: &workflows::WorkflowAnswers) {
        for ((name, _), asked) in &mut self.outcome.unknown_statuses {
            *asked |= answers.iter().any(|(other, _)| other == name);
        }
    }

    /// Notes statuses of issues that their projects' workflows are not known to have: these changed.
    pub(super) fn note_statuses(&mut self, observed: &BTreeSet<(String, String)>, known: &[JiraProject]) {
        forget_known(&mut self.outcome.unknown_statuses, known);
        let mut by_project: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (project, status) in observed.iter().filter(|(_, status)| !status.is_empty()) {
            by_project.entry(project).or_default().push(status);
        }
        if by_project.is_empty() {
            return;
        }
        for project in known {
            let Some(status) = &project.status else { continue };
            let here = status.id.as_deref().and_then(|id| by_project.get(id));
            let Some(here) = here.filter(|_| !status.issue_types.is_empty()) else {
                continue;
            };
            let there = statuses(status);
            for unknown in here.iter().filter(|status| !there.contains(*status)) {
                let key = (project.name_any(), (*unknown).to_owned());
                if !*self.outcome.unknown_statuses.entry(key).or_insert(false) {
                    self.outcome.work_on(self.observed.now);
                }
            }
        }
    }

    /// Writes what differs. The names of the objects that could not be written.
    async fn write_workflows(
        &mut self,
        answers: &HashMap<String, Vec<IssueTypeStatuses>>,
        known: &mut [JiraProject],
    ) -> BTreeSet<String> {
        let rules = &self.observed.integration.spec.status_mapping;
        let mut told = MappedProjects::clone(&self.observed.local.phased).under(rules);
        let phases = Phases::new(rules);
        let mut writes = Vec::new();
        for (project, before) in known
            .iter()
            .filter_map(|project| Some((project, project.status.as_ref()?)))
        {
            let answer = answers.get(&project.name_any()).map(Vec::as_slice);
            if answer.is_none() && told.is_mapped(project) {
                continue;
            }
            let after = workflows::status(before, &project.spec.key, answer, &phases);
            if after == *before {
                told.note(project);
            } else {
                writes.push((project, after));
            }
        }
        let (client, now) = (&self.ctx.client, self.observed.now);
        let writes: Vec<_> = writes
            .into_iter()
            .map(|(project, after)| {
                let name = project.name_any();
                apply::write_status(client, project, after, now)
                    .map(|written| (name, written))
                    .boxed()
            })
            .collect();
        let mut written: HashMap<String, kube::Result<Option<JiraProject>>> =
            stream::iter(writes).buffer_unordered(apply::IN_FLIGHT).collect().await;
        let mut unwritten = BTreeSet::new();
        for project in known.iter_mut() {
            match written.remove(&project.name_any()) {
                Some(Ok(Some(now))) => {
                    told.note(&now);
                    *project = now;
                }
                Some(Ok(None) | Err(_)) => drop(unwritten.insert(project.name_any())),
                None => {}
            }
        }
        told.retain(known);
        self.outcome.phased = Some(Arc::new(told));
        unwritten
    }
}

/// Forgets those that a workflow has by now, and those of projects that are gone.
fn forget_known(unknown: &mut UnknownStatuses, known: &[JiraProject]) {
    if unknown.is_empty() {
        return;
    }
    let there: BTreeMap<String, BTreeSet<&str>> = known
        .iter()
        .filter_map(|project| Some((project.name_any(), statuses(project.status.as_ref()?))))
        .collect();
    unknown.retain(|(name, status), _| there.get(name).is_some_and(|there| !there.contains(status.as_str())));
}

/// Ids of the statuses that the workflows of a project have.
fn statuses(status: &JiraProjectStatus) -> BTreeSet<&str> {
    let all = status.issue_types.iter().flat_map(|kind| &kind.statuses);
    all.map(|status| status.id.as_str()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn statuses_are_remembered_as_long_as_no_workflow_has_them() {
        let status = json!({"id": "7", "name": "Waiting", "category": "indeterminate", "phase": "Waiting"});
        let types = json!([{"id": "1", "name": "Task", "statuses": [status]}]);
        let project: JiraProject = serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProject", "metadata": {"name": "acme-eng"},
            "spec": {"integration": "acme", "key": "ENG"}, "status": {"issueTypes": types}
        }))
        .unwrap();
        let all = [("acme-eng", "7"), ("acme-eng", "8"), ("acme-gone", "8")];
        let mut unknown: UnknownStatuses = all
            .map(|(name, status)| ((name.to_owned(), status.to_owned()), true))
            .into();
        forget_known(&mut unknown, &[project]);
        let left: Vec<&str> = unknown.keys().map(|(_, status)| status.as_str()).collect();
        assert_eq!(left, ["8"]);
    }
}
