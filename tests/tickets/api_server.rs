//! An API server in memory, with real clients and real watches. Writes of statuses can go wrong in it, and a client can
//! be kept from learning anything.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::{
    body::Body,
    http::{Request, Response},
};
use futures::{Stream, stream};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jira_operator::api::names;
use kube::Client;
use serde_json::Value;
use tokio::sync::watch;

use super::{
    model::tickets::steps::Trouble,
    stored::{Answer, Asked, Stored, failure},
    trace::{Trace, of_write},
};

/// The namespace of all objects.
pub const NAMESPACE: &str = "shop";

/// See the module.
#[derive(Clone)]
pub struct ApiServer(Arc<Inner>);

struct Inner {
    stored: Mutex<Stored>,
    troubles: Mutex<Troubles>,
    /// Writes that wait.
    holding: AtomicUsize,
    /// Requests so far, but for watches.
    requests: AtomicUsize,
    /// Tells what waits that it is let go: a number that grows.
    released: watch::Sender<u64>,
    /// Tells watches that something changed.
    changes: watch::Sender<u64>,
    trace: Trace,
}

#[derive(Default)]
struct Troubles {
    is_down: bool,
    /// Each after so many writes of statuses.
    next: VecDeque<(u8, Trouble)>,
}

/// A client that can be kept from learning anything.
#[derive(Clone, Default)]
pub struct Eyes {
    closed: Arc<AtomicBool>,
}

impl Eyes {
    /// From now on its watches tell nothing, or everything again.
    pub fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
    }

    fn are_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

impl ApiServer {
    /// One without objects.
    pub fn new(trace: Trace) -> Self {
        Self(Arc::new(Inner {
            stored: Mutex::default(),
            troubles: Mutex::default(),
            holding: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            released: watch::Sender::default(),
            changes: watch::Sender::default(),
            trace,
        }))
    }

