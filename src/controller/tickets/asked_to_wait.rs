//! For how long Jira asked not to be sent creations: whatever wakes a ticket meanwhile, none goes to that endpoint.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    atlassian::error::JiraError,
    tickets::{Creation, FirstCall},
};

/// An endpoint of a site: for issues, or for requests.
type Endpoint = (String, bool);

/// The endpoints that Jira asked to leave alone.
#[derive(Debug, Default)]
pub struct AskedToWait(Mutex<HashMap<Endpoint, Instant>>);

impl AskedToWait {
    /// Jira did nothing about a creation, and may have said how long it is to be left alone.
    pub fn note(&self, creation: &Creation, error: &JiraError) {
        if let Some(wait) = error.retry_after() {
            self.keep(endpoint(creation), wait);
        }
    }

    /// How long a creation still waits.
    #[must_use]
    pub fn left(&self, creation: &Creation) -> Option<Duration> {
        self.left_of(&endpoint(creation))
    }

    fn keep(&self, endpoint: Endpoint, wait: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        all.retain(|_, until| *until > now);
        let until = all.entry(endpoint).or_insert(now);
        *until = (*until).max(now + wait);
    }

    fn left_of(&self, endpoint: &Endpoint) -> Option<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(endpoint)?.checked_duration_since(Instant::now())
    }
}

fn endpoint(creation: &Creation) -> Endpoint {
    let is_request = matches!(creation.draft.first, FirstCall::Request(_));
    (creation.session.cloud_id().to_owned(), is_request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_stands_and_other_endpoints_are_free() {
        let waits = AskedToWait::default();
        let issues = || ("site".to_owned(), false);
        waits.keep(issues(), Duration::from_mins(1));
        waits.keep(issues(), Duration::from_secs(5));
        assert!(
            waits
                .left_of(&issues())
                .is_some_and(|left| left > Duration::from_secs(50))
        );
        assert_eq!(waits.left_of(&("site".to_owned(), true)), None);
        waits.keep(("site".to_owned(), true), Duration::ZERO);
        assert!(
            waits
                .left_of(&("site".to_owned(), true))
                .is_none_or(|left| left.is_zero())
        );
    }
}
