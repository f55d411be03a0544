//! Which requests the proxy interferes with, and what it does to them.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use tokio::sync::watch;
use tokio::time::timeout;

/// What happens to a request that a rule applies to.
#[derive(Debug, Clone)]
pub enum Action {
    /// Not forwarded until [`RuleHandle::release`]. A client that hangs up meanwhile takes its request with it.
    HoldRequest,
    /// Forwarded at once; the answer is withheld until [`RuleHandle::release`], though the API server has acted.
    HoldAnswer,
    /// Not forwarded; the connection is closed.
    DropRequest,
    /// Forwarded; when the API server has answered, the connection is closed without the answer.
    DropAnswer,
    /// Not forwarded; answered with a `metav1.Status` of this kind.
    Refuse {
        /// HTTP status code.
        status: StatusCode,
        /// Machine-readable reason, such as `Conflict` or `ServiceUnavailable`.
        reason: String,
        /// For people.
        message: String,
    },
}

type Condition = Arc<dyn Fn(&Method, &str) -> bool + Send + Sync>;

/// Says which requests are interfered with, and how. Whatever is not narrowed matches.
#[derive(Clone)]
pub struct Rule {
    action: Action,
    methods: Vec<Method>,
    path_contains: Vec<String>,
    body_contains: Vec<String>,
    condition: Option<Condition>,
    skip: usize,
    times: Option<usize>,
}

impl Rule {
    /// A rule for every request.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self {
            action,
            methods: Vec::new(),
            path_contains: Vec::new(),
            body_contains: Vec::new(),
            condition: None,
            skip: 0,
            times: None,
        }
    }

    /// Narrows to a method; called again, to this one as well.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Narrows to the methods that write: POST, PUT, PATCH and DELETE.
    #[must_use]
    pub fn writes(mut self) -> Self {
        self.methods
            .extend([Method::POST, Method::PUT, Method::PATCH, Method::DELETE]);
        self
    }

    /// Narrows to requests whose path and query contain `part`; called again, this part as well.
    #[must_use]
    pub fn path_contains(mut self, part: impl Into<String>) -> Self {
        self.path_contains.push(part.into());
        self
    }

    /// Narrows to requests whose body contains `part`, such as the name of a key; called again, this part as well.
    #[must_use]
    pub fn body_contains(mut self, part: impl Into<String>) -> Self {
        self.body_contains.push(part.into());
        self
    }

    /// Narrows by method and path with query.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Method, &str) -> bool + Send + Sync + 'static) -> Self {
        self.condition = Some(Arc::new(condition));
        self
    }

    /// Spares the first so many that match.
    #[must_use]
    pub fn skip(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// Narrows to the first so many that match and are not spared.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    fn matches(&self, method: &Method, path: &str, body: &[u8]) -> bool {
        (self.methods.is_empty() || self.methods.contains(method))
            && self.path_contains.iter().all(|part| path.contains(part.as_str()))
            && self.condition.as_ref().is_none_or(|condition| condition(method, path))
            && (self.body_contains.is_empty() || self.matches_body(&String::from_utf8_lossy(body)))
    }

    fn matches_body(&self, body: &str) -> bool {
        self.body_contains.iter().all(|part| body.contains(part.as_str()))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("action", &self.action)
            .field("methods", &self.methods)
            .field("path_contains", &self.path_contains)
            .field("body_contains", &self.body_contains)
            .field("skip", &self.skip)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}

/// Whether held requests may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Shut,
    Open,
    Broken,
}

/// A rule at work.
#[derive(Debug)]
pub(super) struct ActiveRule {
    rule: Rule,
    /// Requests that matched, those spared included.
    matched: AtomicUsize,
    hits: watch::Sender<usize>,
    gate: watch::Sender<Gate>,
}

impl ActiveRule {
    pub(super) fn action(&self) -> &Action {
        &self.rule.action
    }

    /// Waits at the gate; false when the connection is to be closed instead.
    pub(super) async fn pass(&self) -> bool {
        let mut gate = self.gate.subscribe();
        let open = gate.wait_for(|gate| *gate != Gate::Shut).await;
        open.is_ok_and(|gate| *gate == Gate::Open)
    }

    /// Counts the request as a hit if the rule applies to it.
    fn claim(&self, method: &Method, path: &str, body: &[u8]) -> bool {
        self.rule.matches(method, path, body)
            && self.matched.fetch_add(1, Ordering::Relaxed) >= self.rule.skip
            && self.hits.send_if_modified(|hits| {
                let more = self.rule.times.is_none_or(|times| *hits < times);
                *hits += usize::from(more);
                more
            })
    }
}

/// The rules of one proxy. The oldest that applies is taken.
#[derive(Debug, Default)]
pub(super) struct Rules {
    active: Mutex<Vec<Arc<ActiveRule>>>,
}

