//! Takes an existing ticket over, which `spec.ticket` names.

use std::{sync::Arc, time::Duration};

use kube::{Resource, ResourceExt};
use serde_json::json;

use super::{
    bound::there,
    conclude::TicketOutcome,
    context::{TicketContext, TicketSession},
    shown::read_marked,
};
use crate::{
    api::{
        condition::{ConditionType::Created, Finding},
        integration::Tickets,
        issue::{JiraIssue, JiraIssueStatus, TicketApplied},
        reason::Reason,
    },
    atlassian::{
        issue_fields::Issue,
        rate_limit::waits_after_429::RETRY,
        ticket_models::{CreatedIssue, MarkedIssue},
        write_error::WriteError,
    },
    cluster::error::describe,
    tickets::{FoundTicket, Identity, Kept, Marker, PROPERTY, TicketStore, Wish, project},
};

/// How soon it is looked again whether a ticket can be taken over that another object takes over just now.
const SOON: Duration = Duration::from_secs(1);
/// The same of one that is another object's, which may be deleted some time.
const MANAGED: Duration = Duration::from_mins(5);

/// What the taking over is done with.
pub struct Adoption<'a> {
    /// The object.
    pub object: &'a JiraIssue,
    /// Where it is written.
    pub store: &'a TicketStore,
    /// The calls to the site.
    pub session: &'a TicketSession,
    /// In which projects tickets are written.
    pub tickets: &'a Tickets,
    /// Whose ticket it becomes.
    pub marker: &'a Marker,
    /// Whether nothing may be sent.
    pub is_dry_run: bool,
}

