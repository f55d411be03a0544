//! Reads and writes grant Secrets. Every write carries the resourceVersion that was read, so
//! that two processes cannot overwrite each other.

use jiff::Timestamp;
use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, PartialObjectMeta, PostParams},
};
use tracing::warn;

use super::{
    codec::{ADOPTING, HASHES, HOME, UNUSED_SINCE, hashes},
    credentials::{Credentials, CredentialsError},
    record::Record,
};
use crate::{
    api::names,
    atlassian::secret::TokenHash,
    cluster::{error::WriteError, paged_list::list_metadata},
};

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

/// Access to the grant Secrets of the watched namespaces.
#[derive(Clone)]
pub struct GrantStore {
    client: Client,
    /// Empty: all namespaces.
    namespaces: Vec<String>,
}

impl GrantStore {
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
    pub async fn dry_run(&self, record: &Record) -> Result<(), WriteError> {
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
        Ok(Record::read(written?))
    }

    /// The app's credentials as they are now.
    ///
    /// # Errors
    /// When the API server cannot be asked; inside, when the Secret cannot be used.
    pub async fn credentials(&self, key: &GrantKey) -> kube::Result<Result<Credentials, CredentialsError>> {
        let secret = self.api(&key.namespace).get_opt(&key.credentials).await?;
        Ok(Credentials::read(&key.credentials, secret.as_ref()))
    }

    /// What the metadata of all grant Secrets tells. A namespace that the operator may not look into, or that is
    /// gone, is left out, unless it is the `own` one: where nothing may be listed, nothing is spent.
    ///
    /// # Errors
    /// When the API server cannot be asked. Nothing of another namespace is in the words.
    pub async fn list(&self, own: Option<&str>) -> kube::Result<Vec<ListedGrant>> {
        if self.namespaces.is_empty() {
            return list_pages(&Api::all(self.client.clone())).await;
        }
        let mut all = Vec::new();
        for namespace in &self.namespaces {
            match list_pages(&self.api(namespace)).await {
                Ok(found) => all.extend(found),
                Err(kube::Error::Api(status))
                    if own != Some(namespace.as_str()) && [403, 404].contains(&status.code) =>
                {
                    warn!(
                        namespace,
                        code = status.code,
                        "its grant Secrets may not be listed; it is left out"
                    );
                }
                Err(kube::Error::Api(mut status)) if own != Some(namespace.as_str()) => {
                    "another namespace could not be looked into".clone_into(&mut status.message);
                    return Err(kube::Error::Api(status));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }
}

/// Objects of a page: what carries the label may be anybody's, and large.
const PAGE: u32 = 50;

async fn list_pages(api: &Api<Secret>) -> kube::Result<Vec<ListedGrant>> {
    let selector = format!("{}={}", names::COMPONENT_LABEL, names::COMPONENT_GRANT);
    let params = ListParams::default().labels(&selector).limit(PAGE);
    let take = |all: &mut Vec<ListedGrant>, object: PartialObjectMeta<Secret>| {
        all.push(listed_of(&object.metadata));
        true
    };
    Ok(list_metadata(api, params, Vec::new, take).await?.items)
}

/// What is needed of a grant Secret's metadata: the rest, which may be large, is not kept.
#[derive(Clone, Debug, Default)]
pub struct ListedGrant {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: Option<String>,
    /// Its resourceVersion.
    pub version: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Hashes of adopted tokens, newest last.
    pub adopted: Vec<TokenHash>,
    /// Hash of the token that is being adopted.
    pub adopting: Option<TokenHash>,
    /// uid of the Secret that its tokens were written to.
    pub home: Option<String>,
    /// Since when nobody names it, as it is written there.
    pub unused_since: Option<String>,
}

impl ListedGrant {
    /// Whether its tokens were written to another Secret: it is never spent then.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.home.is_some() && self.home != self.uid
    }
}

/// Reads it.
#[must_use]
pub fn listed_of(meta: &ObjectMeta) -> ListedGrant {
    let annotation = |key: &str| meta.annotations.as_ref()?.get(key).map(String::as_str);
    let short = |key: &str| annotation(key).filter(|text| text.len() <= 64).map(str::to_owned);
    ListedGrant {
        namespace: meta.namespace.clone().unwrap_or_default(),
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone(),
        version: meta.resource_version.clone(),
        created: meta.creation_timestamp.as_ref().map(|at| at.0),
        adopted: annotation(HASHES).map(hashes).unwrap_or_default(),
        adopting: short(ADOPTING).map(|hash| TokenHash::stored(&hash)),
        home: short(HOME),
        unused_since: short(UNUSED_SINCE),
    }
}
