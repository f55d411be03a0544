//! Looks for the tickets of objects in Jira, without trusting the search index alone: it lags, and keys do not.

use std::collections::BTreeMap;

use super::identity::{Identity, PROPERTY};
use crate::atlassian::{error::JiraError, jira::Session, ticket_models::MarkedIssue};

/// Most labels in one query.
pub const LABELS: usize = 50;
/// How many keys one call probes [OAS].
const CHUNK: i64 = 100;
/// After so many chunks without an issue there are none above.
const EMPTY_CHUNKS: u32 = 2;
/// Most chunks of one probe.
const MOST_CHUNKS: u32 = 50;
/// How long the index may lag: what the project had before that it knows.
const LAG_MINUTES: u32 = 10;

/// What a look-up in a project found.
#[derive(Clone, Debug, Default)]
pub struct LookupResult {
    /// The issues, by id.
    pub issues: BTreeMap<String, MarkedIssue>,
    /// The highest number of an issue that the project has.
    pub highest: i64,
}

impl LookupResult {
    fn take(&mut self, issues: impl IntoIterator<Item = MarkedIssue>) -> bool {
        let mut came = false;
        for issue in issues {
            came = true;
            self.highest = self.highest.max(number(&issue.issue.key));
            self.issues.insert(issue.issue.id.clone(), issue);
        }
        came
    }

    /// All that was found.
    #[must_use]
    pub fn all(&self) -> Vec<MarkedIssue> {
        self.issues.values().cloned().collect()
    }
}

/// The number in a key.
fn number(key: &str) -> i64 {
    key.rsplit_once('-')
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or_default()
}

/// Looks for tickets in a project before any of them is created: by their labels, and among the issues that are too
/// new for the index. `project` is its key.
///
/// # Errors
/// That of the first call that fails: nothing is known then.
pub async fn before_creation(
    session: &Session,
    project: &str,
    identities: &[Identity],
) -> Result<LookupResult, JiraError> {
    let mut found = LookupResult::default();
    for some in identities.chunks(LABELS) {
        by_labels(session, project, some, &mut found).await?;
    }
    let lag = format!("project = \"{project}\" AND created <= -{LAG_MINUTES}m ORDER BY created DESC");
    let before = session.search_marked(&lag, PROPERTY, None).await?;
    let floor = before
        .issues
        .iter()
        .map(|issue| number(&issue.issue.key))
        .max()
        .unwrap_or_default();
    found.take(before.issues);
    above(session, project, floor, &mut found).await?;
    Ok(found)
}

/// Looks for the ticket of a creation whose answer is lost: among the keys above the highest one that the project had
/// when it began, and by its label.
///
/// # Errors
/// As [`before_creation`].
pub async fn after_creation(
    session: &Session,
    project: &str,
    identity: &Identity,
    floor: i64,
) -> Result<LookupResult, JiraError> {
    let mut found = LookupResult::default();
    above(session, project, floor, &mut found).await?;
    by_labels(session, project, std::slice::from_ref(identity), &mut found).await?;
    // Of keys that are far above the floor the index may know some already.
    let known = found.highest;
    if known > floor {
        above(session, project, known, &mut found).await?;
    }
    Ok(found)
}

async fn by_labels(
    session: &Session,
    project: &str,
    identities: &[Identity],
    found: &mut LookupResult,
) -> Result<(), JiraError> {
    let labels: Vec<String> = identities
        .iter()
        .map(|identity| format!("\"{}\"", identity.label()))
        .collect();
    let jql = format!(
        "project = \"{project}\" AND labels in ({}) ORDER BY key",
        labels.join(", ")
    );
    let mut token: Option<String> = None;
    loop {
        let page = session.search_marked(&jql, PROPERTY, token.as_deref()).await?;
        found.take(page.issues);
        match page.next_page_token.filter(|token| !token.is_empty()) {
            Some(next) => token = Some(next),
            None => return Ok(()),
        }
    }
}

/// Reads the issues with keys above a number, which are in no index: until there are none.
async fn above(session: &Session, project: &str, floor: i64, found: &mut LookupResult) -> Result<(), JiraError> {
    let (mut from, mut empty) = (floor + 1, 0);
    for _ in 0..MOST_CHUNKS {
        let keys: Vec<String> = (from..from + CHUNK)
            .map(|number| format!("{project}-{number}"))
            .collect();
        let fetched = session.fetch_marked(&keys, PROPERTY).await?;
        empty = if found.take(fetched.issues) { 0 } else { empty + 1 };
        if empty == EMPTY_CHUNKS {
            break;
        }
        from += CHUNK;
    }
    Ok(())
}
