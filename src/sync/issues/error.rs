//! What can go wrong while the mirror follows Jira.

use thiserror::Error;

use crate::{api::definition::remedy, atlassian::error::JiraError};

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
    /// The names that an object could have are those of others.
    #[error("the names that {object} could have are taken by objects that are not the operator's")]
    Taken {
        /// The first of them.
        object: String,
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

    /// The object that the cluster refuses while it may well take others, and why: a quota, an admission
    /// policy, a name that is taken, a conflict. What concerns all objects is no such
    /// refusal.
    #[must_use]
    pub fn refused_object(&self) -> Option<(String, String)> {
        match self {
            Self::Taken { object } => Some((object.clone(), self.to_string())),
            Self::Cluster { object, source } => match &**source {
                kube::Error::Api(status) if concerns_one(status) => {
                    let words: String = status.message.chars().take(200).collect();
                    let words = format!("the API server answered {}: {words}", status.code);
                    let remedy = remedy(status).map(|remedy| format!(". {remedy}"));
                    Some((object.clone(), words + &remedy.unwrap_or_default()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether an answer of the API server concerns one object: not one about the namespace that is going
/// away, nor one about the kind as a whole.
fn concerns_one(status: &kube::core::Status) -> bool {
    let details = status.details.as_ref();
    let terminating = |cause: &kube::core::response::StatusCause| cause.reason == "NamespaceTerminating";
    let ends = details.is_some_and(|details| details.causes.iter().any(terminating))
        || status.message.contains("being terminated");
    let is_named = details.is_some_and(|details| !details.name.is_empty() && details.kind != "namespaces");
    match status.code {
        400 | 403 | 409 | 413 | 422 => !ends,
        404 => is_named,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: serde_json::Value) -> bool {
        let status: kube::core::Status = serde_json::from_value(status).unwrap_or_default();
        let source = Box::new(kube::Error::Api(status.boxed()));
        let error = MirrorError::Cluster {
            object: "acme-sup-1".into(),
            source,
        };
        error.refused_object().is_some()
    }

    #[test]
    fn what_concerns_one_object_is_told_from_what_concerns_all() {
        for code in [400, 403, 409, 413, 422] {
            assert!(
                refused(serde_json::json!({"code": code, "message": "exceeded quota"})),
                "{code}"
            );
        }
        for code in [401, 404, 408, 429, 500, 503, 504] {
            assert!(!refused(serde_json::json!({"code": code})), "{code}");
        }
        let named = serde_json::json!({"name": "acme-sup-1", "kind": "jiraissues"});
        assert!(refused(serde_json::json!({"code": 404, "details": named})));
        let namespace = serde_json::json!({"name": "shop", "kind": "namespaces"});
        assert!(!refused(serde_json::json!({"code": 404, "details": namespace})));
        let causes = serde_json::json!({"causes": [{"reason": "NamespaceTerminating"}]});
        assert!(!refused(serde_json::json!({"code": 403, "details": causes})));
    }
}
