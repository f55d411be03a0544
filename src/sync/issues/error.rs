//! What can go wrong while the mirror follows Jira.

use thiserror::Error;

use crate::atlassian::error::JiraError;

/// A step that failed. What was done before it stands; it is done again from its checkpoint.
#[derive(Debug, Error)]
pub enum MirrorError {
    /// Jira.
    #[error(transparent)]
    Jira(#[from] JiraError),
    /// The cluster refused to keep an issue.
    #[error("{object} could not be written: {source}")]
    Cluster {
        /// Name of the object.
        object: String,
        /// The API server's answer.
        source: Box<kube::Error>,
    },
    /// Jira's pages lead nowhere: a repeated token, or page after page without an issue.
    #[error("Jira's pages have no end: {0}")]
    Pages(&'static str),
}

impl MirrorError {
    /// Whether Jira refused a query: one project in it that the account does not see is enough.
    #[must_use]
    pub fn refused_query(&self) -> Option<&str> {
        match self {
            Self::Jira(JiraError::Refused { status: 400, message }) => Some(message),
            _ => None,
        }
    }
}
