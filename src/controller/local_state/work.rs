//! Work that earlier reconciliations left unfinished. Pure.

use std::{collections::BTreeMap, sync::Arc};

use crate::sync::projects::workflows::{MappedProjects, WorkflowRefresh};

/// Statuses that issues have and their projects' workflows had not, by name of the project's object
/// and id of the status; and whether the project was asked for its workflows since.
pub type UnknownStatuses = BTreeMap<(String, String), bool>;

/// A person's request for a full reconciliation that one has begun to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// The value of the annotation.
    pub value: String,
    /// All issues are to be listed once those that were listed before are there.
    pub is_listing_due: bool,
}

/// Work that is unfinished.
#[derive(Clone, Debug, Default)]
pub struct PendingWork {
    /// The refresh of all projects' workflows that is under way.
    pub workflow_refresh: Option<WorkflowRefresh>,
    /// Which projects have the phases that the mapping gives them.
    pub mapped: Arc<MappedProjects>,
    /// Statuses that no workflow was known to have.
    pub unknown_statuses: UnknownStatuses,
    /// All issues are to be listed, for a spec that changed or a person who asked, and were not yet.
    pub is_relist_due: bool,
    /// The request that is being answered.
    pub request: Option<PendingRequest>,
}

impl PendingWork {
    /// Whether this request is being answered: then it is not begun anew.
    #[must_use]
    pub fn answers(&self, value: &str) -> bool {
        self.request.as_ref().is_some_and(|request| request.value == value)
    }
}
