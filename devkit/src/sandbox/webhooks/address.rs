//! Where a delivery really goes: to a port of this machine, whatever host the URL names.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use url::{Host, Url};

/// Where a request goes, and what it says of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) socket: SocketAddr,
    /// The `Host` header.
    pub(super) host: String,
    /// The path without the query, which Atlassian drops.
    pub(super) path: String,
}

/// Resolves a URL by the ports that commands gave to hosts.
pub(super) fn resolve(url: &str, ports: &BTreeMap<String, u16>) -> Result<Address, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let name = url.host_str().unwrap_or_default();
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let local = match url.host() {
        Some(Host::Domain("localhost")) => Some(here),
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        _ => None,
    };
    let direct = local.filter(|address| address.is_loopback() && url.scheme() == "http");
    let socket = match (ports.get(name), direct, url.port_or_known_default()) {
        (Some(port), _, _) => SocketAddr::new(here, *port),
        (None, Some(address), Some(port)) => SocketAddr::new(address, port),
        _ => return Err(format!("the host {name} cannot be reached: no port is mapped to it")),
    };
    let host = match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    Ok(Address {
        socket,
        host,
        path: url.path().to_owned(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_reached_and_no_query_comes_along() {
        let ports = BTreeMap::from([("hooks.acme.example".to_owned(), 8443)]);
        let mapped = resolve("https://hooks.acme.example/a/b?token=c", &ports).unwrap();
        assert_eq!(
            (mapped.socket.to_string(), mapped.host, mapped.path),
            (
                "127.0.0.1:8443".to_owned(),
                "hooks.acme.example".to_owned(),
                "/a/b".to_owned()
            )
        );
        let direct = resolve("http://localhost:81/x", &ports).unwrap();
        assert_eq!(
            (direct.socket.to_string(), direct.host),
            ("127.0.0.1:81".to_owned(), "localhost:81".to_owned())
        );
        for url in [
            "https://elsewhere.example/",
            "http://192.0.2.1/",
            "https://127.0.0.1:81/",
            "nonsense",
        ] {
            assert!(resolve(url, &ports).is_err(), "{url}");
        }
    }
}
