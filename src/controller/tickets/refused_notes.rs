//! Comments that Jira refused: each is asked for again after an hour, or once its object says something else.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use kube::ResourceExt;

use crate::api::{condition::Finding, issue::JiraIssue};

/// How long a refusal is believed.
const BELIEVED: Duration = Duration::from_hours(1);

/// The refusals of this process, by the uid of the object.
#[derive(Debug, Default)]
pub struct RefusedNotes(Mutex<HashMap<String, RefusedNote>>);

#[derive(Debug)]
struct RefusedNote {
    generation: Option<i64>,
    at: Instant,
    finding: Finding,
}

impl RefusedNotes {
    /// Jira refused the comment of an object. How long that is believed.
    pub fn note(&self, object: &JiraIssue, finding: &Finding) -> Duration {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, refused| refused.at.elapsed() < BELIEVED);
        let refused = RefusedNote {
            generation: object.metadata.generation,
            at: Instant::now(),
            finding: finding.clone(),
        };
        all.insert(object.uid().unwrap_or_default(), refused);
        BELIEVED
    }

    /// What was said of a refusal that is still believed, and for how long it is.
    #[must_use]
    pub fn of(&self, object: &JiraIssue) -> Option<(Finding, Duration)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = all.get(&object.uid().unwrap_or_default())?;
        let left = BELIEVED.checked_sub(refused.at.elapsed())?;
        (refused.generation == object.metadata.generation).then(|| (refused.finding.clone(), left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{condition::ConditionType::PeopleMatched, issue::JiraIssueSpec, reason::Reason};

    #[test]
    fn a_refusal_is_believed_until_the_spec_changes() {
        let refused = RefusedNotes::default();
        let mut object = JiraIssue::new("a", JiraIssueSpec::default());
        (object.metadata.uid, object.metadata.generation) = (Some("1".to_owned()), Some(1));
        assert!(refused.of(&object).is_none());
        let finding = Finding::plain(PeopleMatched, Reason::NoteRefused);
        assert_eq!(refused.note(&object, &finding), BELIEVED);
        let (said, left) = refused.of(&object).unzip();
        assert_eq!(said.map(|said| said.reason), Some(Reason::NoteRefused));
        assert!(left.is_some_and(|left| left > Duration::from_mins(59) && left <= BELIEVED));
        object.metadata.generation = Some(2);
        assert!(refused.of(&object).is_none());
    }
}
