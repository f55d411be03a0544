//! The longest wait for the API server's answer. The kube client has none of its own: behind a
//! connection that died silently a write of a Secret would hang for ever, and the token in it with
//! it, and the grant's lane. What is written is answered whole within the deadline; what is read may be long,
//! so there each part of it is; a watch is only to begin.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::http::{Method, Request, Response};
use futures::future::BoxFuture;
use http_body::{Body as HttpBody, Frame, SizeHint};
use kube::client::Body;
use tokio::time::{Instant, Sleep};
use tower::{BoxError, Layer, Service};

/// The longest wait. Other processes respect the mark of an exchange for the HTTP timeout and 30 s;
/// within these a write has ended.
const DEADLINE: Duration = Duration::from_secs(25);

/// The API server has not begun to answer, or has not gone on.
#[derive(Debug, thiserror::Error)]
#[error("it did not answer within {} seconds", .0.as_secs())]
struct NoAnswer(Duration);

/// Puts the deadline on every request.
#[derive(Clone, Copy, Debug)]
pub struct AnswerDeadline(Duration);

impl Default for AnswerDeadline {
    fn default() -> Self {
        Self(DEADLINE)
    }
}

impl<S> Layer<S> for AnswerDeadline {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Bounded(inner, self.0)
    }
}

/// A client that does not wait for ever.
#[derive(Clone, Debug)]
pub struct Bounded<S>(S, Duration);

/// What the deadline is put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// The answer as a whole.
    Whole,
    /// Each part of it.
    Parts,
    /// Its beginning.
    Beginning,
}

impl Bound {
    fn of<B>(request: &Request<B>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        if query.split('&').any(|pair| pair == "watch=true") {
            Self::Beginning
        } else if request.method() == Method::GET {
            Self::Parts
        } else {
            Self::Whole
        }
    }
}

impl<S, B> Service<Request<Body>> for Bounded<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: HttpBody + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<BoundedBody<B>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (bound, begun, within) = (Bound::of(&request), Instant::now(), self.1);
        let answer = tokio::time::timeout(within, self.0.call(request));
        Box::pin(async move {
            let response = answer.await.map_err(|_| NoAnswer(within))?.map_err(Into::into)?;
            let until = match bound {
                Bound::Whole => Some(begun + within),
                Bound::Parts => Some(Instant::now() + within),
                Bound::Beginning => None,
            };
            Ok(response.map(|body| BoundedBody {
                inner: Box::pin(body),
                sleep: until.map(|until| Box::pin(tokio::time::sleep_until(until))),
                bound,
                within,
            }))
        })
    }
}

/// The body of an answer that does not keep anybody waiting for ever.
pub struct BoundedBody<B> {
    inner: Pin<Box<B>>,
    sleep: Option<Pin<Box<Sleep>>>,
    bound: Bound,
    within: Duration,
}

impl<B> HttpBody for BoundedBody<B>
where
    B: HttpBody,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let within = self.within;
        if let Poll::Ready(frame) = self.inner.as_mut().poll_frame(cx) {
            if self.bound == Bound::Parts
                && let Some(sleep) = &mut self.sleep
            {
                sleep.as_mut().reset(Instant::now() + within);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        match &mut self.sleep {
            Some(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                Poll::Ready(Some(Err(NoAnswer(within).into())))
            }
            None => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http_body_util::BodyExt;
    use std::{convert::Infallible, time::Duration};

    const WITHIN: Duration = Duration::from_millis(100);

    /// How many parts are read of a server that begins to answer at once, sends five parts, and never ends.
    async fn parts(method: Method, query: &str) -> usize {
        let server = tower::service_fn(|_: Request<Body>| async {
            let parts = futures::stream::unfold(0, |number| async move {
                let wait = if number < 5 {
                    WITHIN * 2 / 5
                } else {
                    Duration::from_hours(9)
                };
                tokio::time::sleep(wait).await;
                Some((Ok::<_, Infallible>("part"), number + 1))
            });
            Ok::<_, Infallible>(Response::new(axum::body::Body::from_stream(parts)))
        });
        let request = Request::builder().method(method).uri(format!("/x?{query}"));
        let mut bounded = AnswerDeadline(WITHIN).layer(server);
        let answer = bounded.call(request.body(Body::empty()).unwrap()).await;
        let (mut body, mut parts) = (answer.unwrap().into_body(), 0);
        while let Some(Ok(_)) = body.frame().await {
            parts += 1;
        }
        parts
    }

    #[tokio::test]
    async fn an_answer_that_never_ends_is_given_up() {
        let written = tokio::time::timeout(WITHIN * 10, parts(Method::PUT, "")).await;
        assert!(
            written.is_ok_and(|parts| parts < 5),
            "a write is answered whole within the deadline"
        );
        assert_eq!(parts(Method::GET, "limit=500").await, 5, "a list as long as it goes on");
        let watched = tokio::time::timeout(WITHIN * 10, parts(Method::GET, "watch=true")).await;
        assert!(watched.is_err(), "a watch may be silent");
    }
}
