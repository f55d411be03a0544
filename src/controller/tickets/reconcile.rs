//! The reconciliation of one ticket: may it be written → what its type takes → who is meant → judged → created.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt, runtime::controller::Action};
use tracing::warn;

use super::{
    adopt::Adoption,
    audit, bound, comments,
    conclude::{TicketOutcome, status},
    context::{TicketContext, TicketSession},
    create,
    expiry::expire,
    known::integration_of,
    people, portal,
    refused_creation::unlisted,
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
    atlassian::{error::JiraError, rate_limit::waits_after_429::RETRY, ticket_models::CreatedIssue},
    cluster::{error::describe, events::Notice},
    tickets::{
        Creation, Draft, Judging, Listing, Marker, NOTED, NotCreatable, People, Searching, TicketMetadata, TicketNews,
        TicketProject, TicketStore, Wish, WritePermit, addresses, people_finding, people_of, permit, project,
        written_of,
    },
};

/// How soon it is looked again whether the projects are known.
const SOON: Duration = Duration::from_secs(1);
/// How long a write to the API server that failed is put off.
const WRITE_RETRY: Duration = Duration::from_secs(2);

/// Reconciles a ticket. What is no ticket is left alone.
pub async fn reconcile(object: Arc<JiraIssue>, ctx: Arc<TicketContext>) -> Action {
    if !object.spec.is_ticket() || object.meta().deletion_timestamp.is_some() {
        return Action::await_change();
    }
    let store = TicketStore::new(&ctx.ctx.client, &object.namespace().unwrap_or_default());
    let object = match live(&object, &ctx, &store).await {
        Ok(object) => object,
        Err(action) => return action,
    };
    let (number, news) = ctx.news.of(&object);
    let outcome = Box::pin(examine((&object, &store), &ctx, &news))
        .await
        .unwrap_or_else(|early| *early);
    if outcome.is_over {
        return expire(&object, &ctx).await;
    }
    match Box::pin(write((&object, &store), &ctx, &outcome)).await {
        Ok(()) => {
            ctx.news.written(&object, number);
            outcome.requeue.map_or_else(Action::await_change, Action::requeue)
        }
        Err(error) => {
            warn!(
                object = object.name_any(),
                error = describe(&error),
                "the status of a ticket could not be written"
            );
            Action::requeue(WRITE_RETRY)
        }
    }
}

/// The object as it is now: the one read of it in a reconciliation. What is written afterwards is written onto the version
/// that is known, so that whatever somebody else wrote meanwhile is a conflict. Most of all the mark of a creation: it
/// stands on what was read here, and without it nothing is sent.
async fn live(object: &JiraIssue, ctx: &TicketContext, store: &TicketStore) -> Result<JiraIssue, Action> {
    // Before the projects are known each would seem to be out of reach.
    let waits = |object: &JiraIssue| bound::is_bound(object) && !ctx.are_projects_known();
    if waits(object) {
        return Err(Action::requeue(SOON));
    }
    match store.live(object).await {
        Ok(Some(live)) if waits(&live) => Err(Action::requeue(SOON)),
        Ok(Some(live)) => Ok(live),
        Ok(None) => Err(Action::await_change()),
        Err(_) => Err(Action::requeue(WRITE_RETRY)),
    }
}

/// Writes what was found, unless the status says it already.
async fn write(
    (object, store): (&JiraIssue, &TicketStore),
    ctx: &TicketContext,
    outcome: &TicketOutcome,
) -> kube::Result<()> {
    let now = Time(Timestamp::now());
    let before = store.latest(object).status.unwrap_or_default();
    let written = store.change(object, |current| status(current, outcome, &now)).await?;
    if let Some(written) = written {
        let after = written.status.clone().unwrap_or_default();
        let reference = written.object_ref(&());
        for notice in Notice::transitions(&reference, &before.conditions, &after.conditions) {
            if let Some(notice) = audit::to_publish(notice, object) {
                ctx.ctx.events.publish(&notice).await;
            }
        }
    }
    Ok(())
}

/// What is found ends early where the next step makes no sense.
type Early<T> = Result<T, Box<TicketOutcome>>;

fn invalid(finding: Finding) -> Box<TicketOutcome> {
    Box::new(TicketOutcome::of(finding))
}

