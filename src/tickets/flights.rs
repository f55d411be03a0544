//! What this process knows of creations by identity, beyond the life of their objects: an object that is deleted and
//! applied again while its ticket is being created gets that ticket.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::identity::Identity;
use crate::atlassian::ticket_models::CreatedIssue;

/// A creation that this process sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flight {
    /// It is under way.
    UnderWay,
    /// The ticket was created, as the n-th of its object.
    Created(CreatedIssue, i64),
    /// Whether it was created is not known.
    Uncertain,
}

/// The creations of this process.
#[derive(Debug, Default)]
pub struct Flights(Mutex<HashMap<Identity, (Flight, Instant)>>);

impl Flights {
    /// Begins one, unless one is under way.
    #[must_use]
    pub fn begin(&self, identity: &Identity) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = !matches!(all.get(identity), Some((Flight::UnderWay, _)));
        if is_free {
            all.insert(identity.clone(), (Flight::UnderWay, Instant::now()));
        }
        is_free
    }

    /// Notes what came of it; nothing, where Jira did nothing.
    pub fn end(&self, identity: &Identity, outcome: Option<Flight>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Some(outcome) => all.insert(identity.clone(), (outcome, Instant::now())),
            None => all.remove(identity),
        };
    }

    /// What is known of one. What ended longer ago than this is forgotten.
    #[must_use]
    pub fn of(&self, identity: &Identity, remembered: Duration) -> Option<Flight> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (flight, at)| *flight == Flight::UnderWay || at.elapsed() < remembered);
        all.get(identity).map(|(flight, _)| flight.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_creation_of_an_identity_runs_at_a_time_and_its_outcome_is_remembered() {
        let (flights, identity) = (Flights::default(), Identity::of("app", "shop", "a"));
        let created = CreatedIssue {
            id: "1".into(),
            key: "SUP-1".into(),
        };
        assert_eq!(flights.of(&identity, Duration::MAX), None);
        assert!(flights.begin(&identity) && !flights.begin(&identity));
        assert_eq!(
            flights.of(&identity, Duration::ZERO),
            Some(Flight::UnderWay),
            "it is never forgotten meanwhile"
        );
        flights.end(&identity, Some(Flight::Created(created.clone(), 1)));
        assert_eq!(flights.of(&identity, Duration::MAX), Some(Flight::Created(created, 1)));
        assert_eq!(flights.of(&identity, Duration::ZERO), None);
        assert!(flights.begin(&identity));
        flights.end(&identity, None);
        assert_eq!(flights.of(&identity, Duration::MAX), None);
    }
}
