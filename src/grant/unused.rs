//! Removes a grant Secret a day after the last integration that named it went: it has no owner
//! reference, so that re-creating an integration does not destroy a live grant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
    core::PartialObjectMeta,
};
use serde_json::json;
use tracing::info;

use super::store::Store;

/// Since when no integration names the credentials of a grant Secret.
pub const UNUSED_SINCE: &str = "jira-operator.dev/unused-since";
/// How long such a Secret is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What to do about one grant Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Leave,
    MarkUnused,
    MarkUsed,
    Remove,
}

fn step(annotations: &BTreeMap<String, String>, in_use: bool, now: Timestamp) -> Step {
    let since = annotations.get(UNUSED_SINCE).map(|text| text.parse::<Timestamp>());
    match (in_use, since) {
        (true, Some(_)) => Step::MarkUsed,
        (false, None | Some(Err(_))) => Step::MarkUnused,
        (false, Some(Ok(since))) if now.duration_since(since) >= KEPT_FOR => Step::Remove,
        (true, None) | (false, Some(Ok(_))) => Step::Leave,
    }
}

/// Goes through all grant Secrets once. `in_use` holds every grant that an integration names. In
/// the namespaces `in_doubt` are integrations that cannot be read, so any grant may be theirs.
///
/// # Errors
/// When the API server cannot be asked, or refuses a change.
pub async fn sweep(
    client: &Client,
    store: &Store,
    in_use: &BTreeSet<(String, String)>,
    in_doubt: &BTreeSet<String>,
    now: Timestamp,
) -> kube::Result<()> {
    for secret in store.list().await? {
        let (namespace, name) = (secret.namespace().unwrap_or_default(), secret.name_any());
        let used = in_doubt.contains(&namespace) || in_use.contains(&(namespace.clone(), name.clone()));
        let api: Api<Secret> = Api::namespaced(client.clone(), &namespace);
        let taken = match step(secret.annotations(), used, now) {
            Step::Leave => Ok(()),
            Step::MarkUnused => annotate(&api, &secret, json!(now.to_string())).await,
            Step::MarkUsed => annotate(&api, &secret, json!(null)).await,
            Step::Remove => {
                let only_this = Preconditions {
                    uid: secret.uid(),
                    resource_version: secret.resource_version(),
                };
                info!(
                    namespace,
                    grant = name,
                    "removing a grant that no integration has named for a day"
                );
                api.delete(&name, &DeleteParams::default().preconditions(only_this))
                    .await
                    .map(|_| ())
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

async fn annotate(api: &Api<Secret>, secret: &PartialObjectMeta<Secret>, value: serde_json::Value) -> kube::Result<()> {
    let patch = json!({"metadata": {
        "resourceVersion": secret.resource_version(),
        "annotations": {UNUSED_SINCE: value},
    }});
    api.patch_metadata(&secret.name_any(), &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_removed_a_day_after_it_was_last_named() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(100);
        let since = |hours| {
            BTreeMap::from([(
                UNUSED_SINCE.to_owned(),
                (now - SignedDuration::from_hours(hours)).to_string(),
            )])
        };
        assert_eq!(step(&BTreeMap::new(), true, now), Step::Leave);
        assert_eq!(step(&BTreeMap::new(), false, now), Step::MarkUnused);
        assert_eq!(step(&since(23), false, now), Step::Leave);
        assert_eq!(step(&since(24), false, now), Step::Remove);
        assert_eq!(step(&since(48), true, now), Step::MarkUsed);
    }
}
