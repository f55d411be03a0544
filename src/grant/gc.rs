//! Removes a grant Secret a day after the last integration that named it went: it has no owner
//! reference, so that re-creating an integration does not destroy a live grant.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{Patch, PatchParams, Preconditions},
};
use serde_json::json;
use tracing::info;

use super::{
    codec::UNUSED_SINCE,
    store::{GrantStore, ListedGrant},
};
use crate::cluster::owned::delete;

/// How long such a Secret is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What to do about one grant Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GcStep {
    Leave,
    MarkUnused,
    MarkUsed,
    Remove,
}

fn step(unused_since: Option<&str>, in_use: bool, now: Timestamp) -> GcStep {
    let since = unused_since.map(str::parse::<Timestamp>);
    match (in_use, since) {
        (true, Some(_)) => GcStep::MarkUsed,
        (false, None | Some(Err(_))) => GcStep::MarkUnused,
        (false, Some(Ok(since))) if now.duration_since(since) >= KEPT_FOR => GcStep::Remove,
        (true, None) | (false, Some(Ok(_))) => GcStep::Leave,
    }
}

/// Goes through all grant Secrets once. `in_use` holds every grant that an integration names. In
/// the namespaces `in_doubt` are integrations that cannot be read, so any grant may be theirs.
///
/// # Errors
/// When the API server cannot be asked, or refuses a change.
pub async fn sweep(
    client: &Client,
    store: &GrantStore,
    in_use: &BTreeSet<(String, String)>,
    in_doubt: &BTreeSet<String>,
    now: Timestamp,
) -> kube::Result<()> {
    for secret in store.list(None).await? {
        let (namespace, name) = (secret.namespace.clone(), secret.name.clone());
        let used = in_doubt.contains(&namespace) || in_use.contains(&(namespace.clone(), name.clone()));
        let api: Api<Secret> = Api::namespaced(client.clone(), &namespace);
        let taken = match step(secret.unused_since.as_deref(), used, now) {
            GcStep::Leave => Ok(()),
            GcStep::MarkUnused => annotate(&api, &secret, json!(now.to_string())).await,
            GcStep::MarkUsed => annotate(&api, &secret, json!(null)).await,
            GcStep::Remove => {
                let only_this = Preconditions {
                    uid: secret.uid.clone(),
                    resource_version: secret.version.clone(),
                };
                info!(
                    namespace,
                    grant = name,
                    "removing a grant that no integration has named for a day"
                );
                delete(&api, &name, only_this).await
            }
        };
        match taken {
            // It was changed meanwhile; the next sweep looks again.
            Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => {}
            other => other?,
        }
    }
    Ok(())
}

async fn annotate(api: &Api<Secret>, secret: &ListedGrant, value: serde_json::Value) -> kube::Result<()> {
    let patch = json!({"metadata": {
        "resourceVersion": secret.version,
        "annotations": {UNUSED_SINCE: value},
    }});
    api.patch_metadata(&secret.name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_removed_a_day_after_it_was_last_named() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(100);
        let since = |hours| (now - SignedDuration::from_hours(hours)).to_string();
        let step = |since: Option<String>, in_use| step(since.as_deref(), in_use, now);
        assert_eq!(step(None, true), GcStep::Leave);
        assert_eq!(step(None, false), GcStep::MarkUnused);
        assert_eq!(step(Some("no time".to_owned()), false), GcStep::MarkUnused);
        assert_eq!(step(Some(since(23)), false), GcStep::Leave);
        assert_eq!(step(Some(since(24)), false), GcStep::Remove);
        assert_eq!(step(Some(since(48)), true), GcStep::MarkUsed);
    }
}
