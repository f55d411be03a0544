//! The `JiraIssue` kind: one issue of Jira, as it was seen last.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::UNOBSERVED;

/// Says which integration the issue belongs to. Written by the operator.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "jira-operator.dev",
    version = "v1alpha1",
    kind = "JiraIssue",
    namespaced,
    shortname = "jissue",
    status = "JiraIssueStatus",
    derive = "PartialEq",
    doc = "One issue of Jira, as it was seen last. Written by the operator where spec.issues.mirror of its JiraIntegration asks for it.",
    selectable = ".spec.integration",
    selectable = ".status.project",
    selectable = ".status.phase",
    selectable = ".status.type",
    printcolumn(name = "Key", type_ = "string", json_path = ".status.key"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.status"),
    printcolumn(name = "Assignee", type_ = "string", json_path = ".status.assignee.displayName"),
    printcolumn(
        name = "Created",
        type_ = "date",
        json_path = ".status.created",
        description = "Since the issue was created in Jira"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Type", type_ = "string", json_path = ".status.type", priority = 1),
    printcolumn(name = "Priority", type_ = "string", json_path = ".status.priority", priority = 1),
    printcolumn(name = "Summary", type_ = "string", json_path = ".status.summary", priority = 1),
    printcolumn(
        name = "Integration",
        type_ = "string",
        json_path = ".spec.integration",
        priority = 1
    )
)]
pub struct JiraIssueSpec {
    /// Name of the JiraIntegration in this namespace that the issue belongs to.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.integration never changes"))]
    pub integration: String,
}

/// What Jira says of the issue. Description and comments are not mirrored.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct JiraIssueStatus {
    /// The generation that the status speaks of; -1 before the first write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Jira's id of the issue; it never changes, and is what identifies it.
    pub id: String,
    /// Key of the issue now. The object's name keeps the key under which it was first seen.
    pub key: String,
    /// Address of the issue for people.
    pub url: String,
    /// Key of the project.
    pub project: String,
    /// Jira's id of the project; it never changes.
    pub project_id: String,
    /// Name of the issue type.
    #[serde(rename = "type")]
    pub issue_type: String,
    /// Summary.
    pub summary: String,
    /// Name of the status, in the language of the account.
    pub status: String,
    /// Id of the status.
    pub status_id: String,
    /// Key of the status category: new, indeterminate, done or undefined.
    pub category: String,
    /// The phase that the status stands for.
    pub phase: String,
    /// Name of the priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// Who works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<IssuePerson>,
    /// Who reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter: Option<IssuePerson>,
    /// Labels, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// When it was created, in UTC.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(extend("format" = "date-time"))]
    pub created: String,
    /// When it was updated last, in UTC.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(extend("format" = "date-time"))]
    pub updated: String,
    /// When it was resolved, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub resolved: Option<String>,
    /// Digest of all the above: an unchanged issue is not written again.
    pub hash: String,
}

impl JiraIssue {
    /// What was written of the issue. None of an object that was left half made: the definition gives it the
    /// generation -1.
    #[must_use]
    pub fn written(&self) -> Option<&JiraIssueStatus> {
        let is_written = |status: &&JiraIssueStatus| status.observed_generation != Some(UNOBSERVED);
        self.status.as_ref().filter(is_written)
    }
}

/// A person on an issue.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IssuePerson {
    /// Atlassian account id.
    pub account_id: String,
    /// Display name, chosen by the person.
    pub display_name: String,
}
