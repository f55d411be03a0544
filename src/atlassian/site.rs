//! The address of a Jira Cloud site, checked before anything is sent to it.

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

/// Host suffixes of Jira Cloud sites.
pub const CLOUD_SUFFIXES: [&str; 2] = ["atlassian.net", "jira.com"];

/// The address of a site that the operator may talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteUrl {
    host: String,
}

/// Why an address is refused. Each says what is wrong with the value it names.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SiteUrlError {
    /// Not a URL, not https, or with more than a host.
    #[error("spec.site {0:?} is not the address of a site, such as https://your-site.atlassian.net.")]
    NotASite(String),
    /// An IP address stands where a host name belongs.
    #[error("spec.site {0:?} is an IP address; a Jira Cloud site has a name, such as https://your-site.atlassian.net.")]
    IpAddress(String),
    /// A port is given.
    #[error("spec.site {0:?} names a port; a Jira Cloud site has none.")]
    Port(String),
    /// The host is not one of Jira Cloud.
    #[error("spec.site {0:?} is not under {1}. Other hosts need the operator's flag --allow-site-suffix.")]
    Foreign(String, String),
}

impl SiteUrl {
    /// Checks an address against the suffixes of Jira Cloud and those allowed besides.
    ///
    /// # Errors
    /// When it is no https address of a host alone, or its host is under none of the suffixes.
    pub fn parse(text: &str, also_allowed: &[String]) -> Result<Self, SiteUrlError> {
        let not_a_site = || SiteUrlError::NotASite(text.to_owned());
        let url = Url::parse(text).map_err(|_| not_a_site())?;
        let alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if url.scheme() != "https" || !alone || !url.username().is_empty() || url.password().is_some() {
            return Err(not_a_site());
        }
        let host = match url.host() {
            Some(Host::Domain(host)) => host.trim_end_matches('.').to_lowercase(),
            Some(_) => return Err(SiteUrlError::IpAddress(text.to_owned())),
            None => return Err(not_a_site()),
        };
        if url.port().is_some() {
            return Err(SiteUrlError::Port(text.to_owned()));
        }
        let allowed = CLOUD_SUFFIXES
            .into_iter()
            .chain(also_allowed.iter().map(String::as_str));
        if !allowed.clone().any(|suffix| is_under(&host, suffix)) {
            let list: Vec<String> = allowed.map(|s| format!("*.{}", bare(s))).collect();
            return Err(SiteUrlError::Foreign(text.to_owned(), list.join(" or ")));
        }
        Ok(Self { host })
    }

    /// The host name, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether an address that Atlassian gives is this site's.
    #[must_use]
    pub fn is(&self, url: &str) -> bool {
        Url::parse(url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_lowercase))
            .is_some_and(|host| host == self.host)
    }
}

impl fmt::Display for SiteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.host)
    }
}

fn bare(suffix: &str) -> &str {
    suffix.trim_start_matches('*').trim_start_matches('.')
}

fn is_under(host: &str, suffix: &str) -> bool {
    let suffix = bare(suffix).to_lowercase();
    !suffix.is_empty()
        && host
            .strip_suffix(&suffix)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sites_of_jira_cloud_are_accepted() {
        for good in [
            "https://acme.atlassian.net",
            "https://Acme.Atlassian.net/",
            "https://a.jira.com",
        ] {
            assert!(SiteUrl::parse(good, &[]).is_ok(), "{good}");
        }
        assert_eq!(
            SiteUrl::parse("https://Acme.atlassian.net/", &[]).unwrap().to_string(),
            "https://acme.atlassian.net"
        );
    }

    #[test]
    fn everything_else_is_refused_before_a_request() {
        for bad in [
            "http://acme.atlassian.net",
            "https://acme.atlassian.net/jira",
            "https://10.0.0.1",
            "https://[::1]",
            "https://evil.example",
            "https://atlassian.net",
            "https://xatlassian.net",
            "https://acme.atlassian.net.evil.example",
            "https://u:p@acme.atlassian.net",
            "https://acme.atlassian.net:8443",
            "https://0x7f000001",
            "acme",
            "https://acme.atlassian.net?x=1",
        ] {
            assert!(SiteUrl::parse(bad, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn further_suffixes_can_be_allowed() {
        let allowed = ["*.jira.corp.example".to_owned(), String::new()];
        assert!(SiteUrl::parse("https://eu.jira.corp.example", &allowed).is_ok());
        assert!(SiteUrl::parse("https://jira.corp.example", &allowed).is_err());
        assert!(SiteUrl::parse("https://other.example", &allowed).is_err());
    }
}
