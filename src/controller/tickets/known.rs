//! What the watch of applied objects told of them: which were there before this process, and which have their ticket.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

use crate::{
    api::issue::JiraIssue,
    tickets::{CreationTimes, Identity},
};

/// What the API server says of times is cut to seconds.
pub const CUT: SignedDuration = SignedDuration::from_secs(1);
/// How many bound tickets are asked by which scope they are found: all of an integration have one.
const ASKED: usize = 8;

/// The objects, as far as creations depend on others.
#[derive(Debug, Default)]
pub struct KnownObjects(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Uids of those without a mark in the first list of this process.
    unmarked_at_first: HashSet<String>,
    /// The integrations that had objects of tickets in it.
    had_tickets: HashSet<String>,
    /// When it was over, by the API server's time.
    listed_at: Option<Timestamp>,
    /// Those that have their ticket, by integration and name.
    bound: HashMap<String, BTreeMap<String, Bound>>,
    /// What is to be said of the tickets of an integration.
    of_integration: HashMap<String, TicketFacts>,
}

/// What holds for all tickets of an integration, as far as this process knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketFacts {
    /// By what they are told from those of other clusters.
    pub scope: Option<String>,
    /// The account that listed, by its id, and the keys of the projects that it listed.
    pub scanned: Option<(String, BTreeSet<String>)>,
}

#[derive(Debug)]
struct Bound {
    uid: String,
    identity: String,
}

/// Names the integration of an object.
pub fn integration_of(object: &JiraIssue) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.spec.integration)
}

impl Known {
    /// When the first list was over, of an object that was created since, where its integration had tickets then.
    fn listed_before(&self, integration: &str, created: Timestamp) -> Option<Timestamp> {
        let listed_at = self.listed_at.filter(|at| created + CUT >= *at);
        listed_at.filter(|_| self.had_tickets.contains(integration))
    }

    fn unbind(&mut self, integration: &str, name: &str) {
        if let Some(of_integration) = self.bound.get_mut(integration) {
            of_integration.remove(name);
            if of_integration.is_empty() {
                self.bound.remove(integration);
            }
        }
    }
}

