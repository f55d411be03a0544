//! What the operator answers on a `JiraIssue`. A field that Jira says begins in `atlassian/issue_fields.rs`, from where the
//! compiler and tests lead on; `docs/issues.md` lists those that are mirrored.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{
    comment::TicketComments,
    ticket_fields::{TicketDrift, WriteBacks, WrittenFields},
};

/// What Jira says of the issue and, of a ticket, what the operator did. Of a mirrored issue neither description nor comments
/// are kept.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct JiraIssueStatus {
    /// The generation that the status speaks of; -1 before the first write.
    pub observed_generation: Option<i64>,
    /// Jira's id of the issue; it never changes, and is what identifies it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Key of the issue now. The object's name keeps the key under which it was first seen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Address of the issue for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Key of the project.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Jira's id of the project; it never changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project_id: String,
    /// Name of the issue type.
    #[serde(default, rename = "type", skip_serializing_if = "String::is_empty")]
    pub issue_type: String,
    /// Summary.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Name of the status, in the language of the account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Id of the status.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status_id: String,
    /// Key of the status category: new, indeterminate, done or undefined.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// The phase that the status stands for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Name of the priority.
    pub priority: Option<String>,
    /// Who works on it.
    pub assignee: Option<IssuePerson>,
    /// Who reported it.
    pub reporter: Option<IssuePerson>,
    /// Labels, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// When it was created, in UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(extend("format" = "date-time"))]
    pub created: String,
    /// When it was updated last, in UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(extend("format" = "date-time"))]
    pub updated: String,
    /// When it was resolved, in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub resolved: Option<String>,
    /// Digest of all the above: an unchanged issue is not written again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
    /// Of a ticket: Valid, Created, PeopleMatched, FieldsApplied, PhaseReached, CommentsSent and Ready, each with a reason and a remedy. A mirrored issue has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Of a request: its address in the customer portal, where its customer sees it.
    pub portal_url: Option<String>,
    /// Of a request: the name of its type.
    pub request_type: Option<String>,
    /// By what the ticket is found again: the same in a rebuilt cluster.
    pub identity: Option<String>,
    /// Keys of further issues that carry the marker of this object's ticket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<String>,
    /// The creation that is under way; gone once the ticket is there.
    pub creation: Option<TicketCreation>,
    /// Who was found for the people that the spec names.
    pub people: Option<TicketPeople>,
    /// What was written to the ticket.
    pub applied: Option<TicketApplied>,
    /// Fields that somebody changed in Jira after the spec was written to them, which stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<TicketDrift>,
    /// The move that is under way; gone once it is known what became of it.
    pub moving: Option<TicketMove>,
    /// Where the ticket can go from where it is, while it is not where the spec wants it.
    pub transitions: Option<TicketTransitions>,
    /// The comments of the ticket.
    pub comments: Option<TicketComments>,
    /// What would be sent, where spec.tickets.dryRun of the JiraIntegration or the annotation jira-operator.dev/plan
    /// asks for a plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
}

impl JiraIssueStatus {
    /// What Jira says of the issue, without what follows from it and what the operator says. Each field is named, so that
    /// a new one has to be put on either side.
    #[must_use]
    pub fn said_by_jira(&self) -> Self {
        let mut said = self.clone();
        let Self {
            id: _,
            key: _,
            url: _,
            project: _,
            project_id: _,
            issue_type: _,
            summary: _,
            status: _,
            status_id: _,
            category: _,
            priority: _,
            assignee: _,
            reporter: _,
            labels: _,
            created: _,
            updated: _,
            resolved: _,
            observed_generation,
            phase,
            hash,
            conditions,
            portal_url,
            request_type,
            identity,
            duplicates,
            creation,
            people,
            applied,
            drift,
            moving,
            transitions,
            comments,
            plan,
        } = &mut said;
        (*observed_generation, *creation, *people, *applied) = (None, None, None, None);
        (*portal_url, *request_type, *identity) = (None, None, None);
        (*moving, *transitions, *comments) = (None, None, None);
        phase.clear();
        hash.clear();
        conditions.clear();
        duplicates.clear();
        drift.clear();
        plan.clear();
        said
    }
}

