//! Faults: rules by which the sandbox breaks, holds or falsifies chosen answers, before or after they took effect.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Which requests a fault meets, how often, and what it does to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// HTTP method; unset meets every method.
    #[serde(default)]
    pub method: Option<String>,
    /// Part of the path that must occur, for example `/oauth/token` or `/project/search`. Note that
    /// `/oauth/token` also occurs in the path of accessible-resources; `exactPath` excludes it.
    #[serde(default)]
    pub path: String,
    /// Meets only requests whose whole path is `path`.
    #[serde(default)]
    pub exact_path: bool,
    /// Client id of the app that asks; unset meets every app.
    #[serde(default)]
    pub client_id: Option<String>,
    /// How many requests it meets before it is spent; unset never ends.
    #[serde(default)]
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
            client_id: None,
            times: None,
            when,
            action,
        }
    }

    /// The same rule, for at most `times` requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same rule, for the requests of one app only.
    #[must_use]
    pub fn for_client(mut self, client_id: &str) -> Self {
        self.client_id = Some(client_id.to_owned());
        self
    }

    fn meets(&self, target: &Target<'_>) -> bool {
        let path = if self.exact_path {
            target.path == self.path
        } else {
            target.path.contains(&self.path)
        };
        let method = self.method.as_deref();
        let client = self.client_id.as_deref();
        path && method.is_none_or(|method| method.eq_ignore_ascii_case(target.method))
            && client.is_none_or(|client| Some(client) == target.client_id)
    }
}

/// When a fault strikes, seen from the effect of the request (a rotation, for example).
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
        #[serde(default)]
        retry_after_seconds: Option<u32>,
    },
    /// Waits this long, then goes on.
    Delay {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// Holds the request until the fault is released or removed.
    Hold,
    /// Closes the connection without an answer.
    DropConnection,
    /// Takes `refresh_token` out of a token answer.
    OmitRefreshToken,
    /// Cuts the last bytes off the answer, so that it holds its data and does not parse.
    GarbledBody,
}

/// The limits of Jira Cloud, by the value of `RateLimit-Reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateLimitReason {
    /// The app's hourly points, over all sites.
    JiraQuotaGlobalBased,
    /// The app's hourly points on one site.
    JiraQuotaTenantBased,
    /// Too many calls a second to one endpoint.
    JiraBurstBased,
    /// Too many writes to one issue.
    JiraPerIssueOnWrite,
}

impl RateLimitReason {
    /// The header's value.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::JiraQuotaGlobalBased => "jira-quota-global-based",
            Self::JiraQuotaTenantBased => "jira-quota-tenant-based",
            Self::JiraBurstBased => "jira-burst-based",
            Self::JiraPerIssueOnWrite => "jira-per-issue-on-write",
        }
    }
}

/// A fault as it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultState {
    /// Its id.
    pub id: u64,
    /// Its rule; `times` counts down.
    pub rule: FaultRule,
    /// How many requests it met.
    pub hits: u32,
    /// How many requests it holds at this moment.
    pub holding: u32,
}

/// What of a request decides whether a fault meets it.
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) client_id: Option<&'a str>,
}

/// A fault that met a request.
pub(crate) struct Strike {
    pub(crate) id: u64,
    pub(crate) action: FaultAction,
    gate: Arc<Gate>,
}

/// What a fault has done so far; outlives the rule, so that a test can still ask about it.
#[derive(Debug)]
struct Gate {
    state: watch::Sender<GateState>,
}

#[derive(Clone, Copy, Debug, Default)]
struct GateState {
    hits: u32,
    holding: u32,
    open: bool,
}

/// Counts a held request out again, also when its client went away.
struct Held<'a>(&'a Gate);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.holding -= 1);
    }
}

impl Strike {
    /// Counts the request as held and waits for the release.
    pub(crate) async fn hold(&self) {
        let mut state = self.gate.state.subscribe();
        self.gate.state.send_modify(|state| {
            state.hits += 1;
            state.holding += 1;
        });
        let held = Held(&self.gate);
        // The sender lives in the gate this borrows, so waiting cannot fail.
        let _ = state.wait_for(|state| state.open).await;
        drop(held);
    }

    /// Counts the request as met.
    pub(crate) fn count(&self) {
        self.gate.state.send_modify(|state| state.hits += 1);
    }
}

/// All faults of one sandbox.
#[derive(Debug, Default)]
pub(crate) struct FaultBoard {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    rules: BTreeMap<u64, FaultRule>,
    gates: BTreeMap<u64, Arc<Gate>>,
}

impl FaultBoard {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a rule up and returns its id.
    pub(crate) fn add(&self, rule: FaultRule) -> u64 {
        let mut inner = self.lock();
        inner.next += 1;
        let id = inner.next;
        inner.rules.insert(id, rule);
        let gate = Gate {
            state: watch::Sender::default(),
        };
        inner.gates.insert(id, Arc::new(gate));
        id
    }

    /// Takes a rule down and lets go what it holds; `false` when there never was such a rule.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut inner = self.lock();
        inner.rules.remove(&id);
        let Some(gate) = inner.gates.get(&id) else {
            return false;
        };
        gate.state.send_modify(|state| state.open = true);
        true
    }

    /// Takes every rule down.
    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.rules.clear();
        for gate in inner.gates.values() {
            gate.state.send_modify(|state| state.open = true);
        }
    }

    /// The rules that are up, with what they did.
    pub(crate) fn list(&self) -> Vec<FaultState> {
        let inner = self.lock();
        let state = |(id, rule): (&u64, &FaultRule)| {
            let gate = *inner.gates.get(id)?.state.borrow();
            Some(FaultState {
                id: *id,
                rule: rule.clone(),
                hits: gate.hits,
                holding: gate.holding,
            })
        };
        inner.rules.iter().filter_map(state).collect()
    }

    /// The first rule for this moment that meets the request; uses one of its `times`.
    pub(crate) fn strike(&self, when: When, target: &Target<'_>) -> Option<Strike> {
        let mut inner = self.lock();
        let meets =
            |rule: &FaultRule| rule.when == when && rule.times != Some(0) && rule.meets(target);
        let (id, rule) = inner.rules.iter_mut().find(|(_, rule)| meets(rule))?;
        if let Some(times) = rule.times.as_mut() {
            *times -= 1;
        }
        let (id, action) = (*id, rule.action.clone());
        let gate = Arc::clone(inner.gates.get(&id)?);
        Some(Strike { id, action, gate })
    }

    /// Waits until the fault met `hits` requests; `false` when there is no such fault.
    pub(crate) async fn wait_for_hits(&self, id: u64, hits: u32) -> bool {
        let Some(gate) = self.lock().gates.get(&id).cloned() else {
            return false;
        };
        let mut state = gate.state.subscribe();
        state.wait_for(|state| state.hits >= hits).await.is_ok()
    }
}
