//! What every pass has at hand.

use std::sync::Arc;

use jiff::SignedDuration;
use kube::Client;

use super::{
    admission::Admission, directories::Directories, index::SecretIndex, link::Links, memory::Memories, mirrors::Mirrors,
};
use crate::cluster::events::Events;
use crate::{
    atlassian::{endpoints::Endpoints, jira::Jira, limits::Bursts, secret::Secret},
    grant::{keeper::Keeper, store::Store},
    sync::budget::Pools,
    telemetry::Metrics,
};

/// Clients, settings and memory, shared by all passes.
pub struct Context {
    /// Kubernetes.
    pub client: Client,
    /// HTTP to Atlassian.
    pub http: reqwest::Client,
    /// Where Atlassian is.
    pub endpoints: Arc<Endpoints>,
    /// Host suffixes allowed besides Jira Cloud's.
    pub site_suffixes: Vec<String>,
    /// The grant Secrets.
    pub grants: Store,
    /// Holds the grants.
    pub keeper: Arc<Keeper>,
    /// Makes the links by which people connect, where the pages are served.
    pub links: Option<Links>,
    /// Publishes events.
    pub events: Events,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// What is remembered between passes.
    pub memories: Memories,
    /// Mirrors of issues.
    pub mirrors: Mirrors,
    /// Keeps calls to Jira below its limits of bursts.
    pub bursts: Arc<Bursts>,
    /// The pools of points of OAuth apps.
    pub pools: Pools,
    /// Listings of people under way.
    pub directories: Directories,
    /// How long an issue must be missing in Jira's lists before it is looked up.
    pub deletion_delay: SignedDuration,
    /// Which integrations name which Secrets.
    pub index: Arc<SecretIndex>,
    /// Bounds the passes that run at once over all namespaces.
    pub admission: Admission,
}

impl Context {
    /// A caller of Jira with an access token.
    #[must_use]
    pub fn jira(&self, token: Secret) -> Jira {
        Jira::new(self.http.clone(), Arc::clone(&self.endpoints), token).within(Arc::clone(&self.bursts))
    }
}