impl Rules {
    pub(super) fn add(self: &Arc<Self>, rule: Rule) -> RuleHandle {
        let active = Arc::new(ActiveRule {
            rule,
            matched: AtomicUsize::new(0),
            hits: watch::Sender::new(0),
            gate: watch::Sender::new(Gate::Shut),
        });
        self.lock().push(Arc::clone(&active));
        RuleHandle {
            active,
            rules: Arc::clone(self),
        }
    }

    pub(super) fn claim(&self, method: &Method, path: &str, body: &[u8]) -> Option<Arc<ActiveRule>> {
        self.lock().iter().find(|rule| rule.claim(method, path, body)).cloned()
    }

    fn remove(&self, rule: &Arc<ActiveRule>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, rule));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<ActiveRule>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Too few requests came while they were waited for.
#[derive(Debug, thiserror::Error)]
#[error("{seen} of {wanted} requests came within {} s for {rule}", within.as_secs_f32())]
pub struct TooFewHits {
    /// How many were waited for.
    pub wanted: usize,
    /// How many came.
    pub seen: usize,
    /// How long was waited.
    pub within: Duration,
    /// The rule, as [`Rule`] prints itself.
    pub rule: String,
}

/// A rule that was added to a proxy. Dropping the handle leaves the rule in force.
#[derive(Debug)]
pub struct RuleHandle {
    active: Arc<ActiveRule>,
    rules: Arc<Rules>,
}

impl RuleHandle {
    /// How many requests the rule was applied to.
    #[must_use]
    pub fn hits(&self) -> usize {
        *self.active.hits.borrow()
    }

    /// Waits until the rule was applied to `wanted` requests in all.
    ///
    /// # Errors
    /// When they do not come `within` that time.
    pub async fn wait_for_hits(&self, wanted: usize, within: Duration) -> Result<(), TooFewHits> {
        let mut hits = self.active.hits.subscribe();
        let came = timeout(within, hits.wait_for(|hits| *hits >= wanted)).await;
        match came {
            Ok(Ok(_)) => Ok(()),
            _ => Err(TooFewHits {
                wanted,
                seen: self.hits(),
                within,
                rule: format!("{:?}", self.active.rule),
            }),
        }
    }

    /// Lets what is held go on, and what comes later pass without being held. It still counts.
    pub fn release(&self) {
        self.active.gate.send_replace(Gate::Open);
    }

    /// Closes the connections of what is held, and of what comes later.
    pub fn break_off(&self) {
        self.active.gate.send_replace(Gate::Broken);
    }

    /// Takes the rule away and lets what is held go on.
    pub fn remove(self) {
        self.rules.remove(&self.active);
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "/api/v1/namespaces/a/secrets/b";

    /// The rules with one in force, and whether it takes a request.
    fn taken(rules: &Rules, method: &Method, path: &str) -> bool {
        rules.claim(method, path, br#"{"data":{"key":"dmFsdWU="}}"#).is_some()
    }

    #[test]
    fn applies_only_as_often_and_where_it_says() {
        let rules = Arc::new(Rules::default());
        let rule = Rule::new(Action::DropRequest).writes().path_contains("/secrets/");
        let handle = rules.add(rule.skip(1).times(1));
        assert!(!taken(&rules, &Method::GET, SECRET));
        assert!(!taken(&rules, &Method::PUT, "/api/v1/namespaces/a/configmaps/b"));
        let puts = [1, 2, 3].map(|_| taken(&rules, &Method::PUT, SECRET));
        assert_eq!(puts, [false, true, false]);
        assert_eq!(handle.hits(), 1);
    }

    #[test]
    fn looks_into_the_body_when_it_is_told_to() {
        let rules = Arc::new(Rules::default());
        let other = rules.add(Rule::new(Action::DropRequest).body_contains("\"other\""));
        assert!(!taken(&rules, &Method::PUT, SECRET));
        other.remove();
        let _key = rules.add(Rule::new(Action::DropRequest).body_contains("\"key\""));
        assert!(taken(&rules, &Method::PUT, SECRET));
    }

    #[test]
    fn a_spent_rule_makes_way_for_the_next_and_a_removed_one_is_gone() {
        let rules = Arc::new(Rules::default());
        let first = rules.add(Rule::new(Action::DropRequest).times(1));
        let second = rules.add(Rule::new(Action::DropAnswer).when(|_, path| path == "/x"));
        assert!(taken(&rules, &Method::GET, "/x"));
        assert!(taken(&rules, &Method::GET, "/x"));
        assert_eq!((first.hits(), second.hits()), (1, 1));
        second.remove();
        assert!(!taken(&rules, &Method::GET, "/x"));
    }
}
