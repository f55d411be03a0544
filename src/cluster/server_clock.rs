//! The API server's time, as its answers tell it: by it objects are as old as their timestamps say, whatever the clock of
//! this machine does.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use tower::{Layer, Service};

/// How long a time is believed before it is read again.
const FRESH: Duration = Duration::from_secs(10);

/// What the API server said last, and when.
#[derive(Clone, Debug, Default)]
pub struct ServerClock(Arc<Mutex<Option<(Timestamp, Instant)>>>);

impl ServerClock {
    /// The time there now; that of this machine, while it said nothing.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let told = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.and_then(|(at, since)| at.checked_add(since.elapsed()).ok())
            .unwrap_or_else(Timestamp::now)
    }

    fn note<B>(&self, response: &axum::http::Response<B>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|(_, since)| since.elapsed() < FRESH) {
            return;
        }
        let date = response.headers().get(axum::http::header::DATE);
        let date = date.and_then(|date| date.to_str().ok());
        let read = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        *told = read.map(|at| (at, Instant::now())).or(*told);
    }
}

impl<S> Layer<S> for ServerClock {
    type Service = ReadClock<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ReadClock {
            inner,
            clock: self.clone(),
        }
    }
}

/// A client whose answers tell the time.
#[derive(Clone, Debug)]
pub struct ReadClock<S> {
    inner: S,
    clock: ServerClock,
}

impl<S, R, B> Service<R> for ReadClock<S>
where
    S: Service<R, Response = axum::http::Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (answer, clock) = (self.inner.call(request), self.clock.clone());
        Box::pin(async move {
            let response = answer.await?;
            clock.note(&response);
            Ok(response)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_time_is_that_of_the_answers() {
        let clock = ServerClock::default();
        let answer = |date: &str| axum::http::Response::builder().header("date", date).body(()).unwrap();
        clock.note(&answer("yesterday"));
        assert!(
            clock.now() > "2025-01-01T00:00:00Z".parse().unwrap(),
            "it said nothing yet"
        );
        clock.note(&answer("Tue, 28 Apr 1998 13:33:15 GMT"));
        let told: Timestamp = "1998-04-28T13:33:15Z".parse().unwrap();
        assert!((0..60).contains(&clock.now().duration_since(told).as_secs()));
        clock.note(&answer("Tue, 28 Apr 1999 13:33:15 GMT"));
        assert!(
            clock.now().duration_since(told).as_secs() < 60,
            "it is not read each time"
        );
    }
}
