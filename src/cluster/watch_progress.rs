//! When the watches last gave a sign of life. Taken from the responses themselves, because the
//! watcher keeps bookmarks to itself: a watch that died silently looks like one where nothing
//! happens.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Instant,
};

use futures::future::BoxFuture;
use kube::client::Body;
use tower::{Layer, Service};

/// When each watched path last answered.
#[derive(Clone, Debug, Default)]
pub struct WatchProgress(Arc<Mutex<HashMap<String, Instant>>>);

impl WatchProgress {
    /// The age, in seconds, of the last sign of life of the most silent watch. None before the
    /// first watch was opened.
    #[must_use]
    pub fn age(&self) -> Option<u64> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.values().map(|at| at.elapsed().as_secs()).max()
    }

    fn note(&self, path: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(path) {
            Some(at) => *at = Instant::now(),
            None => {
                seen.insert(path.to_owned(), Instant::now());
            }
        }
    }
}

impl<S> Layer<S> for WatchProgress {
    type Service = ObservedWatch<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ObservedWatch {
            inner,
            progress: self.clone(),
        }
    }
}

/// A client whose watch responses are noticed.
#[derive(Clone, Debug)]
pub struct ObservedWatch<S> {
    inner: S,
    progress: WatchProgress,
}

/// A request to the API server.
type Request = axum::http::Request<Body>;
/// A response, as the kube client takes it.
type Response<B> = axum::http::Response<B>;

impl<S, B> Service<Request> for ObservedWatch<S>
where
    S: Service<Request, Response = Response<B>>,
    S::Future: Send + 'static,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<http_body_util::combinators::MapFrame<B, NoteFrame<B>>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let is_watch = request
            .uri()
            .query()
            .is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
        let path = is_watch.then(|| request.uri().path().to_owned());
        let progress = self.progress.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            Ok(response.map(|body| http_body_util::BodyExt::map_frame(body, note_frames::<B>(path, progress))))
        })
    }
}

/// Called for each frame of a body; leaves it as it is.
type NoteFrame<B> = Box<
    dyn FnMut(http_body::Frame<<B as http_body::Body>::Data>) -> http_body::Frame<<B as http_body::Body>::Data> + Send,
>;

fn note_frames<B: http_body::Body>(path: Option<String>, progress: WatchProgress) -> NoteFrame<B> {
    if let Some(path) = &path {
        progress.note(path);
    }
    Box::new(move |frame| {
        if let Some(path) = &path {
            progress.note(path);
        }
        frame
    })
}
