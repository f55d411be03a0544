//! Looks for the tickets of objects in Jira, without trusting the search index alone: it lags, and keys do not.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::identity::{Identity, PROPERTY};
use crate::atlassian::{
    error::JiraError,
    jira::{SearchFields, Session},
    ticket_models::MarkedIssue,
};

/// Most labels in one query: as many issues as a page has.
pub const LABELS: usize = 100;
/// How many keys one call probes [OAS].
const CHUNK: i64 = 100;
/// After so many chunks without an issue there are none above.
const EMPTY_CHUNKS: u32 = 2;
/// Most pairs of chunks of one probe.
const MOST_PAIRS: u32 = 25;
/// How long the index may lag: what the project had before that it knows.
pub const LAG_MINUTES: u32 = 10;

/// What a look-up in a project found.
#[derive(Clone, Debug)]
pub struct LookupResult {
    /// Key of the project.
    project: String,
    /// The issues, by id.
    pub issues: BTreeMap<String, MarkedIssue>,
    /// The highest number of an issue that the project has.
    pub highest: i64,
    /// The ids of those that carry a marker or a label, by the identity in it.
    of: HashMap<Identity, Vec<String>>,
}

impl LookupResult {
    /// Nothing was found yet.
    #[must_use]
    pub fn in_project(key: &str) -> Self {
        Self {
            project: key.to_owned(),
            issues: BTreeMap::new(),
            highest: 0,
            of: HashMap::new(),
        }
    }

    /// Takes issues in. Whether there were any.
    pub fn take(&mut self, issues: impl IntoIterator<Item = MarkedIssue>) -> bool {
        let mut came = false;
        for issue in issues {
            came = true;
            // One that was moved away has a number of another project, which says nothing of this one.
            let own = number_in(&self.project, &issue.issue.key);
            self.highest = self.highest.max(own.unwrap_or_default());
            for identity in identities(&issue) {
                self.of.entry(identity).or_default().push(issue.issue.id.clone());
            }
            self.issues.insert(issue.issue.id.clone(), issue);
        }
        came
    }

    /// All that was found.
    #[must_use]
    pub fn all(&self) -> Vec<MarkedIssue> {
        self.issues.values().cloned().collect()
    }

    /// Those that carry an identity, by marker or label.
    #[must_use]
    pub fn of(&self, identity: &Identity) -> Vec<MarkedIssue> {
        let ids = self.of.get(identity).into_iter().flatten();
        let found: BTreeMap<&String, &MarkedIssue> = ids.filter_map(|id| self.issues.get_key_value(id)).collect();
        found.into_values().cloned().collect()
    }

    /// Whether any carries it.
    #[must_use]
    pub fn has(&self, identity: &Identity) -> bool {
        self.of.contains_key(identity)
    }
}

/// The identities that an issue carries.
fn identities(issue: &MarkedIssue) -> impl Iterator<Item = Identity> {
    let marker = issue.properties.get(PROPERTY).and_then(|marker| marker.get("K"));
    let marker = marker.and_then(Value::as_str);
    let labels = issue.issue.fields.labels.iter();
    let labels = labels.filter_map(|label| label.strip_prefix("k8s-"));
    marker.into_iter().chain(labels).map(Identity::read)
}

/// The number in a key.
fn number(key: &str) -> Option<i64> {
    key.rsplit_once('-').and_then(|(_, number)| number.parse().ok())
}

/// The number in a key of this project.
fn number_in(project: &str, key: &str) -> Option<i64> {
    number(key).filter(|_| key.rsplit_once('-').is_some_and(|(of, _)| of == project))
}

/// The highest number that a search in a project shows. What the index has of an issue may be older than its key: one that
/// was moved has a key of another project. Where all have, the project's own key was changed.
fn highest(project: &str, keys: &[&str]) -> i64 {
    let own = keys.iter().filter_map(|key| number_in(project, key)).max();
    let any = || keys.iter().filter_map(|key| number(key)).max();
    own.or_else(any).unwrap_or_default()
}

/// The issues of a project, which is given by its key, that are too new for the index.
///
/// # Errors
/// That of the first call that fails: nothing is known then.
pub async fn newest(session: &Session, project: &str) -> Result<LookupResult, JiraError> {
    let mut found = LookupResult::in_project(project);
    let lag = format!("project = \"{project}\" AND created <= -{LAG_MINUTES}m ORDER BY created DESC");
    let before = session.search(&lag, SearchFields::SomeIds(2), None).await?.found.issues;
    let keys: Vec<&str> = before.iter().map(|issue| issue.key.as_str()).collect();
    found.highest = highest(project, &keys);
    let floor = found.highest;
    above(session, project, floor, &mut found).await?;
    Ok(found)
}

