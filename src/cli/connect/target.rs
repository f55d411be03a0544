//! What is to be connected: an integration and its app's credentials, from the cluster or from files.

use kube::{Api, ResourceExt};

use super::options::Options;
use crate::{
    api::integration::JiraIntegration,
    cli::context::{CliError, ClusterContext, Manifests},
    grant::{Credentials, CredentialsError},
};

/// An integration and its credentials.
pub struct ConnectTarget {
    /// The integration.
    pub integration: JiraIntegration,
    /// The app's credentials.
    pub credentials: Credentials,
    /// The cluster, where it came from one.
    pub cluster: Option<ClusterContext>,
}

impl ConnectTarget {
    /// Finds it.
    pub async fn find(options: &Options) -> Result<Self, CliError> {
        if options.files.is_empty() {
            return Self::of_cluster(options).await;
        }
        Self::of_files(options)
    }

    async fn of_cluster(options: &Options) -> Result<Self, CliError> {
        let (cluster, namespace) = options.cluster.cluster().await?;
        let name = options.name.clone().unwrap_or_default();
        let api: Api<JiraIntegration> = Api::namespaced(cluster.client.clone(), &namespace);
        let unread = CliError::api_server(format!(
            "JiraIntegration {name} in namespace {namespace} could not be read"
        ));
        let found = api.get_opt(&name).await.map_err(unread)?;
        let integration = found.ok_or_else(|| CliError::NoIntegration(name, namespace.clone()))?;
        let secret = &integration.spec.secret_ref.name;
        let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::namespaced(cluster.client.clone(), &namespace);
        let unread = CliError::api_server(format!(
            "Secret {secret} in namespace {namespace}, which has the app's credentials, could not be read"
        ));
        let read = secrets.get_opt(secret).await.map_err(unread)?;
        let credentials = Credentials::read(secret, read.as_ref()).map_err(|error| unusable(&error))?;
        Ok(Self {
            integration,
            credentials,
            cluster: Some(cluster),
        })
    }

    fn of_files(options: &Options) -> Result<Self, CliError> {
        let manifests = Manifests::read(&options.files, options.cluster.namespace.as_deref())?;
        let named =
            |integration: &JiraIntegration| options.name.as_ref().is_none_or(|name| integration.name_any() == *name);
        let mut found = manifests.integrations.iter().filter_map(|declared| {
            let integration = declared.integration.as_ref().filter(|integration| named(integration))?;
            Some((integration.clone(), declared.secret.clone()))
        });
        let (mut integration, secret) = match (found.next(), found.next()) {
            (Some(one), None) => one,
            (None, _) => return Err("the files have no JiraIntegration that can be read, or none of that name; jira-operator check -f FILE says more".into()),
            (Some(_), Some(_)) => return Err("the files have more than one JiraIntegration: say which by NAME".into()),
        };
        let secret = secret.ok_or_else(|| {
            format!(
                "the files lack the Secret {} with client-id and client-secret",
                integration.spec.secret_ref.name
            )
        })?;
        let credentials = secret.credentials().map_err(|error| unusable(&error))?;
        if integration.metadata.namespace.is_none() {
            integration.metadata.namespace = options.cluster.namespace.clone().or(secret.namespace);
        }
        Ok(Self {
            integration,
            credentials,
            cluster: None,
        })
    }
}

fn unusable(error: &CredentialsError) -> String {
    let text = error.to_string();
    format!(
        "{} Put the OAuth app's client-id and client-secret there",
        text.trim_end()
    )
}
