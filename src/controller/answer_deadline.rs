//! The longest wait for the API server's answer. The kube client has none of its own: behind a
//! connection that died silently a write of a Secret would hang for ever, and the token in it with
//! it. Only the beginning of an answer is waited for, which comes at once for a watch too.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use kube::client::Body;
use tower::{BoxError, Layer, Service};

/// The longest wait. Other processes respect the mark of an exchange for the HTTP timeout and 30 s;
/// within these a write has ended.
const DEADLINE: Duration = Duration::from_secs(25);

/// The API server has not begun to answer.
#[derive(Debug, thiserror::Error)]
#[error("it did not answer within {} seconds", DEADLINE.as_secs())]
struct NoAnswer;

/// Puts the deadline on every request.
#[derive(Clone, Copy, Debug)]
pub struct AnswerDeadline;

impl<S> Layer<S> for AnswerDeadline {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Bounded(inner)
    }
}

/// A client that does not wait for ever.
#[derive(Clone, Debug)]
pub struct Bounded<S>(S);

impl<S> Service<axum::http::Request<Body>> for Bounded<S>
where
    S: Service<axum::http::Request<Body>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: axum::http::Request<Body>) -> Self::Future {
        let answer = tokio::time::timeout(DEADLINE, self.0.call(request));
        Box::pin(async move { answer.await.map_err(|_| NoAnswer)?.map_err(Into::into) })
    }
}
