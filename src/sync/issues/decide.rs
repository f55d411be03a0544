//! Whether an issue belongs in the mirror. Pure.

use super::{
    index::IndexEntry, mirrored_issue::MirroredIssue, objects::ObjectState, removal_reason::RemovalReason,
    run::MirrorSettings,
};
use crate::api::integration::MirrorMode;

/// What is to become of an issue that Jira answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueDecision {
    /// It is mirrored.
    Keep,
    /// It is not mirrored, or no longer.
    Leave(RemovalReason),
    /// What is mirrored of it stays as it is: its project cannot be read properly now.
    Ignore,
}

/// Decides. `matches` is what Jira said of the project's jql, where it has one.
#[must_use]
pub fn decide(issue: &MirroredIssue, settings: &MirrorSettings<'_>, matches: Option<bool>) -> IssueDecision {
    if settings.claimed.has(issue.id) {
        return IssueDecision::Leave(RemovalReason::Claimed);
    }
    if settings.project(&issue.project_id).is_none() {
        return if settings.archived.contains(&issue.project_id) {
            IssueDecision::Leave(RemovalReason::Archived)
        } else if settings.is_held(&issue.project_id) {
            IssueDecision::Ignore
        } else {
            IssueDecision::Leave(RemovalReason::Moved)
        };
    }
    let done = settings.mode == MirrorMode::Open && !issue.is_open;
    match settings.mode {
        MirrorMode::None => IssueDecision::Leave(RemovalReason::NoLongerMatching),
        _ if done || matches == Some(false) => IssueDecision::Leave(RemovalReason::NoLongerMatching),
        _ => IssueDecision::Keep,
    }
}

/// Mirrored issues whose projects are no longer in scope. What the cluster refused to remove waits for its backoff.
#[must_use]
pub fn leaving(settings: &MirrorSettings<'_>, objects: &ObjectState) -> Vec<(u64, RemovalReason)> {
    let reason = |entry: &IndexEntry| match settings.mode {
        _ if settings.claimed.has(entry.id) => Some(RemovalReason::Claimed),
        MirrorMode::None => Some(RemovalReason::NoLongerMatching),
        _ if settings.archived.contains(&entry.project_id) => Some(RemovalReason::Archived),
        _ if settings.project(&entry.project_id).is_some() || settings.is_held(&entry.project_id) => None,
        _ => Some(RemovalReason::OutOfScope),
    };
    let index = objects.index().iter();
    index
        .filter(|(id, _)| !objects.deferred.is_refused(*id))
        .filter_map(|(id, entry)| Some((id, reason(entry)?)))
        .collect()
}
