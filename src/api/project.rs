//! The `JiraProject` kind: one Jira project of a `JiraIntegration`, written by the operator.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{UNOBSERVED, renamed};

/// Names the project. Written by the operator.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "jira-operator.dev",
    version = "v1alpha1",
    kind = "JiraProject",
    namespaced,
    shortname = "jp",
    category = "jira",
    status = "JiraProjectStatus",
    derive = "PartialEq",
    doc = "One Jira project of a JiraIntegration, and whether it can be used. Written by the operator.",
    selectable = ".spec.integration",
    printcolumn(name = "Key", type_ = "string", json_path = ".spec.key"),
    printcolumn(name = "Name", type_ = "string", json_path = ".status.name"),
    printcolumn(name = "Type", type_ = "string", json_path = ".status.type"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Integration",
        type_ = "string",
        json_path = ".spec.integration",
        priority = 1
    ),
    printcolumn(name = "Changed", type_ = "date", json_path = ".status.lastChanged", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    )
)]
pub struct JiraProjectSpec {
    /// Name of the JiraIntegration in this namespace that the project belongs to.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.integration never changes"))]
    pub integration: String,
    /// Key of the project: the one that the integration's spec names, else the one found in Jira.
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.key never changes"))]
    pub key: String,
}

/// What Jira says of the project.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct JiraProjectStatus {
    /// The generation that the status speaks of; -1 before the first write.
    pub observed_generation: Option<i64>,

    /// Accessible, Permitted and Ready, each with a reason and a remedy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// Jira's id of the project; it never changes. Absent while nobody can see the project.
    pub id: Option<String>,

    /// Key of the project in Jira now.
    pub key: Option<String>,

    /// Name of the project.
    pub name: Option<String>,

    /// Type of the project as Jira names it, such as software, business or service_desk.
    #[serde(rename = "type")]
    pub project_type: Option<String>,

    /// classic (company-managed) or next-gen (team-managed).
    pub style: Option<String>,

    /// Where the project stands in Jira.
    #[serde(default)]
    pub lifecycle: Lifecycle,

    /// The permissions that the account holds, of those that reading and writing tickets take, by Jira's keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,

    /// Issue types of the project, each with its statuses and the phase that each stands for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issue_types: Vec<IssueTypeEntry>,

    /// Request types of the project's service desk.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "renamed::request_types"
    )]
    pub request_types: Vec<RequestTypeEntry>,

    /// Issues of the project.
    pub issues: Option<ProjectIssues>,

    /// Since when Jira no longer shows the project.
    pub missing_since: Option<Time>,

    /// When what is said here last became different.
    pub last_changed: Option<Time>,
}

impl JiraProject {
    /// Whether its status was not written yet: it was left half made, or a person emptied it. The definition
    /// gives such an object the generation -1.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.status
            .as_ref()
            .is_none_or(|status| status.observed_generation == Some(UNOBSERVED))
    }
}

/// An issue type of a project.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IssueTypeEntry {
    /// Jira's id.
    pub id: String,
    /// Its name, in the language of the account.
    pub name: String,
    /// Whether it is for subtasks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub subtask: bool,
    /// The statuses of its workflow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<StatusEntry>,
}

/// A status in a workflow.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// Jira's id.
    pub id: String,
    /// Its name, in the language of the account.
    pub name: String,
    /// Key of its status category: new, indeterminate, done or undefined.
    pub category: String,
    /// The phase that it stands for: that of spec.statusMapping, else Todo, InProgress, Done or
    /// Unknown, after the category.
    pub phase: String,
}

/// A request type of a service desk.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RequestTypeEntry {
    /// Jira's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What keeps it from being used: Hidden, Restricted or NotCreatable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<String>,
    /// Deprecated: what an earlier version called blockedBy. It is no longer written.
    #[serde(default, skip_serializing)]
    pub hindered_by: Option<Vec<String>>,
}

/// Issues of a project.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ProjectIssues {
    /// Issues that are not done. Absent while only a first synchronisation under way will tell.
    pub open: Option<i64>,
    /// Issues that are to be mirrored, whether or not there is room for all.
    pub matching: Option<i64>,
    /// Whether the numbers are estimates of Jira's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
    /// When they were counted.
    pub as_of: Time,
    /// What was mirrored, as a digest of the settings: with other settings it is done anew.
    pub filter: Option<String>,
    /// What is being mirrored, in the same form, while a first or new synchronisation is under way.
    pub filling: Option<String>,
    /// Up to when changes were fetched, where the project lags behind the others or is still being
    /// filled.
    pub cursor: Option<String>,
}

/// Where a project stands in Jira.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifecycle {
    /// In use.
    Live,
    /// Archived: issues can be read only.
    Archived,
    /// In the trash.
    Trashed,
    /// Jira does not show it: hidden and deleted look alike.
    #[default]
    NotVisible,
}
