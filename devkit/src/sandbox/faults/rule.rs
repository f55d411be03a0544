//! The rule of a fault: which requests it meets, when, and what it does to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::limits::RateLimitReason;
use crate::sandbox::request_log;

/// Which requests a fault meets, how often, and what it does to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// HTTP method; unset meets every method.
    pub method: Option<String>,
    /// Part of the path that must occur, for example `/oauth/token` or `/project/search`. Note that
    /// `/oauth/token` also occurs in the path of accessible-resources; `exactPath` excludes it.
    #[serde(default)]
    pub path: String,
    /// Meets only requests whose whole path is `path`.
    #[serde(default)]
    pub exact_path: bool,
    /// Meets only requests that change something, see [`crate::sandbox::Request::is_write`].
    #[serde(default)]
    pub writes: bool,
    /// Part of the body that must occur, for example of a query; empty meets every body.
    #[serde(default)]
    pub body: String,
    /// Client id of the app that asks; unset meets every app.
    pub client_id: Option<String>,
    /// Account id behind the token; unset meets every account.
    pub account_id: Option<String>,
    /// How many requests it lets pass before it meets the first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it meets before it is spent; unset never ends.
    pub times: Option<u32>,
    /// Before the request takes effect (it then never does, unless only delayed or held), or after.
    #[serde(default)]
    pub when: When,
    /// What happens.
    pub action: FaultAction,
}

impl FaultRule {
    /// A rule that meets every request to the token endpoint.
    #[must_use]
    pub fn token_endpoint(when: When, action: FaultAction) -> Self {
        let rule = Self::path("/oauth/token", when, action);
        Self {
            exact_path: true,
            ..rule
        }
    }

    /// A rule that meets every request whose path contains `path`.
    #[must_use]
    pub fn path(path: &str, when: When, action: FaultAction) -> Self {
        Self {
            method: None,
            path: path.to_owned(),
            exact_path: false,
            writes: false,
            body: String::new(),
            client_id: None,
            account_id: None,
            skip: 0,
            times: None,
            when,
            action,
        }
    }

    /// A rule that meets every request that changes something at Atlassian.
    #[must_use]
    pub fn writes(when: When, action: FaultAction) -> Self {
        Self {
            writes: true,
            ..Self::path("", when, action)
        }
    }

    /// The same rule, for at most `times` requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same rule, after it let `skip` requests pass.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// The same rule, for the requests of one app only.
    #[must_use]
    pub fn for_client(mut self, client_id: &str) -> Self {
        self.client_id = Some(client_id.to_owned());
        self
    }

    /// The same rule, for the requests of one account only.
    #[must_use]
    pub fn for_account(mut self, account_id: &str) -> Self {
        self.account_id = Some(account_id.to_owned());
        self
    }

    pub(super) fn meets(&self, target: &Target<'_>) -> bool {
        let path = if self.exact_path {
            target.path == self.path
        } else {
            target.path.contains(&self.path)
        };
        let method = self.method.as_deref();
        let client = self.client_id.as_deref();
        let account = self.account_id.as_deref();
        let write = !self.writes || request_log::is_write(target.method, target.path);
        let body = self.body.is_empty() || target.body.is_some_and(|body| body.contains(&self.body));
        path && write
            && body
            && method.is_none_or(|method| method.eq_ignore_ascii_case(target.method))
            && client.is_none_or(|client| Some(client) == target.client_id)
            && account.is_none_or(|account| Some(account) == target.account_id)
    }
}

/// When a fault takes effect, seen from the effect of the request (a rotation, for example).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// The request has arrived and changed nothing yet.
    #[default]
    Before,
    /// The request took effect and its answer is ready.
    After,
}

/// What a fault does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum FaultAction {
    /// Answers this status, these headers and this body (JSON unless a content type is given).
    Status {
        /// HTTP status.
        code: u16,
        /// Further headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Body, sent as it stands.
        #[serde(default)]
        body: String,
    },
    /// Answers an HTML error page, as a load balancer does.
    Html {
        /// HTTP status.
        code: u16,
    },
    /// Answers 429 as Jira does for this limit.
    RateLimit {
        /// The limit that was hit.
        reason: RateLimitReason,
        /// `Retry-After` in seconds; unset leaves the header out, which Jira also does.
        retry_after_seconds: Option<u32>,
    },
    /// Waits this long, then goes on.
    Delay {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// Holds the request until the fault is released or removed.
    Hold,
    /// Holds the request before it takes effect, until the fault is released or so many milliseconds have passed. Then it
    /// takes effect also when its client has gone away, which a held or delayed request does not.
    TakeEffectLate {
        /// Milliseconds; unset waits for the release.
        milliseconds: Option<u64>,
    },
    /// Closes the connection without an answer.
    DropConnection,
    /// Closes the connection without an answer; the request takes effect only once the fault is released or removed.
    DropAndTakeEffectLate,
    /// Takes `refresh_token` out of a token answer.
    OmitRefreshToken,
    /// Cuts the last bytes off the answer, so that it holds its data and does not parse.
    GarbledBody,
}

/// What of a request decides whether a fault meets it.
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// If it was kept.
    pub(crate) body: Option<&'a str>,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) account_id: Option<&'a str>,
}
