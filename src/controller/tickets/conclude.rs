//! What the status of a ticket says after a reconciliation: pure.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;

use crate::{
    api::{
        condition::{
            ConditionType::{FieldsApplied, PeopleMatched},
            Finding, conditions,
        },
        issue::{JiraIssue, JiraIssueStatus, TicketPeople},
        ready::ticket_ready,
    },
    atlassian::{issue_fields::Issue, ticket_models::CreatedIssue},
    tickets::{fields_finding, people_finding},
};

/// What a reconciliation of a ticket found.
#[derive(Clone, Debug, Default)]
pub struct TicketOutcome {
    /// What is said of the conditions.
    pub findings: Vec<Finding>,
    /// Who was found, where that was asked.
    pub people: Option<TicketPeople>,
    /// What would be sent.
    pub plan: Vec<String>,
    /// The ticket, once it is there.
    pub ticket: Option<CreatedIssue>,
    /// The ticket as a look-up showed it.
    pub found: Option<Issue>,
    /// What Jira says of it, where it answered.
    pub issue: Option<JiraIssueStatus>,
    /// Keys of further issues that carry its marker, where that is known.
    pub duplicates: Option<Vec<String>>,
    /// The ticket was done long enough ago: its object is to be deleted.
    pub is_over: bool,
    /// When it is reconciled again, if nothing wakes it before.
    pub requeue: Option<Duration>,
}

impl TicketOutcome {
    /// One finding, and nothing to be done until something changes.
    #[must_use]
    pub fn of(finding: Finding) -> Self {
        Self {
            findings: vec![finding],
            ..Self::default()
        }
    }

    /// The same, and again after a while.
    #[must_use]
    pub const fn after(mut self, wait: Duration) -> Self {
        self.requeue = Some(wait);
        self
    }

    /// It is reconciled again after a while, or before if that was found already.
    pub fn wait_at_most(&mut self, wait: Duration) {
        self.requeue = Some(self.requeue.map_or(wait, |earlier| earlier.min(wait)));
    }
}

/// The status that follows.
#[must_use]
pub fn status(object: &JiraIssue, outcome: &TicketOutcome, now: &Time) -> JiraIssueStatus {
    let before = object.status.clone().unwrap_or_default();
    let generation = object.meta().generation.unwrap_or_default();
    let mut findings = outcome.findings.clone();
    if outcome.ticket.is_some() {
        findings.extend(written(object, &before, &outcome.findings));
    }
    let ready = ticket_ready(&findings);
    let mirrored = outcome.issue.clone().unwrap_or_else(|| before.clone());
    let people = outcome.people.clone();
    let people = people.map(|people| people.keeping_note(before.people.as_ref()));
    JiraIssueStatus {
        observed_generation: Some(generation),
        conditions: conditions(&before.conditions, &findings, &ready, generation, now),
        people: people.or(before.people),
        plan: outcome.plan.clone(),
        duplicates: outcome.duplicates.clone().unwrap_or(before.duplicates),
        portal_url: before.portal_url,
        request_type: before.request_type,
        identity: before.identity,
        creation: before.creation,
        applied: before.applied,
        ..mirrored
    }
}

/// What follows of a ticket from what was written to it, where nothing graver was found.
fn written(object: &JiraIssue, before: &JiraIssueStatus, found: &[Finding]) -> Vec<Finding> {
    let lacks = |condition| found.iter().all(|finding| finding.condition != condition);
    let people = (object.spec.project.is_some() && lacks(PeopleMatched))
        .then(|| people_finding(&before.people.clone().unwrap_or_default()));
    let fields =
        lacks(FieldsApplied).then(|| fields_finding(&object.spec, &before.applied.clone().unwrap_or_default()));
    people.into_iter().chain(fields).collect()
}
