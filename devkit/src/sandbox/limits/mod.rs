//! Rate limits: the app's hourly points, bursts per endpoint, writes per issue, and storms of refusals; with the headers
//! about them.

mod burst;
mod headers;
mod per_issue;
mod quota;
mod reason;

use crate::sandbox::reply::Returned;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use burst::{BurstRule, Bursts};
pub(crate) use headers::{HeaderStyle, Refusal, refused};
pub(crate) use per_issue::PerIssue;
pub(crate) use quota::Quota;
pub use quota::Spent;
pub use reason::RateLimitReason;

/// How `POST` calls that only read are counted, which Atlassian does not document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PostReads {
    /// As a write: one point.
    #[default]
    Flat,
    /// As a `GET`: one point and those of the objects returned.
    PerObject,
}

/// What of a call its limits depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metered<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) cloud_id: &'a str,
    pub(crate) method: &'a str,
    /// The endpoint with placeholders in its path.
    pub(crate) pattern: &'a str,
    /// The path as called, below the cloud id.
    pub(crate) path: &'a str,
    /// The sandbox's time.
    pub(crate) now: Timestamp,
}

/// A time in which calls are refused, whatever was spent.
#[derive(Clone, Debug)]
pub(crate) struct Storm {
    pub(crate) until: Timestamp,
    /// Part of the path that must occur; empty meets every call.
    pub(crate) path: String,
    pub(crate) reason: RateLimitReason,
    /// `None` says how long the storm still lasts.
    pub(crate) retry_after: Option<u32>,
}

/// All limits of one sandbox.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    state: Mutex<State>,
}

/// The limits as they stand.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) quota: Quota,
    pub(crate) bursts: Bursts,
    pub(crate) per_issue: PerIssue,
    pub(crate) storms: Vec<Storm>,
    pub(crate) style: HeaderStyle,
}

impl Limits {
    /// The limits, to be read or changed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call through, or says why not.
    pub(crate) fn admit(&self, call: &Metered<'_>) -> Result<(), Refusal> {
        let mut state = self.lock();
        let refusal = state.storm(call).or_else(|| state.quota.refuses(call));
        let refusal = refusal.or_else(|| state.bursts.take(call));
        match refusal {
            None => Ok(()),
            Some(refusal) => {
                state.quota.count_refusal(call);
                Err(refusal)
            }
        }
    }

    /// Lets a write to an issue through, or says why not.
    pub(crate) fn admit_write(&self, call: &Metered<'_>, issue: u64) -> Result<(), Refusal> {
        let mut state = self.lock();
        let taken = state.per_issue.take(call.cloud_id, issue, call.now);
        taken.inspect_err(|_| state.quota.count_refusal(call))
    }

    /// Counts what an answer cost.
    pub(crate) fn charge(&self, call: &Metered<'_>, answer: &Response) {
        let returned = answer.extensions().get::<Returned>().copied().unwrap_or_default();
        self.lock().quota.charge(call, returned);
    }

    /// Writes into an answer how much is left.
    pub(crate) fn sign(&self, call: &Metered<'_>, answer: &mut Response) {
        let state = self.lock();
        let standing = headers::Standing {
            burst: state.bursts.left(call),
            quota: state.quota.left(call),
        };
        headers::sign(answer, &standing, &state.style);
    }

    /// The answer to a call that was not let through.
    pub(crate) fn refusal(&self, refusal: &Refusal) -> Response {
        headers::refused(refusal, &self.lock().style)
    }
}

impl State {
    fn storm(&mut self, call: &Metered<'_>) -> Option<Refusal> {
        self.storms.retain(|storm| call.now < storm.until);
        let storm = self.storms.iter().find(|storm| call.path.contains(&storm.path))?;
        let left = quota::seconds(storm.until.duration_since(call.now));
        let seconds = storm.retry_after.unwrap_or(left);
        let reset = call.now.checked_add(SignedDuration::from_secs(i64::from(seconds)));
        Some(Refusal {
            reason: storm.reason,
            limit: storm.reason.usual_limit(),
            retry_after: Some(seconds),
            reset: reset.ok(),
        })
    }
}
