//! The list of every request the sandbox received, so that tests count calls instead of guessing them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

/// How many requests are remembered; older ones fall out.
const CAPACITY: usize = 200_000;

/// One request as it arrived. Holds no token, secret or code: those stand in headers, and in bodies of the authorization
/// server, which are not kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Position in the log, counted from 0 since the sandbox started.
    pub sequence: u64,
    /// Arrival by the real clock, which [`super::Command::AdvanceClock`] does not move.
    pub at: Timestamp,
    /// HTTP method in capitals.
    pub method: String,
    /// The `Host` header, in lower case.
    pub host: String,
    /// Path as sent, without the query.
    pub path: String,
    /// Query as sent; left out at the consent page, whose query carries the caller's `state`.
    pub query: Option<String>,
    /// Body of a call to a site's API as sent, its query for example; left out when it is empty or beyond 8 KiB.
    pub body: Option<String>,
    /// Status answered; `None` while the answer is held, or when the connection was lost before it.
    pub status: Option<u16>,
    /// Client id of the app, from the token request or the grant behind the access token.
    pub client_id: Option<String>,
    /// Account behind the access token, or behind the refresh token of a token request.
    pub account_id: Option<String>,
    /// `grant_type` of a token request.
    pub grant_type: Option<String>,
    /// Faults that were put on this request.
    pub faults: Vec<u64>,
}

/// Ends of paths of Jira's API that are asked by a POST and change nothing.
const READS_BY_POST: [&str; 8] = [
    "/search/jql",
    "/search/approximate-count",
    "/issue/bulkfetch",
    "/permissions/check",
    "/permissions/project",
    "/jql/parse",
    "/jql/match",
    "/comment/list",
];

impl Request {
    /// Whether it changes something at Atlassian if it succeeds: an exchange of tokens, or a call to a site's API that
    /// writes. Consents are people's, and not counted.
    #[must_use]
    pub fn is_write(&self) -> bool {
        is_write(&self.method, &self.path)
    }
}

pub(super) fn is_write(method: &str, path: &str) -> bool {
    let by_api = path.starts_with("/ex/jira/") && !READS_BY_POST.iter().any(|end| path.ends_with(end));
    !matches!(method, "GET" | "HEAD" | "OPTIONS") && (path == "/oauth/token" || by_api)
}

/// A place in the log; what comes after it is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mark(u64);

/// The log itself.
#[derive(Debug)]
pub(crate) struct RequestLog {
    entries: Mutex<Entries>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    requests: VecDeque<Request>,
}

impl RequestLog {
    pub(crate) fn new() -> Self {
        Self {
            entries: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down an arrival and returns its sequence number.
    pub(crate) fn arrived(&self, mut request: Request) -> u64 {
        let sequence = {
            let mut entries = self.lock();
            let sequence = entries.next;
            request.sequence = sequence;
            entries.next += 1;
            if entries.requests.len() == CAPACITY {
                entries.requests.pop_front();
            }
            entries.requests.push_back(request);
            sequence
        };
        self.touch();
        sequence
    }

    /// Completes an entry; one that fell out meanwhile is ignored.
    pub(crate) fn amend(&self, sequence: u64, change: impl FnOnce(&mut Request)) {
        {
            let mut entries = self.lock();
            let first = entries.requests.front().map_or(0, |entry| entry.sequence);
            let position = sequence
                .checked_sub(first)
                .and_then(|offset| usize::try_from(offset).ok());
            if let Some(entry) = position.and_then(|at| entries.requests.get_mut(at)) {
                change(entry);
            }
        }
        self.touch();
    }

    fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// All requests still remembered, oldest first.
    pub(crate) fn all(&self) -> Vec<Request> {
        self.lock().requests.iter().cloned().collect()
    }

    /// The requests that arrived after `mark`.
    pub(crate) fn since(&self, mark: Mark) -> Vec<Request> {
        let entries = self.lock();
        let later = entries.requests.iter().filter(|r| r.sequence >= mark.0);
        later.cloned().collect()
    }

    /// The present end of the log.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().next)
    }

    /// Forgets all requests; sequence numbers go on.
    pub(crate) fn clear(&self) {
        self.lock().requests.clear();
    }

    /// Waits until `enough` holds for the requests after `mark`, and returns them.
    pub(crate) async fn wait(&self, mark: Mark, enough: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        let mut changes = self.changed.subscribe();
        loop {
            let requests = self.since(mark);
            if enough(&requests) {
                return requests;
            }
            // The sender lives in `self`, so this ends only by a change.
            if changes.changed().await.is_err() {
                return requests;
            }
        }
    }
}
