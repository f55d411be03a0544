//! What the status of a ticket says after a reconciliation: pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;

use super::look::{PhaseStep, known, phase};
use crate::{
    api::{
        condition::{
            ConditionType::{CommentsSent, FieldsApplied, PeopleMatched, PhaseReached},
            Finding, conditions,
        },
        integration::KeptComments,
        issue::{
            CommentsRead, JiraIssue, JiraIssueStatus, TicketApplied, TicketComments, TicketMovedOn, TicketPeople,
            TicketTransitions,
        },
        ready::ticket_ready,
    },
    atlassian::{
        desk_models::CustomerRequest,
        issue_fields::Issue,
        ticket_models::{Comments, CreatedIssue},
    },
    tickets::{Wish, comments_finding, fields_finding, people_finding, restricted, with_latest, without_wish},
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
    /// Of a request: its place in the customer portal, where that was asked.
    pub request: Option<CustomerRequest>,
    /// What Jira says of it, where it answered.
    pub issue: Option<JiraIssueStatus>,
    /// When Jira had updated it last, where its fields were seen to be as the spec says.
    pub compared: Option<String>,
    /// Where it can go, where that was asked.
    pub transitions: Option<TicketTransitions>,
    /// Who moved it on, where that was asked.
    pub moved_on: Option<TicketMovedOn>,
    /// Its newest comments and how they were read, where that was done.
    pub comments: Option<(CommentsRead, Comments)>,
    /// Which of them are kept, where that is known.
    pub kept_comments: Option<KeptComments>,
    /// Keys of further issues that carry its marker, where that is known.
    pub duplicates: Option<Vec<String>>,
    /// The ticket was done long enough ago: its object is to be deleted.
    pub is_over: bool,
    /// When it is reconciled again, if nothing wakes it before.
    pub requeue: Option<Duration>,
}

/// What is found ends early where the next step makes no sense.
pub type Early<T> = Result<T, Box<TicketOutcome>>;

/// What became of an edit.
#[derive(Debug, Default)]
pub struct EditStep {
    /// What is said, where that does not follow from what is written down.
    pub findings: Vec<Finding>,
    /// The ticket as it is now, where it was read.
    pub issue: Option<Box<JiraIssueStatus>>,
    /// After how long it goes on.
    pub wait: Option<Duration>,
}

impl EditStep {
    /// It goes on after a while.
    #[must_use]
    pub fn later(wait: Duration) -> Self {
        Self {
            wait: Some(wait),
            ..Self::default()
        }
    }
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

    /// The same, early.
    #[must_use]
    pub fn early(finding: Finding) -> Box<Self> {
        Box::new(Self::of(finding))
    }

    /// The same, and again after a while.
    #[must_use]
    pub const fn after(mut self, wait: Duration) -> Self {
        self.requeue = Some(wait);
        self
    }

    /// Says something, beside what is said of the same condition already.
    pub fn say(&mut self, finding: Finding) {
        let same = self
            .findings
            .iter_mut()
            .find(|said| said.condition == finding.condition);
        match same {
            Some(said) => *said = said.clone().and_then(finding),
            None => self.findings.push(finding),
        }
    }

    /// With what became of an edit.
    pub fn edited(&mut self, step: EditStep) {
        for finding in step.findings {
            self.say(finding);
        }
        self.issue = step.issue.map(|issue| *issue).or(self.issue.take());
        if let Some(wait) = step.wait {
            self.wait_at_most(wait);
        }
    }

