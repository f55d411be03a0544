//! Rules at work: which one takes a request, what each has done so far, and the handle by which they are steered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Method;
use tokio::sync::watch;
use tokio::time::timeout;

use super::rule::{Action, Rule};

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
    /// Requests that the API server has answered.
    done: watch::Sender<usize>,
    gate: watch::Sender<Gate>,
}

impl ActiveRule {
    pub(super) fn action(&self) -> &Action {
        &self.rule.action
    }

    /// The API server has answered a request, and so acted on it.
    pub(super) fn is_done(&self) {
        self.done.send_modify(|done| *done += 1);
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
            done: watch::Sender::new(0),
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
        self.wait(&self.active.hits, wanted, within).await
    }

    /// Waits until the API server has acted on `wanted` requests in all that the rule was applied to, and answered.
    ///
    /// # Errors
    /// When they do not come `within` that time.
    pub async fn wait_for_deeds(&self, wanted: usize, within: Duration) -> Result<(), TooFewHits> {
        self.wait(&self.active.done, wanted, within).await
    }

    async fn wait(&self, count: &watch::Sender<usize>, wanted: usize, within: Duration) -> Result<(), TooFewHits> {
        let mut counted = count.subscribe();
        let came = timeout(within, counted.wait_for(|count| *count >= wanted)).await;
        match came {
            Ok(Ok(_)) => Ok(()),
            _ => Err(TooFewHits {
                wanted,
                seen: *count.borrow(),
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
    fn looks_into_the_body_when_asked_to() {
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
