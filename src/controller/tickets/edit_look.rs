//! A look at the fields of a ticket: it is read afresh, and compared with its spec and with what was written. What is
//! written down of it goes onto the version of its object that the look began with: where another process wrote since, the
//! look is over, so that no two count the same.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt};

use super::{
    conclude::EditStep,
    look::{SOON, known},
    phase::{Mover, REFUSED},
    rested::Moment,
    shown::shown,
    wanted_fields::WantedFields,
};
use crate::{
    api::{
        condition::Finding,
        issue::{JiraIssue, JiraIssueStatus, TicketApplied, TicketPerson, WrittenFields},
    },
    atlassian::{rate_limit::waits_after_429::RETRY, ticket_models::IssueWithFields},
    cluster::error::describe,
    tickets::{
        Comparison, EditPlan, History, Identity, Marker, PROPERTY, ShownTicket, TicketStore, Unwritten, put_fields,
    },
};

/// Most changes that Jira's history answers at once.
const WHOLE: usize = 100;

/// What ends early is said or waits.
pub type Early<T> = Result<T, Box<EditStep>>;

/// A ticket whose fields were read.
pub struct EditLook {
    /// Its object.
    pub live: JiraIssue,
    /// What is known of it.
    pub status: JiraIssueStatus,
    /// Its marker.
    pub marker: Option<Marker>,
    /// What is to be done.
    pub plan: EditPlan,
    /// Who works on it, where that was found out now.
    pub assignee: Option<TicketPerson>,
    /// What would be written, with what Jira has.
    pub in_words: Option<String>,
}

impl EditLook {
    /// Reads a ticket, and compares it. A ticket without its marker may have been `written` all the same.
    pub async fn of(
        mover: &Mover<'_>,
        (live, written): (JiraIssue, Option<&WrittenFields>),
        wanted: &WantedFields,
    ) -> Early<Box<Self>> {
        let ids: Vec<String> = wanted.fields.iter().map(|field| field.id.clone()).collect();
        let id = live.status.as_ref().map_or("", |status| status.id.as_str());
        let found = mover.jira().fetch_fields(id, PROPERTY, &ids).await;
        let found = found.map_err(|error| EditStep::later(error.retry_after_or(RETRY)))?;
        let IssueWithFields { marked, fields } = found.ok_or_else(|| EditStep::later(RETRY))?;
        let shown = shown(marked, mover.integration, &mover.permit.site_url).ok_or_else(|| EditStep::later(RETRY))?;
        let (status, marker) = within_reach(mover, &live, shown).ok_or_else(|| EditStep::later(RETRY))?;
        let applied = status.applied.clone().unwrap_or_default();
        let of_marker = marker.as_ref().map(|marker| &marker.kept.written);
        let written = of_marker.or(written).cloned().unwrap_or_default();
        let comparison = Comparison {
            spec: &live.spec,
            wanted: &wanted.fields,
            applied: &applied,
            marked: &written,
            live: &fields,
            since: live.creation_timestamp().map(|Time(at)| at),
            now: Timestamp::now(),
        };
        let plan = planned(mover, &comparison, &status.id).await?;
        if plan.has_other_form && was_changed(mover, &status).await? {
            return Err(Box::new(EditStep::later(SOON)));
        }
        Ok(Box::new(Self {
            status,
            marker,
            in_words: plan.in_words(&fields),
            plan,
            live,
            assignee: wanted.assignee.clone(),
        }))
    }

    /// Generation of the spec that it was compared with.
    pub fn generation(&self) -> i64 {
        self.live.meta().generation.unwrap_or_default()
    }

    /// What is said of it where it is not as it is wanted.
    pub const fn unwritten(&self) -> Unwritten<'_> {
        Unwritten {
            spec: &self.live.spec,
            status: &self.status,
        }
    }

    /// Writes down what was written of the fields, and more, onto the version that was read.
    ///
    /// # Errors
    /// A conflict where the object changed since; or when the API server refuses it or cannot be asked.
    pub async fn written_down(
        self: Box<Self>,
        store: &TicketStore,
        applied: &TicketApplied,
        more: impl FnOnce(&mut JiraIssueStatus),
    ) -> kube::Result<Box<Self>> {
        let mut status = self.live.status.clone().unwrap_or_default();
        put_fields(status.applied.get_or_insert_default(), applied.clone());
        if let Some(assignee) = &self.assignee {
            status.people.get_or_insert_default().assignee = Some(assignee.clone());
        }
        more(&mut status);
        if self.live.status.as_ref() == Some(&status) {
            return Ok(self);
        }
        let live = store.write(&self.live, &status).await.inspect_err(|error| {
            tracing::debug!(
                error = describe(error),
                "what is known of fields could not be written down"
            );
        })?;
        Ok(Box::new(Self {
            status: known(&live, self.status),
            live,
            ..*self
        }))
    }

    /// Says it, and leaves the ticket alone for a while.
    pub fn refused(&self, mover: &Mover<'_>, findings: Vec<Finding>) -> EditStep {
        rest(mover, (&self.live, &self.status.updated), REFUSED, &findings);
        EditStep {
            findings,
            issue: Some(Box::new(self.status.clone())),
            wait: Some(REFUSED),
        }
    }
}

/// Where something could not be written down it is looked at anew.
pub fn anew(_: kube::Error) -> EditStep {
    EditStep::later(SOON)
}

/// A ticket is left alone for a while, and this is said of it so long.
pub fn rest(mover: &Mover<'_>, (live, updated): (&JiraIssue, &str), wait: Duration, findings: &[Finding]) {
    let moment = Moment::of(live, mover.integration, updated);
    let rested = &mover.ctx.rested_edits;
    rested.note_saying(live, moment, wait, findings.to_vec());
}

/// What Jira says of the ticket. None where it was moved, or taken over, since it was judged.
fn within_reach(mover: &Mover<'_>, live: &JiraIssue, shown: ShownTicket) -> Option<(JiraIssueStatus, Option<Marker>)> {
    let own = live.status.as_ref().and_then(|status| status.identity.as_deref());
    let own = own.map(Identity::read);
    let is_ours = |marker: &Marker| Some(&marker.identity) == own.as_ref();
    let status = known(live, mover.reach.mapped(shown.status));
    (mover.reach.has(&status) && shown.marker.as_ref().is_none_or(is_ours)).then_some((status, shown.marker))
}

/// Whether a ticket changed since it was read: its history may tell then of what another process wrote, and what it was
/// read as is from before.
async fn was_changed(mover: &Mover<'_>, status: &JiraIssueStatus) -> Early<bool> {
    let found = mover.jira().fetch_fields(&status.id, PROPERTY, &[]).await;
    let found = found.map_err(|error| EditStep::later(error.retry_after_or(RETRY)))?;
    let shown = found.and_then(|found| shown(found.marked, mover.integration, &mover.permit.site_url));
    Ok(shown.is_none_or(|shown| shown.status.updated != status.updated))
}

/// What is to be done: Jira's history is asked where only that tells.
async fn planned(mover: &Mover<'_>, comparison: &Comparison<'_>, id: &str) -> Early<EditPlan> {
    let changes = if comparison.needs_history() {
        let changes = mover.jira().newest_changes(id).await;
        changes.map_err(|error| EditStep::later(error.retry_after_or(RETRY)))?
    } else {
        Vec::new()
    };
    Ok(comparison.plan(&History {
        is_whole: changes.len() < WHOLE,
        changes: &changes,
        account: &mover.permit.account,
    }))
}
