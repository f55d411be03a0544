//! What hangs on issues beside their fields: comments and links. Search knows nothing of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// A comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Numeric id.
    pub id: u64,
    /// Account id of the author.
    pub author: String,
    /// Account id of who changed it last.
    pub update_author: String,
    /// Text in Atlassian Document Format.
    pub body: Value,
    /// The text as it was sent to the service desk's API.
    pub wiki: Option<String>,
    /// Whether customers may not read it. Only comments on issues of service projects can be internal.
    pub internal: bool,
    /// To whom it is restricted, as it was sent.
    pub visibility: Option<Value>,
    /// Entity properties by their keys.
    pub properties: BTreeMap<String, Value>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A link to something outside of Jira.
#[derive(Clone, Debug)]
pub struct RemoteLink {
    /// Numeric id.
    pub id: u64,
    /// The id that others gave it.
    pub global_id: Option<String>,
    /// `object`, `application` and `relationship`, as they were sent.
    pub body: Value,
}

/// A link between two issues, as it stands at one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueLink {
    /// Numeric id, the same at both ends.
    pub id: u64,
    /// Name of its type.
    pub kind: String,
    /// Id of the issue at the other end.
    pub other: u64,
    /// Whether the other issue is the inward one.
    pub inward: bool,
}

/// A change of an issue, as its history tells it.
#[derive(Clone, Debug)]
pub struct Change {
    /// Numeric id.
    pub id: u64,
    /// Account id of who made it; empty for a command that names nobody.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// What changed: field, what stood in it, what stands in it.
    pub items: Vec<(String, Value, Value)>,
    /// `historyMetadata` as it was sent.
    pub history: Option<Value>,
}

/// What hangs on one issue.
#[derive(Clone, Debug, Default)]
pub struct Attached {
    /// Comments, the oldest first.
    pub comments: Vec<Comment>,
    /// Remote links.
    pub remote_links: Vec<RemoteLink>,
    /// Links to other issues.
    pub issue_links: Vec<IssueLink>,
    /// Its history, the oldest change first. What commands change that name nobody is not in it.
    pub changes: Vec<Change>,
}