/// The issues of a project that carry the labels of these identities, as far as the index knows them.
///
/// # Errors
/// As [`newest`].
pub async fn labelled(session: &Session, project: &str, identities: &[Identity]) -> Result<LookupResult, JiraError> {
    let mut found = LookupResult::in_project(project);
    for some in identities.chunks(LABELS) {
        let labels: Vec<String> = some
            .iter()
            .map(|identity| format!("\"{}\"", identity.label()))
            .collect();
        let labels = labels.join(", ");
        let jql = format!("project = \"{project}\" AND labels in ({labels}) ORDER BY key");
        let mut token: Option<String> = None;
        loop {
            let page = session.search_marked(&jql, PROPERTY, token.as_deref()).await?;
            found.take(page.issues);
            match page.next_page_token.filter(|token| !token.is_empty()) {
                Some(next) => token = Some(next),
                None => break,
            }
        }
    }
    Ok(found)
}

/// Issues by their ids, as they are now.
///
/// # Errors
/// As [`newest`].
pub async fn with_ids(session: &Session, project: &str, ids: &[String]) -> Result<LookupResult, JiraError> {
    let mut found = LookupResult::in_project(project);
    for some in ids.chunks(LABELS) {
        found.take(session.fetch_marked(some, PROPERTY).await?.issues);
    }
    Ok(found)
}

/// Looks for the ticket of a creation whose answer is lost: among the keys above the highest one that the project had
/// when it began, and by its label.
///
/// # Errors
/// As [`newest`].
pub async fn after_creation(
    session: &Session,
    project: &str,
    identity: &Identity,
    floor: i64,
) -> Result<LookupResult, JiraError> {
    let mut found = labelled(session, project, std::slice::from_ref(identity)).await?;
    above(session, project, floor, &mut found).await?;
    // Of keys that are far above the floor the index may know some already.
    let known = found.highest;
    if known > floor {
        above(session, project, known, &mut found).await?;
    }
    Ok(found)
}

/// Reads the issues with keys above a number, which are in no index: until there are none.
async fn above(session: &Session, project: &str, floor: i64, found: &mut LookupResult) -> Result<(), JiraError> {
    let keys = |from: i64| -> Vec<String> { (from..from + CHUNK).map(|n| format!("{project}-{n}")).collect() };
    let (mut from, mut empty) = (floor + 1, 0);
    for _ in 0..MOST_PAIRS {
        // There are mostly two calls, and somebody waits for them.
        let (one, two) = (keys(from), keys(from + CHUNK));
        let fetch = |keys| session.fetch_marked(keys, PROPERTY);
        let (one, two) = futures::try_join!(fetch(&one), fetch(&two))?;
        for fetched in [one, two] {
            empty = if found.take(fetched.issues) { 0 } else { empty + 1 };
        }
        if empty >= EMPTY_CHUNKS {
            break;
        }
        from += 2 * CHUNK;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn issue(id: &str, marker: Option<&str>, labels: &[&str]) -> MarkedIssue {
        let properties = marker.map_or(json!({}), |k| json!({PROPERTY: {"K": k}}));
        let fields = json!({"labels": labels});
        serde_json::from_value(
            json!({"id": id, "key": format!("ENG-{id}"), "properties": properties, "fields": fields}),
        )
        .unwrap()
    }

    #[test]
    fn what_is_found_is_told_apart_by_marker_and_label() {
        let mut found = LookupResult::in_project("ENG");
        assert!(!found.take([]));
        found.take([
            issue("7", Some("a"), &["k8s-a", "other"]),
            issue("12", None, &["k8s-a", "k8s-b"]),
            issue("9", Some("c"), &[]),
        ]);
        let ids = |identity: &str| -> Vec<String> {
            let of = found.of(&Identity::read(identity));
            of.into_iter().map(|issue| issue.issue.id).collect()
        };
        assert_eq!(
            (ids("a"), ids("b"), ids("c")),
            (vec!["12".into(), "7".into()], vec!["12".into()], vec!["9".into()])
        );
        assert!(found.has(&Identity::read("c")) && !found.has(&Identity::read("d")));
        assert_eq!(found.highest, 12);
    }

    #[test]
    fn an_issue_that_was_moved_away_does_not_raise_the_highest_number() {
        let mut found = LookupResult::in_project("ENG");
        let mut moved = issue("7", None, &[]);
        moved.issue.key = "OPS-4711".to_owned();
        assert!(found.take([issue("5", None, &[]), moved]));
        assert_eq!(found.highest, 5);
        assert_eq!(highest("ENG", &["OPS-4711", "ENG-12"]), 12);
        assert_eq!(
            highest("ENG", &["NEW-12", "NEW-11"]),
            12,
            "the project has another key by now"
        );
    }

    #[test]
    fn the_number_of_a_key_follows_its_last_dash() {
        assert_eq!(
            [number("ENG-12"), number("A_B-3"), number("odd"), number("A-x")],
            [Some(12), Some(3), None, None]
        );
        assert_eq!((number_in("A_B", "A_B-3"), number_in("A", "A_B-3")), (Some(3), None));
        assert_eq!(highest("ENG", &[]), 0);
    }
}
