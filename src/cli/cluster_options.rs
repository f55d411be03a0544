//! Which cluster and which namespace, as flags tell it: the same for every command that changes something.

use clap::Args;

use super::{check::world::Cluster, kube_options::KubeOptions};

// What stands here is what --help prints of each flag; a comment on the struct itself would take
// the place of the command's.
#[derive(Clone, Debug, Args)]
pub struct ClusterOptions {
    /// Namespace; by default that of the kubeconfig's context.
    #[arg(short, long, value_name = "NS")]
    pub(super) namespace: Option<String>,
    #[command(flatten)]
    kube: KubeOptions,
}

impl ClusterOptions {
    /// The cluster, and the namespace that is meant.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn cluster(&self) -> Result<(Cluster, String), String> {
        let cluster = self.kube.cluster().await?;
        let namespace = self.namespace.clone().unwrap_or_else(|| cluster.namespace.clone());
        Ok((cluster, namespace))
    }
}
