//! Comments of a ticket: those that its spec asks for, and what its status says of them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// A comment that is made once, and changed where its text changes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketComment {
    /// By what the comment is known: the same name is the same comment. The name reporter is that of the comment that
    /// names a reporter who could not be set.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    #[x_kube(validation = Rule::new("self != 'reporter'").message("the comment named reporter is the operator's own: choose another name"))]
    pub name: String,

    /// Its text, in Markdown, of at most 32000 characters.
    #[schemars(length(min = 1, max = 32_000))]
    pub body: String,

    /// Who reads it in a service project: Internal, agents alone; Public, customers too, who are mailed. Elsewhere
    /// everybody who sees the ticket reads either. It cannot change: another name is another comment.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("the visibility of a comment cannot change: apply it under another name"))]
    pub visibility: CommentVisibility,
}

/// Who reads a comment in a service project.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CommentVisibility {
    /// Agents alone.
    #[default]
    Internal,
    /// Customers too.
    Public,
}

/// What is known of the comments of a ticket.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketComments {
    /// How many comments the ticket has.
    pub total: Option<i64>,
    /// The newest ones, newest first: as many as spec.tickets.comments.latest of the JiraIntegration says, internal ones
    /// only where spec.tickets.comments.internal says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latest: Vec<ShownComment>,
    /// Comments of the spec that were made, also those that left it since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<SentComment>,
    /// The comment that is being made; gone once it is known what became of it.
    pub sending: Option<CommentSending>,
    /// With which state of the ticket, and how, the newest ones were read.
    pub read: Option<CommentsRead>,
}

/// A comment as people wrote it in Jira, or the operator did.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ShownComment {
    /// Jira's id of it.
    pub id: String,
    /// Display name of who wrote it.
    pub author: String,
    /// When it was written, in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub created: String,
    /// Whether customers do not read it, or only some people do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
    /// Whether the operator wrote it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_cluster: bool,
    /// Its text without formatting, of at most 500 characters.
    pub text: String,
}

/// A comment of the spec that was made.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SentComment {
    /// Its name in the spec.
    pub name: String,
    /// Jira's id of it; empty where it was to be internal, Jira made it public, and it was deleted: it is made again with
    /// another text.
    pub id: String,
    /// Digest of its text; empty while that is being changed.
    pub hash: String,
    /// As what it was made.
    pub visibility: CommentVisibility,
}

/// A comment that is being made: written before anything is sent, so that one whose answer is lost is looked for and not
/// made twice.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CommentSending {
    /// Its name in the spec.
    pub name: String,
    /// Digest of its text.
    pub hash: String,
    /// Digest of its words, by which it is found where it carries no mark.
    pub words: String,
    /// As what it is made.
    pub visibility: CommentVisibility,
    /// When the ticket was updated last before, by Jira's clock.
    pub since: String,
    /// When it began.
    pub at: Time,
}

/// How the newest comments were read.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CommentsRead {
    /// When the ticket was updated last then.
    pub updated: String,
    /// How many were asked for.
    pub latest: i32,
    /// Whether internal ones were.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
}
