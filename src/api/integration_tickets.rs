//! `spec.tickets` of a `JiraIntegration`: which tickets the cluster may create, and how.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Which tickets the cluster may create.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Tickets {
    /// Keys of the projects in which tickets are created and changed. When omitted, in every project in scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 100),
        inner(length(min = 1, max = 64), regex(pattern = "^[A-Z][A-Z0-9_]*$"))
    )]
    pub projects: Vec<String>,

    /// Tells clusters apart that apply the same manifests: a ticket is found again by scope, namespace and name of its
    /// object. When omitted, the client-id of the OAuth app. Set it before the app is changed.
    #[schemars(length(min = 1, max = 128))]
    pub scope: Option<String>,

    /// When true, nothing is sent: what would be stands in status.plan of each JiraIssue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,

    /// Most tickets that are created in an hour, from 1 to 10000.
    #[serde(default = "default_max_per_hour")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_per_hour: i32,

    /// What is done where the reporter has no account: Note creates the ticket unassigned, with a comment that names
    /// the person, internal in service projects; Refuse creates none.
    #[serde(default)]
    pub unknown_reporter: UnknownReporter,

    /// Which comments of a ticket stand in the status of its JiraIssue, where whoever may read the object reads them.
    /// When omitted, the latest five that are not internal.
    pub comments: Option<KeptComments>,
}

impl Tickets {
    /// Which comments of a ticket stand in its status.
    #[must_use]
    pub fn kept_comments(&self) -> KeptComments {
        self.comments.clone().unwrap_or_default()
    }
}

/// Which comments of a ticket stand in its status.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KeptComments {
    /// How many, the newest first, from 0 to 20. With 0 Jira is not asked for them.
    #[serde(default = "default_latest")]
    #[schemars(range(min = 0, max = 20))]
    pub latest: i32,

    /// When true, also internal ones and those that only some people may read in Jira.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
}

const fn default_latest() -> i32 {
    5
}

impl Default for KeptComments {
    fn default() -> Self {
        Self {
            latest: default_latest(),
            internal: false,
        }
    }
}

const fn default_max_per_hour() -> i32 {
    60
}

/// What is done where the reporter has no account.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnknownReporter {
    /// The ticket is created, and a comment names the person.
    #[default]
    Note,
    /// No ticket is created.
    Refuse,
}
