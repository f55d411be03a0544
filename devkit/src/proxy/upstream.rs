//! Forwards requests to the API server as they came, and streams the answers back.

use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use axum::http::{HeaderMap, HeaderName, Response, request};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

/// Headers that belong to one connection and not to what is forwarded.
const HOP_BY_HOP: [HeaderName; 4] = [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE];

/// The API server behind the proxy.
#[derive(Debug)]
pub(super) struct Upstream {
    client: Client,
    url: String,
}

impl Upstream {
    pub(super) fn new(url: &str, ca_pem: &str) -> reqwest::Result<Self> {
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(ca_pem.as_bytes())?])
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            url: url.to_owned(),
        })
    }

    /// The head of the answer is there when this returns; the body, such as that of a watch, streams.
    pub(super) async fn forward(&self, head: request::Parts, body: Bytes) -> reqwest::Result<Response<Body>> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers;
        without_hop_by_hop(&mut headers);
        headers.remove(HOST);
        headers.remove(CONTENT_LENGTH);
        let answer = self
            .client
            .request(head.method, format!("{}{path}", self.url))
            .headers(headers)
            .body(body)
            .send()
            .await?;
        let mut answer = Response::<reqwest::Body>::from(answer).map(Body::new);
        without_hop_by_hop(answer.headers_mut());
        Ok(answer)
    }
}

fn without_hop_by_hop(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}
