//! What can go wrong while the directory follows Jira.

use thiserror::Error;

use crate::{api::names, atlassian::error::JiraError};

/// A step that failed. Who is in the directory stays in it.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// Jira.
    #[error(transparent)]
    Jira(#[from] JiraError),
    /// Jira's list leads nowhere.
    #[error("Jira's list of users goes round in circles: page after page has only accounts of earlier ones")]
    Circle,
    /// An answer that leaves out the account that asks proves nothing about others.
    #[error("Jira does not even find the operator's own account by its id")]
    Blind,
    /// The cluster cannot be asked for the `ConfigMaps`.
    #[error(
        "the ConfigMaps labelled {}={} could not be listed",
        names::COMPONENT_LABEL,
        names::COMPONENT_USERS
    )]
    Unreadable(#[source] Box<kube::Error>),
    /// The cluster refused to keep a `ConfigMap`.
    #[error("ConfigMap {object} could not be written")]
    Unwritable {
        /// Its name.
        object: String,
        /// The API server's answer.
        source: Box<kube::Error>,
    },
}

impl DirectoryError {
    /// The API server's answer, where it was the cluster that failed.
    #[must_use]
    pub fn cluster(&self) -> Option<&kube::Error> {
        match self {
            Self::Unreadable(source) | Self::Unwritable { source, .. } => Some(source),
            Self::Jira(_) | Self::Circle | Self::Blind => None,
        }
    }
}
