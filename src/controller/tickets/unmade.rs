//! Moves that this process wrote down, or may have, and knows not to be made: they are not looked for.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kube::ResourceExt;

use crate::api::issue::{JiraIssue, TicketMove};

/// By the uid of their object.
#[derive(Default)]
pub struct Unmade(Mutex<HashMap<String, Vec<TicketMove>>>);

impl Unmade {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Vec<TicketMove>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One was not made.
    pub fn note(&self, object: &JiraIssue, begun: Option<TicketMove>) {
        let mut all = self.all();
        all.entry(object.uid().unwrap_or_default()).or_default().extend(begun);
    }

    /// The next one of the object is sent, or the object is gone. What was written onto an earlier version takes no effect
    /// any more.
    pub fn forget(&self, object: &JiraIssue) {
        self.all().remove(&object.uid().unwrap_or_default());
    }

    /// Whether one was not made.
    pub fn has(&self, object: &JiraIssue, written: &TicketMove) -> bool {
        let all = self.all();
        let known = all.get(&object.uid().unwrap_or_default());
        known.is_some_and(|known| known.iter().any(|unmade| is_same(unmade, written)))
    }
}

/// What is written has its time in whole seconds.
fn is_same(unmade: &TicketMove, written: &TicketMove) -> bool {
    let cut = TicketMove {
        at: written.at.clone(),
        ..unmade.clone()
    };
    cut == *written && unmade.at.0.as_second() == written.at.0.as_second()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::api::issue::JiraIssueSpec;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn begun(at: &str, to: &str) -> TicketMove {
        TicketMove {
            wanted: "phase/Done".into(),
            to: to.into(),
            last: true,
            passed: 0,
            since: "2026-11-30T10:00:00.123Z".into(),
            at: Time(at.parse().unwrap()),
            holder: "h".into(),
        }
    }

    #[test]
    fn one_that_was_not_made_is_known_as_it_is_written_until_the_next_is_sent() {
        let (unmade, mut object) = (Unmade::default(), JiraIssue::new("a", JiraIssueSpec::default()));
        object.metadata.uid = Some("u".into());
        let written = begun("2026-11-30T10:00:01Z", "3");
        assert!(!unmade.has(&object, &written));
        unmade.note(&object, Some(begun("2026-11-30T10:00:01.7Z", "3")));
        unmade.note(&object, Some(begun("2026-11-30T10:00:05.7Z", "3")));
        assert!(unmade.has(&object, &written));
        assert!(
            !unmade.has(&object, &begun("2026-11-30T10:00:01Z", "4")),
            "it led elsewhere"
        );
        assert!(
            !unmade.has(&object, &begun("2026-11-30T10:00:02Z", "3")),
            "it came later"
        );
        unmade.forget(&object);
        assert!(!unmade.has(&object, &written));
    }
}
