//! Whether an issue belongs in the mirror: a pure function.

use super::{mirrored_issue::MirroredIssue, removal_reason::RemovalReason, state::MirrorSettings};
use crate::api::integration::MirrorMode;

/// What is to become of an issue that Jira answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is mirrored.
    Keep,
    /// It is not mirrored, or no longer.
    Leave(RemovalReason),
    /// Nothing follows: its project cannot be read properly now.
    Ignore,
}

/// Decides. `matches` is what Jira said of the project's jql, where it has one.
#[must_use]
pub fn verdict(issue: &MirroredIssue, settings: &MirrorSettings<'_>, matches: Option<bool>) -> Verdict {
    if settings.project(&issue.project_id).is_none() {
        return if settings.archived.contains(&issue.project_id) {
            Verdict::Leave(RemovalReason::Archived)
        } else if settings.is_held(&issue.project_id) {
            Verdict::Ignore
        } else {
            Verdict::Leave(RemovalReason::Moved)
        };
    }
    let done = settings.mode == MirrorMode::Open && !issue.is_open;
    match settings.mode {
        MirrorMode::None => Verdict::Leave(RemovalReason::NoLongerMatching),
        _ if done || matches == Some(false) => Verdict::Leave(RemovalReason::NoLongerMatching),
        _ => Verdict::Keep,
    }
}
