//! The register of a site's issues: what is known of them besides themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::SignedDuration;

use super::index::SearchIndex;

/// Where each issue is.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssueLocations {
    /// Issue to project.
    pub(super) projects: HashMap<u64, u64>,
    /// Project and number of a key that an issue had before it was moved.
    pub(super) former_keys: BTreeMap<(u64, u64), u64>,
    /// Issues that a timer touches, and how often.
    pub(crate) touched: BTreeMap<u64, SignedDuration>,
    /// Issues that nobody may read although their project is open, as a security level does.
    pub(crate) hidden: BTreeSet<u64>,
    /// Issues that are archived alone: no search shows them.
    pub(crate) archived: BTreeSet<u64>,
    /// Issues that `bulkfetch` cannot return now.
    pub(crate) unanswered: BTreeSet<u64>,
    /// What search knows.
    pub(crate) index: SearchIndex,
}
