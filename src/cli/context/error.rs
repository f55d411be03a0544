//! Why a command could not do what it was asked for: one line for a person.

use std::{error::Error, fmt::Display};

use super::manifests::SchemaError;
use crate::cluster::error::describe;

#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("{0}")]
    Refused(String),
    #[error("there is no JiraIntegration {0} in namespace {1}")]
    NoIntegration(String, String),
    #[error(
        "no cluster to talk to: {0}. Set KUBECONFIG or --kubeconfig, or name a context with --context; check and connect also take files with -f."
    )]
    NoCluster(#[source] Box<dyn Error + Send + Sync>),
    #[error("{0}: {answer}", answer = describe(.1))]
    ApiServer(String, #[source] kube::Error),
    #[error("{0}: {1}")]
    System(String, #[source] std::io::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Tls(#[from] reqwest::Error),
    #[error("{answer}", answer = describe(.0))]
    Client(#[from] kube::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Yaml(#[from] serde_saphyr::ser::Error),
    #[error(transparent)]
    Schema(#[from] &'static SchemaError),
}

impl CliError {
    /// What the API server did not do, such as "Secret x could not be read".
    pub fn api_server(what: impl Display) -> impl Fn(kube::Error) -> Self {
        move |error| Self::ApiServer(what.to_string(), error)
    }

    /// What the operating system refused.
    pub fn system(what: impl Display) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::System(what.to_string(), error)
    }
}

impl From<&str> for CliError {
    fn from(text: &str) -> Self {
        Self::Refused(text.to_owned())
    }
}

impl From<String> for CliError {
    fn from(text: String) -> Self {
        Self::Refused(text)
    }
}