    /// With what became of a move.
    pub fn take(&mut self, step: PhaseStep) {
        self.findings.extend(step.finding);
        self.issue = step.issue.map(|issue| *issue).or(self.issue.take());
        (self.transitions, self.moved_on) = (step.transitions, step.moved_on);
        if let Some(wait) = step.wait {
            self.wait_at_most(wait);
        }
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
    let mirrored = latest(outcome.issue.as_ref(), &before);
    let known = known(object, mirrored.clone());
    let known = JiraIssueStatus {
        applied: following(known.applied, outcome),
        ..known
    };
    let phase = phase(object, &known);
    if outcome.ticket.is_some() {
        findings.extend(written(object, &before, &outcome.findings, now));
        let is_told = findings.iter().any(|finding| finding.condition == PhaseReached);
        findings.extend(phase.finding(now.0).filter(|_| !is_told));
    }
    if outcome.ticket.is_some() && findings.iter().all(|finding| finding.condition != CommentsSent) {
        findings.extend(comments_finding(&object.spec.comments, before.comments.as_ref()));
    }
    let transitions = phase.transitions(
        findings.iter().find(|finding| finding.condition == PhaseReached),
        outcome.transitions.as_ref(),
    );
    let is_wanted = Wish::of(&object.spec).is_some();
    let applied = phase.applied(now.0);
    let ready = ticket_ready(&findings);
    let request = outcome.request.clone().unwrap_or_default();
    let people = outcome.people.clone();
    let people = people.map(|people| people.keeping_note(before.people.as_ref()));
    JiraIssueStatus {
        observed_generation: Some(generation),
        conditions: conditions(&before.conditions, &findings, &ready, generation, now),
        people: people.or(before.people),
        plan: outcome.plan.clone(),
        comments: comments(before.comments.clone(), outcome),
        duplicates: outcome.duplicates.clone().unwrap_or(before.duplicates),
        portal_url: request.portal_url.or(before.portal_url),
        request_type: request.request_type.map(|kind| kind.name).or(before.request_type),
        identity: before.identity,
        creation: before.creation,
        // What Jira says of a ticket that may not be shown is not kept.
        drift: if mirrored.updated.is_empty() {
            Vec::new()
        } else {
            before.drift
        },
        moving: before.moving.filter(|_| is_wanted),
        applied: if is_wanted { applied } else { without_wish(applied) },
        transitions,
        ..mirrored
    }
}

/// What Jira says of a ticket. What is written down already stands where another process read it later.
fn latest(found: Option<&JiraIssueStatus>, before: &JiraIssueStatus) -> JiraIssueStatus {
    let at = |status: &JiraIssueStatus| status.updated.parse::<Timestamp>().ok();
    let is_older = |found: &&JiraIssueStatus| {
        let (found_at, before_at) = (at(found), at(before));
        found.id == before.id && found_at.zip(before_at).is_some_and(|(found, before)| found < before)
    };
    found.filter(|found| !is_older(found)).unwrap_or(before).clone()
}

/// What was written to a ticket, with when it was seen to be as the spec says, and with who moved it on.
fn following(applied: Option<TicketApplied>, outcome: &TicketOutcome) -> Option<TicketApplied> {
    if outcome.compared.is_none() && outcome.moved_on.is_none() {
        return applied;
    }
    let applied = applied.unwrap_or_default();
    Some(TicketApplied {
        compared: outcome.compared.clone().or(applied.compared),
        moved_on: outcome.moved_on.clone().or(applied.moved_on),
        ..applied
    })
}

/// What is known of the comments, with those that were just read. Of a ticket that is out of reach none are kept.
fn comments(before: Option<TicketComments>, outcome: &TicketOutcome) -> Option<TicketComments> {
    let read = outcome.comments.clone();
    let known = match read {
        Some((how, answer)) => Some(with_latest(before.unwrap_or_default(), how, &answer)),
        None => before,
    };
    let is_named_only = |issue: &JiraIssueStatus| issue.updated.is_empty();
    let is_in_reach = !outcome.issue.as_ref().is_some_and(is_named_only);
    match &outcome.kept_comments {
        Some(kept) => known.map(|known| restricted(known, kept, is_in_reach)),
        None => known,
    }
}

/// What follows of a ticket from what was written to it, where nothing graver was found.
fn written(object: &JiraIssue, before: &JiraIssueStatus, found: &[Finding], now: &Time) -> Vec<Finding> {
    let lacks = |condition| found.iter().all(|finding| finding.condition != condition);
    let are_people_known = object.spec.project.is_some() || before.people.is_some();
    let people =
        (are_people_known && lacks(PeopleMatched)).then(|| people_finding(&before.people.clone().unwrap_or_default()));
    let fields = lacks(FieldsApplied).then(|| fields_finding(&object.spec, before, now.0));
    people.into_iter().chain(fields).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_later_stands() {
        let of = |id: &str, updated: &str, status: &str| JiraIssueStatus {
            id: id.into(),
            updated: updated.into(),
            status: status.into(),
            ..JiraIssueStatus::default()
        };
        let (early, late) = ("2026-11-30T10:00:00Z", "2026-11-30T10:00:00.100Z");
        let before = of("1", late, "Done");
        let stands = |found: Option<JiraIssueStatus>| latest(found.as_ref(), &before).status;
        assert_eq!(stands(None), "Done");
        assert_eq!(stands(Some(of("1", early, "To Do"))), "Done");
        assert_eq!(stands(Some(of("1", late, "To Do"))), "To Do");
        // Of what is out of reach nothing is kept, and another ticket is another matter.
        assert_eq!(stands(Some(of("1", "", ""))), "");
        assert_eq!(stands(Some(of("2", early, "To Do"))), "To Do");
    }
}
