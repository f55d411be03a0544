//! Sends what is to be written to the fields of a ticket by one call, which says in the ticket's marker what was written, and
//! writes down what came of it.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    conclude::EditStep,
    edit_look::{Early, EditLook, anew},
    look::SOON,
    phase::{Mover, REFUSED},
    rested::Moment,
};
use crate::{
    api::{
        condition::Finding,
        issue::{AppliedField, JiraIssueStatus, TicketApplied, TicketPerson, WrittenFields},
        requirements::EDIT,
    },
    atlassian::{
        error::JiraError,
        jira::PermissionQueries,
        rate_limit::waits_after_429::RETRY,
        write_error::{Refusal, WriteError},
    },
    tickets::{ASSIGNEE, EditPlan, RefusedEdit, RefusedField, digests, unassignable},
};

/// How often a call is made once more without what Jira refused of it.
const ATTEMPTS: usize = 8;

/// What comes to the same for so long is told.
const TOLD: Duration = Duration::from_secs(30);

/// What was sent of a plan.
struct Sent {
    /// What is left of it.
    plan: EditPlan,
    /// What Jira refused.
    refused: Vec<RefusedField>,
    came: Came,
}

/// What came of a call.
enum Came {
    /// Jira took what is left.
    Written,
    /// Nothing is left.
    Nothing,
    /// The ticket seems not to be what it was read as.
    Outdated(Refusal),
    /// Jira refused the call, and not for the sake of single fields.
    Refused(Refusal),
    /// Jira did not answer, or asks to wait.
    Unanswered(JiraError),
}

/// What came of an attempt.
pub enum Made {
    /// This follows.
    Step(EditStep),
    /// It was written, and the object changed before that could be written down.
    NotWrittenDown(Box<WrittenFields>),
}

/// One attempt to write the fields of a ticket.
pub struct Attempt<'a> {
    /// What is at hand.
    pub at: &'a Mover<'a>,
}

