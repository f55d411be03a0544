//! The reconciliation of one ticket: it is read, examined, and what was found is written.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt, runtime::controller::Action};
use tracing::warn;

use super::{
    audit, bound,
    conclude::{Early, TicketOutcome, status},
    context::TicketContext,
    expiry::expire,
    unbound::Unbound,
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, Valid},
            Finding,
        },
        issue::JiraIssue,
        reason::Reason,
    },
    atlassian::rate_limit::waits_after_429::RETRY,
    cluster::{error::describe, events::Notice},
    tickets::{TicketNews, TicketStore, permit},
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

/// What is found of an object: nothing may be written for it, it has its ticket, or it is to get one.
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
        return Ok(TicketOutcome::of(Finding::plain(Created, Reason::TicketSuspended)));
    }
    let session = ctx.session(object, integration, &permit).await.map_err(|why| {
        let what = format!(
            "The JiraIntegration {} is not connected: {why}.",
            object.spec.integration
        );
        Box::new(TicketOutcome::of(Finding::with_remedy(Valid, Reason::IntegrationNotReady, &what)).after(RETRY))
    })?;
    let unbound = Unbound {
        object,
        store,
        ctx,
        session: &session,
        integration,
        permit: &permit,
    };
    Box::pin(unbound.examine()).await
}
