//! Which cluster and which namespace, as flags tell it: the same for every command that changes something.

use std::path::PathBuf;

use clap::Args;

use super::check::world::Cluster;

// What stands here is what --help prints of each flag; a comment on the struct itself would take
// the place of the command's.
#[allow(missing_docs)]
#[derive(Clone, Debug, Args)]
pub struct ClusterOptions {
    /// Namespace; by default that of the kubeconfig's context.
    #[arg(short, long, value_name = "NS")]
    pub(super) namespace: Option<String>,
    /// Context of the kubeconfig.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig; by default what KUBECONFIG names, or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

impl ClusterOptions {
    /// The cluster, and the namespace that is meant.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn cluster(&self) -> Result<(Cluster, String), String> {
        let cluster = Cluster::of(self.context.as_deref(), self.kubeconfig.as_deref()).await?;
        let namespace = self.namespace.clone().unwrap_or_else(|| cluster.namespace.clone());
        Ok((cluster, namespace))
    }
}
