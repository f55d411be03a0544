//! The pages by which people connect in the browser: where they are served, and under which address.

use std::{net::SocketAddr, sync::Arc};

use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::context::CliError;
use crate::{
    connect::{Connector, DEFAULT_PUBLIC_URL, PublicUrl},
    controller::{Links, context::Context},
    grant::GrantStore,
    server::connect::{Pages, serve},
};

// What stands here is what --help prints of each flag; a comment on the struct itself would take
// the place of the command's.
#[derive(Debug, Args)]
// The options of `run`, among which these stand, form a group of the same name.
#[group(skip)]
pub struct Options {
    /// Address for the pages by which people connect in the browser. Not served when not given.
    #[arg(long, env = "CONNECT_LISTEN", value_name = "ADDR", value_parser = address)]
    connect_listen: Option<Listen>,
    /// Under which address people see these pages; the app's callback URL is this and /connect/callback.
    #[arg(long, env = "PUBLIC_URL", default_value = DEFAULT_PUBLIC_URL, value_parser = public,
          value_name = "URL")]
    public_url: PublicUrl,
}

/// Where the pages are served. An empty value is none, as an empty variable of the environment is.
#[derive(Clone, Copy, Debug)]
struct Listen(Option<SocketAddr>);

fn address(text: &str) -> Result<Listen, std::net::AddrParseError> {
    let text = text.trim();
    let address = (!text.is_empty()).then(|| text.parse()).transpose();
    address.map(Listen)
}

fn public(text: &str) -> Result<PublicUrl, String> {
    PublicUrl::parse(if text.trim().is_empty() {
        DEFAULT_PUBLIC_URL
    } else {
        text
    })
}

/// Pages that have a place to be served.
pub struct BoundPages {
    listener: TcpListener,
    public: PublicUrl,
}

impl Options {
    /// Takes the place, where the pages are to be served.
    pub(super) async fn listen(&self, metrics: SocketAddr) -> Result<Option<BoundPages>, CliError> {
        let Some(address) = self.address() else {
            return Ok(None);
        };
        let failed = CliError::system(format!("--connect-listen {address}"));
        let listener = TcpListener::bind(address).await.map_err(&failed)?;
        let (listen, callback) = (listener.local_addr().map_err(failed)?, self.public_url.callback());
        info!(%listen, callback, "serving the connect pages; the app's callback URL has to be this one");
        let url = self.public_url.url();
        let in_a_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
        if !self.public_url.is_https() && leads_to_probes(url.port_or_known_default(), metrics, listen, in_a_pod) {
            warn!(%url, %metrics, "links lead to where probes and metrics are served; set --public-url, or --listen");
        }
        Ok(Some(BoundPages {
            listener,
            public: self.public_url.clone(),
        }))
    }

    fn address(&self) -> Option<SocketAddr> {
        self.connect_listen.and_then(|listen| listen.0)
    }

    /// What makes links to the pages, where they are served.
    pub(super) fn links(&self, store: &GrantStore) -> Option<Links> {
        self.address()?;
        Some(Links::new(self.public_url.url().clone(), store.client(), store.clone()))
    }
}

/// Whether an address on this machine leads to probes and metrics instead of the pages. Not in a cluster: there it
/// is that of a `kubectl port-forward` to the pages, whatever else has the port in the pod.
fn leads_to_probes(port: Option<u16>, metrics: SocketAddr, pages: SocketAddr, in_a_pod: bool) -> bool {
    let reached = metrics.ip().is_loopback() || (metrics.ip().is_unspecified() && !in_a_pod);
    port == Some(metrics.port()) && metrics.port() != pages.port() && reached
}

impl BoundPages {
    /// Serves them for the integrations of these namespaces until `stop`.
    pub(super) fn serve(
        self,
        ctx: &Context,
        namespaces: &[String],
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let connector = Connector {
            client: ctx.client.clone(),
            keeper: Arc::clone(&ctx.grants),
            http: ctx.http.clone(),
            endpoints: Arc::clone(&ctx.endpoints),
            site_suffixes: ctx.site_suffixes.clone(),
        };
        let pages = Arc::new(Pages::new(
            connector,
            ctx.grant_store.clone(),
            self.public,
            namespaces.to_vec(),
        ));
        serve(self.listener, pages, stop)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn links_that_lead_to_probes_are_noticed_where_nothing_forwards_them() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (probes, pages) = (at("0.0.0.0:8080"), at("127.0.0.1:8082"));
        assert!(
            leads_to_probes(Some(8080), probes, pages, false),
            "the defaults on a workstation"
        );
        assert!(
            !leads_to_probes(Some(8080), probes, pages, true),
            "a port-forward in a cluster"
        );
        assert!(leads_to_probes(Some(8080), at("127.0.0.1:8080"), pages, true));
        assert!(!leads_to_probes(Some(8082), probes, pages, false));
    }
}
