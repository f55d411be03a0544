//! The address under which people see the connect pages.

use url::{Host, Url};

/// The path that Atlassian sends the browser back to: an app has one callback URL, for browser and
/// terminal alike.
pub const CALLBACK: &str = "/connect/callback";
/// The address where none is set: that of a `kubectl port-forward`.
pub const DEFAULT_PUBLIC_URL: &str = "http://localhost:8080";

/// Scheme and host, https unless it is this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Checks an address.
    ///
    /// # Errors
    /// What is wrong with it, and how it should be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("the public URL {text:?} {why}, such as https://jira-operator.example.com");
        let url = Url::parse(text.trim()).map_err(|_| wrong("is no URL; it must have a scheme and a host"))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must have nothing but scheme, host and port"));
        }
        if url.path() != "/" {
            return Err(wrong(
                "must have no path: the pages and the callback are under /connect of the host itself",
            ));
        }
        match url.scheme() {
            "https" if url.has_host() => Ok(Self(url)),
            "http" if is_this_machine(&url) => Ok(Self(url)),
            _ => Err(wrong("must begin with https://, or with http://localhost")),
        }
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The callback URL that the app has to have.
    #[must_use]
    pub fn callback(&self) -> String {
        format!("{}{CALLBACK}", self.0.as_str().trim_end_matches('/'))
    }

    /// Whether cookies can be bound to https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_this_machine() {
        for good in [
            "https://jira.example.com",
            "http://localhost:8080/",
            "http://127.0.0.1:9",
        ] {
            assert!(PublicUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "jira.example.com",
            "http://jira.example.com",
            "https://a@b.example",
            "https://a.example/x",
            "https://a.example/?b",
            "ftp://localhost",
        ] {
            let error = PublicUrl::parse(bad).unwrap_err();
            assert!(error.contains("https://jira-operator.example.com"), "{bad}: {error}");
        }
        let url = PublicUrl::parse("http://localhost:8080").unwrap();
        assert_eq!(url.callback(), "http://localhost:8080/connect/callback");
    }
}
