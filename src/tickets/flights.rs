//! What this process knows of creations by identity, beyond the life of their objects: an object that is deleted and
//! applied again while its ticket is being created gets that ticket.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::identity::Identity;
use crate::{api::issue::TicketCreation, atlassian::ticket_models::CreatedIssue};

/// A creation that this process sent, or whose mark it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flight {
    /// It is under way.
    UnderWay,
    /// The ticket was created, as the n-th of its object.
    Created(CreatedIssue, i64),
    /// Whether it was created is not known. How it was marked.
    Uncertain(TicketCreation),
}

/// The creations of this process.
#[derive(Debug)]
pub struct Flights {
    all: Mutex<HashMap<Identity, Entry>>,
    /// How long what came of one is known.
    remembered: Duration,
}

/// What was known of a creation before another one was begun.
#[derive(Debug)]
pub struct Begun(Option<Entry>);

#[derive(Debug)]
struct Entry {
    flight: Flight,
    /// Of a request: the digest of what it looks like.
    looks: Option<String>,
    at: Instant,
    /// Its object says what came of it, or is gone.
    is_written: bool,
}

impl Flights {
    /// None is known yet. What ends is forgotten after this.
    #[must_use]
    pub fn new(remembered: Duration) -> Self {
        Self {
            all: Mutex::default(),
            remembered,
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Identity, Entry>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A mark of this process of which nothing is known counts as never sent: so nothing is forgotten before its object
    /// says what came of it.
    fn is_known(&self, entry: &Entry) -> bool {
        entry.flight == Flight::UnderWay || !entry.is_written || entry.at.elapsed() < self.remembered
    }

    /// Begins one, unless one is under way. `looks` is the digest of what a request looks like: of those that look alike
    /// one is created at a time, since a request is marked only afterwards.
    #[must_use]
    pub fn begin(&self, identity: &Identity, looks: Option<&str>) -> Option<Begun> {
        let mut all = self.all();
        // Seldom, since there may be thousands.
        if all.len().is_power_of_two() {
            all.retain(|_, entry| self.is_known(entry));
        }
        let is_under_way = matches!(all.get(identity), Some(entry) if entry.flight == Flight::UnderWay);
        let is_alike = |(other, entry): (&Identity, &Entry)| {
            let is_unmarked = matches!(entry.flight, Flight::UnderWay | Flight::Uncertain(_)) && self.is_known(entry);
            other != identity && is_unmarked && looks.is_some() && entry.looks.as_deref() == looks
        };
        if is_under_way || all.iter().any(is_alike) {
            return None;
        }
        let entry = Entry {
            flight: Flight::UnderWay,
            looks: looks.map(str::to_owned),
            at: Instant::now(),
            is_written: false,
        };
        Some(Begun(all.insert(identity.clone(), entry)))
    }

    /// It was not even written down: what was known before holds.
    pub fn undo(&self, identity: &Identity, begun: Begun) {
        let mut all = self.all();
        match begun.0 {
            Some(before) => all.insert(identity.clone(), before),
            None => all.remove(identity),
        };
    }

    /// Notes what came of it; nothing, where Jira did nothing.
    pub fn end(&self, identity: &Identity, outcome: Option<Flight>) {
        let mut all = self.all();
        match (outcome, all.get_mut(identity)) {
            (Some(flight), Some(entry)) => (entry.flight, entry.at) = (flight, Instant::now()),
            (Some(flight), None) => {
                let entry = Entry {
                    flight,
                    looks: None,
                    at: Instant::now(),
                    is_written: false,
                };
                all.insert(identity.clone(), entry);
            }
            (None, _) => {
                all.remove(identity);
            }
        }
    }

    /// Notes a creation whose mark was seen and which another process began, unless more is known of it.
    pub fn seen(&self, mark: &TicketCreation) {
        let entry = Entry {
            flight: Flight::Uncertain(mark.clone()),
            looks: Some(mark.digest.clone()),
            at: Instant::now(),
            is_written: true,
        };
        self.all().entry(Identity::read(&mark.identity)).or_insert(entry);
    }

    /// What came of it is in the cluster.
    pub fn written(&self, identity: &Identity) {
        if let Some(entry) = self.all().get_mut(identity) {
            entry.is_written = true;
        }
    }

    /// What is known of one.
    #[must_use]
    pub fn of(&self, identity: &Identity) -> Option<Flight> {
        let all = self.all();
        let entry = all.get(identity).filter(|entry| self.is_known(entry));
        entry.map(|entry| entry.flight.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn mark(identity: &Identity, digest: &str) -> TicketCreation {
        TicketCreation {
            identity: identity.as_str().to_owned(),
            number: 1,
            attempt: 1,
            at: Time(Timestamp::UNIX_EPOCH),
            deadline: Time(Timestamp::UNIX_EPOCH),
            holder: "other".into(),
            floor: 7,
            digest: digest.to_owned(),
            uncertain_since: None,
            without: Vec::new(),
        }
    }

    #[test]
    fn one_creation_of_an_identity_runs_at_a_time_and_its_outcome_is_remembered() {
        let (flights, identity) = (Flights::new(Duration::MAX), Identity::of("app", "shop", "a"));
        let created = CreatedIssue {
            id: "1".into(),
            key: "SUP-1".into(),
            portal_url: None,
        };
        assert_eq!(flights.of(&identity), None);
        assert!(flights.begin(&identity, None).is_some() && flights.begin(&identity, None).is_none());
        assert_eq!(flights.of(&identity), Some(Flight::UnderWay));
        flights.end(&identity, Some(Flight::Created(created.clone(), 1)));
        flights.seen(&mark(&identity, ""));
        assert_eq!(flights.of(&identity), Some(Flight::Created(created, 1)));
        assert!(flights.begin(&identity, None).is_some());
        flights.end(&identity, None);
        assert_eq!(flights.of(&identity), None);
    }

    #[test]
    fn one_that_could_not_be_written_down_leaves_what_was_known() {
        let (flights, identity) = (Flights::new(Duration::MAX), Identity::of("app", "shop", "a"));
        let uncertain = Flight::Uncertain(mark(&identity, ""));
        for before in [None, Some(uncertain)] {
            flights.end(&identity, before.clone());
            if let Some(begun) = flights.begin(&identity, None) {
                assert_eq!(flights.of(&identity), Some(Flight::UnderWay));
                flights.undo(&identity, begun);
            }
            assert_eq!(flights.of(&identity), before);
        }
    }

    #[test]
    fn what_ended_long_ago_is_forgotten_and_never_what_is_under_way() {
        let (flights, identity) = (Flights::new(Duration::ZERO), Identity::of("app", "shop", "a"));
        assert!(flights.begin(&identity, None).is_some());
        assert_eq!(flights.of(&identity), Some(Flight::UnderWay));
        let uncertain = Flight::Uncertain(mark(&identity, ""));
        flights.end(&identity, Some(uncertain.clone()));
        assert_eq!(flights.of(&identity), Some(uncertain), "its object does not say so yet");
        flights.written(&identity);
        assert_eq!(flights.of(&identity), None);
    }

    #[test]
    fn of_requests_that_look_alike_one_is_created_at_a_time() {
        let flights = Flights::new(Duration::MAX);
        let [one, two, other] = ["a", "b", "c"].map(|name| Identity::of("app", "shop", name));
        assert!(flights.begin(&one, Some("x")).is_some() && flights.begin(&other, Some("y")).is_some());
        assert!(flights.begin(&two, Some("x")).is_none());
        let mark = mark(&one, "x");
        flights.end(&one, Some(Flight::Uncertain(mark)));
        let refused = flights.begin(&two, Some("x"));
        assert!(refused.is_none(), "the first one may be there, unmarked");
        let issue = flights.begin(&two, None);
        assert!(issue.is_some(), "an issue is marked from the start");
        flights.end(&one, None);
        flights.end(&two, None);
        assert!(flights.begin(&two, Some("x")).is_some());
    }

    #[test]
    fn a_mark_that_was_seen_is_remembered_beyond_its_object() {
        let (flights, identity) = (Flights::new(Duration::MAX), Identity::of("app", "shop", "a"));
        let mark = mark(&identity, "x");
        flights.seen(&mark);
        assert_eq!(flights.of(&identity), Some(Flight::Uncertain(mark)));
        assert!(flights.begin(&Identity::of("app", "shop", "b"), Some("x")).is_none());
    }
}