async fn examine(
    (object, store): (&JiraIssue, &TicketStore),
    ctx: &TicketContext,
    news: &TicketNews,
) -> Early<TicketOutcome> {
    let namespace = object.namespace().unwrap_or_default();
    let known = ctx.integration(&namespace, &object.spec.integration);
    let integration = known.as_ref().and_then(|known| known.0.as_ref().ok());
    let permit =
        permit(&object.spec.integration, integration).map_err(|finding| Box::new(bound::kept(object, finding)))?;
    let Some(integration) = integration else {
        return Ok(TicketOutcome::default());
    };
    if bound::is_bound(object) {
        return Ok(Box::pin(bound::examine((object, store), ctx, (integration, &permit), news)).await);
    }
    if object.spec.suspend {
        return Err(invalid(Finding::plain(Created, Reason::TicketSuspended)));
    }
    let session = ctx.session(object, integration, &permit).await.map_err(|why| {
        let what = format!(
            "The JiraIntegration {} is not connected: {why}.",
            object.spec.integration
        );
        Box::new(TicketOutcome::of(Finding::with_remedy(Valid, Reason::IntegrationNotReady, &what)).after(RETRY))
    })?;
    let is_dry_run = permit.is_dry_run || object.annotations().contains_key(names::PLAN);
    if object.spec.ticket.is_some() {
        let adoption = Adoption {
            object,
            store,
            session: &session,
            tickets: &integration.spec.tickets.clone().unwrap_or_default(),
            marker: &Marker::of(object, permit.scope.as_deref().unwrap_or(&session.client_id)),
            is_dry_run,
        };
        let mut outcome = adoption.adopt(ctx).await;
        if outcome.findings.iter().all(|finding| finding.condition != Valid) {
            outcome.findings.insert(0, Finding::plain(Valid, Reason::SpecAccepted));
        }
        bound::fill(&mut outcome, (object, store), &session, integration, &permit).await;
        let project = outcome.issue.as_ref().map(|issue| issue.project_id.as_str());
        if project.is_some_and(|id| ctx.is_service_project(object, id)) {
            portal::ask(&mut outcome, &session).await;
        }
        if outcome.ticket.is_some() {
            // Its fields are compared with the spec.
            outcome.requeue = Some(Duration::ZERO);
        }
        return Ok(outcome);
    }
    let creation = draft((object, store), ctx, &session, (integration, &permit)).await?;
    let people = people_of(&creation.roles, &creation.draft);
    let mut outcome = if is_dry_run {
        planned(object, &creation.draft)
    } else {
        let (place, scope, of) = (creation.place(), creation.marker.scope.clone(), integration_of(object));
        let outcome = Box::pin(create::create(object.clone(), ctx, creation)).await;
        if outcome.ticket.is_some() {
            ctx.known.note_scope(&of, &scope);
            people::created(&outcome, object, (ctx, integration));
        }
        if ctx.outbox.listings.is_complete(&place).await {
            ctx.known.note_scanned(&of, &place.account, &place.project);
        }
        outcome
    };
    bound::fill(&mut outcome, (object, store), &session, integration, &permit).await;
    if let Some(ticket) = &outcome.ticket {
        if has_more_to_do(object, &people, ticket) || outcome.compared.is_none() {
            outcome.requeue = Some(Duration::ZERO);
        }
    } else if outcome.findings.iter().all(|finding| finding.condition != Valid) {
        outcome.findings.push(people_finding(&people));
        outcome.people = Some(people).filter(|people| *people != TicketPeople::default());
    }
    if outcome.findings.iter().all(|finding| finding.condition != Valid) {
        outcome.findings.insert(0, Finding::plain(Valid, Reason::SpecAccepted));
    }
    Ok(outcome)
}

