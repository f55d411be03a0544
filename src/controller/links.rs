//! Makes the links by which people connect integrations.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Client;
use url::Url;

use crate::{
    connect::{
        KeyError, Keys,
        link::{self, LinkSubject},
    },
    grant::{GrantKey, GrantStore},
};

/// Makes links. There is one only where the operator serves the pages.
pub struct Links {
    public_url: Url,
    keys: Keys,
    store: GrantStore,
}

impl Links {
    /// Links that begin with the address under which the pages are seen from outside.
    #[must_use]
    pub fn new(public_url: Url, client: Client, store: GrantStore) -> Self {
        Self {
            public_url,
            keys: Keys::new(client),
            store,
        }
    }

    /// The link by which this integration is connected anew. None where its address cannot be made.
    ///
    /// # Errors
    /// When the key or the grant cannot be read.
    pub async fn make(
        &self,
        who: &LinkSubject,
        grant: &GrantKey,
        owner: &OwnerReference,
    ) -> Result<Option<String>, KeyError> {
        let record = self.store.read(grant).await?;
        let lineage = record.as_ref().and_then(|record| record.standing());
        let key = self.keys.ensure(&who.namespace, owner).await?;
        let link = link::link(&self.public_url, &key, who, lineage);
        Ok(link.map(String::from))
    }
}
