//! What projects are made of: issue types, statuses and phases.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use kube::ResourceExt;

use super::{Run, StepError, slice::Slice};
use crate::{
    api::{
        condition::Finding,
        project::{JiraProject, JiraProjectStatus},
    },
    atlassian::{
        error::JiraError,
        models::IssueTypeStatuses,
        rate_limit::{Asked, RateLimit},
    },
    cluster::time::after,
    controller::{integration::observe::ObservedState, local_state::UnknownStatuses, reconcile_kind::ReconcileKind},
    diagnose::{StatusesEvidence, judge},
    sync::{
        phase::Phases,
        projects::{
            apply, browsed,
            workflows::{self, MappedProjects, WorkflowRefresh},
        },
    },
};

/// What bringing the projects up to date led to.
#[derive(Debug)]
pub struct WorkflowSync {
    /// What is said of spec.statusMapping, where all projects were asked.
    pub finding: Option<Finding>,
    /// The refresh of all projects that is under way.
    pub refresh: Option<WorkflowRefresh>,
    /// When the refresh began that is done.
    pub done: Option<Timestamp>,
    /// Which projects have the phases that the mapping gives them.
    pub mapped: Arc<MappedProjects>,
    /// Statuses that no workflow was known to have.
    pub unknown_statuses: UnknownStatuses,
    /// When what is left resumes.
    pub resume_at: Option<Timestamp>,
    /// Jira's quota is spent.
    pub stopped: Option<StepError>,
}

/// What Jira answered, by name of the project's object.
struct Answers {
    all: workflows::WorkflowAnswers,
    /// Projects are left that were not asked.
    is_left: bool,
}

impl Answers {
    fn limit(&self) -> Option<&RateLimit> {
        self.all.iter().find_map(|(_, answer)| match answer {
            Err(JiraError::RateLimited(limit)) => Some(limit),
            _ => None,
        })
    }

    /// Projects that need not be asked again: a refusal is an answer too.
    fn settled(&self) -> BTreeSet<String> {
        let refused = |error: &JiraError| matches!(error, JiraError::NotFound(_) | JiraError::Forbidden(_));
        let settled = self
            .all
            .iter()
            .filter(|(_, answer)| answer.as_ref().err().is_none_or(refused));
        settled.map(|(name, _)| name.clone()).collect()
    }
}

/// Brings the projects up to date. Those that are written change in the list too.
pub async fn sync(run: Run<'_>, slice: &Slice<'_>, known: &mut [JiraProject]) -> WorkflowSync {
    let observed = run.observed;
    let mut unknown_statuses = observed.local.work.unknown_statuses.clone();
    let mut refresh = due_refresh(observed, slice.requested);
    let due = workflows::due(known, refresh.as_ref(), &doubtful(&unknown_statuses));
    let answers = match slice.kind {
        // Whether all is well is said first: what projects are made of follows in a slice.
        ReconcileKind::Full => Answers {
            all: Vec::new(),
            is_left: !due.is_empty(),
        },
        _ => ask(slice, due).await,
    };
    note_asked(&mut unknown_statuses, &answers.all);
    let limit = answers.limit().cloned();
    let is_left = answers.is_left || limit.is_some();
    let (mut settled, asked) = (answers.settled(), answers.all.len());
    let has_failed = asked > settled.len();
    let written = write(run, answers.all, known).await;
    settled.retain(|name| !written.failed.contains(name));
    if let Some(refresh) = &mut refresh {
        refresh.done.extend(settled);
    }
    // What failed is asked for again by the next reconciliation that has the time.
    let is_complete = !is_left && !has_failed && written.failed.is_empty();
    let done = is_complete
        .then(|| refresh.take().map(|refresh| refresh.since))
        .flatten();
    WorkflowSync {
        finding: (is_complete && asked > 0)
            .then(|| judge_mapping(observed, known))
            .flatten(),
        refresh,
        done,
        mapped: Arc::new(written.mapped),
        unknown_statuses,
        resume_at: is_left.then(|| resume_at(limit.as_ref(), observed.now)),
        stopped: limit
            .filter(|limit| limit.stops_all(Asked::Workflows))
            .map(StepError::RateLimited),
    }
}

fn due_refresh(observed: &ObservedState, requested: bool) -> Option<WorkflowRefresh> {
    let sync = observed.status.sync.as_ref();
    let last = sync.and_then(|sync| sync.last_inventory_time.as_ref());
    let under_way = observed.local.work.workflow_refresh.clone();
    WorkflowRefresh::due(under_way, last.map(|at| at.0), requested, observed.now)
}