impl Adoption<'_> {
    /// Takes the ticket over, and marks it.
    pub async fn adopt(&self, ctx: &TicketContext) -> TicketOutcome {
        let key = self.object.spec.ticket.clone().unwrap_or_default();
        let Ok(_alone) = ctx.outbox.taking_over(self.session.session.cloud_id(), &key) else {
            return pending("another object takes it over just now").after(SOON);
        };
        let found = self
            .session
            .session
            .fetch_marked(std::slice::from_ref(&key), PROPERTY)
            .await;
        let found = match found {
            Ok(found) => found.issues.into_iter().next(),
            Err(error) => return pending(&error.to_string()).after(error.retry_after_or(RETRY)),
        };
        let Some(found) = found else {
            let what = format!("Jira shows the account no issue {key}.");
            return refused(Reason::TicketNotFound, &what);
        };
        let before = found.properties.get(PROPERTY).and_then(Marker::read);
        if let Some(refusal) = self.refusal(ctx, &found) {
            return refusal;
        }
        match self.former(before.as_ref(), &found.issue.key).await {
            Ok(Some(former)) if !self.is_dry_run => ctx.outbox.forget(former).await,
            Ok(_) => {}
            Err(refusal) => return *refusal,
        }
        let kept = before.map(|before| before.kept).unwrap_or_default();
        let mark = self.mark(&kept);
        let ticket = CreatedIssue {
            id: found.issue.id,
            key: found.issue.key,
            portal_url: None,
        };
        if self.is_dry_run {
            let marked = format!("PUT /rest/api/3/issue/{} {mark}", ticket.id);
            let moves = Wish::of(&self.object.spec).map(|wish| wish.plan());
            return TicketOutcome {
                plan: std::iter::once(marked).chain(moves).collect(),
                ..TicketOutcome::of(Finding::plain(Created, Reason::Planned))
            };
        }
        self.bind(ctx, &ticket, (&mark, &kept)).await
    }

    /// What was written to the ticket before, by an object of this name, stays known.
    fn mark(&self, kept: &Kept) -> serde_json::Value {
        let generation = self.object.meta().generation.unwrap_or_default();
        let marker = Marker {
            kept: kept.clone(),
            ..self.marker.clone()
        };
        json!({"properties": [marker.property()], "historyMetadata": self.marker.history(generation)})
    }

    /// Why it is not taken over.
    fn refusal(&self, ctx: &TicketContext, found: &MarkedIssue) -> Option<TicketOutcome> {
        let object = self.object;
        let namespace = object.namespace().unwrap_or_default();
        let key = found
            .issue
            .fields
            .project
            .as_ref()
            .map(|project| project.key.clone())
            .unwrap_or_default();
        let projects = ctx.projects_of(&namespace, &object.spec.integration);
        if let Err(finding) = project(&object.spec, self.tickets, &key, projects.iter().map(Arc::as_ref)) {
            return Some(TicketOutcome::of(finding));
        }
        let id = found.issue.id.parse().unwrap_or_default();
        let other = ctx.ctx.claims.of(&namespace, &object.spec.integration).object_of(id);
        if let Some(other) = other.filter(|other| *other != object.name_any()) {
            let what = format!("{} is the ticket of the JiraIssue {other}.", found.issue.key);
            return Some(refused(Reason::AlreadyManaged, &what).after(MANAGED));
        }
        None
    }

    /// The identity by which an object had the ticket that is not there any more: a renamed object takes its ticket along.
    ///
    /// # Errors
    /// The refusal, where another object has it, or may have it: in another cluster, or in another namespace.
    async fn former<'m>(
        &self,
        marker: Option<&'m Marker>,
        key: &str,
    ) -> Result<Option<&'m Identity>, Box<TicketOutcome>> {
        let Some(marker) = marker.filter(|marker| self.marker.is_foreign(Some(marker))) else {
            return Ok(None);
        };
        if (&marker.scope, &marker.namespace) != (&self.marker.scope, &self.marker.namespace) {
            return Err(Box::new(managed(key)));
        }
        match self.store.named(&marker.name).await {
            Ok(there) if marker.has_lost(there.as_ref()) => Ok(Some(&marker.identity)),
            Ok(_) => {
                let what = format!("{key} is the ticket of the JiraIssue {}.", marker.name);
                Err(Box::new(refused(Reason::AlreadyManaged, &what).after(MANAGED)))
            }
            Err(error) => Err(Box::new(pending(&describe(&error)).after(RETRY))),
        }
    }

    async fn bind(
        &self,
        ctx: &TicketContext,
        ticket: &CreatedIssue,
        (mark, kept): (&serde_json::Value, &Kept),
    ) -> TicketOutcome {
        let found = match self.marked(ticket, mark).await {
            Ok(found) => found,
            Err(early) => return *early,
        };
        let applied = TicketApplied {
            written: kept.written.clone(),
            ..TicketApplied::default()
        };
        let bound = |current: &JiraIssue| JiraIssueStatus {
            id: ticket.id.clone(),
            key: ticket.key.clone(),
            identity: Some(self.marker.identity.as_str().to_owned()),
            applied: Some(applied.clone()).filter(|applied| *applied != TicketApplied::default()),
            ..current.status.clone().unwrap_or_default()
        };
        match self.store.change(self.object, bound).await {
            Ok(_) => {
                let claimed = ctx.ctx.claims.of(
                    &self.object.namespace().unwrap_or_default(),
                    &self.object.spec.integration,
                );
                claimed.insert(
                    &self.object.meta().name.clone().unwrap_or_default(),
                    ticket.id.parse().unwrap_or_default(),
                );
                TicketOutcome {
                    found: Some(found),
                    ..there(Reason::TicketAdopted, ticket)
                }
            }
            Err(error) => pending(&describe(&error)).after(RETRY),
        }
    }

    /// Marks a ticket. Another process may have done so in that moment, for another object: what Jira has afterwards counts.
    async fn marked(&self, ticket: &CreatedIssue, mark: &serde_json::Value) -> Result<Issue, Box<TicketOutcome>> {
        match self.session.session.edit_issue(&ticket.id, mark).await {
            Ok(()) => {}
            Err(WriteError::Refused(refusal)) => {
                let what = format!("Jira refused to mark {}: {}.", ticket.key, refusal.text());
                let refused = refused(Reason::CreationRefused, &what);
                return Err(Box::new(refused.after(Duration::from_mins(30))));
            }
            Err(error) => return Err(Box::new(pending(&error.to_string()).after(error.retry_after_or(RETRY)))),
        }
        let found = read_marked(self.session, &ticket.id).await;
        let found = found.map_err(|error| pending(&error.to_string()).after(error.retry_after_or(RETRY)))?;
        match found.map(FoundTicket::of) {
            Some(found) if self.marker.is_foreign(found.marker.as_ref()) => Err(Box::new(managed(&ticket.key))),
            Some(found) if found.marker.is_some() => Ok(found.issue),
            _ => Err(Box::new(pending(&format!("{} is not marked", ticket.key)).after(RETRY))),
        }
    }
}

/// The issue carries the marker of another object. That one may be deleted some time.
#[must_use]
pub fn managed(key: &str) -> TicketOutcome {
    let what = format!("{key} is the ticket of another object, in this cluster or in another one.");
    refused(Reason::AlreadyManaged, &what).after(MANAGED)
}

fn refused(reason: Reason, what: &str) -> TicketOutcome {
    TicketOutcome::of(Finding::with_remedy(Created, reason, what))
}

fn pending(why: &str) -> TicketOutcome {
    let what = format!("The ticket is not taken over yet: {}.", why.trim_end_matches('.'));
    refused(Reason::CreationPending, &what)
}
