//! What projects are made of, as work of a pass: issue types, statuses and phases.

use std::collections::{BTreeSet, HashMap};

use kube::ResourceExt;

use super::{outcome::Stop, pass::Pass, schedule::Due, work::Slice};
use crate::{
    api::project::JiraProject,
    atlassian::error::JiraError,
    sync::{
        apply,
        phase::Phases,
        workflows::{self, Round},
    },
};

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
        let due = workflows::due(known, round.as_ref());
        // Whether all is well is said first: what projects are made of follows in a slice.
        let (answers, left) = match self.due {
            Due::Full => (Vec::new(), !due.is_empty()),
            _ => workflows::ask(slice.jira, &slice.cloud_id, due, slice.deadline).await,
        };
        let limited = answers.iter().find_map(|(_, answer)| match answer {
            Err(error @ JiraError::RateLimited { .. }) => Some(error.clone()),
            _ => None,
        });
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
            self.outcome.work_on(self.seen.now);
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
        limited.map_or(Ok(()), |error| Err(Stop::RateLimited(error)))
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
