//! Serves HTTP/1 to whoever comes, within bounds: a connection that sends no request ends, and there are never
//! more of them than memory bears. Where there is no room, a newcomer takes the place of the oldest that has no
//! request under way, so that nobody is kept out by connections that others hold open.

use std::{
    collections::HashMap,
    convert::Infallible,
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, middleware::Next, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, Id, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::warn;

/// Most bytes that are kept of one connection, and so of the head of a request.
const BUFFER: usize = 16 << 10;
/// How long no connection is taken after one could not be taken for want of something, such as descriptors.
const RELIEF: Duration = Duration::from_millis(200);

/// What a listener bears.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most connections at once.
    pub connections: usize,
    /// Longest time until the head of a request is there, the first or a further one.
    pub head: Duration,
    /// Whether a connection may be used for more than one request.
    pub keep_alive: bool,
}

/// Serves until the process stops, and then what is under way.
pub async fn serve(listener: TcpListener, router: Router, bounds: Bounds, stop: CancellationToken) {
    let mut guests = Connections::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = guests.tasks.join_next_with_id() => guests.forget(ended.map_or_else(|e| e.id(), |(id, ())| id)),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => guests.admit(stream, router.clone(), bounds, stop.clone()),
                Err(error) if is_of_peer(error.kind()) => {}
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(RELIEF).await;
                }
            },
        }
    }
    drop(listener);
    while guests.tasks.join_next().await.is_some() {}
}

/// Whether it was the peer who gave up.
fn is_of_peer(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

/// Lets a request take so long. None when it took longer.
pub async fn within(limit: Duration, request: Request, next: Next) -> Option<Response> {
    tokio::time::timeout(limit, next.run(request)).await.ok()
}

/// The connections that are open.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    open: HashMap<Id, Connection>,
    came: u64,
}

struct Connection {
    /// Later ones have higher numbers.
    number: u64,
    /// Requests under way.
    busy: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Connections {
    fn admit(&mut self, stream: TcpStream, router: Router, bounds: Bounds, stop: CancellationToken) {
        if self.open.len() >= bounds.connections {
            self.push_out();
        }
        let busy = Arc::new(AtomicUsize::new(0));
        let task = self
            .tasks
            .spawn(serve_connection(stream, router, Arc::clone(&busy), bounds, stop));
        self.came += 1;
        let number = self.came;
        self.open.insert(task.id(), Connection { number, busy, task });
    }

    /// Ends the oldest connection that has no request under way, or, where all have one, the oldest.
    fn push_out(&mut self) {
        let order = |guest: &Connection| (guest.busy.load(Ordering::Relaxed) > 0, guest.number);
        let first = self.open.iter().min_by_key(|(_, guest)| order(guest));
        if let Some(guest) = first.map(|(id, _)| *id).and_then(|id| self.open.remove(&id)) {
            guest.task.abort();
        }
    }

    fn forget(&mut self, id: Id) {
        self.open.remove(&id);
    }
}

/// Counts a request as under way until it is answered or given up.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(busy: &Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(busy))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn serve_connection(
    stream: TcpStream,
    router: Router,
    busy: Arc<AtomicUsize>,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, under_way) = (router.clone(), UnderWay::begin(&busy));
        async move {
            let answer = router.oneshot(request.map(Body::new)).await;
            drop(under_way);
            answer as Result<Response, Infallible>
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .keep_alive(bounds.keep_alive)
        .max_buf_size(BUFFER);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    // How it ended is the peer's affair.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::Notify,
    };

    const REQUEST: &[u8] = b"GET /now HTTP/1.1\r\nHost: x\r\n\r\n";

    struct Served {
        address: std::net::SocketAddr,
        release: Arc<Notify>,
        stop: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    async fn served(bounds: Bounds) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (release, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let waits = Arc::clone(&release);
        let later = move || async move {
            waits.notified().await;
            "later"
        };
        let router = Router::new()
            .route("/now", get(|| async { "now" }))
            .route("/later", get(later));
        let task = tokio::spawn(serve(listener, router, bounds, stop.clone()));
        Served {
            address,
            release,
            stop,
            task,
        }
    }

    fn bounds(connections: usize, head: Duration) -> Bounds {
        Bounds {
            connections,
            head,
            keep_alive: false,
        }
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        // A connection that is ended may be reset.
        let _ = stream.read_to_end(&mut text).await;
        String::from_utf8_lossy(&text).into_owned()
    }

    #[tokio::test]
    async fn who_sends_no_request_is_not_waited_for() {
        let served = served(bounds(10, Duration::from_millis(50))).await;
        let silent = TcpStream::connect(served.address).await.unwrap();
        let mut slow = TcpStream::connect(served.address).await.unwrap();
        slow.write_all(b"GET /now HTTP/1.1\r\nX-Slow: ").await.unwrap();
        assert_eq!(rest(silent).await, "");
        assert!(!rest(slow).await.contains("now"));
        let mut large = TcpStream::connect(served.address).await.unwrap();
        let head = format!("GET /now HTTP/1.1\r\nX-Large: {}\r\n\r\n", "x".repeat(2 * BUFFER));
        let _ = large.write_all(head.as_bytes()).await;
        assert!(!rest(large).await.contains("200 OK"));
    }

    #[tokio::test]
    async fn a_newcomer_pushes_out_who_only_waits_and_not_who_is_served() {
        let served = served(bounds(2, Duration::from_mins(1))).await;
        let mut working = TcpStream::connect(served.address).await.unwrap();
        working
            .write_all(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let waiting = TcpStream::connect(served.address).await.unwrap();
        // Each newcomer pushes out one that waits; were the first not known as served by now, it would be the oldest.
        for _ in 0..4 {
            let mut next = TcpStream::connect(served.address).await.unwrap();
            next.write_all(REQUEST).await.unwrap();
            assert!(rest(next).await.ends_with("now"));
        }
        served.release.notify_one();
        assert!(rest(working).await.ends_with("later"));
        drop(waiting);
    }

    #[tokio::test]
    async fn what_is_under_way_at_the_end_is_answered() {
        let served = served(bounds(2, Duration::from_mins(1))).await;
        let mut working = TcpStream::connect(served.address).await.unwrap();
        working
            .write_all(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut other = TcpStream::connect(served.address).await.unwrap();
        other.write_all(REQUEST).await.unwrap();
        assert!(rest(other).await.ends_with("now"));
        served.stop.cancel();
        served.release.notify_one();
        assert!(rest(working).await.ends_with("later"));
        served.task.await.unwrap();
    }
}
