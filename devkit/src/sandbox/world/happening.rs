//! What happens to issues, as webhooks tell of it.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attached::Comment;
use super::issue::Issue;

/// The event of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    IssueCreated,
    IssueUpdated,
    IssueDeleted,
    CommentCreated,
    CommentUpdated,
    CommentDeleted,
    PropertySet,
    PropertyDeleted,
}

impl Event {
    /// Its name in a registration and in a delivery.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::IssueCreated => "jira:issue_created",
            Self::IssueUpdated => "jira:issue_updated",
            Self::IssueDeleted => "jira:issue_deleted",
            Self::CommentCreated => "comment_created",
            Self::CommentUpdated => "comment_updated",
            Self::CommentDeleted => "comment_deleted",
            Self::PropertySet => "issue_property_set",
            Self::PropertyDeleted => "issue_property_deleted",
        }
    }
}

/// How soon Jira delivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flow {
    /// Within half a minute: what somebody did to one thing.
    #[default]
    Primary,
    /// Within a quarter of an hour: what follows from it, and what was done to many things at once.
    Secondary,
}

/// A change of a field: its id, what stood in it, what stands in it.
pub(crate) type Item = (String, Value, Value);

/// One thing that happened to an issue.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    pub(crate) event: Event,
    pub(crate) at: Timestamp,
    /// The project where the issue then was.
    pub(crate) project: u64,
    /// The issue as it then was; as it was before, if it was deleted.
    pub(crate) issue: Arc<Issue>,
    /// Who did it; `None` for a command that names nobody.
    pub(crate) author: Option<String>,
    pub(crate) flow: Flow,
    /// What changed, of an update.
    pub(crate) items: Vec<Item>,
    /// The comment that it is about.
    pub(crate) comment: Option<Comment>,
    /// Key and value of the property that it is about.
    pub(crate) property: Option<(String, Value)>,
}

impl Happening {
    /// Nothing more than that it happened.
    pub(super) fn of(event: Event, (project, issue): (u64, Arc<Issue>), at: Timestamp) -> Self {
        Self {
            event,
            at,
            project,
            issue,
            author: None,
            flow: Flow::Primary,
            items: Vec::new(),
            comment: None,
            property: None,
        }
    }
}
