//! What projects are made of, as work of a pass: issue types, statuses and phases.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use jiff::Timestamp;
use kube::ResourceExt;

use super::{outcome::Stop, pass::Pass, schedule::Due, work::Slice};
use crate::{
    api::project::JiraProject,
    atlassian::error::JiraError,
    grant::pace::after,
    sync::{
        apply,
        phase::Phases,
        workflows::{self, Round},
    },
};

/// How long an endpoint is left alone after too many calls a second, where Jira does not say.
const BURST: Duration = Duration::from_secs(5);

impl Pass<'_> {
    /// Brings the projects up to date. Those that are written change in the list too.
    pub(super) async fn inventory(&mut self, slice: &Slice<'_>, known: &mut [JiraProject]) -> Result<(), Stop> {
        let last = self
            .seen
            .status
            .sync
            .as_ref()
            .and_then(|sync| sync.last_inventory_time.as_ref());
        let under_way = self.seen.memory.inventory.clone();
        let mut round = Round::due(under_way, last.map(|at| at.0), slice.requested, self.seen.now);
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
            Due::Full => (Vec::new(), !due.is_empty()),
            _ => workflows::ask(slice.jira, &slice.cloud_id, due, slice.deadline).await,
        };
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
                .work_on(wait.map_or(self.seen.now, |wait| after(Timestamp::now(), wait)));
            self.outcome.is_left = true;
        }
        // What failed is asked for again by the next pass that has the time.
        let complete = !left && !failed && unwritten.is_empty();
        if let Some(round) = &mut round {
            round.done.extend(done);
        }
        if complete {
            self.outcome.inventory_done = round.take().map(|round| round.since);
        }
        self.outcome.inventory = round;
        match limited.filter(JiraError::is_quota) {
            Some(spent) => Err(Stop::RateLimited(spent)),
            None => Ok(()),
        }
    }

    /// Whatever the answer, a project is asked once for a status that it was not known to have.
    fn note_asked(&mut self, answers: &workflows::Answers) {
        for ((name, _), asked) in &mut self.outcome.unknown_statuses {
            *asked |= answers.iter().any(|(other, _)| other == name);
        }
    }

    /// Notes statuses of issues that their projects' workflows are not known to have: these changed.
    pub(super) fn note_statuses(&mut self, seen: &BTreeSet<(String, String)>, known: &[JiraProject]) {
        for project in known {
            let Some(status) = &project.status else { continue };
            let Some(id) = status.id.as_ref().filter(|_| !status.issue_types.is_empty()) else {
                continue;
            };
            let statuses = status.issue_types.iter().flat_map(|kind| &kind.statuses);
            let there: BTreeSet<&str> = statuses.map(|status| status.id.as_str()).collect();
            let here = seen.iter().filter(|(project, _)| project == id);
            for (_, unknown) in here.filter(|(_, status)| !status.is_empty() && !there.contains(status.as_str())) {
                let key = (project.name_any(), unknown.clone());
                if !*self.outcome.unknown_statuses.entry(key).or_insert(false) {
                    self.outcome.work_on(self.seen.now);
                }
            }
        }
    }

    /// Writes what differs. The names of the objects that could not be written.
    async fn write_workflows(
        &self,
        answers: &HashMap<String, Vec<crate::atlassian::models::IssueTypeStatuses>>,
        known: &mut [JiraProject],
    ) -> BTreeSet<String> {
        let mut unwritten = BTreeSet::new();
        let phases = Phases::new(&self.seen.integration.spec.status_mapping);
        for project in known {
            let Some(before) = &project.status else { continue };
            let answer = answers.get(&project.name_any()).map(Vec::as_slice);
            let after = workflows::status(before, &project.spec.key, answer, &phases);
            if after != *before {
                let written = apply::write_status(&self.ctx.client, project, after, self.seen.now).await;
                match written {
                    Ok(Some(written)) => *project = written,
                    Ok(None) | Err(_) => {
                        unwritten.insert(project.name_any());
                    }
                }
            }
        }
        unwritten
    }
}
