//! The faults that are up: which one strikes a request, what each did so far, and what it holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::rule::{FaultAction, FaultRule, Target, When};

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

/// A fault that met a request.
pub(crate) struct Hit {
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

impl Hit {
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
pub(crate) struct ActiveFaults {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    rules: BTreeMap<u64, FaultRule>,
    gates: BTreeMap<u64, Arc<Gate>>,
}

impl ActiveFaults {
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

    /// The first rule for this moment that meets the request; uses one of its `times`. Those that are still to let
    /// requests pass count it among them, whichever rule meets it.
    pub(crate) fn hit(&self, when: When, target: &Target<'_>) -> Option<Hit> {
        let mut inner = self.lock();
        let mut met = None;
        for (id, rule) in &mut inner.rules {
            if rule.when != when || rule.times == Some(0) || !rule.meets(target) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if met.is_none() {
                met = Some((*id, rule));
            }
        }
        let (id, rule) = met?;
        if let Some(times) = rule.times.as_mut() {
            *times -= 1;
        }
        let action = rule.action.clone();
        let gate = Arc::clone(inner.gates.get(&id)?);
        Some(Hit { id, action, gate })
    }

    /// Waits until the fault holds no request any more; `false` when there is no such fault.
    pub(crate) async fn wait_until_idle(&self, id: u64) -> bool {
        let Some(gate) = self.lock().gates.get(&id).cloned() else {
            return false;
        };
        let mut state = gate.state.subscribe();
        state.wait_for(|state| state.holding == 0).await.is_ok()
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
