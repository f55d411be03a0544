//! What the process remembers of each integration between reconciliations. All of it can be lost: the
//! next reconciliation then asks a little more than it would have had to.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use super::reconcile_kind::ReconcileKind;
use crate::{
    api::integration::JiraIntegrationStatus,
    atlassian::secret::TokenHash,
    sync::{
        budget::RunCosts,
        projects::workflows::{MappedProjects, WorkflowRefresh},
    },
};

/// Jira is not asked before a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JiraWait {
    /// The time.
    pub until: Timestamp,
    /// Atlassian asked for it, so that not even a request by a person overrides it.
    pub by_atlassian: bool,
    /// The site and the credentials that it was asked for: with others there is no wait.
    pub of: String,
    /// What is gone on with then.
    pub resumes: ReconcileKind,
}

/// A person's request for everything that a reconciliation took up and that is not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// The value of the annotation.
    pub value: String,
    /// All issues are to be listed once those that were listed before are there.
    pub is_listing_due: bool,
}

/// Statuses that issues have and their projects' workflows had not, by name of the project's object
/// and id of the status; and whether the project was asked for its workflows since.
pub type UnknownStatuses = BTreeMap<(String, String), bool>;

/// What is remembered of one integration.
#[derive(Clone, Debug, Default)]
pub struct LocalState {
    /// The status as last written, and the resourceVersion it got: the watch may lag behind.
    pub written: Option<(JiraIntegrationStatus, u64)>,
    /// What a reconciliation found could not be written, so the status tells of an earlier time: until everything was
    /// looked at again and written down.
    pub unwritten: bool,
    /// `spec.account`, as text, for which the account was found eligible last.
    pub judged_for: Option<String>,
    /// How often in a row the cluster refused what a reconciliation has to write.
    pub failures: u32,
    /// When that is tried again.
    pub retry_at: Option<Timestamp>,
    /// How often in a row Jira gave no usable answer.
    pub jira_failures: u32,
    /// When Jira may be asked again.
    pub jira_wait: Option<JiraWait>,
    /// How many full looks were taken: what they cannot all look at takes turns.
    pub looks: usize,
    /// How many plain looks were taken, likewise.
    pub plain_looks: usize,
    /// When the next look is due, where nothing was synchronised.
    pub next_look: Option<Timestamp>,
    /// The round through all projects that is under way.
    pub inventory: Option<WorkflowRefresh>,
    /// Which projects have the phases that the mapping gives them.
    pub phased: Arc<MappedProjects>,
    /// What the last incremental one cost in points, and the last full one.
    pub costs: RunCosts,
    /// When the next slice of unfinished work is due.
    pub work_at: Option<Timestamp>,
    /// Whether a reconciliation ended since the process began.
    pub has_passed: bool,
    /// When the token is to be looked at, whatever else is due.
    pub token_at: Option<Timestamp>,
    /// The generation of the spec that was looked at last, whether it could be judged or not.
    pub tried: Option<i64>,
    /// All issues are to be listed, for a spec that changed or a person who asked, and were not yet.
    pub is_unlisted: bool,
    /// The request that is being answered.
    pub taken: Option<PendingRequest>,
    /// Statuses that no workflow was known to have.
    pub unknown_statuses: UnknownStatuses,
    /// resourceVersion of the credential Secret as last seen.
    pub credentials: Option<String>,
    /// Which grant was judged last.
    pub lineage: Option<TokenHash>,
    /// Until when a missing Secret is waited for in silence: no event has told of it yet.
    pub awaited: Option<Timestamp>,
    /// The idle expiry that was warned of.
    pub idle_warned: Option<Timestamp>,
}

/// The memories of all integrations, by uid.
#[derive(Debug, Default)]
pub struct LocalStates(Mutex<HashMap<String, LocalState>>);

impl LocalStates {
    /// A copy of what is remembered.
    #[must_use]
    pub fn of(&self, uid: &str) -> LocalState {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(uid)
            .cloned()
            .unwrap_or_default()
    }

    /// Remembers.
    pub fn keep(&self, uid: &str, local: LocalState) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(uid.to_owned(), local);
    }

    /// Forgets all but these.
    pub fn retain(&self, uids: &std::collections::HashSet<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|uid, _| uids.contains(uid));
    }
}
