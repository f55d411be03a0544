//! What is still to be done to a ticket that is there, in its order: the comment that names a reporter who could not be
//! set, its fields, its phase, its comments, its people and its links; and what the answer to its creation would have told.

use std::{sync::Arc, time::Duration};

use super::{
    comments::{self, Commenter},
    conclude::TicketOutcome,
    context::TicketContext,
    edit::Editor,
    edit_due::{self, DueEdit},
    links::{self, LinkStep, links},
    note::{self, NoteStep, note},
    people::{self, PeopleStep},
    phase::{self, Mover, Pending},
    portal,
};
use crate::{
    api::{condition::Finding, integration::JiraIntegration, issue::JiraIssue, project::JiraProject, reason::Reason},
    atlassian::ticket_models::CreatedIssue,
    tickets::{Reach, TicketStore, WritePermit},
};

/// How long a question to Jira that failed is put off.
pub const RETRY: Duration = Duration::from_mins(1);

/// Takes the steps that are due.
pub async fn take(
    outcome: &mut TicketOutcome,
    (object, store): (&JiraIssue, &TicketStore),
    ctx: &TicketContext,
    (integration, permit): (&JiraIntegration, &WritePermit),
    (reach, projects): (&Reach<'_>, &[Arc<JiraProject>]),
) {
    let is_there = outcome.findings.iter().all(Finding::is_true);
    let at = |session| Mover {
        ctx,
        store,
        session,
        integration,
        permit,
        reach,
        projects,
    };
    if let (true, Some(reason)) = (is_there, permit.withheld(object)) {
        if let Some(names) = withheld(outcome, object, reason) {
            let session = ctx.reading_session(integration, permit).await.ok();
            let mover = session.as_ref().map(at);
            let edit = Box::pin(planned(outcome, object, mover.as_ref(), names)).await;
            outcome.plan.splice(0..0, edit);
        }
        return;
    }
    let due = if is_there {
        Due::of(outcome, object, ctx, integration)
    } else {
        Due::carried(object)
    };
    let due = due.told(outcome);
    let Some(ticket) = outcome.ticket.clone().filter(|_| is_there && due.is_any(object)) else {
        return;
    };
    let Ok(session) = ctx.session(object, integration, permit).await else {
        return outcome.wait_at_most(RETRY);
    };
    if due.portal.is_due {
        portal::ask(outcome, (object, ctx), &session).await;
    }
    match Box::pin(note((object, store), ctx, &session, permit, &ticket)).await {
        NoteStep::Nothing => {}
        NoteStep::After(wait) => outcome.wait_at_most(wait),
        NoteStep::Refused(finding, wait) => {
            outcome.findings.push(finding);
            outcome.requeue = [outcome.requeue, wait].into_iter().flatten().min();
        }
    }
    Box::pin(due.taken(outcome, &at(&session), object, &ticket)).await;
}

/// Nothing is to be sent: it is said, and what would be sent. The fields that would be written are answered, where a plan is
/// asked for: what Jira has of them is not known here.
fn withheld(outcome: &mut TicketOutcome, object: &JiraIssue, reason: Reason) -> Option<String> {
    let issue = outcome.issue.clone().unwrap_or_default();
    let (of_phase, moves) = phase::withheld(object, &issue, reason);
    let (of_fields, edit) = edit_due::withheld(object, reason);
    let (of_comments, comments) = comments::withheld(object, reason);
    let (of_links, links) = links::withheld(object, reason);
    for finding in of_phase.into_iter().chain(of_fields).chain(of_comments).chain(of_links) {
        outcome.say(finding);
    }
    let people = people::withheld(object, reason);
    outcome.plan = moves.into_iter().chain(comments).chain(people).chain(links).collect();
    edit
}

/// What would be written to the fields, with what Jira has; `names` alone where Jira could not be asked.
async fn planned(
    outcome: &mut TicketOutcome,
    object: &JiraIssue,
    mover: Option<&Mover<'_>>,
    names: String,
) -> Option<String> {
    let Some(mover) = mover else {
        outcome.wait_at_most(RETRY);
        return Some(names);
    };
    match Box::pin(Editor { at: mover }.planned(object)).await {
        Ok(edit) => edit,
        Err(early) => {
            outcome.edited(*early);
            Some(names)
        }
    }
}

/// What is to be done, and what was said of the rest.
struct Due {
    edit: DueEdit,
    phase: Pending,
    comments: Pending,
    people: Pending,
    portal: Pending,
}

impl Due {
    fn of(outcome: &TicketOutcome, object: &JiraIssue, ctx: &TicketContext, integration: &JiraIntegration) -> Self {
        let issue = outcome.issue.clone().unwrap_or_default();
        Self {
            edit: edit_due::due(object, &issue, ctx, integration),
            phase: phase::pending(object, &issue, ctx, integration),
            comments: comments::pending(object, ctx, integration),
            people: people::pending(object, ctx, integration),
            portal: portal::pending(object, ctx),
        }
    }

    /// Of a ticket that is not shown, or is out of reach, what was said before stands.
    fn carried(object: &JiraIssue) -> Self {
        Self {
            edit: DueEdit::carried(object),
            phase: Pending::carried(object),
            comments: Pending {
                finding: comments::carried(object),
                ..Pending::default()
            },
            people: Pending::default(),
            portal: Pending::default(),
        }
    }

    /// Says what was said before, and when the rest is due.
    fn told(mut self, outcome: &mut TicketOutcome) -> Self {
        let rests = [
            self.phase.rests,
            self.edit.rests,
            self.comments.rests,
            self.people.rests,
            self.portal.rests,
        ];
        outcome.requeue = rests.into_iter().flatten().min();
        let findings = std::mem::take(&mut self.edit.findings).into_iter();
        for finding in findings
            .chain(self.phase.finding.take())
            .chain(self.comments.finding.take())
        {
            outcome.say(finding);
        }
        self
    }

    fn is_any(&self, object: &JiraIssue) -> bool {
        let is_pending = note::is_pending(object) || links::is_pending(object) || self.portal.is_due;
        is_pending || self.edit.is_due || self.phase.is_due || self.comments.is_due || self.people.is_due
    }

    async fn taken(&self, outcome: &mut TicketOutcome, mover: &Mover<'_>, object: &JiraIssue, ticket: &CreatedIssue) {
        if self.edit.is_due {
            outcome.edited(Box::pin(Editor { at: mover }.step(object)).await);
        }
        if self.phase.is_due {
            outcome.take(Box::pin(mover.step(object, outcome.issue.as_ref())).await);
        }
        if self.comments.is_due {
            let step = Box::pin(Commenter { at: mover }.step(object)).await;
            outcome.findings.extend(step.finding);
            if let Some(wait) = step.wait {
                outcome.wait_at_most(wait);
            }
        }
        if self.people.is_due {
            let wait = Box::pin(PeopleStep(mover).take(object)).await;
            if let Some(wait) = wait {
                outcome.wait_at_most(wait);
            }
        }
        match Box::pin(links((object, mover.store), mover.session, mover.permit, ticket)).await {
            LinkStep::Done => {}
            LinkStep::After(wait) => outcome.wait_at_most(wait),
            LinkStep::Refused(finding, wait) => {
                outcome.say(finding);
                outcome.wait_at_most(wait);
            }
        }
    }
}
