//! One request of a delivery: to loopback, without TLS, and no redirect is followed.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::address::Address;
use crate::sandbox::world::Flow;

/// A request ready to be sent.
pub(super) struct Parcel {
    pub(super) identifier: String,
    pub(super) flow: Flow,
    /// How often it was tried before.
    pub(super) retry: u32,
    pub(super) token: Option<String>,
    pub(super) body: Bytes,
}

/// Sends it, and answers the status; waits so long for the connection and for the answer.
pub(super) async fn send(address: &Address, parcel: Parcel, waits: (Duration, Duration)) -> Result<u16, String> {
    let request = written(address, parcel).map_err(|error| error.to_string())?;
    let stream = timeout(waits.0, TcpStream::connect(address.socket)).await;
    let stream = stream.map_err(|_| "no connection in time".to_owned())?;
    let stream = stream.map_err(|error| format!("no connection: {error}"))?;
    let answer = timeout(waits.1, exchange(stream, request)).await;
    answer
        .map_err(|_| "no answer in time".to_owned())?
        .map_err(|error| format!("no answer: {error}"))
}

async fn exchange(stream: TcpStream, request: Request<Body>) -> Result<u16, hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let answer = sender.send_request(request).await?;
    Ok(answer.status().as_u16())
}

fn written(address: &Address, parcel: Parcel) -> Result<Request<Body>, axum::http::Error> {
    let flow = match parcel.flow {
        Flow::Primary => "Primary",
        Flow::Secondary => "Secondary",
    };
    let mut request = Request::post(&address.path)
        .header(header::HOST, &address.host)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::CONTENT_LENGTH, parcel.body.len())
        .header(header::USER_AGENT, "Atlassian Webhook HTTP Client")
        .header("X-Atlassian-Webhook-Identifier", &parcel.identifier)
        .header("X-Atlassian-Webhook-Flow", flow);
    if parcel.retry > 0 {
        request = request.header("X-Atlassian-Webhook-Retry", parcel.retry);
    }
    if let Some(token) = &parcel.token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(Body::from(parcel.body))
}
