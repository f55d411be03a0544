//! Where Atlassian is, and the one HTTP client that talks to it.

use std::time::Duration;

use reqwest::{Client, redirect::Policy};
use url::Url;

use super::site::SiteUrl;

/// Longest time an exchange or a call may take, from connecting to the last byte.
pub const HTTP_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest time for asking a site who it is: the address is a person's input.
pub const TENANT_TIMEOUT: Duration = Duration::from_secs(5);

/// Addresses of Atlassian's services.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Authorization server, <https://auth.atlassian.com> by default.
    pub auth: Url,
    /// API gateway, <https://api.atlassian.com> by default.
    pub api: Url,
    /// Takes the place of scheme and host of every site, which then stands in the Host header.
    pub site: Option<Url>,
}

impl Endpoints {
    /// The token endpoint.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{}/oauth/token", base(&self.auth))
    }

    /// The address where a person logs in and consents, with the parameters that Atlassian documents for
    /// 3LO apps (<https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/>). None when the
    /// authorization server's address cannot carry a query.
    #[must_use]
    pub fn authorize(&self, client_id: &str, scopes: &str, redirect_uri: &str, state: &str) -> Option<Url> {
        let mut url = Url::parse(&format!("{}/authorize", base(&self.auth))).ok()?;
        url.query_pairs_mut()
            .append_pair("audience", "api.atlassian.com")
            .append_pair("client_id", client_id)
            .append_pair("scope", scopes)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", state)
            .append_pair("response_type", "code")
            .append_pair("prompt", "consent");
        Some(url)
    }

    /// Base URL of a site's REST API behind the gateway: the only host that accepts a 3LO token.
    #[must_use]
    pub fn gateway(&self, cloud_id: &str) -> String {
        format!("{}/ex/jira/{cloud_id}", base(&self.api))
    }

    /// The list of sites that a grant reaches.
    #[must_use]
    pub fn accessible_resources(&self) -> String {
        format!("{}/oauth/token/accessible-resources", base(&self.api))
    }

    /// Where a site is asked for its cloudId, and the Host header to send if it differs.
    #[must_use]
    pub fn tenant_info(&self, site: &SiteUrl) -> (String, Option<String>) {
        match &self.site {
            None => (format!("{site}/_edge/tenant_info"), None),
            Some(instead) => (
                format!("{}/_edge/tenant_info", base(instead)),
                Some(site.host().to_owned()),
            ),
        }
    }
}

fn base(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// The HTTP client for everything at Atlassian: no redirects are followed, because a token must
/// not be carried to another host, and every call ends within [`HTTP_TIMEOUT`].
///
/// # Errors
/// When the platform's TLS set-up cannot be loaded.
pub fn http_client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("jira-operator/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(HTTP_TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(30))
        .build()
}
