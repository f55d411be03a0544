//! An object that has no ticket yet: it takes over the one that it names, or gets one that is found or created.

use std::time::Duration;

use kube::ResourceExt;

use super::{
    adopt::Adoption,
    bound, comments,
    conclude::{Early, TicketOutcome},
    context::{TicketContext, TicketSession},
    create,
    known::integration_of,
    people, portal,
    prepare::draft,
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, Valid},
            Finding,
        },
        integration::JiraIntegration,
        issue::{JiraIssue, JiraIssueSpec, TicketPeople},
        names,
        reason::Reason,
    },
    atlassian::ticket_models::CreatedIssue,
    tickets::{Creation, Draft, Marker, NOTED, TicketStore, Wish, WritePermit, people_finding, people_of},
};

/// An object without a ticket, and what it takes to get one.
pub struct Unbound<'a> {
    /// The object.
    pub object: &'a JiraIssue,
    /// The way to it.
    pub store: &'a TicketStore,
    /// Memory.
    pub ctx: &'a TicketContext,
    /// The calls to the site.
    pub session: &'a TicketSession,
    /// Its integration.
    pub integration: &'a JiraIntegration,
    /// What may be written.
    pub permit: &'a WritePermit,
}

impl Unbound<'_> {
    /// Gets its ticket, and says what was found.
    pub async fn examine(&self) -> Early<TicketOutcome> {
        let mut outcome = if self.object.spec.ticket.is_some() {
            Box::pin(self.adopted()).await
        } else {
            Box::pin(self.created()).await?
        };
        if outcome.findings.iter().all(|finding| finding.condition != Valid) {
            outcome.findings.insert(0, Finding::plain(Valid, Reason::SpecAccepted));
        }
        Ok(outcome)
    }

    /// Nothing is sent, only what would be is said.
    fn is_dry_run(&self) -> bool {
        self.permit.is_dry_run || self.object.annotations().contains_key(names::PLAN)
    }

    /// The ticket that the spec names.
    async fn adopted(&self) -> TicketOutcome {
        let scope = self.permit.scope.as_deref().unwrap_or(&self.session.client_id);
        let adoption = Adoption {
            object: self.object,
            store: self.store,
            session: self.session,
            tickets: &self.integration.spec.tickets.clone().unwrap_or_default(),
            marker: &Marker::of(self.object, scope),
            is_dry_run: self.is_dry_run(),
        };
        let mut outcome = adoption.adopt(self.ctx).await;
        self.fill(&mut outcome).await;
        let project = outcome.issue.as_ref().map(|issue| issue.project_id.as_str());
        if project.is_some_and(|id| self.ctx.is_service_project(self.object, id)) {
            portal::ask(&mut outcome, (self.object, self.ctx), self.session).await;
        }
        if outcome.ticket.is_some() {
            // Its fields are compared with the spec.
            outcome.requeue = Some(Duration::ZERO);
        }
        outcome
    }

    /// The ticket that the spec describes.
    async fn created(&self) -> Early<TicketOutcome> {
        let of = (self.integration, self.permit);
        let creation = draft((self.object, self.store), self.ctx, self.session, of).await?;
        let people = people_of(&creation.roles, &creation.draft);
        let mut outcome = if self.is_dry_run() {
            planned(self.object, &creation.draft)
        } else {
            self.sent(creation).await
        };
        self.fill(&mut outcome).await;
        if let Some(ticket) = &outcome.ticket {
            if has_more_to_do(self.object, &people, ticket) || outcome.compared.is_none() {
                outcome.requeue = Some(Duration::ZERO);
            }
        } else if outcome.findings.iter().all(|finding| finding.condition != Valid) {
            outcome.findings.push(people_finding(&people));
            outcome.people = Some(people).filter(|people| *people != TicketPeople::default());
        }
        Ok(outcome)
    }

    async fn sent(&self, creation: Creation) -> TicketOutcome {
        let (place, scope, of) = (
            creation.place(),
            creation.marker.scope.clone(),
            integration_of(self.object),
        );
        let outcome = Box::pin(create::create(self.object.clone(), self.ctx, creation)).await;
        if outcome.ticket.is_some() {
            self.ctx.known.note_scope(&of, &scope);
            people::created(&outcome, self.object, (self.ctx, self.integration));
        }
        if self.ctx.outbox.listings.is_complete(&place).await {
            self.ctx.known.note_scanned(&of, &place.account, &place.project);
        }
        outcome
    }

    async fn fill(&self, outcome: &mut TicketOutcome) {
        let of = (self.object, self.store);
        bound::fill(outcome, of, self.session, self.integration, self.permit).await;
    }
}

/// Whether a ticket is to be moved, or linked, or somebody added to it, once it is there.
fn goes_on(spec: &JiraIssueSpec) -> bool {
    let has_none = spec.links.is_empty() && spec.comments.is_empty() && spec.participants.is_empty();
    !has_none || Wish::of(spec).is_some()
}

/// The comment that names the reporter comes after the ticket, too; so does what the answer to its creation would have told.
fn has_more_to_do(object: &JiraIssue, people: &TicketPeople, ticket: &CreatedIssue) -> bool {
    let lacks_portal = object.spec.request_type.is_some() && ticket.portal_url.is_none();
    is_noted(people) || goes_on(&object.spec) || lacks_portal
}

/// Whether a comment has to name the reporter.
fn is_noted(people: &TicketPeople) -> bool {
    let reason = people.reporter.as_ref().and_then(|person| person.reason.as_deref());
    reason
        .and_then(Reason::parse)
        .is_some_and(|reason| NOTED.contains(&reason))
}

/// What would be sent.
fn planned(object: &JiraIssue, draft: &Draft) -> TicketOutcome {
    let moves = Wish::of(&object.spec).map(|wish| wish.plan());
    let (_, comments) = comments::withheld(object, Reason::Planned);
    TicketOutcome {
        findings: vec![Finding::plain(Created, Reason::Planned)],
        plan: draft.plan().into_iter().chain(moves).chain(comments).collect(),
        ..TicketOutcome::default()
    }
}
