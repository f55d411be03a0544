//! The reconciliation of one ticket: may it be written → what its type takes → who is meant → judged → created.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt, runtime::controller::Action};
use tracing::warn;

use super::{
    adopt::Adoption,
    audit, bound,
    conclude::{TicketOutcome, status},
    context::{TicketContext, TicketSession},
    creatable::NotCreatable,
    create,
    expiry::expire,
    known::integration_of,
    refused::unlisted,
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, Valid},
            Finding,
        },
        integration::JiraIntegration,
        issue::{ExistingPolicy, JiraIssue, JiraIssueSpec, TicketPeople},
        names,
        reason::Reason,
    },
    atlassian::error::JiraError,
    cluster::{error::describe, events::Notice},
    tickets::{
        Creation, Draft, Identity, Judging, Listing, Marker, NOTED, People, TicketMetadata, TicketNews, TicketProject,
        TicketStore, WritePermit, addresses, people_finding, people_of, permit, project,
    },
};

/// How long a question to Jira that failed is put off.
const RETRY: Duration = Duration::from_secs(10);
/// How soon it is looked again whether the projects are known.
const SOON: Duration = Duration::from_secs(1);
/// How long a write to the API server that failed is put off.
const WRITE_RETRY: Duration = Duration::from_secs(2);

