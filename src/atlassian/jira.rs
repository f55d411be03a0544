//! The calls to a Jira Cloud site through Atlassian's gateway, and the two that come before a
//! site is known.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use reqwest::{Client, Method, RequestBuilder, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    endpoints::{Endpoints, TENANT_TIMEOUT},
    error::{JiraError, json_or_error},
    models::{AccessibleResource, Myself, PermissionGrants, Project, ProjectPage, TenantInfo},
    secret::Secret,
    site::SiteUrl,
};

/// Page size of `project/search`; Jira caps it at 100 [OAS].
const PROJECT_PAGE: usize = 100;
/// Most projects in one `permissions/check` [OAS].
const PERMISSION_CHUNK: usize = 1000;
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

/// Calls Atlassian as one account. Counts its calls, so that a status can say what a
/// synchronisation cost.
#[derive(Clone, Debug)]
pub struct Jira {
    http: Client,
    endpoints: Arc<Endpoints>,
    token: Secret,
    calls: Arc<AtomicU32>,
}

impl Jira {
    /// A caller with an access token.
    #[must_use]
    pub fn new(http: Client, endpoints: Arc<Endpoints>, token: Secret) -> Self {
        Self {
            http,
            endpoints,
            token,
            calls: Arc::default(),
        }
    }

    /// The same caller with another access token; the calls are counted together.
    #[must_use]
    pub fn with_token(&self, token: Secret) -> Self {
        Self { token, ..self.clone() }
    }

    /// How many calls were made so far, whatever their answer.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Asks a site for its cloudId: without a token, without following redirects, and without
    /// echoing what it answers.
    ///
    /// # Errors
    /// `NotFound` when no site answers there; `Unavailable` when nothing proper does.
    pub async fn tenant_info(&self, site: &SiteUrl) -> Result<TenantInfo, JiraError> {
        let (url, host) = self.endpoints.tenant_info(site);
        let mut request = self.http.get(url).timeout(TENANT_TIMEOUT);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let answer = self.send(request, "tenant_info").await;
        // The address is a person's input: nothing of what it answers is passed on.
        answer.map_err(|error| match error {
            JiraError::Unauthorized(_) | JiraError::Forbidden(_) | JiraError::Refused { .. } => {
                JiraError::Unavailable {
                    detail: "the site refused to tell its cloudId".to_owned(),
                    retry_after: None,
                }
            }
            other => other,
        })
    }

    /// The sites that the grant reaches.
    ///
    /// # Errors
    /// `Unauthorized` when the access token is no longer accepted.
    pub async fn accessible_resources(&self) -> Result<Vec<AccessibleResource>, JiraError> {
        let request = self.http.get(self.endpoints.accessible_resources());
        self.send(self.authorized(request), "accessible-resources").await
    }

    /// The account as a site sees it. Needs read:jira-user.
    ///
    /// # Errors
    /// `Unauthorized` or `Forbidden` also for an account without product access.
    pub async fn myself(&self, cloud_id: &str) -> Result<Myself, JiraError> {
        self.call(Method::GET, cloud_id, "/rest/api/3/myself", |r| r).await
    }

    /// One project by id or key; a former key resolves too. Needs read:jira-work.
    ///
    /// # Errors
    /// `NotFound` when the account cannot see it.
    pub async fn project(&self, cloud_id: &str, id_or_key: &str) -> Result<Project, JiraError> {
        let path = format!("/rest/api/3/project/{id_or_key}");
        self.call(Method::GET, cloud_id, &path, |r| r).await
    }

