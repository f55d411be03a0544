//! Which cluster is meant, and as whom it is talked to: kubectl's flags of the same names.

use std::{error::Error, path::PathBuf, time::Duration};

use clap::Args;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use super::{duration::duration, error::CliError};
use crate::cluster::user_agent::introduced;

/// Longest wait for an answer of the API server, where no flag says another.
const ANSWER: Duration = Duration::from_secs(30);

// What stands here is what --help prints of each flag; a comment on the struct itself would take
// the place of the command's.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "kube", multiple = true)]
pub struct KubeOptions {
    /// Kubeconfig to use, instead of KUBECONFIG or the one of your home folder.
    #[arg(help_heading = "Cluster", long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(help_heading = "Cluster", long, value_name = "NAME")]
    context: Option<String>,
    /// Cluster of the kubeconfig.
    #[arg(help_heading = "Cluster", long, value_name = "NAME")]
    cluster: Option<String>,
    /// User of the kubeconfig.
    #[arg(help_heading = "Cluster", long, value_name = "NAME")]
    user: Option<String>,
    /// Act as this user, or as system:serviceaccount:NAMESPACE:NAME.
    #[arg(help_heading = "Cluster", long = "as", value_name = "USER")]
    acts_as: Option<String>,
    /// Act as a member of this group; repeatable.
    #[arg(
        help_heading = "Cluster",
        long = "as-group",
        value_name = "GROUP",
        requires = "acts_as"
    )]
    groups: Vec<String>,
    /// Longest wait for an answer of the API server, such as 10s; 0s waits for ever, 30s where not given.
    #[arg(help_heading = "Cluster", long, value_name = "TIME", value_parser = duration)]
    request_timeout: Option<Duration>,
}

impl KubeOptions {
    /// The cluster, as kubectl would find it.
    pub(in crate::cli) async fn cluster(&self) -> Result<ClusterContext, CliError> {
        let mut config = self.config().await.map_err(CliError::NoCluster)?;
        let wait = Some(self.request_timeout.unwrap_or(ANSWER)).filter(|wait| !wait.is_zero());
        (config.read_timeout, config.connect_timeout) = (wait, wait);
        if let Some(user) = &self.acts_as {
            config.auth_info.impersonate = Some(user.clone());
            config.auth_info.impersonate_groups = Some(self.groups.clone());
        }
        let namespace = config.default_namespace.clone();
        let client = Client::try_from(introduced(config)).map_err(|error| CliError::NoCluster(error.into()))?;
        Ok(ClusterContext { client, namespace })
    }

    async fn config(&self) -> Result<Config, Box<dyn Error + Send + Sync>> {
        let chosen = [&self.context, &self.cluster, &self.user];
        if self.kubeconfig.is_none() && chosen.iter().all(|name| name.is_none()) {
            return Ok(Config::infer().await?);
        }
        let [context, cluster, user] = chosen.map(Clone::clone);
        let read = self
            .kubeconfig
            .as_ref()
            .map_or_else(Kubeconfig::read, Kubeconfig::read_from);
        let options = KubeConfigOptions { context, cluster, user };
        Ok(Config::from_custom_kubeconfig(read?, &options).await?)
    }
}

// What stands here is what --help prints of each flag; a comment on the struct itself would take
// the place of the command's.
#[derive(Clone, Debug, Args)]
pub struct ClusterOptions {
    /// Namespace; by default that of the kubeconfig's context.
    #[arg(short, long, value_name = "NS")]
    pub(in crate::cli) namespace: Option<String>,
    #[command(flatten)]
    kube: KubeOptions,
}

impl ClusterOptions {
    /// The cluster, and the namespace that is meant.
    pub(in crate::cli) async fn cluster(&self) -> Result<(ClusterContext, String), CliError> {
        let cluster = self.kube.cluster().await?;
        let namespace = self.namespace.clone().unwrap_or_else(|| cluster.namespace.clone());
        Ok((cluster, namespace))
    }
}

/// A cluster, as kubectl would find it.
#[derive(Clone)]
pub struct ClusterContext {
    pub client: Client,
    /// The namespace that is meant where none is named.
    pub namespace: String,
}
