//! Reads and writes grant Secrets. Every write carries the resourceVersion that was read, so
//! that two processes cannot overwrite each other.

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, PostParams},
    core::PartialObjectMeta,
};
use thiserror::Error;

use super::{
    record::Record,
    secret_form::{ADOPTING, HASHES, HOME, hashes},
};
use crate::{api::names, atlassian::secret::TokenHash};

/// A grant Secret by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrantKey {
    /// Namespace of the credential Secret, and so of the grant Secret.
    pub namespace: String,
    /// Name of the credential Secret.
    pub credentials: String,
}

impl GrantKey {
    /// Name of the grant Secret.
    #[must_use]
    pub fn secret_name(&self) -> String {
        names::grant_secret(&self.credentials)
    }
}

/// A Secret that could not be written.
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

fn is_about_namespace(status: &kube::core::Status) -> bool {
    let kind = status.details.as_ref().map(|details| details.kind.as_str());
    kind == Some("namespaces")
}

/// The API server's own words, without the objects that some errors quote.
#[must_use]
pub fn describe(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => {
            format!(
                "the API server answered {}: {}",
                status.code,
                status.message.chars().take(140).collect::<String>()
            )
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

/// Access to the grant Secrets of the watched namespaces.
#[derive(Clone)]
pub struct Store {
    client: Client,
    /// Empty: all namespaces.
    namespaces: Vec<String>,
}

impl Store {
    /// A store that looks for copies in these namespaces, or in all if there are none.
    #[must_use]
    pub fn new(client: Client, namespaces: Vec<String>) -> Self {
        Self { client, namespaces }
    }

    /// The client that it uses.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    fn api(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The grant Secret, if it exists.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn read(&self, key: &GrantKey) -> kube::Result<Option<Record>> {
        let secret = self.api(&key.namespace).get_opt(&key.secret_name()).await?;
        Ok(secret.map(Record::read))
    }

    /// Creates or replaces the grant Secret, and returns it as stored.
    ///
    /// # Errors
    /// A [`WriteError`]; nothing was written then.
    pub async fn write(&self, record: &Record) -> Result<Record, WriteError> {
        self.send(record, &PostParams::default()).await
    }

    /// Whether the grant Secret could be written as it is: the API server is asked, and admission with it,
    /// and nothing is written.
    ///
    /// # Errors
    /// What a write would fail with.
    pub async fn rehearse(&self, record: &Record) -> Result<(), WriteError> {
        let params = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        self.send(record, &params).await.map(|_| ())
    }

    async fn send(&self, record: &Record, params: &PostParams) -> Result<Record, WriteError> {
        let secret = record.render();
        let api = self.api(&secret.namespace().unwrap_or_default());
        let written = if secret.resource_version().is_some() {
            api.replace(&secret.name_any(), params, &secret).await
        } else {
            api.create(params, &secret).await
        };
        written.map(Record::read).map_err(|error| WriteError::from_kube(&error))
    }

    /// Whether an older grant Secret, anywhere the operator looks, descends from this refresh token
    /// or is adopting it. `own` is this grant's Secret, absent before it exists.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn has_older_twin(&self, own: &Secret, token: &TokenHash) -> kube::Result<bool> {
        let all = self.list().await?;
        let mut others = all.iter().filter(|other| other.metadata.uid != own.metadata.uid);
        Ok(others.any(|other| is_older(other, own) && spends(other, token)))
    }

    /// The metadata of all grant Secrets.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn list(&self) -> kube::Result<Vec<PartialObjectMeta<Secret>>> {
        let selector = format!("{}={}", names::COMPONENT_LABEL, names::COMPONENT_GRANT);
        let params = ListParams::default().labels(&selector);
        if self.namespaces.is_empty() {
            return Ok(Api::<Secret>::all(self.client.clone())
                .list_metadata(&params)
                .await?
                .items);
        }
        let mut all = Vec::new();
        for namespace in &self.namespaces {
            all.extend(self.api(namespace).list_metadata(&params).await?.items);
        }
        Ok(all)
    }
}

/// Whether a grant Secret spends the tokens that descend from this one. A copy never does.
fn spends(other: &PartialObjectMeta<Secret>, token: &TokenHash) -> bool {
    let annotation = |key: &str| other.annotations().get(key);
    let copied = annotation(HOME).is_some_and(|home| Some(home) != other.metadata.uid.as_ref());
    let adopting = annotation(ADOPTING).is_some_and(|hash| TokenHash::stored(hash) == *token);
    let descends = annotation(HASHES).is_some_and(|all| hashes(all).last() == Some(token));
    !copied && (adopting || descends)
}

/// The older of two goes on; a Secret that does not exist yet is the youngest. Of two created
/// within the same second the uid decides, so that both processes come to the same answer.
fn is_older(other: &PartialObjectMeta<Secret>, own: &Secret) -> bool {
    let age = |meta: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta| {
        Some((meta.creation_timestamp.as_ref()?.0, meta.uid.clone()))
    };
    match (age(&other.metadata), age(&own.metadata)) {
        (Some(other), Some(own)) => other < own,
        (Some(_), None) => true,
        (None, _) => false,
    }
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
