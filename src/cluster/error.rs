//! Errors of the API server: what kind they are, and their words for people.

use thiserror::Error;

use crate::api::definition::remedy;

/// An object that could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Somebody else wrote it since it was read, or created it first.
    #[error("it was changed by somebody else")]
    Conflict,
    /// It was deleted since it was read.
    #[error("it was deleted")]
    Gone,
    /// Its namespace is being deleted.
    #[error("its namespace is being deleted")]
    Terminating,
    /// Any other answer.
    #[error("{0}")]
    Refused(String),
}

impl WriteError {
    /// Sorts an error of the API server.
    #[must_use]
    pub fn from_kube(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 409 && is_terminating(status) => Self::Terminating,
            kube::Error::Api(status) if status.code == 403 && is_terminating(status) => Self::Terminating,
            // The namespace itself is not found: it is gone already.
            kube::Error::Api(status) if status.code == 404 && is_about_namespace(status) => Self::Terminating,
            kube::Error::Api(status) if status.code == 409 => Self::Conflict,
            kube::Error::Api(status) if status.code == 404 => Self::Gone,
            other => Self::Refused(describe(other)),
        }
    }
}

impl From<kube::Error> for WriteError {
    fn from(error: kube::Error) -> Self {
        Self::from_kube(&error)
    }
}

fn is_about_namespace(status: &kube::core::Status) -> bool {
    let kind = status.details.as_ref().map(|details| details.kind.as_str());
    kind == Some("namespaces")
}

/// Whether the object of that name is not there, while its namespace is.
#[must_use]
pub fn is_gone(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404 && !is_about_namespace(status))
}

/// Whether another object, or another version of it, is there.
#[must_use]
pub fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

/// Whether what would be stored is not valid.
#[must_use]
pub fn is_invalid(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 422)
}

/// Whether the definition in the cluster does not know a field of what was applied (measured with 1.36: that is a 500).
#[must_use]
pub fn is_undeclared(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 500 && status.message.contains("field not declared in schema"))
}

/// Whether the name of what was to be created is taken.
#[must_use]
pub fn already_exists(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409 && status.reason == "AlreadyExists")
}

/// The API server's own words, without the objects that some errors quote, and what helps where that is plain.
#[must_use]
pub fn describe(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => {
            let answer = |length: usize| {
                let words: String = status.message.chars().take(length).collect();
                format!("the API server answered {}: {words}", status.code)
            };
            match remedy(status) {
                // It names the field last.
                Some(remedy) => format!("{}. {remedy}", answer(400)),
                None => answer(140),
            }
        }
        kube::Error::SerdeError(_) => "the API server's answer could not be read".to_owned(),
        other => format!(
            "the API server could not be asked: {}",
            other.to_string().chars().take(120).collect::<String>()
        ),
    }
}

fn is_terminating(status: &kube::core::Status) -> bool {
    let cause = status.details.as_ref().is_some_and(|details| {
        details
            .causes
            .iter()
            .any(|cause| cause.reason == "NamespaceTerminating")
    });
    cause || status.message.contains("being terminated")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    fn not_found(kind: &str) -> kube::Error {
        let status = serde_json::json!({"code": 404, "reason": "NotFound", "details": {"kind": kind, "name": "x"}});
        let status: Status = serde_json::from_value(status).unwrap_or_default();
        kube::Error::Api(Box::new(status))
    }

    #[test]
    fn a_namespace_that_is_gone_is_no_deleted_secret() {
        let sorted = |kind| WriteError::from_kube(&not_found(kind));
        assert!(matches!(sorted("secrets"), WriteError::Gone));
        assert!(matches!(sorted("namespaces"), WriteError::Terminating));
    }
}
