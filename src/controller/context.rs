//! What every reconciliation has at hand.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use kube::Client;

use super::{
    admission::Admission,
    by_uid::{Directories, LocalStates, Mirrors},
    index::SecretIndex,
    links::Links,
    shared_access::SharedAccess,
};
use crate::cluster::{events::Events, server_clock::ServerClock};
use crate::{
    atlassian::{
        client::AtlassianClient, endpoints::Endpoints, rate_limit::points_and_bursts::BurstLimiter, secret::Secret,
    },
    grant::{GrantStore, Grants},
    sync::{budget::PointPools, issues::Claims},
    telemetry::Metrics,
    tickets::FollowingCosts,
};

/// Clients, settings and memory, shared by all reconciliations.
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
    pub grant_store: GrantStore,
    /// Holds the grants.
    pub grants: Arc<Grants>,
    /// Access tokens that tickets share.
    pub shared_access: SharedAccess,
    /// Makes the links by which people connect, where the pages are served.
    pub links: Option<Links>,
    /// Publishes events.
    pub events: Events,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// What is remembered between reconciliations.
    pub local_states: LocalStates,
    /// Mirrors of issues.
    pub mirrors: Mirrors,
    /// Keeps calls to Jira below its limits of bursts.
    pub bursts: Arc<BurstLimiter>,
    /// The pools of points of OAuth apps.
    pub pools: PointPools,
    /// What it costs to follow tickets.
    pub following: FollowingCosts,
    /// Listings of people under way.
    pub directories: Directories,
    /// How long an issue must be missing in Jira's lists before it is looked up.
    pub deletion_delay: SignedDuration,
    /// After how long a ticket that is not found was not created.
    pub creation_settle: Duration,
    /// The API server's time.
    pub server_clock: ServerClock,
    /// Issues that are the tickets of applied objects.
    pub claims: Claims,
    /// Which integrations name which Secrets.
    pub index: Arc<SecretIndex>,
    /// Bounds the reconciliations that run at once over all namespaces.
    pub admission: Admission,
}

impl Context {
    /// A client of Atlassian with an access token.
    #[must_use]
    pub fn atlassian(&self, token: Secret) -> AtlassianClient {
        let metrics = Arc::clone(&self.metrics);
        AtlassianClient::new(self.http.clone(), Arc::clone(&self.endpoints), token)
            .within(Arc::clone(&self.bursts))
            .observed_by(Arc::new(move |endpoint, outcome| {
                metrics.jira_request(endpoint, outcome);
            }))
    }
}
