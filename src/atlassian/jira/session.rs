//! An access token bound to one site: what everything that talks to Jira is given.

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::atlassian::{
    client::{AtlassianClient, Prepared},
    error::{JiraError, ResponseLimits},
    models::Myself,
    rate_limit::{
        RateLimit,
        issue_writes::issue_of,
        points_and_bursts::{PointPool, endpoint},
        waits_after_429::Called,
    },
    write_error::WriteError,
    write_report::{OnWrite, SentWrite},
};

/// The calls to one site with one access token.
#[derive(Clone)]
pub struct Session {
    client: AtlassianClient,
    cloud_id: String,
    on_write: Option<Arc<OnWrite>>,
    /// What is changed is told by this name.
    about: Option<String>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("cloud_id", &self.cloud_id)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session of a client with the site that has this cloudId.
    #[must_use]
    pub fn new(client: &AtlassianClient, cloud_id: &str) -> Self {
        Self {
            client: client.clone(),
            cloud_id: cloud_id.to_owned(),
            on_write: None,
            about: None,
        }
    }

    /// The same session; what it changes is told by this name instead of by the names of fields and properties.
    #[must_use]
    pub fn about(&self, name: &str) -> Self {
        Self {
            about: Some(name.to_owned()),
            ..self.clone()
        }
    }

    /// The same session; `on_write` is told of each change that is sent.
    #[must_use]
    pub fn reported_to(self, on_write: Arc<OnWrite>) -> Self {
        Self {
            on_write: Some(on_write),
            ..self
        }
    }

    /// The cloudId of the site.
    #[must_use]
    pub fn cloud_id(&self) -> &str {
        &self.cloud_id
    }

    /// How many calls this reconciliation made so far, as [`AtlassianClient::calls`] counts them.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.client.calls()
    }

    /// How many points the calls of this reconciliation cost so far, as [`AtlassianClient::points`] estimates.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.client.points()
    }

    /// What Atlassian said last of the app's points, as [`AtlassianClient::pool`] has it.
    #[must_use]
    pub fn pool(&self) -> Option<PointPool> {
        self.client.pool()
    }

    /// The account as the site sees it. Needs read:jira-user.
    ///
    /// # Errors
    /// `Unauthorized` or `Forbidden` also for an account without product access.
    pub async fn myself(&self) -> Result<Myself, JiraError> {
        self.get("/rest/api/3/myself").send().await
    }

    pub(super) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(super) fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    pub(super) fn put(&self, path: &str) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    pub(super) fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    fn called<'c>(&'c self, endpoint: &'c str, issue: Option<&'c str>) -> Called<'c> {
        Called {
            cloud_id: &self.cloud_id,
            endpoint,
            issue,
        }
    }

    /// Waits until it may be called.
    async fn admit(&self, called: Called<'_>) -> Result<(), RateLimit> {
        match &self.client.bursts {
            Some(bursts) => bursts.admit(called).await,
            None => Ok(()),
        }
    }

    /// Takes in an error that an answer came to.
    fn note(&self, called: Called<'_>, error: &JiraError) {
        if let (Some(bursts), JiraError::RateLimited(limit)) = (&self.client.bursts, error) {
            bursts.note(called, limit);
        }
    }

    fn call(&self, method: Method, path: &str) -> Call<'_> {
        let url = format!("{}{path}", self.client.endpoints.gateway(&self.cloud_id));
        Call {
            session: self,
            issue: issue_of(path).map(str::to_owned),
            name: format!("{method} {path}"),
            endpoint: endpoint(method.as_str(), path),
            request: self.client.authorized(self.client.http.request(method, url)),
            limits: ResponseLimits::default(),
        }
    }
}

/// A call to a site that is being put together.
pub(super) struct Call<'s> {
    session: &'s Session,
    request: RequestBuilder,
    /// The issue that is changed, by id or key.
    issue: Option<String>,
    name: String,
    endpoint: String,
    limits: ResponseLimits,
}

impl Call<'_> {
    pub(super) fn query<Q: Serialize + ?Sized>(mut self, query: &Q) -> Self {
        self.request = self.request.query(query);
        self
    }

    pub(super) fn json<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(super) fn timeout(mut self, most: Duration) -> Self {
        self.request = self.request.timeout(most);
        self
    }

    /// It changes this issue, which its path does not name.
    pub(super) fn of_issue(mut self, id: &str) -> Self {
        self.issue = Some(id.to_owned());
        self
    }

    pub(super) const fn limits(mut self, limits: ResponseLimits) -> Self {
        self.limits = limits;
        self
    }

    pub(super) async fn send<T: DeserializeOwned>(self) -> Result<T, JiraError> {
        self.send_dated().await.map(|(answer, _)| answer)
    }

    /// The same, and the time of the answer by Jira's own clock, to the second, where it says so.
    pub(super) async fn send_dated<T: DeserializeOwned>(self) -> Result<(T, Option<Timestamp>), JiraError> {
        let (session, endpoint) = (self.session, self.endpoint.clone());
        let called = session.called(&endpoint, None);
        session.admit(called).await?;
        let answer = session.client.send(self.prepared()).await;
        if let Err(error) = &answer {
            session.note(called, error);
        }
        answer
    }

    /// Sends a change, with what it says in English: what Jira refuses it with is read, and shown to people. One that Jira
    /// asked to wait with is not sent, and not reported.
    pub(super) async fn send_write(self) -> Result<Value, WriteError> {
        let (session, endpoint, issue) = (self.session, self.endpoint.clone(), self.issue.clone());
        let called = session.called(&endpoint, issue.as_deref());
        session
            .admit(called)
            .await
            .map_err(|limit| WriteError::NotDone(limit.into()))?;
        let on_write = session.on_write.as_ref();
        let sent = on_write.map(|on_write| {
            let sent = SentWrite::read(&self.name, &self.request);
            (on_write, sent.named(session.about.as_deref()))
        });
        let call = self
            .header("X-Force-Accept-Language", "true")
            .header("Accept-Language", "en");
        let answer = session.client.send_write(call.prepared()).await;
        if let Err(WriteError::NotDone(error)) = &answer {
            session.note(called, error);
        }
        if let Some((on_write, sent)) = sent {
            on_write(&sent.answered(&answer));
        }
        answer
    }

    /// Whether a change would be sent now.
    ///
    /// # Errors
    /// The 429 for which it waits.
    pub(super) fn may_be_sent(&self) -> Result<(), JiraError> {
        let called = self.session.called(&self.endpoint, self.issue.as_deref());
        let bursts = self.session.client.bursts.as_ref();
        bursts.map_or(Ok(()), |bursts| bursts.check(called).map_err(JiraError::from))
    }

    fn prepared(self) -> Prepared {
        Prepared {
            request: self.request,
            name: self.name,
            endpoint: self.endpoint,
            limits: self.limits,
        }
    }
}
