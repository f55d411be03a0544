//! What has to be known before a ticket is created: what its type takes → who is meant → judged. Nothing is sent.

use std::sync::Arc;

use kube::{Resource, ResourceExt};

use super::{
    conclude::{Early, TicketOutcome},
    context::{TicketContext, TicketSession},
    refused_creation::unlisted,
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, Valid},
            Finding,
        },
        integration::JiraIntegration,
        issue::{JiraIssue, JiraIssueSpec},
        reason::Reason,
    },
    atlassian::{error::JiraError, rate_limit::waits_after_429::RETRY},
    tickets::{
        Creation, Judging, Listing, Marker, NotCreatable, People, Searching, TicketMetadata, TicketProject,
        TicketStore, WritePermit, addresses, project, written_of,
    },
};

/// Everything that can be known before anything is sent.
pub async fn draft(
    (object, store): (&JiraIssue, &TicketStore),
    ctx: &TicketContext,
    session: &TicketSession,
    (integration, permit): (&JiraIntegration, &WritePermit),
) -> Early<Creation> {
    let (spec, namespace) = (&object.spec, object.namespace().unwrap_or_default());
    let key = spec.project.as_deref().unwrap_or_default();
    let tickets = integration.spec.tickets.clone().unwrap_or_default();
    let projects = ctx.projects_of(&namespace, &spec.integration);
    let project = project(spec, &tickets, key, projects.iter().map(Arc::as_ref)).map_err(TicketOutcome::early)?;
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
    let (draft, roles) = judging.judge().map_err(TicketOutcome::early)?;
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
        Err(NotCreatable::Invalid(finding)) => Err(TicketOutcome::early(finding)),
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
    Err(TicketOutcome::early(Finding::with_remedy(
        Valid,
        Reason::ScopeChanged,
        &what,
    )))
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
