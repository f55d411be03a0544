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
#[derive(Clone, Debug, Default)]
pub struct LookupResult {
    /// The issues, by id.
    pub issues: BTreeMap<String, MarkedIssue>,
    /// The highest number of an issue that the project has.
    pub highest: i64,
    /// The ids of those that carry a marker or a label, by the identity in it.
    of: HashMap<Identity, Vec<String>>,
}

impl LookupResult {
    /// Takes issues in. Whether there were any.
    pub fn take(&mut self, issues: impl IntoIterator<Item = MarkedIssue>) -> bool {
        let mut came = false;
        for issue in issues {
            came = true;
            self.highest = self.highest.max(number(&issue.issue.key));
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
fn number(key: &str) -> i64 {
    key.rsplit_once('-')
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or_default()
}

/// The issues of a project, which is given by its key, that are too new for the index.
///
/// # Errors
/// That of the first call that fails: nothing is known then.
pub async fn newest(session: &Session, project: &str) -> Result<LookupResult, JiraError> {
    let mut found = LookupResult::default();
    let lag = format!("project = \"{project}\" AND created <= -{LAG_MINUTES}m ORDER BY created DESC");
    let before = session.search(&lag, SearchFields::SomeIds(1), None).await?.found.issues;
    found.highest = before.iter().map(|issue| number(&issue.key)).max().unwrap_or_default();
    let floor = found.highest;
    above(session, project, floor, &mut found).await?;
    Ok(found)
}

/// The issues of a project that carry the labels of these identities, as far as the index knows them.
///
/// # Errors
/// As [`newest`].
pub async fn labelled(session: &Session, project: &str, identities: &[Identity]) -> Result<LookupResult, JiraError> {
    let mut found = LookupResult::default();
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
pub async fn with_ids(session: &Session, ids: &[String]) -> Result<LookupResult, JiraError> {
    let mut found = LookupResult::default();
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
        let mut found = LookupResult::default();
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
    fn the_number_of_a_key_follows_its_last_dash() {
        assert_eq!(
            [number("ENG-12"), number("A_B-3"), number("odd"), number("A-x")],
            [12, 3, 0, 0]
        );
    }
}
