//! The API server's time, as its answers tell it: by it objects are as old as their timestamps say, whatever the clock of
//! this machine does.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::Response;
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use tower::util::MapResponseLayer;

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

    /// Reads it from each answer.
    #[must_use]
    pub fn layer<B>(&self) -> MapResponseLayer<impl Fn(Response<B>) -> Response<B> + Clone + use<B>> {
        let clock = self.clone();
        MapResponseLayer::new(move |response| {
            clock.note(&response);
            response
        })
    }

    fn note<B>(&self, response: &Response<B>) {
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