    /// A client of it. It ends with the runtime in which it is made.
    pub fn client(&self, eyes: &Eyes) -> Client {
        let (server, eyes) = (self.clone(), eyes.clone());
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let (server, eyes) = (server.clone(), eyes.clone());
            async move { server.serve(request, eyes).await }
        });
        Client::new(service, NAMESPACE)
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.0.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.0.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an object there as it is, with its status.
    pub fn put(&self, plural: &str, name: &str, object: Value) {
        self.stored().put(&collection(plural), name, object);
    }

    /// Every object that belongs to an integration is reconciled.
    pub fn wake(&self, integration: &str) {
        self.stored()
            .bump(&format!("{}/{integration}", collection("jiraintegrations")));
        self.changed();
    }

    /// Asks for a look at Jira now, which wakes every object that belongs to an integration as well.
    pub fn request(&self, integration: &str) {
        let requested = Timestamp::now().to_string();
        let path = format!("{}/{integration}", collection("jiraintegrations"));
        self.stored().annotate(&path, names::REQUESTED_AT, &requested);
        self.wake(integration);
    }

    /// Tells watches to look.
    pub fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// A write of a status goes wrong, after so many.
    pub fn trouble(&self, skip: u8, trouble: Trouble) {
        self.troubles().next.push_back((skip, trouble));
    }

    /// Whether writes of statuses are refused.
    pub fn down(&self, is_down: bool) {
        self.troubles().is_down = is_down;
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        *self.troubles() = Troubles::default();
        self.release();
    }

    /// What waits is let go.
    pub fn release(&self) {
        self.0.released.send_modify(|count| *count += 1);
    }

    /// How many writes wait.
    pub fn holding(&self) -> usize {
        self.0.holding.load(Ordering::SeqCst)
    }

    /// How many requests came so far.
    pub fn requests(&self) -> usize {
        self.0.requests.load(Ordering::SeqCst)
    }

    fn next_trouble(&self) -> Option<Trouble> {
        let mut troubles = self.troubles();
        if troubles.is_down {
            return Some(Trouble::Refused(503));
        }
        let (skip, trouble) = troubles.next.front_mut()?;
        if *skip > 0 {
            *skip -= 1;
            return None;
        }
        let trouble = *trouble;
        troubles.next.pop_front();
        Some(trouble)
    }

    async fn serve(&self, request: Request<kube::client::Body>, eyes: Eyes) -> io::Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("watch=true") {
            return told(self.watch(path, query, eyes));
        }
        self.0.requests.fetch_add(1, Ordering::SeqCst);
        let (path, of_status) = match path.strip_suffix("/status") {
            Some(object) => (object, true),
            None => (path, false),
        };
        // Nobody reads events here.
        if path.ends_with("/events") {
            return answered((201, serde_json::from_slice(&body).unwrap_or_default()));
        }
        let kind = parts.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let mut parameters = query.split('&');
        let manager = parameters.find_map(|part| part.strip_prefix("fieldManager="));
        let asked = Asked {
            method: &parts.method,
            path,
            of_status,
            manager: manager.filter(|_| kind.is_some_and(|kind| kind.contains("apply-patch"))),
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        };
        let is_of_ticket = of_status && path.contains("/jiraissues/");
        let trouble = if is_of_ticket { self.next_trouble() } else { None };
        let answer = self.with_trouble(asked, trouble).await;
        self.changed();
        answer
    }

    /// Does what is asked.
    fn done(&self, asked: Asked<'_>, trouble: &str) -> Answer {
        let (method, path) = (asked.method.to_string(), asked.path.to_owned());
        let answer = self.stored().answer(asked);
        if let Some(line) = of_write(&method, &path, &answer) {
            self.0.trace.note(format!("{line}{trouble}"));
        }
        answer
    }

    async fn with_trouble(&self, asked: Asked<'_>, trouble: Option<Trouble>) -> io::Result<Response<Body>> {
        let cut = || io::Error::other("the connection was cut");
        match trouble {
            None => answered(self.done(asked, "")),
            Some(Trouble::Refused(code)) => answered(failure(code, reason(code), "it was refused once")),
            Some(Trouble::LostBefore) => Err(cut()),
            Some(Trouble::Late | Trouble::Held) => {
                self.hold().await;
                answered(self.done(asked, " (late)"))
            }
            Some(Trouble::Failed(code)) => {
                self.done(asked, " (told to have failed)");
                answered(failure(code, reason(code), "it took too long"))
            }
            Some(Trouble::LostAfter | Trouble::LostAndLate | Trouble::Garbled) => {
                self.done(asked, " (the answer is lost)");
                Err(cut())
            }
            Some(Trouble::AnswerHeld) => {
                let answer = self.done(asked, " (the answer is held)");
                self.changed();
                self.hold().await;
                answered(answer)
            }
        }
    }

    async fn hold(&self) {
        /// Counts it out again also where its client is gone.
        struct Held<'a>(&'a AtomicUsize);
        impl Drop for Held<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let mut released = self.0.released.subscribe();
        self.0.holding.fetch_add(1, Ordering::SeqCst);
        let _held = Held(&self.0.holding);
        // The sender lives as long as this.
        let _ = released.changed().await;
    }

    /// A line for each event of a collection from a version on.
    fn watch(&self, path: &str, query: &str, eyes: Eyes) -> impl Stream<Item = Result<String, Infallible>> + use<> {
        let version = query.split('&').find_map(|part| part.strip_prefix("resourceVersion="));
        let version: u64 = version.and_then(|version| version.parse().ok()).unwrap_or_default();
        let (server, path, changes) = (self.clone(), path.to_owned(), self.0.changes.subscribe());
        stream::unfold((version, changes), move |(version, mut changes)| {
            let (server, path, eyes) = (server.clone(), path.clone(), eyes.clone());
            async move {
                loop {
                    changes.borrow_and_update();
                    let (events, seen) = server.stored().events_since(&path, version);
                    if !events.is_empty() && !eyes.are_closed() {
                        let lines = events.iter().map(|event| format!("{event}\n")).collect();
                        return Some((Ok(lines), (seen, changes)));
                    }
                    // The sender lives as long as this.
                    let _ = changes.changed().await;
                }
            }
        })
    }
}

fn collection(plural: &str) -> String {
    format!("/apis/jira-operator.dev/v1alpha1/namespaces/{NAMESPACE}/{plural}")
}

fn reason(code: u16) -> &'static str {
    match code {
        409 => "Conflict",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    }
}

fn answered((code, body): Answer) -> io::Result<Response<Body>> {
    let answer = Response::builder()
        .status(code)
        .header("content-type", "application/json");
    answer.body(Body::from(body.to_string())).map_err(io::Error::other)
}

fn told(lines: impl Stream<Item = Result<String, Infallible>> + Send + 'static) -> io::Result<Response<Body>> {
    let answer = Response::builder()
        .status(200)
        .header("content-type", "application/json");
    answer.body(Body::from_stream(lines)).map_err(io::Error::other)
}