/// Everything that can be known before anything is sent.
async fn draft(
    (object, store): (&JiraIssue, &TicketStore),
    ctx: &TicketContext,
    session: &TicketSession,
    (integration, permit): (&JiraIntegration, &WritePermit),
) -> Early<Creation> {
    let (spec, namespace) = (&object.spec, object.namespace().unwrap_or_default());
    let key = spec.project.as_deref().unwrap_or_default();
    let tickets = integration.spec.tickets.clone().unwrap_or_default();
    let projects = ctx.projects_of(&namespace, &spec.integration);
    let project = project(spec, &tickets, key, projects.iter().map(Arc::as_ref)).map_err(invalid)?;
    let metadata = metadata(ctx, session, &permit.cloud_id, (&project, spec)).await?;
    let searching = Searching {
        session: &session.session,
        account: &permit.account,
        searches: &ctx.searches,
    };
    let people = People::find(searching, integration.spec.pinned(), addresses(spec, &metadata)).await;
    let people = people.map_err(|error| {
        let what = format!("Jira could not be asked who the people of the spec are: {error}.");
        let finding = Finding::with_remedy(Valid, Reason::DirectoryUnavailable, &what);
        Box::new(TicketOutcome::of(finding).after(error.retry_after_or(RETRY)))
    })?;
    let scope = permit.scope.as_deref().unwrap_or(&session.client_id);
    let marker = Marker::of(object, scope).having_written(written_of(spec));
    scope_is_kept(ctx, integration, &marker)?;
    let judging = Judging {
        spec,
        generation: object.meta().generation.unwrap_or_default(),
        permit,
        project: &project,
        metadata: &metadata,
        people: &people,
        marker: &marker,
    };
    let (draft, roles) = judging.judge().map_err(invalid)?;
    let draft = ctx.assignable.judge(&session.session, &permit.cloud_id, draft).await;
    let draft = draft.map_err(|error| pending(&error))?;
    let listing = listing(integration, &permit.account, &project, &metadata);
    let creation = Creation {
        session: session.session.clone(),
        store: store.clone(),
        draft: draft.clone(),
        metadata,
        roles,
        marker,
        account: permit.account.clone(),
        max_per_hour: permit.max_per_hour,
        existing: spec.existing(),
        people: None,
        links: Vec::new(),
        description: spec.description.clone(),
        listing,
    };
    Ok(creation.with(draft))
}

/// What the type takes.
async fn metadata(
    ctx: &TicketContext,
    session: &TicketSession,
    cloud_id: &str,
    (project, spec): (&TicketProject, &JiraIssueSpec),
) -> Early<Arc<TicketMetadata>> {
    match ctx.creatable.of(&session.session, cloud_id, project, spec).await {
        Ok(metadata) => Ok(metadata),
        Err(NotCreatable::Invalid(finding)) => Err(invalid(finding)),
        Err(NotCreatable::Unanswered(error)) => {
            let denied = unlisted(&session.session, project, &error).await;
            Err(denied.map_or_else(|| pending(&error), Box::new))
        }
    }
}

/// Tickets that are bound are found by the scope that they were created with: with another one a rebuilt cluster would
/// create them again.
fn scope_is_kept(ctx: &TicketContext, integration: &JiraIntegration, marker: &Marker) -> Early<()> {
    let (name, scope) = (integration.name_any(), &marker.scope);
    if !ctx.known.have_another_scope(&marker.namespace, &name, scope) {
        return Ok(());
    }
    let former = integration.status.as_ref().and_then(|status| status.tickets.as_ref());
    let former = former
        .and_then(|tickets| tickets.scope.as_deref())
        .unwrap_or("another one");
    let what = format!("The tickets of the JiraIntegration {name} are found by the scope {former}, not by {scope}.");
    Err(invalid(Finding::with_remedy(Valid, Reason::ScopeChanged, &what)))
}

/// How the ticket may have to be looked for.
fn listing(
    integration: &JiraIntegration,
    account: &str,
    project: &TicketProject,
    metadata: &TicketMetadata,
) -> Listing {
    let tickets = integration.status.as_ref().and_then(|status| status.tickets.as_ref());
    let is_scanned = tickets.is_some_and(|tickets| {
        tickets.scanned_by.as_deref() == Some(account) && tickets.scanned.contains(&project.key)
    });
    if metadata.desk.is_none() && metadata.field("labels").is_none() {
        Listing::UpToNow
    } else if is_scanned {
        Listing::Briefly
    } else {
        Listing::Once
    }
}

/// Jira could not be asked.
fn pending(error: &JiraError) -> Box<TicketOutcome> {
    let what = format!("Jira could not be asked: {error}.");
    let finding = Finding::with_remedy(Created, Reason::CreationPending, &what);
    Box::new(TicketOutcome::of(finding).after(error.retry_after_or(RETRY)))
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
