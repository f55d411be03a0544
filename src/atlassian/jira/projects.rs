//! Projects: lists of them, and single ones.

use super::session::Session;
use crate::atlassian::{
    error::JiraError,
    models::{IssueTypeStatuses, Project, ProjectPage},
};

/// Page size of `project/search`; Jira caps it at 100 [OAS].
const PROJECT_PAGE: usize = 100;
/// Most ids or keys in one `project/search` [OAS].
const FILTER_CHUNK: usize = 50;

/// Which projects `project/search` is asked for.
#[derive(Clone, Copy, Debug)]
pub enum ProjectFilter<'a> {
    /// Every live project that the account sees.
    Live,
    /// Live, archived and trashed ones with these ids.
    AnyWithIds(&'a [String]),
    /// Live, archived and trashed ones with these keys.
    AnyWithKeys(&'a [String]),
}

impl Session {
    /// One project by id or key; a former key resolves too. Needs read:jira-work.
    ///
    /// # Errors
    /// `NotFound` when the account cannot see it.
    pub async fn project(&self, id_or_key: &str) -> Result<Project, JiraError> {
        let path = format!("/rest/api/3/project/{id_or_key}");
        self.get(&path).send().await
    }

    /// All projects that pass the filter, page by page. Needs read:jira-work.
    ///
    /// # Errors
    /// That of the first page that fails: a part is never taken for the whole.
    pub async fn projects(&self, filter: ProjectFilter<'_>) -> Result<Vec<Project>, JiraError> {
        let (name, chunks) = match filter {
            ProjectFilter::Live => return self.project_pages(&[]).await,
            ProjectFilter::AnyWithIds(ids) => ("id", ids.chunks(FILTER_CHUNK)),
            ProjectFilter::AnyWithKeys(keys) => ("keys", keys.chunks(FILTER_CHUNK)),
        };
        let mut found = Vec::new();
        for chunk in chunks {
            let mut query: Vec<(&str, &str)> = ["live", "archived", "deleted"].map(|s| ("status", s)).to_vec();
            query.extend(chunk.iter().map(|value| (name, value.as_str())));
            match self.project_pages(&query).await {
                Ok(projects) => found.extend(projects),
                // The documentation allows a 404 where nothing matches.
                Err(JiraError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn project_pages(&self, query: &[(&str, &str)]) -> Result<Vec<Project>, JiraError> {
        let mut all: Vec<Project> = Vec::new();
        loop {
            let start = all.len().to_string();
            let size = PROJECT_PAGE.to_string();
            let paging = [
                ("startAt", start.as_str()),
                ("maxResults", size.as_str()),
                ("orderBy", "key"),
            ];
            let page: ProjectPage = self
                .get("/rest/api/3/project/search")
                .query(&paging)
                .query(query)
                .send()
                .await?;
            let empty = page.values.is_empty();
            all.extend(page.values);
            let counted = page.total.is_some_and(|total| all.len() >= total);
            // A short page says nothing: caps may change. An empty one ends it whatever isLast says,
            // so that paging ends.
            if page.is_last.unwrap_or(counted) || empty {
                return Ok(all);
            }
        }
    }

    /// The issue types of a project, each with its statuses. Needs read:jira-work.
    ///
    /// # Errors
    /// `NotFound` when the account cannot see the project.
    pub async fn project_workflows(&self, id_or_key: &str) -> Result<Vec<IssueTypeStatuses>, JiraError> {
        let path = format!("/rest/api/3/project/{id_or_key}/statuses");
        self.get(&path).send().await
    }
}
