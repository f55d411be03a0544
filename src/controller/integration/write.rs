//! The one place that writes the status of a `JiraIntegration`: once a reconciliation, at its end.

use kube::{Api, ResourceExt, api::ListParams};

use super::{observe::ObservedState, steps::Run};
use crate::{
    api::{
        condition::keep_times,
        integration::{JiraIntegration, JiraIntegrationStatus},
    },
    cluster::{
        error::is_conflict,
        status::{Statuses, Target},
    },
};

/// How often a write starts again because another client wrote the object meanwhile.
const WRITES: usize = 4;

/// Writes the status by server-side apply: what it no longer holds is removed. It is written onto
/// the version that was observed; on a newer one, because a person changed the spec meanwhile or
/// another process wrote its own, conditions keep the transition times that stand there. Returns
/// the resourceVersion.
///
/// # Errors
/// When the API server refuses it, or another process has already judged a newer spec.
pub async fn write(run: Run<'_>, status: &mut JiraIntegrationStatus) -> kube::Result<u64> {
    let Run { ctx, observed } = run;
    let api: Api<JiraIntegration> = Api::namespaced(ctx.client.clone(), &observed.target.namespace);
    let statuses = Statuses::namespaced(&ctx.client, &observed.target.namespace);
    let mut version = observed.version();
    let mut attempts = 0;
    let written = loop {
        attempts += 1;
        match apply(&statuses, observed, status, version).await {
            Err(error) if attempts < WRITES && is_conflict(&error) => {
                let Some(live) = look_again(&api, observed).await? else {
                    return Err(error);
                };
                let newer = live.status.clone().unwrap_or_default();
                if newer.observed_generation > Some(observed.generation()) {
                    return Err(error);
                }
                keep_times(&mut status.conditions, &newer.conditions);
                version = number(&live);
            }
            result => break result?,
        }
    };
    Ok(number(&written))
}

/// The object as it is now, if it still is the same. By a list of one: the operator may list
/// integrations and needs no right to get them.
async fn look_again(api: &Api<JiraIntegration>, observed: &ObservedState) -> kube::Result<Option<JiraIntegration>> {
    let one = ListParams::default().fields(&format!("metadata.name={}", observed.target.integration));
    let found = api.list(&one).await?.items.into_iter().next();
    Ok(found.filter(|live| live.uid().as_ref() == Some(&observed.target.owner.uid)))
}

async fn apply(
    statuses: &Statuses<JiraIntegration>,
    observed: &ObservedState,
    status: &JiraIntegrationStatus,
    version: u64,
) -> kube::Result<JiraIntegration> {
    let target = Target {
        name: &observed.target.integration,
        uid: Some(&observed.target.owner.uid),
        version: &version.to_string(),
    };
    // The tickets' controller writes what is said of them, under a field manager of its own.
    let status = JiraIntegrationStatus {
        tickets: None,
        ..status.clone()
    };
    statuses.apply(target, &status).await
}

fn number(integration: &JiraIntegration) -> u64 {
    integration.resource_version().and_then(|v| v.parse().ok()).unwrap_or(0)
}
