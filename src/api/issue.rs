//! The `JiraIssue` kind: one issue of Jira, mirrored by the operator, or a ticket that a person applies.
//! What the operator answers is in [`issue_status`](super::issue_status).

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::UNOBSERVED;
pub use super::{
    comment::{
        CommentSending, CommentVisibility, CommentsRead, SentComment, ShownComment, TicketComment, TicketComments,
    },
    issue_status::{
        AppliedLink, IssuePerson, JiraIssueStatus, TicketApplied, TicketCreation, TicketMove, TicketMovedOn,
        TicketPeople, TicketPerson, TicketTransitions, TicketWay,
    },
    ticket::{ConflictPolicy, ExistingPolicy, PersonReference, TicketLink, TicketPolicy, WritePolicy},
    ticket_fields::{AppliedField, TicketDrift, WriteBacks, WrittenFields},
};

/// Says which integration the issue belongs to and, where a person applies it, what is wanted of the ticket. Whoever
/// may write a JiraIssue acts as the integration's account.
#[serde_with::skip_serializing_none]
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "jira-operator.dev",
    version = "v1alpha1",
    kind = "JiraIssue",
    namespaced,
    shortname = "jissue",
    status = "JiraIssueStatus",
    derive = "PartialEq",
    doc = "One issue of Jira: a ticket that is created once it is applied, or an issue as it was seen last, written by the operator where spec.issues.mirror of its JiraIntegration asks for it.",
    selectable = ".spec.integration",
    selectable = ".status.project",
    selectable = ".status.phase",
    selectable = ".status.type",
    validation = Rule::new("!(has(oldSelf.status) && (has(oldSelf.status.creation) || has(oldSelf.status.id))) || (has(self.spec.ticket) == has(oldSelf.spec.ticket) && (!has(self.spec.ticket) || self.spec.ticket == oldSelf.spec.ticket))").message("spec.ticket cannot change once there is a ticket: apply another object").field_path(".spec.ticket"),
    validation = Rule::new("!(has(oldSelf.status) && (has(oldSelf.status.creation) || has(oldSelf.status.id))) || (has(self.spec.project) == has(oldSelf.spec.project) && (!has(self.spec.project) || self.spec.project == oldSelf.spec.project))").message("spec.project cannot change once the ticket is being created: move it in Jira, or apply another object").field_path(".spec.project"),
    validation = Rule::new("!(has(oldSelf.status) && (has(oldSelf.status.creation) || has(oldSelf.status.id))) || (has(self.spec.type) == has(oldSelf.spec.type) && (!has(self.spec.type) || self.spec.type == oldSelf.spec.type))").message("spec.type cannot change once the ticket is being created: change it in Jira, or apply another object").field_path(".spec.type"),
    validation = Rule::new("!(has(oldSelf.status) && (has(oldSelf.status.creation) || has(oldSelf.status.id))) || (has(self.spec.requestType) == has(oldSelf.spec.requestType) && (!has(self.spec.requestType) || self.spec.requestType == oldSelf.spec.requestType))").message("spec.requestType cannot change once the ticket is being created: change it in Jira, or apply another object").field_path(".spec.requestType"),
    validation = Rule::new("!(has(oldSelf.status) && (has(oldSelf.status.creation) || has(oldSelf.status.id))) || (has(self.spec.reporter) == has(oldSelf.spec.reporter) && (!has(self.spec.reporter) || self.spec.reporter == oldSelf.spec.reporter))").message("spec.reporter cannot change once the ticket is being created: change it in Jira").field_path(".spec.reporter"),
    printcolumn(name = "Key", type_ = "string", json_path = ".status.key"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether a ticket is as its spec wants it; empty where the issue is mirrored"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Wanted", type_ = "string", json_path = ".status.transitions.wanted", description = "What the spec wants it moved to, while it is not there"),
    printcolumn(name = "Assignee", type_ = "string", json_path = ".status.assignee.displayName"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.status", priority = 1),
    printcolumn(name = "Type", type_ = "string", json_path = ".status.type", priority = 1),
    printcolumn(name = "Priority", type_ = "string", json_path = ".status.priority", priority = 1),
    printcolumn(name = "Created", type_ = "date", json_path = ".status.created", description = "Since the issue was created in Jira", priority = 1),
    printcolumn(name = "Integration", type_ = "string", json_path = ".spec.integration", priority = 1),
    printcolumn(name = "Summary", type_ = "string", json_path = ".status.summary", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.ticket) && has(self.project))").message("spec.ticket and spec.project exclude each other: ticket takes an existing ticket over, project creates a new one"),
    validation = Rule::new("!has(self.project) || has(self.summary)").message("spec.project needs spec.summary: a new ticket has to have one"),
    validation = Rule::new("!has(self.project) || has(self.type) != has(self.requestType)").message("spec.project needs exactly one of spec.type and spec.requestType: requestType for a request of a service project, else type"),
    validation = Rule::new("has(self.project) || !(has(self.type) || has(self.requestType) || has(self.reporter) || has(self.participants))").message("spec.type, spec.requestType, spec.reporter and spec.participants are for a new ticket: set spec.project"),
    validation = Rule::new("!has(self.participants) || has(self.requestType)").message("spec.participants are for a request of a service project: set spec.requestType"),
    validation = Rule::new("!(has(self.phase) && has(self.status))").message("spec.phase and spec.status exclude each other: phase names what a status stands for, status the status itself"),
    validation = Rule::new("has(self.phase) || has(self.status) || !(has(self.via) || has(self.resolution))").message("spec.via and spec.resolution are for a move: set spec.phase or spec.status"),
    // Of fields, whose values are of any kind, the rules know nothing.
    validation = Rule::new("has(self.project) || has(self.ticket) || !(has(self.summary) || has(self.description) || has(self.priority) || has(self.parent) || has(self.labels) || has(self.assignee) || has(self.links) || has(self.comments) || has(self.phase) || has(self.status) || has(self.ttlSecondsAfterDone))").message("set spec.project for a new ticket, or spec.ticket for an existing one"),
)]
pub struct JiraIssueSpec {
    /// Name of the JiraIntegration in this namespace that the issue belongs to.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.integration never changes"))]
    pub integration: String,

