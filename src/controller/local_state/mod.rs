//! What the process remembers of each integration between reconciliations. All of it can be lost: the
//! next reconciliation then asks a little more than it would have had to.

mod history;
mod jira_wait;
mod judged;
mod work;

use jiff::Timestamp;

pub use history::ReconcileHistory;
pub use jira_wait::{ClusterBackoff, JiraBackoff, JiraWait};
pub use judged::{JudgedInputs, WrittenStatus};
pub use work::{PendingRequest, PendingWork, UnknownStatuses};

/// What is remembered of one integration.
#[derive(Clone, Debug, Default)]
pub struct LocalState {
    /// The status as last written.
    pub status: WrittenStatus,
    /// What was judged last.
    pub judged: JudgedInputs,
    /// Writes that the API server refused.
    pub cluster: ClusterBackoff,
    /// Answers that Jira did not give.
    pub jira: JiraBackoff,
    /// What is due when.
    pub due: DueTimes,
    /// Work that is unfinished.
    pub work: PendingWork,
    /// The reconciliations so far.
    pub history: ReconcileHistory,
    /// Events that were published, or are held back.
    pub notices: NoticeState,
}

/// What is due when, besides what the status says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DueTimes {
    /// The next synchronisation, where the last reconciliation ended without one.
    pub next_sync: Option<Timestamp>,
    /// The next slice of unfinished work.
    pub resume_at: Option<Timestamp>,
    /// A refresh of the token, or a retry of one.
    pub token_at: Option<Timestamp>,
}

/// Events that depend on what was published before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeState {
    /// Until when a missing Secret is no event yet.
    pub missing_secret_grace: Option<Timestamp>,
    /// The idle expiry of which a person was warned.
    pub warned_idle_expiry: Option<Timestamp>,
}
