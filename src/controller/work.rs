//! The work that the steps of a pass allow: it fetches, in slices. A slice ends after ten seconds,
//! leaves a checkpoint in status, and the next one follows at once as a pass of its own, so that
//! refreshes, changes of the spec and other integrations get their turn.

use std::time::{Duration, Instant};

use super::{admission::GIVES_WAY_AFTER, outcome::StepError, pass::Pass, schedule::ReconcileKind};
use crate::{api::project::JiraProject, atlassian::jira::Session, cluster::error::describe, sync::projects::apply};

/// How long a slice may take.
const SLICE: Duration = Duration::from_secs(10);

/// What every kind of work needs to know.
pub(super) struct Slice<'a> {
    /// Jira, as the account that was judged.
    pub(super) jira: &'a Session,
    /// Address of the site, for links.
    pub(super) site_url: String,
    /// Whether the slice is over.
    pub(super) is_over: &'a (dyn Fn() -> bool + Sync),
    /// A person asked for everything now.
    pub(super) requested: bool,
}

impl Pass<'_> {
    /// Goes on with everything that is to be fetched, until the slice ends. `known` are the projects as they
    /// stand in the cluster, where the pass has read them.
    pub(super) async fn work(&mut self, jira: &Session, known: Option<Vec<JiraProject>>) -> Result<(), StepError> {
        let site = self.outcome.site.clone().or_else(|| self.observed.status.site.clone());
        let Some(site) = site else { return Ok(()) };
        let (begun, due, admission) = (Instant::now(), self.due, &self.ctx.admission);
        let is_over = move || {
            let took = begun.elapsed();
            let gives_way = due != ReconcileKind::Resume && took >= GIVES_WAY_AFTER && admission.is_awaited(due);
            took >= SLICE || gives_way || admission.is_stopping()
        };
        let slice = Slice {
            jira,
            site_url: site.url,
            is_over: &is_over,
            requested: self.due == ReconcileKind::Full && self.observed.asked().is_requested(),
        };
        self.projects_and_issues(&slice, known).await?;
        self.directory(&slice).await
    }

    async fn projects_and_issues(
        &mut self,
        slice: &Slice<'_>,
        known: Option<Vec<JiraProject>>,
    ) -> Result<(), StepError> {
        let mut known = match known {
            Some(known) => known,
            None => match apply::known(&self.ctx.client, &self.observed.owner()).await {
                Ok(known) => known,
                Err(error) => return self.issues_failed(&describe(&error)),
            },
        };
        self.inventory(slice, &mut known).await?;
        self.issues(slice, &known).await
    }
}
