//! Tickets that could not be moved, or changed: until when Jira is not asked again, unless something changes before.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use kube::{Resource, ResourceExt};

use crate::api::{condition::Finding, integration::JiraIntegration, issue::JiraIssue};

/// What was so when one could not be moved: with another spec, of it or its integration, or another change in Jira, it is
/// tried at once. By default nothing of that counts: what is asked does not depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    generations: (Option<i64>, Option<i64>),
    updated: String,
}

impl Moment {
    /// What is so of a ticket that Jira says was updated then.
    pub fn of(object: &JiraIssue, integration: &JiraIntegration, updated: &str) -> Self {
        Self {
            generations: (object.meta().generation, integration.meta().generation),
            updated: updated.to_owned(),
        }
    }
}

/// Those that rest, by the uid of their object.
#[derive(Default)]
pub struct Rested(Mutex<HashMap<String, Rest>>);

struct Rest {
    moment: Moment,
    until: Instant,
    wait: Duration,
    said: Vec<Finding>,
}

impl Rest {
    /// How long it rested is known for as long again.
    fn is_known(&self, now: Instant) -> bool {
        self.until + self.wait > now
    }
}

impl Rested {
    /// How long one still rests.
    pub fn left(&self, object: &JiraIssue, now: &Moment) -> Option<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = all.get(&object.uid().unwrap_or_default())?;
        let left = rest.until.saturating_duration_since(Instant::now());
        (rest.moment == *now && !left.is_zero()).then_some(left)
    }

    /// What was said of one when it was put to rest.
    pub fn said(&self, object: &JiraIssue) -> Vec<Finding> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = all.get(&object.uid().unwrap_or_default());
        let rest = rest.filter(|rest| rest.until > Instant::now());
        rest.map(|rest| rest.said.clone()).unwrap_or_default()
    }

    /// How long one is to rest that comes to the same again and again: at first so long, then twice as long each time, up to
    /// so long.
    pub fn longer(&self, object: &JiraIssue, now: &Moment, (first, most): (Duration, Duration)) -> Duration {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&object.uid().unwrap_or_default());
        let before = before.filter(|rest| rest.moment == *now && rest.is_known(Instant::now()));
        before.map_or(first, |rest| rest.wait.saturating_mul(2).min(most))
    }

    /// One rests so long.
    pub fn note(&self, object: &JiraIssue, moment: Moment, wait: Duration) {
        self.note_saying(object, moment, wait, Vec::new());
    }

    /// One rests so long, and this is said of it as long.
    pub fn note_saying(&self, object: &JiraIssue, moment: Moment, wait: Duration, said: Vec<Finding>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        all.retain(|_, rest| rest.is_known(now));
        let rest = Rest {
            moment,
            until: now + wait,
            wait,
            said,
        };
        all.insert(object.uid().unwrap_or_default(), rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::issue::JiraIssueSpec;

    #[test]
    fn one_rests_until_its_time_is_over_or_something_changes() {
        let rested = Rested::default();
        let object = |generation| {
            let mut object = JiraIssue::new("a", JiraIssueSpec::default());
            (object.meta_mut().uid, object.meta_mut().generation) = (Some("u".into()), Some(generation));
            object
        };
        let (first, second) = (object(1), object(2));
        let moment = |object: &JiraIssue, updated: &str| Moment {
            generations: (object.meta().generation, Some(1)),
            updated: updated.to_owned(),
        };
        let left = |object, updated| rested.left(object, &moment(object, updated));
        assert_eq!(left(&first, "t"), None);
        rested.note(&first, moment(&first, "t"), Duration::from_mins(30));
        assert!(left(&first, "t").is_some() && left(&first, "later").is_none());
        assert_eq!(left(&second, "t"), None);
        rested.note(&first, moment(&first, "t"), Duration::ZERO);
        assert_eq!(left(&first, "t"), None);
    }
}
