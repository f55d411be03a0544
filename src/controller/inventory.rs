//! What projects are made of, as work of a pass: issue types, statuses and phases.

use std::collections::HashMap;

use kube::ResourceExt;

use super::{outcome::Stop, pass::Pass, schedule::Due, work::Slice};
use crate::{
    api::project::JiraProject,
    atlassian::error::JiraError,
    sync::{apply, phase::Phases, workflows},
};

impl Pass<'_> {
    /// Brings the projects up to date. Those that are written change in the list too.
    pub(super) async fn inventory(&mut self, slice: &Slice<'_>, known: &mut [JiraProject]) -> Result<(), Stop> {
        let requested = if slice.requested {
            Some(self.seen.now)
        } else {
            self.seen.memory.inventory_since
        };
        self.outcome.inventory_since = requested;
        let due = workflows::due(known, requested, self.seen.now);
        // Whether all is well is said first: what projects are made of follows in a slice.
        let (answers, left) = match self.due {
            Due::Full => (Vec::new(), !due.is_empty()),
            _ => workflows::ask(slice.jira, &slice.cloud_id, due, slice.deadline).await,
        };
        if left {
            self.outcome.work_on(self.seen.now);
        }
        let limited = answers.iter().find_map(|(_, answer)| match answer {
            Err(error @ JiraError::RateLimited { .. }) => Some(error.clone()),
            _ => None,
        });
        let answers: HashMap<String, _> = answers
            .into_iter()
            .filter_map(|(name, answer)| Some((name, answer.ok()?)))
            .collect();
        let phases = Phases::new(&self.seen.integration.spec.status_mapping);
        for project in known {
            let Some(before) = &project.status else { continue };
            let answer = answers.get(&project.name_any()).map(Vec::as_slice);
            let after = workflows::status(before, answer, &phases, self.seen.now);
            if after != *before {
                // What could not be written is written by a later pass.
                if let Ok(Some(written)) = apply::write_status(&self.ctx.client, project, after, self.seen.now).await {
                    *project = written;
                }
            }
        }
        limited.map_or(Ok(()), |error| Err(Stop::RateLimited(error)))
    }
}
