//! What Jira said of tickets since their objects were written, and the wakes that tell of it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::{ResourceExt, runtime::reflector::ObjectRef};

use crate::{api::issue::JiraIssue, tickets::TicketNews};

/// Wakes the tickets of one namespace, or of all.
type Wakes = (Option<String>, UnboundedSender<ObjectRef<JiraIssue>>);

/// News that no object took for so long is of one that is gone.
const KEPT: Duration = Duration::from_hours(1);

/// What was told of the ticket of one object.
struct Told {
    news: TicketNews,
    /// Higher the later it came.
    number: u64,
    at: Instant,
}

/// The news of all tickets, until they are written.
#[derive(Default)]
pub struct News {
    /// By the uid of the object.
    all: Mutex<HashMap<String, Told>>,
    wakes: Mutex<Vec<Wakes>>,
}

impl News {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Told>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tickets that there is news of, in a namespace or in all.
    pub fn wakes(&self, namespace: Option<&str>) -> UnboundedReceiver<ObjectRef<JiraIssue>> {
        let (told, wakes) = unbounded();
        let mut all = self.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((namespace.map(str::to_owned), told));
        wakes
    }

    /// Jira said this of the ticket of an object. Of news that were not written yet the later stand.
    pub fn tell(&self, object: &JiraIssue, news: TicketNews) {
        self.keep(object.uid().unwrap_or_default(), news);
        let wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        let namespace = object.namespace();
        for (_, wake) in wakes.iter().filter(|(only, _)| only.is_none() || *only == namespace) {
            // Nobody listens any more where the operator stops.
            wake.unbounded_send(ObjectRef::from_obj(object)).ok();
        }
    }

    fn keep(&self, uid: String, news: TicketNews) {
        let mut all = self.all();
        all.retain(|_, told| told.at.elapsed() < KEPT);
        let before = all.remove(&uid);
        let number = before.as_ref().map_or(0, |before| before.number) + 1;
        let before = before.map(|before| before.news).unwrap_or_default();
        let news = TicketNews {
            said: news.said.or(before.said),
            duplicates: news.duplicates.or(before.duplicates),
        };
        let at = Instant::now();
        all.insert(uid, Told { news, number, at });
    }

    /// What Jira said of an object's ticket, with its number.
    #[must_use]
    pub fn of(&self, object: &JiraIssue) -> (u64, TicketNews) {
        let all = self.all();
        let told = object.uid().and_then(|uid| all.get(&uid));
        told.map(|told| (told.number, told.news.clone())).unwrap_or_default()
    }

    /// What had this number is written.
    pub fn written(&self, object: &JiraIssue, number: u64) {
        let (mut all, uid) = (self.all(), object.uid().unwrap_or_default());
        if all.get(&uid).is_some_and(|told| told.number == number) {
            all.remove(&uid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::issue::JiraIssueSpec,
        tickets::{Loss, Said},
    };

    #[test]
    fn news_is_kept_until_it_is_written_and_the_later_stands() {
        let news = News::default();
        let mut object = JiraIssue::new("a", JiraIssueSpec::default());
        object.metadata.uid = Some("1".to_owned());
        let lost = |loss| TicketNews {
            said: Some(Said::Lost(loss)),
            duplicates: None,
        };
        news.tell(&object, lost(Loss::Gone));
        let (first, _) = news.of(&object);
        news.tell(&object, lost(Loss::Archived));
        news.written(&object, first);
        let (second, kept) = news.of(&object);
        assert!(matches!(kept.said, Some(Said::Lost(Loss::Archived))));
        let namesake = JiraIssue::new("a", JiraIssueSpec::default());
        assert!(news.of(&namesake).1.said.is_none(), "it is another object");
        news.written(&object, second);
        assert!(news.of(&object).1.said.is_none());
    }
}