/// Names of the projects that were not asked yet for a status that they are not known to have.
fn doubtful(unknown: &UnknownStatuses) -> BTreeSet<String> {
    let open = unknown.iter().filter(|(_, asked)| !**asked);
    open.map(|((name, _), _)| name.clone()).collect()
}

async fn ask(slice: &Slice<'_>, due: Vec<&JiraProject>) -> Answers {
    let (all, is_left) = workflows::ask(slice.session, due, &|| slice.is_over()).await;
    Answers { all, is_left }
}

fn resume_at(limit: Option<&RateLimit>, now: Timestamp) -> Timestamp {
    limit.map_or(now, |limit| after(Timestamp::now(), limit.pause()))
}

/// Judges spec.statusMapping by what all projects were found to be made of.
fn judge_mapping(observed: &ObservedState, known: &[JiraProject]) -> Option<Finding> {
    let rules = &observed.integration.spec.status_mapping;
    (!rules.is_empty()).then(|| judge::mapping::judge(rules, &StatusesEvidence::known(browsed(known))))
}

/// Whatever the answer, a project is asked once for a status that it was not known to have.
fn note_asked(unknown: &mut UnknownStatuses, answers: &workflows::WorkflowAnswers) {
    for ((name, _), asked) in unknown {
        *asked |= answers.iter().any(|(other, _)| other == name);
    }
}

/// Notes statuses of issues that their projects' workflows are not known to have: these changed. Whether there are new
/// ones, for which the projects are to be asked.
#[must_use]
pub fn note_statuses(unknown: &mut UnknownStatuses, met: &BTreeSet<(String, String)>, known: &[JiraProject]) -> bool {
    forget_known(unknown, known);
    let mut by_project: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (project, status) in met.iter().filter(|(_, status)| !status.is_empty()) {
        by_project.entry(project).or_default().push(status);
    }
    let mut are_new = false;
    for project in known.iter().filter(|_| !by_project.is_empty()) {
        let Some(status) = &project.status else { continue };
        let here = status.id.as_deref().and_then(|id| by_project.get(id));
        let Some(here) = here.filter(|_| !status.issue_types.is_empty()) else {
            continue;
        };
        let there = statuses(status);
        for other in here.iter().filter(|status| !there.contains(*status)) {
            let key = (project.name_any(), (*other).to_owned());
            are_new |= !*unknown.entry(key).or_insert(false);
        }
    }
    are_new
}

/// What became of the objects that differ.
struct StatusWrites {
    mapped: MappedProjects,
    /// Names of the objects that could not be written.
    failed: BTreeSet<String>,
}

/// Writes what differs.
async fn write(run: Run<'_>, answers: workflows::WorkflowAnswers, known: &mut [JiraProject]) -> StatusWrites {
    let answers = answers
        .into_iter()
        .filter_map(|(name, answer)| Some((name, answer.ok()?)));
    let answers: HashMap<String, Vec<IssueTypeStatuses>> = answers.collect();
    let rules = &run.observed.integration.spec.status_mapping;
    let mut mapped = MappedProjects::clone(&run.observed.local.work.mapped).under(rules);
    let writes = differing(&mut mapped, &answers, &Phases::new(rules), known);
    let (client, now) = (&run.ctx.client, run.observed.now);
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
    let mut failed = BTreeSet::new();
    for project in known.iter_mut() {
        match written.remove(&project.name_any()) {
            Some(Ok(Some(now))) => {
                mapped.note(&now);
                *project = now;
            }
            Some(Ok(None) | Err(_)) => drop(failed.insert(project.name_any())),
            None => {}
        }
    }
    mapped.retain(known);
    StatusWrites { mapped, failed }
}

/// The projects whose status is to change, and to what.
fn differing<'p>(
    mapped: &mut MappedProjects,
    answers: &HashMap<String, Vec<IssueTypeStatuses>>,
    phases: &Phases,
    known: &'p [JiraProject],
) -> Vec<(&'p JiraProject, JiraProjectStatus)> {
    let mut writes = Vec::new();
    for project in known {
        let Some(before) = &project.status else { continue };
        let answer = answers.get(&project.name_any()).map(Vec::as_slice);
        if answer.is_none() && mapped.is_mapped(project) {
            continue;
        }
        let after = workflows::status(before, &project.spec.key, answer, phases);
        if after == *before {
            mapped.note(project);
        } else {
            writes.push((project, after));
        }
    }
    writes
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
