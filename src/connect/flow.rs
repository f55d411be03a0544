//! Consents under way. A state belongs to one integration and to the browser that started, works once,
//! and not for long (RFC 6749 §10.12). What is under way is lost with the process: then it is started again.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{key::nonce, link::LinkSubject, outcome::ConnectOutcome};
use crate::atlassian::secret::{Secret, TokenHash};

/// How long a person has from the button to the way back.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// How long an outcome can be looked at.
const SHOWN_FOR: SignedDuration = SignedDuration::from_mins(15);
/// Most consents under way for one integration; one more takes the place of the oldest.
const MOST_EACH: usize = 20;
/// Most consents under way in all.
const MOST: usize = 2000;

/// What a consent is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingConsent {
    /// The integration.
    pub who: LinkSubject,
    /// The grant that was there when it began.
    pub lineage: Option<TokenHash>,
}

/// How far a consent is.
#[derive(Clone, Debug)]
pub enum FlowStage {
    /// The browser is at Atlassian.
    Started,
    /// The code is being exchanged.
    Exchanging,
    /// It is over.
    Ended {
        /// What became of it.
        outcome: Arc<ConnectOutcome>,
        /// Since when.
        at: Timestamp,
    },
}

/// Why a state is not accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StateRejected {
    /// It is not one of ours, or the process that made it is gone.
    #[error("the state is unknown")]
    Unknown,
    /// It took too long.
    #[error("the state has expired")]
    Expired,
    /// It was started in another browser.
    #[error("the state belongs to another browser")]
    OtherBrowser,
    /// It was used before, by the same browser: the outcome can be looked at again.
    #[error("the state was used before")]
    Used,
    /// Too many consents of this integration come back.
    #[error("too many consents of this integration come back")]
    TooMany,
}

struct ConsentFlow {
    ticket: PendingConsent,
    browser: TokenHash,
    expires_at: Timestamp,
    /// Later ones have higher numbers.
    number: u64,
    stage: FlowStage,
}

impl ConsentFlow {
    fn is_of(&self, browser: Option<&Secret>) -> bool {
        browser.map(Secret::hash).as_ref() == Some(&self.browser)
    }

    fn is_past(&self, now: Timestamp) -> bool {
        let shown_until = self.expires_at.saturating_add(SHOWN_FOR).unwrap_or(Timestamp::MAX);
        shown_until <= now && !matches!(self.stage, FlowStage::Exchanging)
    }
}

/// All consents under way, by their state: 128 random bits, which nobody guesses.
#[derive(Default)]
pub struct Flows {
    table: Mutex<HashMap<String, ConsentFlow>>,
    begun: AtomicU64,
}

impl Flows {
    fn table(&self, now: Timestamp) -> MutexGuard<'_, HashMap<String, ConsentFlow>> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.retain(|_, flow| !flow.is_past(now));
        table
    }

    /// Begins a consent, and gives its state.
    pub fn begin(&self, ticket: PendingConsent, browser: &Secret, now: Timestamp) -> String {
        let state = nonce().expose().to_owned();
        let mut table = self.table(now);
        make_room(&mut table, |flow| flow.ticket.who == ticket.who, MOST_EACH);
        make_room(&mut table, |_| true, MOST);
        let flow = ConsentFlow {
            ticket,
            browser: browser.hash(),
            expires_at: now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX),
            number: self.begun.fetch_add(1, Ordering::Relaxed),
            stage: FlowStage::Started,
        };
        table.insert(state.clone(), flow);
        state
    }

    /// Takes a state back, once, if its consent is admitted: what it is for.
    ///
    /// # Errors
    /// When it is not to be accepted. Nothing of it is used up then.
    pub fn claim(
        &self,
        state: &str,
        browser: Option<&Secret>,
        now: Timestamp,
        admits: impl FnOnce(&PendingConsent) -> bool,
    ) -> Result<PendingConsent, StateRejected> {
        let mut table = self.table(now);
        let flow = table.get_mut(state).ok_or(StateRejected::Unknown)?;
        if !flow.is_of(browser) {
            return Err(StateRejected::OtherBrowser);
        }
        match flow.stage {
            FlowStage::Started if flow.expires_at <= now => Err(StateRejected::Expired),
            FlowStage::Started if !admits(&flow.ticket) => Err(StateRejected::TooMany),
            FlowStage::Started => {
                flow.stage = FlowStage::Exchanging;
                Ok(flow.ticket.clone())
            }
            FlowStage::Exchanging | FlowStage::Ended { .. } => Err(StateRejected::Used),
        }
    }

    /// Keeps what became of a consent.
    pub fn end(&self, state: &str, outcome: ConnectOutcome, now: Timestamp) {
        if let Some(flow) = self.table(now).get_mut(state) {
            flow.stage = FlowStage::Ended {
                outcome: Arc::new(outcome),
                at: now,
            };
        }
    }

    /// How far a consent is, for the browser that started it.
    #[must_use]
    pub fn look(&self, state: &str, browser: Option<&Secret>, now: Timestamp) -> Option<(PendingConsent, FlowStage)> {
        let table = self.table(now);
        let flow = table.get(state).filter(|flow| flow.is_of(browser))?;
        Some((flow.ticket.clone(), flow.stage.clone()))
    }
}

