//! `jira-operator disconnect`: ends the grant in the cluster, and says where it is ended at Atlassian.

use clap::Args;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt, api::ListParams};

use crate::cli::context::{CliError, ClusterOptions, say, say_on_stderr};
use crate::{
    api::integration::JiraIntegration,
    cluster::paged_list::list,
    connect::grant_key,
    grant::{GrantKey, GrantStore, disconnect, findings, refresh_token},
};

/// Where people see and end the grants of their account.
const CONNECTED_APPS: &str = "https://id.atlassian.com/manage-profile/apps";
/// Objects in one page of a list.
const PAGE: u32 = 500;

/// Options of `disconnect`.
// What stands here is what --help prints, where Markdown has no place.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Args)]
pub struct Options {
    /// Name of a JiraIntegration.
    name: String,
    #[command(flatten)]
    cluster: ClusterOptions,
}

/// Disconnects.
pub(super) async fn run(options: Options) -> Result<(), CliError> {
    let (cluster, namespace) = options.cluster.cluster().await?;
    let name = &options.name;
    let api: Api<JiraIntegration> = Api::namespaced(cluster.client.clone(), &namespace);
    let unread = CliError::api_server(format!(
        "the JiraIntegrations of namespace {namespace} could not be read"
    ));
    // All of them: others may use the same grant.
    let all = all(&api).await.map_err(unread)?;
    let integration = all.iter().find(|one| one.name_any() == *name);
    let integration = integration.ok_or_else(|| CliError::NoIntegration(name.clone(), namespace.clone()))?;
    let key = grant_key(integration);
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), &namespace);
    let unread = format!(
        "Secret {} could not be read, so a refresh-token in it would be imported again",
        key.credentials
    );
    let secret = secrets
        .get_opt(&key.credentials)
        .await
        .map_err(CliError::api_server(unread))?;
    // Also of a Secret that lacks the rest: it may be completed later.
    let supplied = secret.and_then(|secret| refresh_token(&key.credentials, &secret));
    let store = GrantStore::new(cluster.client.clone(), Vec::new());
    if is_being_refreshed(&store, &key).await {
        say_on_stderr("The grant is being refreshed just now; waiting for that.");
    }
    let ended = disconnect(&store, &key, supplied.as_ref()).await;
    let was_connected = ended.map_err(|trouble| {
        let finding = findings::trouble(&trouble, &key);
        finding.map_or_else(
            || "the namespace is being deleted".to_owned(),
            |finding| finding.message(),
        )
    })?;
    tell(name, &key, was_connected);
    if integration.spec.suspend {
        say("It is suspended, so what workloads mount stays as it is until it expires, within the hour.");
    }
    let others = all
        .iter()
        .filter(|one| one.name_any() != *name && grant_key(one) == key);
    let others: Vec<String> = others.map(ResourceExt::name_any).collect();
    if !others.is_empty() {
        say(&format!(
            "The same grant is used by {}: disconnected with it.",
            others.join(", ")
        ));
    }
    Ok(())
}

async fn all(api: &Api<JiraIntegration>) -> kube::Result<Vec<JiraIntegration>> {
    let take = |all: &mut Vec<_>, one| {
        all.push(one);
        true
    };
    let listed = list(api, ListParams::default().limit(PAGE), Vec::new, take).await;
    Ok(listed?.items)
}

/// Whether another process holds a lock on the grant that is respected.
async fn is_being_refreshed(store: &GrantStore, key: &GrantKey) -> bool {
    let record = store.read(key).await.ok().flatten();
    let lock = record.and_then(|record| record.lock);
    lock.is_some_and(|lock| lock.deadline > Timestamp::now())
}

fn tell(name: &str, key: &GrantKey, was_connected: bool) {
    let grant = key.secret_name();
    if was_connected {
        say(&format!(
            "Disconnected: the tokens in Secret {grant} are gone, and the operator takes back what workloads mount."
        ));
    } else {
        say(&format!(
            "There was no grant in Secret {grant}; it is marked as disconnected all the same."
        ));
    }
    say(&format!(
        "No refresh-token that was seen before is imported again. To connect anew: jira-operator connect {name} -n {}",
        key.namespace
    ));
    say("At Atlassian the grant lives on until its owner removes the app: log in as the bot account and open");
    say(CONNECTED_APPS);
}