impl Attempt<'_> {
    /// Writes what a look found.
    pub async fn make(&self, look: Box<EditLook>) -> Early<Made> {
        let look = self.begun(look).await?;
        let Sent { plan, refused, came } = self.send(&look).await;
        match came {
            Came::Written => Ok(self.written(look, &plan, &refused).await),
            Came::Nothing => self.nothing_left(look, &refused).await.map(Made::Step),
            Came::Outdated(refusal) => Ok(Made::Step(self.outdated(&look, &plan, &refusal))),
            Came::Unanswered(error) => Ok(Made::Step(EditStep::later(error.retry_after_or(RETRY)))),
            Came::Refused(refusal) => {
                let may_edit = self.may_edit(&look.status).await;
                let finding = look.unwritten().refused_all(&plan.places(), &refusal, may_edit);
                Ok(Made::Step(look.refused(self.at, vec![finding])))
            }
        }
    }

    /// Counts what is written back, before it is: of two processes that do, one meets a conflict and sends nothing.
    async fn begun(&self, look: Box<EditLook>) -> Early<Box<EditLook>> {
        if look.plan.back.is_empty() {
            return Ok(look);
        }
        let now = Time(Timestamp::now());
        let begun = look.plan.begun(&look.plan.applied, &now);
        let counted = TicketApplied {
            compared: None,
            kept_fields: begun.kept_fields.clone(),
            ..look.status.applied.clone().unwrap_or_default()
        };
        let forget_drift = |status: &mut JiraIssueStatus| status.drift.clear();
        let look = look.written_down(self.at.store, &counted, forget_drift).await;
        let look = look.map_err(anew)?;
        let plan = EditPlan {
            applied: begun,
            ..look.plan.clone()
        };
        Ok(Box::new(EditLook { plan, ..*look }))
    }

    /// Until Jira takes it, or refuses what none of the fields is the cause of.
    async fn send(&self, look: &EditLook) -> Sent {
        let (mut plan, mut refused) = (look.plan.clone(), Vec::new());
        let mut came = Came::Nothing;
        for _ in 0..ATTEMPTS {
            if !plan.has_writes() {
                came = Came::Nothing;
                break;
            }
            let body = plan.body(look.marker.as_ref(), look.generation());
            let refusal = match self.at.jira().edit_issue(&look.status.id, &body).await {
                Ok(()) => {
                    came = Came::Written;
                    break;
                }
                Err(WriteError::Refused(refusal)) => refusal,
                Err(WriteError::NotDone(error) | WriteError::Uncertain(error)) => {
                    came = Came::Unanswered(error);
                    break;
                }
            };
            let follows = RefusedEdit::of(&plan, &refusal);
            match follows {
                RefusedEdit::Reduced(left, fields) => {
                    plan = *left;
                    refused.extend(fields);
                    came = Came::Refused(refusal);
                }
                RefusedEdit::Outdated => {
                    came = Came::Outdated(refusal);
                    break;
                }
                RefusedEdit::Whole => {
                    came = Came::Refused(refusal);
                    break;
                }
            }
        }
        Sent { plan, refused, came }
    }

    /// What was written is written down. What Jira makes of it is read at once, and what it refused is tried alone then.
    async fn written(&self, look: Box<EditLook>, plan: &EditPlan, refused: &[RefusedField]) -> Made {
        let mut applied = plan.once_written();
        let person = unassigned(&look, refused, &mut applied);
        let more = |status: &mut JiraIssueStatus| {
            status.drift.clone_from(&plan.drift);
            note_assignee(status, person);
        };
        match look.written_down(self.at.store, &applied, more).await {
            Ok(_) => Made::Step(EditStep::later(Duration::ZERO)),
            Err(_) => Made::NotWrittenDown(Box::new(applied.written)),
        }
    }

    /// Jira refused each of the fields. Who cannot be assigned is told among the people.
    async fn nothing_left(&self, look: Box<EditLook>, refused: &[RefusedField]) -> Early<EditStep> {
        let mut applied = look.status.applied.clone().unwrap_or_default();
        let person = unassigned(&look, refused, &mut applied);
        let look = if person.is_some() {
            let more = |status: &mut JiraIssueStatus| note_assignee(status, person);
            look.written_down(self.at.store, &applied, more).await.map_err(anew)?
        } else {
            look
        };
        let others: Vec<RefusedField> = refused.iter().filter(|(place, _)| place != ASSIGNEE).cloned().collect();
        match look.unwritten().refused(&others) {
            Some(finding) => Ok(look.refused(self.at, vec![finding])),
            None => Ok(EditStep::later(Duration::ZERO)),
        }
    }

    /// Somebody may have changed the ticket in the same moment, or moved it: then it is read as it is now. Where it is as it
    /// was, again and again, as one is that is archived, Jira is asked less and less often, and its words are told.
    fn outdated(&self, look: &EditLook, plan: &EditPlan, refusal: &Refusal) -> EditStep {
        let (rested, updated) = (&self.at.ctx.rested_edits, &look.status.updated);
        let moment = Moment::of(&look.live, self.at.integration, updated);
        let wait = rested.longer(&look.live, &moment, (SOON, REFUSED));
        let told = (wait >= TOLD).then(|| look.unwritten().refused_all(&plan.places(), refusal, true));
        let findings: Vec<Finding> = told.into_iter().collect();
        rested.note_saying(&look.live, moment, wait, findings.clone());
        EditStep {
            findings,
            issue: Some(Box::new(look.status.clone())),
            wait: Some(wait),
        }
    }

    /// Whether the account may edit issues of the project, as Jira says now. Where it does not answer it is believed to.
    async fn may_edit(&self, status: &JiraIssueStatus) -> bool {
        let project = &status.project_id;
        let questions = PermissionQueries {
            projects: vec![(vec![EDIT], vec![project.clone()])],
            ..PermissionQueries::default()
        };
        let held = self.at.jira().permissions(&questions).await;
        held.map_or(true, |held| {
            held.projects.get(project).is_some_and(|held| held.contains(EDIT))
        })
    }
}

/// Who cannot be assigned, where Jira said so. It is asked again once the spec names somebody else.
fn unassigned(look: &EditLook, refused: &[RefusedField], applied: &mut TicketApplied) -> Option<TicketPerson> {
    let (_, words) = refused.iter().find(|(place, _)| place == ASSIGNEE)?;
    let spec = &look.live.spec;
    let known = look.status.people.as_ref().and_then(|people| people.assignee.clone());
    let person = look.assignee.clone().or(known).unwrap_or_default();
    let written = AppliedField {
        wanted: digests(spec).remove(ASSIGNEE).unwrap_or_default(),
        ..AppliedField::default()
    };
    applied.written.fields.insert(ASSIGNEE.to_owned(), written);
    Some(unassignable(spec, person, (&look.status.project, words)))
}

fn note_assignee(status: &mut JiraIssueStatus, person: Option<TicketPerson>) {
    if let Some(person) = person {
        status.people.get_or_insert_default().assignee = Some(person);
    }
}
