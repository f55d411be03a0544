//! What a check asks: Atlassian, and a cluster where there is one.

use std::sync::Arc;

use kube::Client;
use reqwest::Client as Http;

use crate::{
    atlassian::{
        endpoints::{Endpoints, http_client},
        limits::BurstLimiter,
    },
    cli::atlassian_options::AtlassianOptions,
};

/// Where Atlassian is.
#[derive(Clone, Debug)]
pub struct Atlassian {
    /// The way there.
    pub http: Http,
    /// The addresses.
    pub endpoints: Arc<Endpoints>,
    /// Host suffixes of sites that are allowed besides Jira Cloud's.
    pub suffixes: Vec<String>,
    /// Keeps the calls of one run below Atlassian's limits of bursts.
    pub bursts: Arc<BurstLimiter>,
}

impl Atlassian {
    /// Atlassian as flags and environment tell.
    ///
    /// # Errors
    /// When an address is no URL, or TLS cannot be set up.
    pub fn of(options: &AtlassianOptions) -> Result<Self, String> {
        Ok(Self {
            http: http_client().map_err(|error| error.to_string())?,
            endpoints: options.endpoints()?,
            suffixes: options.site_suffixes.clone(),
            bursts: Arc::default(),
        })
    }
}

/// A cluster, as kubectl would find it.
#[derive(Clone)]
pub struct Cluster {
    /// The way there.
    pub client: Client,
    /// The namespace that is meant where none is named.
    pub namespace: String,
}