    /// Key of an existing ticket that is taken over, such as SUP-812. Excludes project.
    #[schemars(length(max = 96))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Z][A-Z0-9_]*-[0-9]+$')").message("spec.ticket must be the key of an issue, such as SUP-812"))]
    pub ticket: Option<String>,

    /// Key of the project in which a new ticket is created, such as SUP. Cannot change once that has begun.
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Z][A-Z0-9_]*$')").message("spec.project must be a Jira project key such as SUP: upper-case letters, digits and '_', beginning with a letter"))]
    pub project: Option<String>,

    /// Name of the issue type, such as Bug, or its id as id:10004. For a request of a service project,
    /// requestType instead.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 255))]
    pub issue_type: Option<String>,

    /// Name of the request type of a service project, such as Report an incident, or its id as id:25.
    #[schemars(length(min = 1, max = 255))]
    pub request_type: Option<String>,

    /// Summary: one line of 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = Rule::new("!self.contains('\\n') && !self.contains('\\r')").message("spec.summary must be one line"))]
    pub summary: Option<String>,

    /// Description, in Markdown, of at most 32000 characters.
    #[schemars(length(min = 1, max = 32_000))]
    pub description: Option<String>,

    /// Name of the priority, such as High.
    #[schemars(length(min = 1, max = 64))]
    pub priority: Option<String>,

    /// Key of the parent, such as SUP-700.
    #[schemars(length(max = 96))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Z][A-Z0-9_]*-[0-9]+$')").message("spec.parent must be the key of an issue, such as SUP-700"))]
    pub parent: Option<String>,

    /// Labels. Those of the spec are added, and removed when they leave it; others stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 255), regex(pattern = "^[^\\s]+$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub labels: Vec<String>,

    /// Other fields, by name, such as Severity, or by id, such as customfield_10044. Text, numbers and lists become
    /// what the field takes, an e-mail address a person; an object is sent as it is. jira-operator template prints
    /// the fields with their allowed values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "free_fields")]
    pub fields: BTreeMap<String, Value>,

    /// Who asks. In a service project the request is raised on behalf of this person. One who has no account is
    /// named in an internal comment, and the ticket stays unassigned.
    pub reporter: Option<PersonReference>,

    /// Who works on it.
    pub assignee: Option<PersonReference>,

    /// Who takes part in a request of a service project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub participants: Vec<PersonReference>,

    /// Links from the ticket to pages elsewhere, such as a dashboard. They are set once the ticket is there, and
    /// removed when they leave the spec; links of others stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["url".into()]))]
    pub links: Vec<TicketLink>,

    /// Comments, each made once by its name, in this order, and changed where its text changes. One that leaves the spec
    /// stays in Jira.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub comments: Vec<TicketComment>,

    /// The phase that the ticket is moved to, such as Done: Todo, InProgress or Done by the category of its status,
    /// or what spec.statusMapping of the JiraIntegration says. Excludes status.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Z][A-Za-z0-9]{0,62}$')").message("spec.phase must begin with an upper-case letter and have letters and digits only, such as Done"))]
    pub phase: Option<String>,

    /// Name of the status that the ticket is moved to, such as Resolved, or its id as id:10001. Excludes phase.
    #[schemars(length(min = 1, max = 255))]
    pub status: Option<String>,

    /// The way there, where no transition leads there directly: each the name of a status, its id as id:10001, or the
    /// name of a transition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 255)))]
    pub via: Vec<String>,

    /// Name of the resolution that is set with the move, such as Fixed, where the transition takes one.
    #[schemars(length(min = 1, max = 255))]
    pub resolution: Option<String>,

    /// What is done with a ticket that an object of this name had before, and when it is moved.
    pub policy: Option<TicketPolicy>,

    /// So many seconds after the ticket was resolved this object is deleted; the ticket stays. It counts from the time at
    /// which Jira says it was resolved, while its phase is Done. When omitted, the object stays.
    #[schemars(range(min = 0, max = 315_360_000))]
    pub ttl_seconds_after_done: Option<i64>,

    /// When true, nothing is written to Jira for this object.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

/// Values of any kind by name. The API server's rules cannot look into those, so their number is bounded here.
fn free_fields(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 100,
        "additionalProperties": {"x-kubernetes-preserve-unknown-fields": true},
    })
}

impl JiraIssueSpec {
    /// What the operator writes of an issue that it mirrors.
    #[must_use]
    pub fn mirrored(integration: &str) -> Self {
        Self {
            integration: integration.to_owned(),
            ..Self::default()
        }
    }

    /// Whether a person wants a ticket; what is mirrored has neither project nor ticket.
    #[must_use]
    pub const fn is_ticket(&self) -> bool {
        self.project.is_some() || self.ticket.is_some()
    }

    /// What is done with a ticket that an object of this name had before.
    #[must_use]
    pub fn policy(&self) -> TicketPolicy {
        self.policy.clone().unwrap_or_default()
    }

    /// The same of an earlier ticket: one that is wanted done is never created because it is.
    #[must_use]
    pub fn existing(&self) -> ExistingPolicy {
        match (self.policy().existing, self.phase.as_deref()) {
            (ExistingPolicy::AdoptUnresolved, Some("Done")) => ExistingPolicy::Adopt,
            (policy, _) => policy,
        }
    }
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
