//! Deletes the object of a ticket that was done long enough ago. The ticket stays.

use std::time::Duration;

use kube::{Api, Resource, ResourceExt, api::Preconditions, runtime::controller::Action};
use tracing::{info, warn};

use super::context::TicketContext;
use crate::{
    api::issue::JiraIssue,
    cluster::{
        error::{describe, is_conflict},
        events::Notice,
        owned::delete,
    },
};

/// How an event calls it.
const EXPIRED: &str = "DeletedAfterDone";
/// How long what failed is put off.
const RETRY: Duration = Duration::from_secs(10);

/// Deletes the version of the object that was judged: one that changed since is judged again.
pub async fn expire(object: &JiraIssue, ctx: &TicketContext) -> Action {
    let only_this = Preconditions {
        uid: object.uid(),
        resource_version: object.resource_version(),
    };
    let objects: Api<JiraIssue> = Api::namespaced(ctx.ctx.client.clone(), &object.namespace().unwrap_or_default());
    match delete(&objects, &object.name_any(), only_this).await {
        Ok(()) => {
            let key = object.status.as_ref().map_or("", |status| status.key.as_str());
            info!(
                object = object.name_any(),
                key, "the object of a ticket that is done was deleted"
            );
            let notice = Notice {
                object: object.object_ref(&()),
                is_warning: false,
                reason: EXPIRED.to_owned(),
                note: format!("{key} was done spec.ttlSecondsAfterDone ago: this object is deleted, the ticket stays."),
            };
            ctx.ctx.events.publish(&notice).await;
            Action::await_change()
        }
        Err(error) if is_conflict(&error) => Action::requeue(Duration::from_secs(1)),
        Err(error) => {
            warn!(
                object = object.name_any(),
                error = describe(&error),
                "the object of a ticket that is done could not be deleted"
            );
            Action::requeue(RETRY)
        }
    }
}
