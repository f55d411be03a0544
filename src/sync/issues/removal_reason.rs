//! What became of issues that left the mirror, and how many.

use crate::api::integration::RemovedIssues;

/// What became of an issue that leaves the mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RemovalReason {
    /// Deleted, or hidden by a security level: Jira answers alike.
    Gone,
    /// Refused to the account, while its project is not.
    Hidden,
    /// In a project that is not synchronised.
    Moved,
    /// Archived, alone or with its project.
    Archived,
    /// Done, outside the jql, or pushed out.
    NoLongerMatching,
    /// Its project is out of scope.
    OutOfScope,
    /// An object that somebody applied is of it.
    Claimed,
}

/// Counts one more.
pub fn count(removed: &mut RemovedIssues, reason: RemovalReason) {
    let counter = match reason {
        RemovalReason::Gone => &mut removed.gone,
        RemovalReason::Moved => &mut removed.moved,
        RemovalReason::Archived => &mut removed.archived,
        RemovalReason::NoLongerMatching => &mut removed.no_longer_matching,
        RemovalReason::Hidden | RemovalReason::OutOfScope => &mut removed.hidden,
        // It is shown by another object.
        RemovalReason::Claimed => return,
    };
    *counter = counter.saturating_add(1);
}
