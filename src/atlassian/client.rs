//! Calls Atlassian with one access token: counts the calls, keeps them below the limits of bursts, and sorts the
//! answers. Here are the calls that come before a site is known; those to a site are in [`jira`](super::jira).

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{Instrument, debug, debug_span};

use super::{
    body::{self, Body},
    endpoints::{Endpoints, TENANT_TIMEOUT},
    error::{JiraError, ResponseLimits, json_or_error},
    models::{AccessibleResource, TenantInfo},
    rate_limit::points_and_bursts::{self, BurstLimiter, PointPool},
    secret::Secret,
    site::SiteUrl,
    write_error::WriteError,
};

/// How long a change may take; what takes longer may have been done.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);

/// The status of an answer to a token that is not accepted.
const UNAUTHORIZED: u16 = 401;

/// Called for each call: its endpoint, without ids and keys, and its outcome in one word.
pub type OnCall = dyn Fn(&str, &'static str) + Send + Sync;

/// Called for each call that failed.
pub type OnError = dyn Fn(&JiraError) + Send + Sync;

/// What calls cost, counted over all tokens of one reconciliation.
#[derive(Debug, Default)]
struct Meter {
    calls: AtomicU32,
    points: AtomicU64,
    pool: Mutex<Option<PointPool>>,
}

/// Calls Atlassian with one access token.
#[derive(Clone)]
pub struct AtlassianClient {
    pub(super) http: Client,
    pub(super) endpoints: Arc<Endpoints>,
    token: Secret,
    meter: Arc<Meter>,
    pub(super) bursts: Option<Arc<BurstLimiter>>,
    on_call: Option<Arc<OnCall>>,
    on_error: Option<Arc<OnError>>,
}

/// One call, ready to be sent.
pub(super) struct Prepared {
    pub(super) request: RequestBuilder,
    /// Method and path, as errors name it.
    pub(super) name: String,
    /// The call without ids and keys, as metrics and spans name it.
    pub(super) endpoint: String,
    pub(super) limits: ResponseLimits,
}

impl AtlassianClient {
    /// A client with an access token.
    #[must_use]
    pub fn new(http: Client, endpoints: Arc<Endpoints>, token: Secret) -> Self {
        Self {
            http,
            endpoints,
            token,
            meter: Arc::default(),
            bursts: None,
            on_call: None,
            on_error: None,
        }
    }

    /// The same client, kept below Atlassian's limits of bursts.
    #[must_use]
    pub fn within(self, bursts: Arc<BurstLimiter>) -> Self {
        Self {
            bursts: Some(bursts),
            ..self
        }
    }

    /// The same client; `on_call` is called for each call.
    #[must_use]
    pub fn observed_by(self, on_call: Arc<OnCall>) -> Self {
        Self {
            on_call: Some(on_call),
            ..self
        }
    }

    /// The same client; `on_error` is called for each call that failed.
    #[must_use]
    pub fn failing_to(self, on_error: Arc<OnError>) -> Self {
        Self {
            on_error: Some(on_error),
            ..self
        }
    }

    /// The same client with another access token; the calls are counted together.
    #[must_use]
    pub fn with_token(&self, token: Secret) -> Self {
        Self { token, ..self.clone() }
    }

    /// How many calls were made so far, whatever their answer.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.meter.calls.load(Ordering::Relaxed)
    }

    /// How many points the calls cost by estimate, in the worse of the two readings of Atlassian's
    /// prices: one for each call, and one or two for each object that it answered with.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.meter.points.load(Ordering::Relaxed)
    }

    /// What Atlassian said last of the app's hourly pool.
    #[must_use]
    pub fn pool(&self) -> Option<PointPool> {
        *self.meter.pool.lock().unwrap_or_else(PoisonError::into_inner)
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
        let limits = ResponseLimits {
            most: body::ONE,
            bare_404: true,
        };
        let answer = self.send(Prepared::outside("tenant_info", request, limits)).await;
        // The address is a person's input: nothing of what it answers is passed on.
        answer.map(|(tenant, _)| tenant).map_err(|error| match error {
            JiraError::Unauthorized(_) | JiraError::Forbidden(_) | JiraError::Refused { .. } => {
                JiraError::unavailable("the site refused to tell its cloudId")
            }
            other => other,
        })
    }

    /// The sites that the grant reaches.
    ///
    /// # Errors
    /// `Unauthorized` when the access token is no longer accepted.
    pub async fn accessible_resources(&self) -> Result<Vec<AccessibleResource>, JiraError> {
        let request = self.authorized(self.http.get(self.endpoints.accessible_resources()));
        let limits = ResponseLimits {
            most: body::ONE,
            ..ResponseLimits::default()
        };
        let answer = self
            .send(Prepared::outside("accessible-resources", request, limits))
            .await;
        answer.map(|(resources, _)| resources)
    }

    pub(super) fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .bearer_auth(self.token.expose())
            .header(header::ACCEPT, "application/json")
    }

    /// Sends a call: the one place where calls are counted. With the answer comes when it was made, by Jira's own
    /// clock, to the second, where it says so.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        prepared: Prepared,
    ) -> Result<(T, Option<Timestamp>), JiraError> {
        let span = debug_span!("jira_call", endpoint = prepared.endpoint);
        let endpoint = prepared.endpoint.clone();
        // On the heap: every step of a reconciliation has room for it otherwise.
        let answer = Box::pin(self.send_uncounted(prepared).instrument(span)).await;
        let outcome = answer.as_ref().err().map_or("ok", JiraError::as_str);
        debug!(endpoint, outcome, "Jira answered");
        if let Some(on_call) = &self.on_call {
            on_call(&endpoint, outcome);
        }
        if let Err(error) = &answer {
            self.tell(error);
        }
        answer
    }

    fn tell(&self, error: &JiraError) {
        if let Some(on_error) = &self.on_error {
            on_error(error);
        }
    }

    /// Sends a change, and sorts what is no success by whether Jira did it. The answer is null where it has no body.
    /// Nothing is sent twice.
    pub(super) async fn send_write(&self, prepared: Prepared) -> Result<Value, WriteError> {
        let span = debug_span!("jira_call", endpoint = prepared.endpoint);
        let endpoint = prepared.endpoint.clone();
        let answer = Box::pin(self.send_write_uncounted(prepared).instrument(span)).await;
        let outcome = answer.as_ref().err().map_or("ok", WriteError::as_str);
        debug!(endpoint, outcome, "Jira answered");
        if let Some(on_call) = &self.on_call {
            on_call(&endpoint, outcome);
        }
        match &answer {
            Err(WriteError::NotDone(error) | WriteError::Uncertain(error)) => self.tell(error),
            Err(WriteError::Refused(refusal)) if refusal.status == UNAUTHORIZED => {
                self.tell(&JiraError::Unauthorized(refusal.text()));
            }
            Ok(_) | Err(WriteError::Refused(_)) => {}
        }
        answer
    }

    async fn send_write_uncounted(&self, prepared: Prepared) -> Result<Value, WriteError> {
        let sent = prepared.request.timeout(WRITE_TIMEOUT).send().await;
        let response = self.metered(sent).map_err(WriteError::transport)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = Body::read(response, prepared.limits.most).await;
        let bytes = body.whole();
        let json: Option<Value> = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok());
        match (json, bytes) {
            (json, _) if !status.is_success() => Err(WriteError::of(status, &headers, json.as_ref(), &prepared.name)),
            (Some(json), _) => Ok(json),
            (None, Some([])) => Ok(Value::Null),
            (None, _) => Err(WriteError::Uncertain(JiraError::unavailable(format!(
                "{} succeeded with an answer that cannot be read",
                prepared.name
            )))),
        }
    }

    /// Counts a call, and what its answer says of the pool.
    fn metered(&self, sent: reqwest::Result<Response>) -> reqwest::Result<Response> {
        let meter = &self.meter;
        meter.calls.fetch_add(1, Ordering::Relaxed);
        let response = sent?;
        // What is said with a refusal is that nothing is left, for which there is a wait of its own.
        let refused = response.status() == reqwest::StatusCode::TOO_MANY_REQUESTS;
        if let Some(pool) = points_and_bursts::pool(response.headers()).filter(|_| !refused) {
            *meter.pool.lock().unwrap_or_else(PoisonError::into_inner) = Some(pool);
        }
        meter.points.fetch_add(1, Ordering::Relaxed);
        Ok(response)
    }

    async fn send_uncounted<T: DeserializeOwned>(
        &self,
        prepared: Prepared,
    ) -> Result<(T, Option<Timestamp>), JiraError> {
        let (meter, call) = (&self.meter, &prepared.name);
        let response = self
            .metered(prepared.request.send().await)
            .map_err(JiraError::transport)?;
        let date = date(response.headers());
        let json = json_or_error(response, call, prepared.limits).await?;
        meter
            .points
            .fetch_add(points_and_bursts::objects(call, &json), Ordering::Relaxed);
        // The error would quote the answer.
        let odd = |_| JiraError::unavailable(format!("{call} was answered in an unexpected shape"));
        let answer = serde_json::from_value(json).map_err(odd)?;
        Ok((answer, date))
    }
}

impl Prepared {
    /// A call that goes to no site through the gateway.
    fn outside(name: &str, request: RequestBuilder, limits: ResponseLimits) -> Self {
        Self {
            request,
            name: name.to_owned(),
            endpoint: name.to_owned(),
            limits,
        }
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
