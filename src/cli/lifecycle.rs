//! `jira-operator suspend`, `resume` and `reconcile`: what people would do with `kubectl` by hand.

use std::time::Duration;

use clap::Args;
use futures::TryStreamExt;
use jiff::Timestamp;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams, WatchEvent, WatchParams},
};
use serde_json::{Value, json};

use crate::api::{
    condition::{ConditionType, find},
    integration::JiraIntegration,
    names,
};
use crate::cli::context::{COULD_NOT_LOOK, CliError, ClusterOptions, FINDINGS, duration, say};

/// Which integration.
// What stands here is what --help prints, where Markdown has no place.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Args)]
pub struct IntegrationArgs {
    /// Name of a JiraIntegration.
    name: String,
    #[command(flatten)]
    cluster: ClusterOptions,
}

/// Options of `reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileOptions {
    #[command(flatten)]
    target: IntegrationArgs,
    /// How long to wait for the answer, such as 90s or 2m; 0s does not wait.
    #[arg(long, default_value = "1m", value_name = "TIME", value_parser = duration)]
    timeout: Duration,
}

struct NamespacedIntegrations {
    api: Api<JiraIntegration>,
    namespace: String,
}

impl IntegrationArgs {
    async fn find(&self) -> Result<NamespacedIntegrations, CliError> {
        let (cluster, namespace) = self.cluster.cluster().await?;
        Ok(NamespacedIntegrations {
            api: Api::namespaced(cluster.client, &namespace),
            namespace,
        })
    }

    async fn patch(&self, found: &NamespacedIntegrations, patch: Value) -> Result<JiraIntegration, CliError> {
        let params = PatchParams {
            field_manager: Some("jira-operator-cli".to_owned()),
            ..PatchParams::default()
        };
        let done = found.api.patch(&self.name, &params, &Patch::Merge(patch)).await;
        done.map_err(|error| match error {
            kube::Error::Api(status) if status.code == 404 => {
                CliError::NoIntegration(self.name.clone(), found.namespace.clone())
            }
            error => CliError::api_server(format!("JiraIntegration {} could not be changed", self.name))(error),
        })
    }
}

/// Suspends or resumes.
pub(super) async fn suspend(target: IntegrationArgs, suspended: bool) -> Result<(), CliError> {
    let found = target.find().await?;
    let changed = target.patch(&found, json!({"spec": {"suspend": suspended}})).await?;
    let (namespace, name) = (&found.namespace, &target.name);
    if suspended {
        say(&format!(
            "Suspended {namespace}/{name}: Atlassian is not called for it, and its access token is left to expire."
        ));
    } else {
        say(&format!("Resumed {namespace}/{name}."));
    }
    if is_managed(&changed) {
        say(
            "The object is applied from Git or by Helm, as it looks: set spec.suspend there as well, or this is undone the next time.",
        );
    }
    Ok(())
}

/// Tools that apply objects again and again, by the name under which they write.
const APPLIERS: [&str; 5] = [
    "argocd-controller",
    "kustomize-controller",
    "helm-controller",
    "helm",
    "flux",
];

/// Whether another tool applies the object, as its usual marks tell.
fn is_managed(integration: &JiraIntegration) -> bool {
    let marks = [
        "argocd.argoproj.io/",
        "kustomize.toolkit.fluxcd.io/",
        "helm.toolkit.fluxcd.io/",
        "meta.helm.sh/",
    ];
    let keys = integration.labels().keys().chain(integration.annotations().keys());
    let mut managers = integration
        .managed_fields()
        .iter()
        .filter_map(|entry| entry.manager.as_deref());
    keys.into_iter()
        .any(|key| marks.iter().any(|mark| key.starts_with(mark)))
        || managers.any(|manager| APPLIERS.contains(&manager))
}

/// Asks for a full resync now, and waits for its answer. The exit code is that of `check`: whether the
/// integration is Ready then.
pub(super) async fn reconcile(options: ReconcileOptions) -> Result<u8, CliError> {
    let found = options.target.find().await?;
    let asked = Timestamp::now().to_string();
    let annotation = json!({"metadata": {"annotations": {names::REQUESTED_AT: asked}}});
    let integration = options.target.patch(&found, annotation).await?;
    let (namespace, name) = (&found.namespace, &options.target.name);
    say(&format!("Asked for a full resync of {namespace}/{name}."));
    if integration.spec.suspend {
        say(&format!(
            "It is suspended, so nothing happens until: jira-operator resume {name} -n {namespace}"
        ));
        return Ok(COULD_NOT_LOOK);
    }
    if options.timeout.is_zero() {
        return Ok(0);
    }
    let answer = tokio::time::timeout(options.timeout, answered(&found.api, name, &asked)).await;
    let integration = answer.map_err(|_| {
        format!(
            "no answer within {} seconds. Is the operator running? jira-operator check --operator says more. While Atlassian asks it to wait, it does not answer either",
            options.timeout.as_secs()
        )
    })??;
    let conditions = integration.status.map(|status| status.conditions).unwrap_or_default();
    let Some(ready) = find(&conditions, ConditionType::Ready) else {
        return Ok(COULD_NOT_LOOK);
    };
    say(&format!("Ready {} {}: {}", ready.status, ready.reason, ready.message));
    Ok(match ready.status.as_str() {
        "True" => 0,
        "False" => FINDINGS,
        _ => COULD_NOT_LOOK,
    })
}

async fn answered(api: &Api<JiraIntegration>, name: &str, asked: &str) -> Result<JiraIntegration, CliError> {
    let failed = CliError::api_server(format!("JiraIntegration {name} could not be watched"));
    let params = WatchParams::default().fields(&format!("metadata.name={name}"));
    loop {
        let mut events = Box::pin(api.watch(&params, "0").await.map_err(&failed)?);
        while let Some(event) = events.try_next().await.map_err(&failed)? {
            let (WatchEvent::Added(object) | WatchEvent::Modified(object)) = event else {
                continue;
            };
            let handled = object
                .status
                .as_ref()
                .and_then(|status| status.last_handled_reconcile_at.as_deref());
            if handled == Some(asked) {
                return Ok(object);
            }
        }
    }
}
