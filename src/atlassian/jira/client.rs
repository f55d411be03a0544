//! Calls Atlassian's gateway as one account; and the calls that tell which site and which account
//! it is.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, header};
use serde::de::DeserializeOwned;

use crate::atlassian::{
    body,
    endpoints::{Endpoints, TENANT_TIMEOUT},
    error::{JiraError, ResponseLimits, json_or_error},
    limits::{self, BurstLimiter, PointPool},
    models::{AccessibleResource, Myself, TenantInfo},
    secret::Secret,
    site::SiteUrl,
};

/// Calls Atlassian as one account. Counts its calls, so that a status can say what a
/// synchronisation cost.
#[derive(Clone, Debug)]
pub struct Jira {
    http: Client,
    endpoints: Arc<Endpoints>,
    token: Secret,
    calls: Arc<AtomicU32>,
    points: Arc<AtomicU64>,
    pool: Arc<Mutex<Option<PointPool>>>,
    bursts: Option<Arc<BurstLimiter>>,
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
            points: Arc::default(),
            pool: Arc::default(),
            bursts: None,
        }
    }

    /// The same caller, kept below Atlassian's limits of bursts.
    #[must_use]
    pub fn within(self, bursts: Arc<BurstLimiter>) -> Self {
        Self {
            bursts: Some(bursts),
            ..self
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

    /// How many points the calls cost by estimate, in the worse of the two readings of Atlassian's
    /// prices: one for each call, and one or two for each object that it answered with.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.points.load(Ordering::Relaxed)
    }

    /// What Atlassian said last of the app's hourly pool.
    #[must_use]
    pub fn pool(&self) -> Option<PointPool> {
        *self.pool.lock().unwrap_or_else(PoisonError::into_inner)
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
        // Atlassian's edge answers for a site that is not there, with a page.
        let expected = ResponseLimits {
            most: body::ONE,
            bare_404: true,
        };
        let answer = self.send(request, "tenant_info", expected).await;
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
        let expected = ResponseLimits {
            most: body::ONE,
            ..ResponseLimits::default()
        };
        self.send(self.authorized(request), "accessible-resources", expected)
            .await
    }

    /// The account as a site sees it. Needs read:jira-user.
    ///
    /// # Errors
    /// `Unauthorized` or `Forbidden` also for an account without product access.
    pub async fn myself(&self, cloud_id: &str) -> Result<Myself, JiraError> {
        self.call(Method::GET, cloud_id, "/rest/api/3/myself", |r| r).await
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        cloud_id: &str,
        path: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder + Send,
    ) -> Result<T, JiraError> {
        self.call_expecting(ResponseLimits::default(), method, cloud_id, path, build)
            .await
    }

    pub(super) async fn call_expecting<T: DeserializeOwned>(
        &self,
        expected: ResponseLimits,
        method: Method,
        cloud_id: &str,
        path: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder + Send,
    ) -> Result<T, JiraError> {
        let answer = self.call_dated(expected, method, cloud_id, path, build);
        Ok(answer.await?.0)
    }

    /// The same, and the time of the answer by Jira's own clock, to the second, where it is told.
    pub(super) async fn call_dated<T: DeserializeOwned>(
        &self,
        expected: ResponseLimits,
        method: Method,
        cloud_id: &str,
        path: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder + Send,
    ) -> Result<(T, Option<Timestamp>), JiraError> {
        let asked = format!("{method} {path}");
        if let Some(bursts) = &self.bursts {
            bursts.admit(cloud_id, method.as_str(), path).await;
        }
        let url = format!("{}{path}", self.endpoints.gateway(cloud_id));
        let request = build(self.authorized(self.http.request(method, url)));
        self.send_dated(request, &asked, expected).await
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .bearer_auth(self.token.expose())
            .header(header::ACCEPT, "application/json")
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        asked: &str,
        expected: ResponseLimits,
    ) -> Result<T, JiraError> {
        Ok(self.send_dated(request, asked, expected).await?.0)
    }

    async fn send_dated<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        asked: &str,
        expected: ResponseLimits,
    ) -> Result<(T, Option<Timestamp>), JiraError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let response = request.send().await.map_err(JiraError::transport)?;
        // What is said with a refusal is that nothing is left, for which there is a wait of its own.
        let refused = response.status() == reqwest::StatusCode::TOO_MANY_REQUESTS;
        if let Some(told) = limits::pool(response.headers()).filter(|_| !refused) {
            *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        }
        self.points.fetch_add(1, Ordering::Relaxed);
        let date = date(response.headers());
        let json = json_or_error(response, asked, expected).await?;
        self.points.fetch_add(limits::objects(asked, &json), Ordering::Relaxed);
        // The error would quote the answer.
        let answer = serde_json::from_value(json).map_err(|_| JiraError::Unavailable {
            detail: format!("{asked} was answered in an unexpected shape"),
            retry_after: None,
        })?;
        Ok((answer, date))
    }
}

/// When an answer was made, by the clock of who made it.
fn date(headers: &header::HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
    zoned.ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_read() {
        let mut headers = header::HeaderMap::new();
        assert_eq!(date(&headers), None);
        headers.insert(header::DATE, "Tue, 28 Apr 2026 13:33:15 GMT".parse().unwrap());
        assert_eq!(date(&headers), "2026-04-28T13:33:15Z".parse().ok());
        headers.insert(header::DATE, "yesterday".parse().unwrap());
        assert_eq!(date(&headers), None);
    }
}
