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
