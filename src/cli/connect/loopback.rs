//! The callback on this machine: takes the browser's answer, once, and shows what came of it.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{RawQuery, Request, State},
    http::StatusCode,
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    routing::get,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    atlassian::secret::Secret,
    cli::context::CliError,
    connect::{CALLBACK, CallbackQuery},
    server::connect::{
        guard,
        pages::{ResultPage, STYLE, assets, show},
        words,
    },
};

/// How long the last page has to reach the browser.
const LAST_PAGE: Duration = Duration::from_secs(2);

/// A browser that waits for its page.
pub struct WaitingBrowser {
    /// What it brought.
    pub answer: CallbackQuery,
    page: oneshot::Sender<ResultPage>,
}

impl WaitingBrowser {
    /// Shows the browser what came of it. It may be gone, and need not see it.
    pub fn show(self, told: ResultPage) {
        let _ = self.page.send(told);
    }
}

/// The callback's listener.
pub struct Loopback {
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
    arrived: oneshot::Receiver<WaitingBrowser>,
    expected: Arc<ExpectedCallback>,
    /// The address that the app has to have.
    pub callback: String,
}

struct ExpectedCallback {
    state: Secret,
    sender: Mutex<Option<oneshot::Sender<WaitingBrowser>>>,
    /// The last page is being sent.
    is_over: AtomicBool,
    /// The browser asked for what the last page is set with, and so has it.
    style_loaded: Notify,
}

impl ExpectedCallback {
    fn take(&self) -> Option<oneshot::Sender<WaitingBrowser>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Loopback {
    /// Listens on this machine, and on nothing that others reach.
    pub async fn listen(port: u16, state: Secret) -> Result<Self, CliError> {
        let taken = |error: std::io::Error| {
            let holder = match error.kind() {
                ErrorKind::AddrInUse => {
                    " Something else has it: maybe jira-operator run, which serves probes and metrics on 8080 unless --listen says otherwise, or a kubectl port-forward to the connect pages."
                }
                _ => "",
            };
            format!(
                "port {port} of this machine cannot be used: {error}.{holder} Free it, or use --port N and set http://localhost:N{CALLBACK} as the callback URL of the app in the developer console"
            )
        };
        let first = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .await
            .map_err(taken)?;
        // localhost may be either. A machine without IPv6 has only the one; where another process has the other,
        // the browser would go there.
        let second = match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(taken(error).into()),
            second => second.ok(),
        };
        let (sender, arrived) = oneshot::channel();
        let expected = Arc::new(ExpectedCallback {
            state,
            sender: Mutex::new(Some(sender)),
            is_over: AtomicBool::new(false),
            style_loaded: Notify::new(),
        });
        let stop = CancellationToken::new();
        let serve = |listener| {
            let router = Router::new()
                .route(CALLBACK, get(callback))
                .with_state(Arc::clone(&expected))
                .merge(assets().layer(from_fn_with_state(Arc::clone(&expected), note_style_loaded)))
                .layer(from_fn(guard::headers));
            let stop = stop.clone();
            tokio::spawn(async move {
                let stopped = async move { stop.cancelled().await };
                let _ = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
            })
        };
        Ok(Self {
            tasks: [Some(first), second].into_iter().flatten().map(serve).collect(),
            arrived,
            expected: Arc::clone(&expected),
            stop: stop.clone(),
            callback: format!("http://localhost:{port}{CALLBACK}"),
        })
    }

    /// Ends once the last page, and what it is set with, has reached the browser, or a moment has passed.
    pub async fn close(mut self) {
        let _ = tokio::time::timeout(LAST_PAGE, self.expected.style_loaded.notified()).await;
        self.stop.cancel();
        let sent = futures::future::join_all(self.tasks.drain(..));
        let _ = tokio::time::timeout(LAST_PAGE, sent).await;
    }

    /// Waits for the browser.
    pub async fn arrival(&mut self) -> Option<WaitingBrowser> {
        (&mut self.arrived).await.ok()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn callback(State(expected): State<Arc<ExpectedCallback>>, RawQuery(query): RawQuery) -> Response {
    let Some(answer) = CallbackQuery::read(query.as_deref().unwrap_or_default()) else {
        return strange();
    };
    if !same(&answer.state, expected.state.expose()) {
        return strange();
    }
    let Some(sender) = expected.take() else {
        return show(StatusCode::BAD_REQUEST, &words::used_already());
    };
    let (page, shown) = oneshot::channel();
    if sender.send(WaitingBrowser { answer, page }).is_err() {
        return show(StatusCode::GONE, &words::command_ended());
    }
    let page = shown.await;
    expected.is_over.store(true, Ordering::Relaxed);
    match page {
        Ok(told) => show(StatusCode::OK, &told),
        Err(_) => show(StatusCode::GONE, &words::command_ended()),
    }
}

async fn note_style_loaded(State(expected): State<Arc<ExpectedCallback>>, request: Request, next: Next) -> Response {
    if expected.is_over.load(Ordering::Relaxed) && request.uri().path() == STYLE {
        expected.style_loaded.notify_one();
    }
    next.run(request).await
}

/// Compared without telling by the time it takes how much is right.
fn same(one: &str, other: &str) -> bool {
    Secret::new(one.to_owned()).hash() == Secret::new(other.to_owned()).hash()
}

fn strange() -> Response {
    show(StatusCode::BAD_REQUEST, &words::not_begun_by_the_command())
}
