//! The ledger of effective writes: what really changed in issues, by whom, and how often. A write that was refused, or
//! never took effect, is not in it; one whose answer was lost is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was done to an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// It was made, as an issue or as a request.
    Create,
    /// Its fields or properties were edited.
    Edit,
    /// It was moved to a status, also to the one it was in.
    Transition,
    /// One property was set by itself.
    SetProperty,
    /// One property was taken away.
    DeleteProperty,
    /// A comment was added.
    Comment,
    /// A comment was edited.
    EditComment,
    /// A comment was deleted.
    DeleteComment,
    /// A property of a comment was set.
    SetCommentProperty,
    /// A property of a comment was taken away.
    DeleteCommentProperty,
    /// A remote link was made or changed.
    RemoteLink,
    /// A remote link was taken away.
    DeleteRemoteLink,
    /// It was linked to another issue.
    IssueLink,
    /// Participants were added.
    AddParticipants,
    /// Participants were taken away.
    RemoveParticipants,
    /// It was made as a copy of another.
    Clone,
    /// It was moved to another project.
    Move,
    /// It was deleted.
    Delete,
}

/// One effective write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Position in the ledger, from 0.
    pub sequence: u64,
    /// When, by the sandbox's clock.
    pub at: Timestamp,
    /// Who; `None` for a command that names nobody.
    pub account_id: Option<String>,
    /// The app through which; `None` for what people and automation do.
    pub client_id: Option<String>,
    /// What.
    pub operation: Operation,
    /// Id of the issue.
    pub issue_id: u64,
    /// Key that the issue had then.
    pub issue_key: String,
    /// What changed: ids of fields, keys of properties or comment properties, a link's global id, account ids of
    /// participants. Empty for an edit that changed nothing.
    pub changed: Vec<String>,
    /// Properties that were set, those of a comment with the comment.
    pub properties: BTreeMap<String, Value>,
    /// Id of the comment.
    pub comment_id: Option<u64>,
    /// Whether the comment is internal.
    pub internal: Option<bool>,
    /// `historyMetadata` as it was sent.
    pub history_metadata: Option<Value>,
}