/// Drops the oldest of those that count until one more fits. A code that is being exchanged stays.
fn make_room(table: &mut HashMap<String, ConsentFlow>, counts: impl Fn(&ConsentFlow) -> bool, most: usize) {
    let counted = |flow: &ConsentFlow| counts(flow) && !matches!(flow.stage, FlowStage::Exchanging);
    while table.values().filter(|flow| counted(flow)).count() >= most {
        let oldest = table
            .iter()
            .filter(|(_, flow)| counted(flow))
            .min_by_key(|(_, flow)| flow.number);
        let Some(id) = oldest.map(|(id, _)| id.clone()) else {
            return;
        };
        table.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::connect::outcome::ConnectFailure;

    fn who(name: &str) -> PendingConsent {
        let who = LinkSubject {
            namespace: "support".into(),
            name: name.into(),
            uid: format!("uid-{name}"),
        };
        PendingConsent { who, lineage: None }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn claim(
        flows: &Flows,
        state: &str,
        browser: Option<&Secret>,
        now: Timestamp,
    ) -> Result<PendingConsent, StateRejected> {
        flows.claim(state, browser, now, |_| true)
    }

    #[test]
    fn a_state_works_once_and_its_outcome_is_shown_again_to_the_same_browser() {
        let (flows, mine, other) = (Flows::default(), nonce(), nonce());
        let state = flows.begin(who("acme"), &mine, at(0));
        assert_eq!(
            claim(&flows, &state, Some(&other), at(1)),
            Err(StateRejected::OtherBrowser)
        );
        assert_eq!(claim(&flows, &state, None, at(1)), Err(StateRejected::OtherBrowser));
        assert_eq!(claim(&flows, &state, Some(&mine), at(1)), Ok(who("acme")));
        assert_eq!(claim(&flows, &state, Some(&mine), at(1)), Err(StateRejected::Used));
        assert!(matches!(
            flows.look(&state, Some(&mine), at(1)),
            Some((_, FlowStage::Exchanging))
        ));
        flows.end(&state, ConnectOutcome::Failed(ConnectFailure::Declined), at(1));
        assert!(matches!(
            flows.look(&state, Some(&mine), at(20)),
            Some((_, FlowStage::Ended { .. }))
        ));
        assert!(flows.look(&state, Some(&other), at(1)).is_none());
        assert!(flows.look(&state, Some(&mine), at(26)).is_none(), "not for ever");
    }

    #[test]
    fn a_state_that_is_made_up_changed_or_too_old_is_refused() {
        let (flows, mine) = (Flows::default(), nonce());
        let state = flows.begin(who("acme"), &mine, at(0));
        let another = flows.begin(who("globex"), &mine, at(0));
        for wrong in ["", "x", &state[1..], &format!("{state}0"), &"0".repeat(32)] {
            assert_eq!(
                claim(&flows, wrong, Some(&mine), at(1)),
                Err(StateRejected::Unknown),
                "{wrong}"
            );
        }
        assert_eq!(claim(&flows, &state, Some(&mine), at(10)), Err(StateRejected::Expired));
        assert_eq!(
            claim(&Flows::default(), &state, Some(&mine), at(1)),
            Err(StateRejected::Unknown)
        );
        assert_eq!(
            claim(&flows, &another, Some(&mine), at(9)),
            Ok(who("globex")),
            "each stands for itself"
        );
    }

    #[test]
    fn a_consent_that_is_not_admitted_is_not_used_up() {
        let (flows, mine) = (Flows::default(), nonce());
        let state = flows.begin(who("acme"), &mine, at(0));
        let refused = flows.claim(&state, Some(&mine), at(1), |ticket| ticket.who.name != "acme");
        assert_eq!(refused, Err(StateRejected::TooMany));
        assert_eq!(claim(&flows, &state, Some(&mine), at(2)), Ok(who("acme")));
        let used = flows.claim(&state, Some(&mine), at(2), |_| false);
        assert_eq!(used, Err(StateRejected::Used), "what came of it may be looked at");
    }

    #[test]
    fn two_tabs_go_on_beside_each_other_and_a_flood_pushes_out_its_own() {
        let (flows, mine) = (Flows::default(), nonce());
        let (first, second) = (
            flows.begin(who("acme"), &mine, at(0)),
            flows.begin(who("acme"), &mine, at(0)),
        );
        for state in [&first, &second] {
            assert!(claim(&flows, state, Some(&mine), at(1)).is_ok());
        }
        let kept = flows.begin(who("globex"), &mine, at(0));
        let flood: Vec<String> = (0..=MOST_EACH)
            .map(|_| flows.begin(who("acme"), &nonce(), at(1)))
            .collect();
        assert_eq!(
            claim(&flows, flood.first().unwrap(), None, at(1)),
            Err(StateRejected::Unknown)
        );
        assert!(claim(&flows, &kept, Some(&mine), at(1)).is_ok());
    }
}
