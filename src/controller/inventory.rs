//! What projects are made of, as work of a pass: issue types, statuses and phases.

use std::collections::HashMap;

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
        if let Some(round) = &mut round {
            round.done.extend(answers.iter().map(|(name, _)| name.clone()));
        }
        if left {
            self.outcome.work_on(self.seen.now);
        } else if limited.is_none() {
            self.outcome.inventory_done = round.take().map(|round| round.since);
        }
        self.outcome.inventory = round;
        let answers = answers
            .into_iter()
            .filter_map(|(name, answer)| Some((name, answer.ok()?)));
        self.write_workflows(&answers.collect(), known).await;
        limited.map_or(Ok(()), |error| Err(Stop::RateLimited(error)))
    }

    async fn write_workflows(
        &self,
        answers: &HashMap<String, Vec<crate::atlassian::models::IssueTypeStatuses>>,
        known: &mut [JiraProject],
    ) {
        let phases = Phases::new(&self.seen.integration.spec.status_mapping);
        for project in known {
            let Some(before) = &project.status else { continue };
            let answer = answers.get(&project.name_any()).map(Vec::as_slice);
            let after = workflows::status(before, answer, &phases);
            if after != *before {
                // What could not be written is written by a later pass.
                let written = apply::write_status(&self.ctx.client, project, after, self.seen.now).await;
                if let Ok(Some(written)) = written {
                    *project = written;
                }
            }
        }
    }
}
