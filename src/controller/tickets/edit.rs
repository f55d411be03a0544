//! Writes what a spec says of the fields of its ticket: [a look](super::edit_look) says what is to be done, and
//! [one attempt](super::edit_attempt) does it.

use std::time::Duration;

use kube::Resource;

use super::{
    conclude::EditStep,
    edit_attempt::{Attempt, Made},
    edit_look::{Early, EditLook, anew, rest},
    look::SOON,
    phase::{Mover, REFUSED},
    wanted_fields::WantedFields,
};
use crate::{
    api::{
        condition::Finding,
        issue::{JiraIssue, JiraIssueStatus, TicketDrift, WrittenFields},
        reason::Reason,
    },
    cluster::events::Notice,
};

/// How long a field that both sides changed is left alone, unless something changes.
const IN_CONFLICT: Duration = Duration::from_hours(24);

/// Writes the fields of tickets of one integration.
pub struct Editor<'a> {
    /// What is at hand.
    pub at: &'a Mover<'a>,
}

impl Editor<'_> {
    /// Compares the fields of a ticket, and writes what is to be written.
    pub async fn step(&self, object: &JiraIssue) -> EditStep {
        let live = self.at.store.latest(object);
        match Box::pin(self.go(live, None)).await {
            Ok(Made::Step(step)) => step,
            Ok(Made::NotWrittenDown(written)) => self.once_more(object, &written).await,
            Err(early) => *early,
        }
    }

    /// What would be written, with what Jira has of it: it is read, and nothing is sent. None where nothing would be.
    pub async fn planned(&self, object: &JiraIssue) -> Early<Option<String>> {
        let live = self.at.store.latest(object);
        let wanted = WantedFields::of(self.at, &live).await?;
        let look = EditLook::of(self.at, (live, None), &wanted).await?;
        Ok(look.in_words)
    }

    /// What was written could not be written down, because the object changed meanwhile: Jira is compared at once with what
    /// it says now. That may be what was written before.
    async fn once_more(&self, object: &JiraIssue, written: &WrittenFields) -> EditStep {
        let live = self.at.store.live(object).await.ok().flatten();
        let Some(live) = live.filter(|live| self.at.permit.writes(live)) else {
            return EditStep::later(SOON);
        };
        match Box::pin(self.go(live, Some(written))).await {
            Ok(Made::Step(step)) => step,
            Ok(Made::NotWrittenDown(_)) => EditStep::later(SOON),
            Err(early) => *early,
        }
    }

    /// `written` is what was written just now and is not written down.
    async fn go(&self, live: JiraIssue, written: Option<&WrittenFields>) -> Early<Made> {
        let wanted = match WantedFields::of(self.at, &live).await {
            Ok(wanted) => wanted,
            Err(early) if early.findings.is_empty() => return Err(early),
            Err(early) => {
                let updated = live.status.clone().unwrap_or_default().updated;
                rest(self.at, (&live, &updated), REFUSED, &early.findings);
                return Err(Box::new(EditStep {
                    wait: Some(REFUSED),
                    ..*early
                }));
            }
        };
        let look = EditLook::of(self.at, (live, written), &wanted).await?;
        if look.plan.has_writes() {
            Box::pin(Attempt { at: self.at }.make(look)).await
        } else {
            self.compared(look).await.map(Made::Step)
        }
    }

    /// Nothing is to be written: what was found is written down.
    async fn compared(&self, look: Box<EditLook>) -> Early<EditStep> {
        let (plan, before) = (look.plan.clone(), look.status.drift.clone());
        let applied = plan.compared(&look.status.updated);
        let with_drift = |status: &mut JiraIssueStatus| status.drift.clone_from(&plan.drift);
        let look = look.written_down(self.at.store, &applied, with_drift).await;
        let look = look.map_err(anew)?;
        for new in plan.drift.iter().filter(|drift| !before.contains(drift)) {
            self.tell(&look.live, new).await;
        }
        let findings: Vec<Finding> = look.unwritten().in_conflict(&plan.conflicts).into_iter().collect();
        if !findings.is_empty() {
            rest(self.at, (&look.live, &look.status.updated), IN_CONFLICT, &findings);
        }
        Ok(EditStep {
            findings,
            issue: Some(Box::new(look.status)),
            wait: None,
        })
    }

    /// Tells of what somebody changed: which field, and no value.
    async fn tell(&self, live: &JiraIssue, drift: &TicketDrift) {
        let key = live.status.as_ref().map_or("the ticket", |status| &status.key);
        let by = drift.by.as_deref().unwrap_or("Somebody");
        let notice = Notice {
            object: live.object_ref(&()),
            is_warning: false,
            reason: Reason::EditedInJira.as_str().to_owned(),
            note: format!("{by} changed {} of {key} in Jira.", drift.field),
        };
        self.at.ctx.ctx.events.publish(&notice).await;
    }
}
