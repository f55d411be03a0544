//! The link by which a person connects an integration, in its status while a person is needed.

use kube::Client;
use tracing::warn;
use url::Url;

use super::{observe::Seen, outcome::Outcome};
use crate::{
    connect::{
        capability::{self, Who},
        key::{KeyError, Keys},
    },
    grant::store::{Store, describe},
};

/// Makes links. There is one only where the operator serves the pages.
pub struct Links {
    public_url: Url,
    keys: Keys,
    store: Store,
}

impl Links {
    /// Links that begin with the address under which the pages are seen from outside.
    #[must_use]
    pub fn new(public_url: Url, client: Client, store: Store) -> Self {
        Self {
            public_url,
            keys: Keys::new(client),
            store,
        }
    }

    /// The link for what a pass found, if a person's consent would mend some of it. What could not be asked
    /// leaves the link as it was.
    pub(super) async fn offer(&self, seen: &Seen, outcome: &Outcome) -> Option<String> {
        let needed = outcome.findings.values().any(|finding| finding.reason.needs_consent());
        if !needed || seen.credentials.is_err() {
            return None;
        }
        match self.make(seen).await {
            Ok(link) => link,
            Err(error) => {
                let error = match &error {
                    KeyError::Cluster(error) => describe(error),
                    other @ KeyError::NotOurs => other.to_string(),
                };
                let (namespace, name) = (&seen.target.namespace, &seen.target.integration);
                warn!(namespace, name, error, "no link to connect could be made");
                seen.status.authorization_url.clone()
            }
        }
    }

    async fn make(&self, seen: &Seen) -> Result<Option<String>, KeyError> {
        let record = self.store.read(&seen.grant).await?;
        let lineage = record.as_ref().and_then(|record| record.lineage());
        let key = self.keys.ensure(&seen.target.namespace, &seen.target.owner).await?;
        let link = capability::link(&self.public_url, &key, &Who::of(&seen.integration), lineage);
        Ok(link.map(String::from))
    }
}
