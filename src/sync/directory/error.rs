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

/// What is to be done where the operator has no right to `ConfigMaps`.
pub const RIGHT_LACKING: &str = "The operator has no right to ConfigMaps here: set the chart's value userDirectory.enabled to true, or spec.users.directory to None";

impl DirectoryError {
    /// Whether it is a right that is lacking, and not a quota or a policy, which are refused alike.
    #[must_use]
    pub fn is_right_lacking(&self) -> bool {
        let Some(kube::Error::Api(status)) = self.cluster() else {
            return false;
        };
        let by_rbac = status.message.contains(" is forbidden: User ") && status.message.contains(" cannot ");
        status.code == 403 && by_rbac
    }

    /// The API server's answer, where it was the cluster that failed.
    #[must_use]
    pub fn cluster(&self) -> Option<&kube::Error> {
        match self {
            Self::Unreadable(source) | Self::Unwritable { source, .. } => Some(source),
            Self::Jira(_) | Self::Circle | Self::Blind => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, message: &str) -> DirectoryError {
        let status = kube::core::Status::failure(message, "Forbidden").with_code(code);
        DirectoryError::Unreadable(Box::new(kube::Error::Api(Box::new(status))))
    }

    #[test]
    fn a_right_that_is_lacking_is_told_from_a_quota() {
        let rbac = r#"configmaps is forbidden: User "system:serviceaccount:jira:jira-operator" cannot list resource "configmaps" in API group "" in the namespace "a""#;
        assert!(refused(403, rbac).is_right_lacking());
        let quota = r#"configmaps "acme-users-0" is forbidden: exceeded quota: few-configmaps"#;
        assert!(!refused(403, quota).is_right_lacking());
        assert!(!refused(500, rbac).is_right_lacking());
        assert!(!DirectoryError::Circle.is_right_lacking());
    }
}