/// Reconciles a ticket. What is no ticket is left alone.
pub async fn reconcile(object: Arc<JiraIssue>, ctx: Arc<TicketContext>) -> Action {
    if !object.spec.is_ticket() || object.meta().deletion_timestamp.is_some() {
        return Action::await_change();
    }
    let object = match current(object, &ctx).await {
        Ok(object) => object,
        Err(action) => return action,
    };
    let (number, news) = ctx.news.of(&object);
    let outcome = Box::pin(examine(&object, &ctx, &news))
        .await
        .unwrap_or_else(|early| *early);
    if outcome.is_over {
        return expire(&object, &ctx).await;
    }
    match write(&object, &ctx, &outcome).await {
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

/// The object as it is judged: one that has its ticket as it is now, since what its status says is kept.
async fn current(object: Arc<JiraIssue>, ctx: &TicketContext) -> Result<Arc<JiraIssue>, Action> {
    if !bound::is_bound(&object) {
        return Ok(object);
    }
    if !ctx.are_projects_known() {
        // Before that every project would seem to be out of reach.
        return Err(Action::requeue(SOON));
    }
    match store_of(&object, ctx).live(&object).await {
        Ok(Some(live)) => Ok(Arc::new(live)),
        Ok(None) => Err(Action::await_change()),
        Err(_) => Err(Action::requeue(WRITE_RETRY)),
    }
}

/// Writes what was found, unless the status says it already.
async fn write(object: &JiraIssue, ctx: &TicketContext, outcome: &TicketOutcome) -> kube::Result<()> {
    let store = store_of(object, ctx);
    let now = Time(Timestamp::now());
    let Some(live) = store.live(object).await? else {
        return Ok(());
    };
    let before = live.status.clone().unwrap_or_default();
    let written = store.change(&live, |current| status(current, outcome, &now)).await?;
    if let Some(written) = written {
        let after = written.status.clone().unwrap_or_default();
        let reference = written.object_ref(&());
        for notice in Notice::transitions(&reference, &before.conditions, &after.conditions) {
            if !audit::is_told(&notice, object) {
                ctx.ctx.events.publish(&notice).await;
            }
        }
    }
    Ok(())
}

fn store_of(object: &JiraIssue, ctx: &TicketContext) -> TicketStore {
    TicketStore::new(&ctx.ctx.client, &object.namespace().unwrap_or_default())
}

/// What is found ends early where the next step makes no sense.
type Early<T> = Result<T, Box<TicketOutcome>>;

fn invalid(finding: Finding) -> Box<TicketOutcome> {
    Box::new(TicketOutcome::of(finding))
}

async fn examine(object: &JiraIssue, ctx: &TicketContext, news: &TicketNews) -> Early<TicketOutcome> {
    let namespace = object.namespace().unwrap_or_default();
    let integration = ctx.integration(&namespace, &object.spec.integration);
    let permit = permit(&object.spec.integration, integration.as_ref())
        .map_err(|finding| Box::new(bound::kept(object, finding)))?;
    let Some(integration) = integration else {
        return Ok(TicketOutcome::default());
    };
    if bound::is_bound(object) {
        return Ok(Box::pin(bound::examine(object, ctx, (&integration, &permit), news)).await);
    }
    if object.spec.suspend {
        return Err(invalid(Finding::plain(Created, Reason::TicketSuspended)));
    }
    let session = ctx.session(object, &integration, &permit).await.map_err(|why| {
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
            session: &session,
            tickets: &integration.spec.tickets.clone().unwrap_or_default(),
            marker: &marker(object, permit.scope.as_deref().unwrap_or(&session.client_id)),
            is_dry_run,
        };
        let mut outcome = adoption.adopt(ctx).await;
        if outcome.findings.iter().all(|finding| finding.condition != Valid) {
            outcome.findings.insert(0, Finding::plain(Valid, Reason::SpecAccepted));
        }
        bound::fill(&mut outcome, &session, &integration, &permit).await;
        return Ok(outcome);
    }
    let creation = draft(object, ctx, &session, (&integration, &permit)).await?;
    let people = people_of(&creation.roles, &creation.draft);
    let mut outcome = if is_dry_run {
        planned(&creation.draft)
    } else {
        let (place, scope, of) = (creation.place(), creation.marker.scope.clone(), integration_of(object));
        let outcome = Box::pin(create::create(object, ctx, creation)).await;
        if outcome.ticket.is_some() {
            ctx.known.note_scope(&of, &scope);
        }
        if ctx.outbox.listings.is_complete(&place).await {
            ctx.known.note_scanned(&of, &place.project);
        }
        outcome
    };
    bound::fill(&mut outcome, &session, &integration, &permit).await;
    if outcome.ticket.is_some() {
        // The comment that names the reporter, and the links, come after it.
        if is_noted(&people) || !object.spec.links.is_empty() {
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
    object: &JiraIssue,
    ctx: &TicketContext,
    session: &TicketSession,
    (integration, permit): (&JiraIntegration, &WritePermit),
) -> Early<Creation> {
    let (spec, namespace) = (&object.spec, object.namespace().unwrap_or_default());
    let key = spec.project.as_deref().unwrap_or_default();
    let tickets = integration.spec.tickets.clone().unwrap_or_default();
    let projects = ctx.projects_of(&namespace, &spec.integration);
    let project = project(spec, &tickets, key, &projects).map_err(invalid)?;
    let metadata = metadata(ctx, session, &permit.cloud_id, (&project, spec)).await?;
    let people = People::find(&session.session, integration.spec.pinned(), addresses(spec, &metadata)).await;
    let people = people.map_err(|error| {
        let what = format!("Jira could not be asked who the people of the spec are: {error}.");
        let finding = Finding::with_remedy(Valid, Reason::DirectoryUnavailable, &what);
        Box::new(TicketOutcome::of(finding).after(error.retry_after().unwrap_or(RETRY)))
    })?;
    let marker = marker(object, permit.scope.as_deref().unwrap_or(&session.client_id));
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
    let people = Some(people_of(&roles, &draft)).filter(|people| *people != TicketPeople::default());
    let listing = listing(integration, &project, &metadata);
    let creation = Creation {
        session: session.session.clone(),
        store: store_of(object, ctx),
        draft,
        metadata,
        roles,
        marker,
        account: permit.account.clone(),
        max_per_hour: permit.max_per_hour,
        existing: spec.policy().existing,
        people,
        description: spec.description.clone(),
        listing,
    };
    Ok(creation)
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
fn listing(integration: &JiraIntegration, project: &TicketProject, metadata: &TicketMetadata) -> Listing {
    let tickets = integration.status.as_ref().and_then(|status| status.tickets.as_ref());
    let is_scanned = tickets.is_some_and(|tickets| tickets.scanned.contains(&project.key));
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
    Box::new(TicketOutcome::of(finding).after(error.retry_after().unwrap_or(RETRY)))
}

/// Whose ticket it is.
#[must_use]
pub fn marker(object: &JiraIssue, scope: &str) -> Marker {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let uid = object.uid().unwrap_or_default();
    let identified_by = match object.spec.policy().existing {
        ExistingPolicy::Ignore => &uid,
        ExistingPolicy::Adopt | ExistingPolicy::AdoptUnresolved => &name,
    };
    Marker {
        v: 1,
        identity: Identity::of(scope, &namespace, identified_by),
        n: 1,
        scope: scope.to_owned(),
        namespace,
        name,
        uid,
        note: None,
        former: None,
    }
}

/// Whether a comment has to name the reporter.
fn is_noted(people: &TicketPeople) -> bool {
    let reason = people.reporter.as_ref().and_then(|person| person.reason.as_deref());
    reason
        .and_then(Reason::parse)
        .is_some_and(|reason| NOTED.contains(&reason))
}

/// What would be sent.
fn planned(draft: &Draft) -> TicketOutcome {
    TicketOutcome {
        findings: vec![Finding::plain(Created, Reason::Planned)],
        plan: draft.plan(),
        ..TicketOutcome::default()
    }
}
