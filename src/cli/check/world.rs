//! What a check asks: Atlassian, and a cluster where there is one.

use std::{path::Path, sync::Arc, time::Duration};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use reqwest::Client as Http;

use crate::{
    atlassian::{
        endpoints::{Endpoints, http_client},
        limits::Bursts,
    },
    cli::atlassian_options::AtlassianOptions,
};

/// Longest wait for an answer of the API server.
const ANSWER: Duration = Duration::from_secs(30);

/// Where Atlassian is.
#[derive(Clone, Debug)]
pub struct Atlassian {
    /// The way there.
    pub http: Http,
    /// The addresses.
    pub endpoints: Arc<Endpoints>,
    /// Host suffixes of sites that are allowed besides Jira Cloud's.
    pub suffixes: Vec<String>,
    /// Keeps the calls of one run below Atlassian's limits of bursts.
    pub bursts: Arc<Bursts>,
}

impl Atlassian {
    /// Atlassian as flags and environment tell.
    ///
    /// # Errors
    /// When an address is no URL, or TLS cannot be set up.
    pub fn of(options: &AtlassianOptions) -> Result<Self, String> {
        Ok(Self {
            http: http_client().map_err(|error| error.to_string())?,
            endpoints: options.endpoints()?,
            suffixes: options.site_suffixes.clone(),
            bursts: Arc::default(),
        })
    }
}

/// A cluster, as kubectl would find it.
#[derive(Clone)]
pub struct Cluster {
    /// The way there.
    pub client: Client,
    /// The namespace that is meant where none is named.
    pub namespace: String,
}

impl Cluster {
    /// The cluster of a context, or of the current one, of this kubeconfig or of the usual one.
    ///
    /// # Errors
    /// When there is none.
    pub async fn of(context: Option<&str>, kubeconfig: Option<&Path>) -> Result<Self, String> {
        let nowhere = |error: String| {
            format!(
                "no cluster to talk to: {error}. Set KUBECONFIG or --kubeconfig, or name a context with --context; check and connect also take files with -f."
            )
        };
        let mut config = match (context, kubeconfig) {
            (None, None) => Config::infer().await.map_err(|error| nowhere(error.to_string()))?,
            (context, file) => {
                let options = KubeConfigOptions {
                    context: context.map(str::to_owned),
                    ..KubeConfigOptions::default()
                };
                let kubeconfig = file.map_or_else(Kubeconfig::read, Kubeconfig::read_from);
                let kubeconfig = kubeconfig.map_err(|error| nowhere(error.to_string()))?;
                let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
                config.map_err(|error| nowhere(error.to_string()))?
            }
        };
        config.read_timeout = Some(ANSWER);
        config.connect_timeout = Some(ANSWER);
        let namespace = config.default_namespace.clone();
        let client = Client::try_from(config).map_err(|error| nowhere(error.to_string()))?;
        Ok(Self { client, namespace })
    }
}
