//! Where Atlassian is, as flags and environment tell it: the same for every command that asks it
//! something.

use std::sync::Arc;

use clap::Args;
use reqwest::Client;
use url::Url;

use super::error::CliError;
use crate::atlassian::{
    endpoints::{Endpoints, http_client},
    rate_limit::points_and_bursts::BurstLimiter,
};

// What stands here is what --help prints of each flag; a comment on the struct itself would take
// the place of the command's.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Atlassian")]
pub struct AtlassianOptions {
    /// Host suffix of sites to accept besides *.atlassian.net and *.jira.com; repeatable.
    #[arg(
        long = "allow-site-suffix",
        env = "ALLOW_SITE_SUFFIX",
        value_delimiter = ',',
        value_name = "SUFFIX"
    )]
    pub(in crate::cli) site_suffixes: Vec<String>,
    /// Atlassian's authorization server.
    #[arg(
        long,
        env = "ATLASSIAN_AUTH_URL",
        default_value = "https://auth.atlassian.com",
        value_name = "URL"
    )]
    atlassian_auth_url: Url,
    /// Atlassian's API gateway.
    #[arg(
        long,
        env = "ATLASSIAN_API_URL",
        default_value = "https://api.atlassian.com",
        value_name = "URL"
    )]
    atlassian_api_url: Url,
    /// Takes the place of scheme and host of every site, which then stands in the Host header.
    #[arg(long, env = "ATLASSIAN_SITE_URL", value_name = "URL")]
    atlassian_site_url: Option<String>,
}

impl AtlassianOptions {
    /// The addresses.
    pub(in crate::cli) fn endpoints(&self) -> Result<Arc<Endpoints>, CliError> {
        let site = self.atlassian_site_url.as_deref().filter(|url| !url.is_empty());
        let site = site
            .map(|url| Url::parse(url).map_err(|e| format!("--atlassian-site-url {url}: {e}")))
            .transpose()?;
        Ok(Arc::new(Endpoints {
            auth: self.atlassian_auth_url.clone(),
            api: self.atlassian_api_url.clone(),
            site,
        }))
    }
}

/// Where Atlassian is.
#[derive(Clone, Debug)]
pub struct AtlassianContext {
    pub http: Client,
    /// The addresses.
    pub endpoints: Arc<Endpoints>,
    /// Host suffixes of sites that are allowed besides Jira Cloud's.
    pub suffixes: Vec<String>,
    /// Keeps the calls of one run below Atlassian's limits of bursts.
    pub bursts: Arc<BurstLimiter>,
}

impl AtlassianContext {
    /// Atlassian as flags and environment tell.
    pub fn of(options: &AtlassianOptions) -> Result<Self, CliError> {
        Ok(Self {
            http: http_client()?,
            endpoints: options.endpoints()?,
            suffixes: options.site_suffixes.clone(),
            bursts: Arc::default(),
        })
    }
}