    /// All projects that pass the filter, page by page. Needs read:jira-work.
    ///
    /// # Errors
    /// That of the first page that fails: a part is never taken for the whole.
    pub async fn projects(&self, cloud_id: &str, filter: ProjectFilter<'_>) -> Result<Vec<Project>, JiraError> {
        let (name, chunks) = match filter {
            ProjectFilter::Live => return self.project_pages(cloud_id, &[]).await,
            ProjectFilter::AnyWithIds(ids) => ("id", ids.chunks(FILTER_CHUNK)),
            ProjectFilter::AnyWithKeys(keys) => ("keys", keys.chunks(FILTER_CHUNK)),
        };
        let mut found = Vec::new();
        for chunk in chunks {
            let mut query: Vec<(&str, &str)> = ["live", "archived", "deleted"].map(|s| ("status", s)).to_vec();
            query.extend(chunk.iter().map(|value| (name, value.as_str())));
            match self.project_pages(cloud_id, &query).await {
                Ok(projects) => found.extend(projects),
                // The documentation allows a 404 where nothing matches.
                Err(JiraError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn project_pages(&self, cloud_id: &str, query: &[(&str, &str)]) -> Result<Vec<Project>, JiraError> {
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
                .call(Method::GET, cloud_id, "/rest/api/3/project/search", |r| {
                    r.query(&paging).query(query)
                })
                .await?;
            let last = page.is_last.unwrap_or(page.values.len() < PROJECT_PAGE);
            let empty = page.values.is_empty();
            all.extend(page.values);
            // An empty page ends it whatever isLast says: paging must never go round for ever.
            if last || empty {
                return Ok(all);
            }
        }
    }

    /// Which of the permissions the account holds in which of the projects, by project id. A
    /// question is a list of permissions and the ids of the projects it is about; a site may refuse
    /// a permission that none of its products knows, so none is asked without a project. Ids that
    /// do not exist are passed over in silence, as Jira does. Needs read:jira-work.
    ///
    /// # Errors
    /// That of the first call that fails; there is one for every 1,000 projects.
    pub async fn permissions(
        &self,
        cloud_id: &str,
        questions: &[(Vec<&str>, Vec<String>)],
    ) -> Result<BTreeMap<String, BTreeSet<String>>, JiraError> {
        let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for asked in chunks(questions) {
            let body = json!({"projectPermissions": asked});
            let answer: PermissionGrants = self
                .call(Method::POST, cloud_id, "/rest/api/3/permissions/check", |r| {
                    r.json(&body)
                })
                .await?;
            for grant in answer.project_permissions {
                for project in grant.projects {
                    held.entry(project.to_string())
                        .or_default()
                        .insert(grant.permission.clone());
                }
            }
        }
        Ok(held)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        cloud_id: &str,
        path: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder + Send,
    ) -> Result<T, JiraError> {
        let asked = format!("{method} {path}");
        let url = format!("{}{path}", self.endpoints.gateway(cloud_id));
        let request = build(self.authorized(self.http.request(method, url)));
        self.send(request, &asked).await
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .bearer_auth(self.token.expose())
            .header(header::ACCEPT, "application/json")
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder, asked: &str) -> Result<T, JiraError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let response = request.send().await.map_err(JiraError::transport)?;
        let json = json_or_error(response, asked).await?;
        // The error would quote the answer.
        serde_json::from_value(json).map_err(|_| JiraError::Unavailable {
            detail: format!("{asked} was answered in an unexpected shape"),
            retry_after: None,
        })
    }
}

/// The questions cut into calls of at most [`PERMISSION_CHUNK`] projects.
fn chunks(questions: &[(Vec<&str>, Vec<String>)]) -> Vec<Vec<Value>> {
    let mut calls: Vec<Vec<Value>> = Vec::new();
    let mut room = 0;
    for (permissions, projects) in questions {
        let mut ids: Vec<u64> = projects.iter().filter_map(|id| id.parse().ok()).collect();
        while !ids.is_empty() {
            if room == 0 {
                calls.push(Vec::new());
                room = PERMISSION_CHUNK;
            }
            let rest = ids.split_off(ids.len().min(room));
            room -= ids.len();
            let asked = json!({"permissions": permissions, "projects": ids});
            calls.last_mut().into_iter().for_each(|call| call.push(asked.clone()));
            ids = rest;
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_share_a_call_and_none_is_without_a_project() {
        let ids = |count: usize| (1..=count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert!(chunks(&[(vec!["A"], ids(0))]).is_empty());
        let both = chunks(&[(vec!["A"], ids(4)), (vec!["B"], ids(2))]);
        assert_eq!(
            both,
            [[
                json!({"permissions": ["A"], "projects": [1, 2, 3, 4]}),
                json!({"permissions": ["B"], "projects": [1, 2]})
            ]]
        );
        assert_eq!(chunks(&[(vec!["A"], ids(1001))]).len(), 2);
        assert_eq!(chunks(&[(vec!["A"], ids(1000)), (vec!["B"], ids(1))]).len(), 2);
    }
}
