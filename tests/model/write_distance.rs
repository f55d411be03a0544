//! How many writes lead from some objects to others.

use std::collections::{BTreeMap, BTreeSet};

use jira_operator::api::issue::JiraIssueStatus;

/// The objects by what identifies them, each with what is kept in it; nothing in one that was left
/// half made.
pub type Objects = BTreeMap<String, Option<JiraIssueStatus>>;

/// How many writes lead from some objects to others: two for a creation, one for a change, one for
/// a removal, one for an object that was half made and becomes whole or goes.
pub fn distance(before: &Objects, after: &Objects) -> usize {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let writes = names.into_iter().map(|name| match (before.get(name), after.get(name)) {
        (None, Some(Some(_))) => 2,
        (before, after) if before == after => 0,
        _ => 1,
    });
    writes.sum()
}