/// A creation that is under way: written before anything is sent, so that a ticket whose answer is lost is looked for
/// and never created twice.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketCreation {
    /// By what the ticket is found: a digest of scope, namespace and name.
    pub identity: String,
    /// Which creation of this object it is, from 1.
    pub number: i64,
    /// Which attempt at it, from 1.
    pub attempt: i64,
    /// When it began.
    pub at: Time,
    /// After this nothing is sent any more.
    pub deadline: Time,
    /// The process that sends it.
    pub holder: String,
    /// The highest number of an issue that the project had before.
    pub floor: i64,
    /// Digest of what is sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Since when it is not known whether the ticket was created.
    pub uncertain_since: Option<Time>,
    /// What it goes without, because Jira refused it before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

/// What was written to a ticket. What is written here already costs no call.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketApplied {
    /// Links that were set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<AppliedLink>,
    /// Digests of how the spec names those who were added as participants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<String>,
    /// Its fields.
    #[serde(flatten)]
    pub written: WrittenFields,
    /// When Jira had updated the ticket last, as its fields were compared with the spec last.
    pub compared: Option<String>,
    /// What spec.policy.fields: Keep did, by the place of the field in the spec.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept_fields: BTreeMap<String, WriteBacks>,
    /// The phase, or the status, that the spec wanted and the ticket came to; empty where the spec wants none any more.
    pub phase: Option<String>,
    /// How often it was moved back.
    pub kept: Option<WriteBacks>,
    /// How far it came, where it is moved in several steps.
    pub way: Option<TicketWay>,
    /// Who moved it on since it came to where the spec wanted it, once Jira was asked.
    pub moved_on: Option<TicketMovedOn>,
}

/// Who moved a ticket on.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketMovedOn {
    /// Id of the status that they moved it to.
    pub to: String,
    /// Their name, as Jira shows it; none where its history names nobody else than the dedicated account.
    pub by: Option<String>,
}

/// How far a ticket came that is moved in several steps.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketWay {
    /// For which generation.
    pub generation: i64,
    /// Id of the status that the last step led to.
    pub at: String,
    /// How many of spec.via are behind it.
    pub passed: i64,
}

/// A move that is under way: written before anything is sent, so that one whose answer is lost is looked for and not made
/// twice.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketMove {
    /// What the spec wanted then.
    pub wanted: String,
    /// Id of the status that it leads to.
    pub to: String,
    /// Whether the ticket is then where the spec wants it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
    /// How many of spec.via are then behind it.
    #[serde(default)]
    pub passed: i64,
    /// When the ticket was updated last before, by Jira's clock.
    pub since: String,
    /// When it began.
    pub at: Time,
    /// The process that sends it.
    pub holder: String,
}

/// Where a ticket can go from where it is.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketTransitions {
    /// The phase, or the status, that the spec wants.
    pub wanted: String,
    /// The status that the ticket is in.
    pub from: String,
    /// The statuses that the account can move it to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub available: Vec<String>,
}

/// A link that was set.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AppliedLink {
    /// Address of the page.
    pub url: String,
    /// What the link is called.
    pub title: String,
    /// Whether it is being set or removed, and may be there or not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
}

impl TicketCreation {
    /// Whether it is the same attempt, whatever is known of it by now.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.identity, self.attempt, &self.at, &self.holder)
            == (&other.identity, other.attempt, &other.at, &other.holder)
    }
}

/// Who was found for the people that the spec names.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketPeople {
    /// Who asks.
    pub reporter: Option<TicketPerson>,
    /// Who works on it.
    pub assignee: Option<TicketPerson>,
    /// Who takes part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<TicketPerson>,
}

impl TicketPeople {
    /// The same, with what was known of a note before.
    #[must_use]
    pub fn keeping_note(mut self, before: Option<&Self>) -> Self {
        let known = before.and_then(|before| before.reporter.as_ref());
        if let (Some(reporter), Some(known)) = (self.reporter.as_mut(), known) {
            reporter.note = reporter.note.take().or_else(|| known.note.clone());
            reporter.note_since = reporter.note_since.take().or_else(|| known.note_since.clone());
        }
        self
    }
}

/// Who was found for a person of the spec.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketPerson {
    /// How the account was found: Pinned, Email, AccountId or None; Jira, where somebody set it there.
    pub matched: String,
    /// The account.
    pub account_id: Option<String>,
    /// Why the person has not the role that the spec names, by the reason of PeopleMatched.
    pub reason: Option<String>,
    /// The same in words.
    pub why: Option<String>,
    /// Id of the comment that names a reporter who could not be set.
    pub note: Option<String>,
    /// Since when that comment is being made; gone once it is there.
    pub note_since: Option<Time>,
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
