//! Which requests the proxy interferes with, and what it does to them.

use std::fmt;
use std::sync::Arc;

use axum::http::{Method, StatusCode};

use super::write::Write;

/// What happens to a request that a rule applies to.
#[derive(Debug, Clone)]
pub enum Action {
    /// Not forwarded until [`RuleHandle::release`]. A client that hangs up meanwhile takes its request with it.
    HoldRequest,
    /// Forwarded at once; the answer is withheld until [`RuleHandle::release`], though the API server has acted.
    HoldAnswer,
    /// Not forwarded; the connection is closed.
    DropRequest,
    /// Forwarded; when the API server has answered, the connection is closed without the answer.
    DropAnswer,
    /// Forwarded; when the API server has answered, a `metav1.Status` of this kind takes the place of its answer.
    ReplaceAnswer {
        /// HTTP status code.
        status: StatusCode,
        /// Machine-readable reason, such as `Timeout`.
        reason: String,
        /// For people.
        message: String,
    },
    /// Not forwarded; answered with a `metav1.Status` of this kind.
    Refuse {
        /// HTTP status code.
        status: StatusCode,
        /// Machine-readable reason, such as `Conflict` or `ServiceUnavailable`.
        reason: String,
        /// For people.
        message: String,
    },
}

type Condition = Arc<dyn Fn(&Method, &str) -> bool + Send + Sync>;
type OfWrites = Arc<dyn Fn(&Write) -> bool + Send + Sync>;

/// Says which requests are interfered with, and how. Whatever is not narrowed matches.
#[derive(Clone)]
pub struct Rule {
    pub(super) action: Action,
    methods: Vec<Method>,
    path_contains: Vec<String>,
    body_contains: Vec<String>,
    condition: Option<Condition>,
    of_writes: Option<OfWrites>,
    pub(super) skip: usize,
    pub(super) times: Option<usize>,
}

impl Rule {
    /// A rule for every request.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self {
            action,
            methods: Vec::new(),
            path_contains: Vec::new(),
            body_contains: Vec::new(),
            condition: None,
            of_writes: None,
            skip: 0,
            times: None,
        }
    }

    /// Narrows to a method; called again, to this one as well.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Narrows to the methods that write: POST, PUT, PATCH and DELETE.
    #[must_use]
    pub fn writes(mut self) -> Self {
        self.methods
            .extend([Method::POST, Method::PUT, Method::PATCH, Method::DELETE]);
        self
    }

    /// Narrows to requests whose path and query contain `part`; called again, this part as well.
    #[must_use]
    pub fn path_contains(mut self, part: impl Into<String>) -> Self {
        self.path_contains.push(part.into());
        self
    }

    /// Narrows to requests whose body contains `part`, such as the name of a key; called again, this part as well.
    #[must_use]
    pub fn body_contains(mut self, part: impl Into<String>) -> Self {
        self.body_contains.push(part.into());
        self
    }

    /// Narrows by method and path with query.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Method, &str) -> bool + Send + Sync + 'static) -> Self {
        self.condition = Some(Arc::new(condition));
        self
    }

    /// Narrows to requests that change something, by what they change.
    #[must_use]
    pub fn when_write(mut self, condition: impl Fn(&Write) -> bool + Send + Sync + 'static) -> Self {
        self.of_writes = Some(Arc::new(condition));
        self
    }

    /// Spares the first so many that match.
    #[must_use]
    pub fn skip(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// Narrows to the first so many that match and are not spared.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    pub(super) fn matches(&self, method: &Method, path: &str, body: &[u8]) -> bool {
        (self.methods.is_empty() || self.methods.contains(method))
            && self.path_contains.iter().all(|part| path.contains(part.as_str()))
            && self.condition.as_ref().is_none_or(|condition| condition(method, path))
            && self
                .of_writes
                .as_ref()
                .is_none_or(|condition| Write::of(method, path, body).is_some_and(|write| condition(&write)))
            && (self.body_contains.is_empty() || self.matches_body(&String::from_utf8_lossy(body)))
    }

    fn matches_body(&self, body: &str) -> bool {
        self.body_contains.iter().all(|part| body.contains(part.as_str()))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("action", &self.action)
            .field("methods", &self.methods)
            .field("path_contains", &self.path_contains)
            .field("body_contains", &self.body_contains)
            .field("skip", &self.skip)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}
