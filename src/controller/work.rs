//! The work that the steps of a pass allow: it fetches, in slices. A slice ends after ten seconds,
//! leaves a checkpoint in status, and the next one follows at once as a pass of its own, so that
//! refreshes, changes of the spec and other integrations get their turn.

use std::time::{Duration, Instant};

use super::{outcome::Stop, pass::Pass, schedule::Due};
use crate::{atlassian::jira::Jira, grant::store::describe, sync::apply};

/// How long a slice may take.
const SLICE: Duration = Duration::from_secs(10);

/// What every kind of work needs to know.
pub(super) struct Slice<'a> {
    /// Jira, as the account that was judged.
    pub(super) jira: &'a Jira,
    /// The site.
    pub(super) cloud_id: String,
    /// Address of the site, for links.
    pub(super) site_url: String,
    /// When the slice ends.
    pub(super) deadline: Instant,
    /// A person asked for everything now.
    pub(super) requested: bool,
}

impl Pass<'_> {
    /// Goes on with everything that is to be fetched, until the slice ends.
    pub(super) async fn work(&mut self, jira: &Jira) -> Result<(), Stop> {
        let site = self.outcome.site.clone().or_else(|| self.seen.status.site.clone());
        let Some(site) = site else { return Ok(()) };
        let slice = Slice {
            jira,
            cloud_id: site.cloud_id,
            site_url: site.url,
            deadline: Instant::now() + SLICE,
            requested: self.due == Due::Full && self.seen.asked().is_requested(),
        };
        self.projects_and_issues(&slice).await?;
        self.directory(&slice).await
    }

    async fn projects_and_issues(&mut self, slice: &Slice<'_>) -> Result<(), Stop> {
        let mut known = match apply::known(&self.ctx.client, &self.seen.owner()).await {
            Ok(known) => known,
            Err(error) => return self.issues_failed(&describe(&error)),
        };
        self.inventory(slice, &mut known).await?;
        self.issues(slice, &known).await
    }
}