impl KnownObjects {
    fn all(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object is there; in the first list, it was before this process.
    pub fn note(&self, object: &JiraIssue, is_first_list: bool) {
        let mut all = self.all();
        let status = object.status.clone().unwrap_or_default();
        if is_first_list && status.creation.is_none() && status.id.is_empty() {
            all.unmarked_at_first.extend(object.uid());
        }
        let integration = integration_of(object);
        if is_first_list {
            all.had_tickets.insert(integration.clone());
        }
        match status.identity.filter(|_| !status.id.is_empty()) {
            Some(identity) => {
                let uid = object.uid().unwrap_or_default();
                let of_integration = all.bound.entry(integration).or_default();
                of_integration.insert(object.name_any(), Bound { uid, identity });
            }
            None => all.unbind(&integration, &object.name_any()),
        }
    }

    /// The first list is over. `now` is the API server's time.
    pub fn have_listed(&self, now: Timestamp) {
        self.all().listed_at = Some(now);
    }

    /// An object is gone.
    pub fn forget(&self, object: &JiraIssue) {
        let mut all = self.all();
        all.unmarked_at_first.remove(&object.uid().unwrap_or_default());
        all.unbind(&integration_of(object), &object.name_any());
    }

    /// These objects are there now, by namespace, in a namespace or in all: the deletion of others may have been missed.
    pub fn retain(&self, namespace: Option<&str>, there: &HashMap<String, BTreeSet<String>>) {
        let mut all = self.all();
        all.bound.retain(|integration, bound| {
            let of = integration.split_once('/').map_or("", |(namespace, _)| namespace);
            if namespace.is_none_or(|only| only == of) {
                bound.retain(|name, _| there.get(of).is_some_and(|names| names.contains(name)));
            }
            !bound.is_empty()
        });
    }

    /// How long an object waits before its ticket is created: the process before this one may have sent it just before it
    /// ended, for an object of this name whose mark this process has not seen. One that it found at its start waits until
    /// it is old enough; one that was applied since may have been deleted in between, and waits until the process is.
    /// Where there were no tickets before, nothing was sent. `now` is the API server's time.
    #[must_use]
    pub fn wait(&self, object: &JiraIssue, times: CreationTimes, now: Timestamp) -> Option<Duration> {
        let uid = object.uid().unwrap_or_default();
        let mut all = self.all();
        let created = object.creation_timestamp().map_or(now, |at| at.0);
        let since = if all.unmarked_at_first.contains(&uid) {
            created
        } else {
            all.listed_before(&integration_of(object), created)?
        };
        let least = SignedDuration::try_from(times.first_list()).unwrap_or(SignedDuration::ZERO);
        let left = Duration::try_from(least + CUT - now.duration_since(since));
        let left = left.ok().filter(|left| !left.is_zero());
        if left.is_none() {
            all.unmarked_at_first.remove(&uid);
        }
        left
    }

    /// An integration has a ticket of this scope.
    pub fn note_scope(&self, integration: &str, scope: &str) {
        let mut all = self.all();
        let facts = all.of_integration.entry(integration.to_owned()).or_default();
        facts.scope = Some(scope.to_owned());
    }

    /// A project was listed for an integration, by its account. What another one listed does not count any more.
    pub fn note_scanned(&self, integration: &str, account: &str, project: &str) {
        let mut all = self.all();
        let facts = all.of_integration.entry(integration.to_owned()).or_default();
        let same = facts.scanned.take().filter(|(by, _)| by == account);
        let (by, mut projects) = same.unwrap_or_else(|| (account.to_owned(), BTreeSet::new()));
        projects.insert(project.to_owned());
        facts.scanned = Some((by, projects));
    }

    /// What is known of the tickets of an integration.
    #[must_use]
    pub fn facts(&self, integration: &str) -> TicketFacts {
        self.all().of_integration.get(integration).cloned().unwrap_or_default()
    }

    /// Whether tickets of the integration are found by another scope than this one.
    #[must_use]
    pub fn have_another_scope(&self, namespace: &str, integration: &str, scope: &str) -> bool {
        let all = self.all();
        let Some(bound) = all.bound.get(&format!("{namespace}/{integration}")) else {
            return false;
        };
        let is_of_scope = |(name, bound): (&String, &Bound)| {
            [name, &bound.uid]
                .into_iter()
                .any(|of| Identity::of(scope, namespace, of).as_str() == bound.identity)
        };
        !bound.is_empty() && !bound.iter().take(ASKED).any(is_of_scope)
    }
}

impl TicketFacts {
    /// The projects that this account listed.
    pub fn scanned_by(&self, account: &str) -> impl Iterator<Item = &String> {
        let of_it = self.scanned.iter().filter(move |(by, _)| by == account);
        of_it.flat_map(|(_, projects)| projects)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    const TIMES: CreationTimes = CreationTimes::new(Duration::from_mins(5));

    fn object(name: &str, status: &serde_json::Value) -> JiraIssue {
        serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue",
            "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"),
                "creationTimestamp": "2026-04-28T15:00:00Z"},
            "spec": {"integration": "acme", "project": "ENG"}, "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn what_was_there_before_the_process_waits_until_it_is_old_enough() {
        let known = KnownObjects::default();
        let at =
            |seconds: i64| "2026-04-28T15:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
        let wait = |object: &JiraIssue, seconds| known.wait(object, TIMES, at(seconds)).map(|wait| wait.as_secs());
        let (first, later) = (object("first", &json!({})), object("later", &json!({})));
        known.note(&later, false);
        known.have_listed(at(-10));
        assert_eq!(wait(&later, 0), None, "there were no tickets before");
        known.note(&first, true);
        known.note(&later, false);
        assert_eq!(
            (wait(&later, 0), wait(&later, 51)),
            (Some(51), None),
            "it was applied since"
        );
        known.have_listed(at(2));
        assert_eq!(wait(&later, 3), None, "it was there, and is known");
        assert_eq!((wait(&first, 0), wait(&first, 50)), (Some(61), Some(11)));
        assert_eq!(
            (wait(&first, 61), wait(&first, 0)),
            (None, None),
            "once it is old enough it is known"
        );
        // One with a mark says itself what was begun.
        let mark = json!({"creation": {"identity": "k", "number": 1, "attempt": 1, "at": "2026-04-28T15:00:00Z",
            "deadline": "2026-04-28T15:00:45Z", "holder": "h", "floor": 0}});
        let marked = object("marked", &mark);
        known.note(&marked, true);
        assert_eq!(wait(&marked, 0), None);
    }

    #[test]
    fn what_another_account_listed_does_not_count() {
        let known = KnownObjects::default();
        let scanned =
            |account: &str| -> Vec<String> { known.facts("shop/acme").scanned_by(account).cloned().collect() };
        known.note_scanned("shop/acme", "bot", "ENG");
        known.note_scanned("shop/acme", "bot", "SUP");
        assert_eq!(scanned("bot"), ["ENG", "SUP"]);
        assert!(scanned("other").is_empty());
        known.note_scanned("shop/acme", "other", "SUP");
        assert_eq!((scanned("other"), scanned("bot")), (vec!["SUP".to_owned()], Vec::new()));
    }

    #[test]
    fn a_scope_by_which_no_bound_ticket_is_found_is_another_one() {
        let known = KnownObjects::default();
        let is_other = |scope| known.have_another_scope("shop", "acme", scope);
        assert!(!is_other("app"), "there is none yet");
        let identity = Identity::of("app", "shop", "a");
        let bound = object("a", &json!({"id": "1", "identity": identity.as_str()}));
        known.note(&bound, false);
        assert!(!is_other("app") && is_other("another"));
        known.forget(&bound);
        assert!(!is_other("another"));
        known.note(&bound, false);
        let there = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            HashMap::from([("shop".to_owned(), names)])
        };
        known.retain(Some("elsewhere"), &HashMap::new());
        known.retain(Some("shop"), &there(&["a"]));
        assert!(is_other("another"));
        known.retain(None, &there(&["b"]));
        assert!(!is_other("another"), "its deletion was missed");
        let by_uid = Identity::of("app", "shop", "uid-b");
        known.note(&object("b", &json!({"id": "2", "identity": by_uid.as_str()})), false);
        assert!(!is_other("app") && is_other("another"));
    }
}
