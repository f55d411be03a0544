//! Writes to issues that were judged and are to be carried out, by an app or by a person.

use std::collections::BTreeMap;

use serde_json::Value;

use super::issue::{Request, Values};
use super::webhook::{NewWebhook, Registered};

/// Who writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Author {
    /// `None` for a command that names nobody.
    pub(crate) account_id: Option<String>,
    /// The app through which; `None` for people and automation.
    pub(crate) client_id: Option<String>,
    /// `historyMetadata` of the call.
    pub(crate) history: Option<Value>,
}

impl Author {
    /// A person at the keyboard.
    pub(crate) fn person(account_id: &str) -> Self {
        Self {
            account_id: Some(account_id.to_owned()),
            ..Self::default()
        }
    }
}

/// An issue to be made, its values made ready.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewIssue {
    pub(crate) project: u64,
    pub(crate) values: Values,
    pub(crate) properties: BTreeMap<String, Value>,
    pub(crate) request: Option<Request>,
    /// Account id.
    pub(crate) creator: String,
}

/// A comment to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewComment {
    pub(crate) body: Value,
    pub(crate) wiki: Option<String>,
    pub(crate) internal: bool,
    pub(crate) visibility: Option<Value>,
    pub(crate) properties: BTreeMap<String, Value>,
}

/// What is written. Issues and comments are named by their ids.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Create(Box<NewIssue>),
    Edit {
        issue: u64,
        values: Values,
        properties: BTreeMap<String, Value>,
    },
    /// Into a status, with what the screen takes.
    Transition {
        issue: u64,
        to: String,
        values: Values,
        properties: BTreeMap<String, Value>,
        comment: Option<Box<NewComment>>,
    },
    /// `None` takes it away.
    Property {
        issue: u64,
        key: String,
        value: Option<Value>,
    },
    Comment {
        issue: u64,
        comment: Box<NewComment>,
    },
    EditComment {
        comment: u64,
        new: Box<NewComment>,
    },
    DeleteComment {
        comment: u64,
    },
    /// `None` takes it away.
    CommentProperty {
        comment: u64,
        key: String,
        value: Option<Value>,
    },
    RemoteLink {
        issue: u64,
        global_id: Option<String>,
        body: Value,
    },
    DeleteRemoteLink {
        issue: u64,
        link: u64,
    },
    IssueLink {
        kind: String,
        inward: u64,
        outward: u64,
    },
    Participants {
        issue: u64,
        accounts: Vec<String>,
        added: bool,
    },
    Clone {
        issue: u64,
        summary: String,
    },
    Move {
        issue: u64,
        project: u64,
    },
    Delete {
        issue: u64,
    },
    /// Each of them, or why it is none.
    RegisterWebhooks {
        url: String,
        webhooks: Vec<Result<NewWebhook, Vec<String>>>,
    },
    DeleteWebhooks {
        ids: Vec<u64>,
    },
    RefreshWebhooks {
        ids: Vec<u64>,
    },
}

/// What came of a write: the thing that was written, and whether there was none before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Id of the issue.
    pub(crate) issue: u64,
    /// Id of the comment or link, if it is about one.
    pub(crate) part: u64,
    pub(crate) created: bool,
    /// What came of each webhook.
    pub(crate) webhooks: Vec<Registered>,
}
