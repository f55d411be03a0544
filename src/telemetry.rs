//! Logs and metrics.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64},
    },
};

use jiff::Timestamp;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines, one object a line.
    Json,
}

/// What is logged when `RUST_LOG` does not say.
const DEFAULT_LEVEL: &str = "info";
/// Kept quiet unless `RUST_LOG` names it: the runtime of kube repeats in every line what the line says.
const QUIET: &str = "kube_runtime=warn";
/// Kept quiet whatever `RUST_LOG` says: the client of kube quotes an answer that it cannot read, and at its lower
/// levels others too, which may be a Secret.
const SILENCED: &str = "kube_client=error,kube_client::client=error";

/// What is logged at the levels that `RUST_LOG` asks for.
fn filter(levels: Option<&str>) -> EnvFilter {
    let levels = levels
        .filter(|levels| !levels.trim().is_empty())
        .unwrap_or(DEFAULT_LEVEL);
    EnvFilter::try_new(format!("{QUIET},{levels},{SILENCED}"))
        .unwrap_or_else(|_| EnvFilter::new(format!("{QUIET},{DEFAULT_LEVEL},{SILENCED}")))
}

/// Starts logging to standard error. `RUST_LOG` sets the level.
pub fn start_logging(format: LogFormat) {
    let filter = filter(std::env::var(EnvFilter::DEFAULT_ENV).ok().as_deref());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}

/// A label with one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// A label with one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// A request to Atlassian: its endpoint without ids and keys, so that there are few, and `ok` or the kind of error.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JiraRequest {
    endpoint: String,
    outcome: &'static str,
}

/// The metrics of the operator. None carries a label for an object: there may be thousands.
#[derive(Debug)]
pub struct Metrics {
    reconciles: Family<Kind, Counter>,
    reconcile_duration: Family<Kind, Histogram, fn() -> Histogram>,
    exchanges: Family<Outcome, Counter>,
    jira_requests: Family<JiraRequest, Counter>,
    integrations: Family<Ready, Gauge>,
    unreadable: Counter,
    watch_age: Gauge<i64, AtomicI64>,
    /// Synchronisations of issues that take several slices, by the uid of their integration.
    in_progress: Mutex<HashMap<String, Progress>>,
    /// When each integration is to be synchronised next, by its uid.
    due: Mutex<HashMap<String, Timestamp>>,
}

/// How far a synchronisation of issues is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Issues that were to be fetched.
    pub listed: i64,
    /// Issues still to be fetched.
    pub remaining: i64,
    /// Issues a second.
    pub per_second: i64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether an integration is ready.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ready {
    ready: &'static str,
}

fn reconcile_buckets() -> Histogram {
    Histogram::new([0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0])
}

impl Metrics {
    /// The metrics, all at zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(reconcile_buckets),
            exchanges: Family::default(),
            jira_requests: Family::default(),
            integrations: Family::default(),
            unreadable: Counter::default(),
            watch_age: Gauge::default(),
            in_progress: Mutex::default(),
            due: Mutex::default(),
        }
    }

    /// Counts a reconcile.
    pub fn reconcile(&self, kind: &'static str, seconds: f64) {
        self.reconciles.get_or_create(&Kind { kind }).inc();
        self.reconcile_duration.get_or_create(&Kind { kind }).observe(seconds);
    }

    /// Counts a request to Atlassian.
    pub fn jira_request(&self, endpoint: &str, outcome: &'static str) {
        let endpoint = endpoint.to_owned();
        self.jira_requests
            .get_or_create(&JiraRequest { endpoint, outcome })
            .inc();
    }

    /// Counts an exchange at the token endpoint.
    pub fn exchange(&self, outcome: &'static str) {
        self.exchanges.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts an object that could not be read.
    pub fn unreadable(&self) {
        self.unreadable.inc();
    }

    /// Sets how many integrations have `Ready` True, False and Unknown.
    pub fn integrations(&self, counts: &[(&'static str, i64)]) {
        for (ready, count) in counts {
            self.integrations.get_or_create(&Ready { ready }).set(*count);
        }
    }

    /// Sets how far an integration's synchronisation of issues is; none where none is in progress.
    pub fn progress(&self, uid: &str, progress: Option<Progress>) {
        let mut all = self.in_progress.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Some(progress) => all.insert(uid.to_owned(), progress),
            None => all.remove(uid),
        };
    }

    /// Sets when an integration is to be synchronised next; none where it is suspended or gone.
    pub fn sync_due(&self, uid: &str, at: Option<Timestamp>) {
        let mut all = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        match at {
            Some(at) => all.insert(uid.to_owned(), at),
            None => all.remove(uid),
        };
    }

    /// Sets when an integration is to be synchronised next, where that is not known.
    pub fn sync_due_at_first(&self, uid: &str, at: Timestamp) {
        let mut all = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(uid.to_owned()).or_insert(at);
    }

    /// By how many seconds the synchronisation is late that has been due longest.
    fn overdue(&self, now: Timestamp) -> i64 {
        let all = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = all.values().min();
        oldest.map_or(0, |at| now.duration_since(*at).as_secs().max(0))
    }

    /// Forgets all integrations but these.
    pub fn retain(&self, uids: &HashSet<String>) {
        let mut all = self.in_progress.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|uid, _| uids.contains(uid));
        let mut all = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|uid, _| uids.contains(uid));
    }

    fn register_progress(&self, registry: &mut Registry) {
        let all = self.in_progress.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |of: fn(&Progress) -> i64| all.values().map(of).sum::<i64>();
        let (listed, remaining) = (sum(|p| p.listed), sum(|p| p.remaining));
        let gauges = [
            (
                "issue_syncs_in_progress",
                "Integrations whose issues are fetched for the first time or anew",
                i64::try_from(all.len()).unwrap_or(i64::MAX),
            ),
            ("issues_remaining", "Issues that these still have to fetch", remaining),
            (
                "issues_per_second",
                "Issues a second that they fetched in their last slices",
                sum(|p| p.per_second),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = Gauge::<i64, AtomicI64>::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        }
        let done = Gauge::<f64, AtomicU64>::default();
        done.set(ratio(listed.saturating_sub(remaining), listed));
        registry.register(
            "issues_done_ratio",
            "Share of their issues that is done; 1 where there are none",
            done,
        );
    }

    /// All metrics as text, in the `OpenMetrics` format. `watch_age` is the age, in seconds, of
    /// the last sign of life of the most silent watch.
    #[must_use]
    pub fn render(&self, watch_age: i64, now: Timestamp) -> String {
        self.watch_age.set(watch_age);
        let mut registry = Registry::with_prefix("jira_operator");
        registry.register("reconciles", "Reconciles by kind", self.reconciles.clone());
        registry.register_with_unit(
            "reconcile_duration",
            "Duration of reconciles by kind",
            Unit::Seconds,
            self.reconcile_duration.clone(),
        );
        registry.register(
            "token_exchanges",
            "Exchanges at the token endpoint by outcome",
            self.exchanges.clone(),
        );
        registry.register(
            "jira_requests",
            "Requests to Atlassian by endpoint and outcome, token exchanges not counted",
            self.jira_requests.clone(),
        );
        registry.register(
            "integrations",
            "JiraIntegrations by the status of Ready",
            self.integrations.clone(),
        );
        registry.register(
            "unreadable_objects",
            "Objects that could not be read",
            self.unreadable.clone(),
        );
        registry.register_with_unit(
            "watch_progress_age",
            "Age of the last answer of the most silent watch",
            Unit::Seconds,
            self.watch_age.clone(),
        );
        let overdue = Gauge::<i64, AtomicI64>::default();
        overdue.set(self.overdue(now));
        registry.register_with_unit(
            "oldest_sync_overdue",
            "By how much the synchronisation is late that has been due longest; 0 where none is",
            Unit::Seconds,
            overdue,
        );
        self.register_progress(&mut registry);
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// A part of a whole; all of it where there is nothing.
fn ratio(part: i64, whole: i64) -> f64 {
    let number = |count: i64| f64::from(i32::try_from(count).unwrap_or(i32::MAX));
    if whole == 0 { 1.0 } else { number(part) / number(whole) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;
    use jiff::SignedDuration;
    use std::sync::Arc;

    /// Where lines go in a test.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged while a Secret is read whose answer is cut off.
    fn logged_of_a_broken_answer(levels: Option<&str>) -> String {
        let lines = Lines::default();
        let to = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter(levels))
            .with_writer(move || to.clone())
            .finish();
        let server = tower::service_fn(|_: axum::http::Request<kube::client::Body>| async {
            let body = r#"{"kind":"Secret","data":{"refresh-token":"aGlkZGVu"},"metadata":{"na"#;
            Ok::<_, std::convert::Infallible>(axum::http::Response::new(axum::body::Body::from(body)))
        });
        tracing::subscriber::with_default(subscriber, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let client = kube::Client::new(server, "ns");
                let secrets: kube::Api<k8s_openapi::api::core::v1::Secret> = kube::Api::default_namespaced(client);
                assert!(secrets.get("acme-oauth-grant").await.is_err(), "it cannot be read");
                tracing::info!("the pass goes on");
            });
        });
        let all = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8_lossy(&all).into_owned()
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_not_logged_whatever_the_level() {
        for levels in [
            None,
            Some(""),
            Some("info"),
            Some("trace"),
            Some("info,kube_client=trace"),
            Some("info,x=nonsense"),
        ] {
            let lines = logged_of_a_broken_answer(levels);
            assert!(!lines.contains("aGlkZGVu"), "{levels:?}:\n{lines}");
            assert!(lines.contains("the pass goes on"), "{levels:?}:\n{lines}");
        }
    }

    #[test]
    fn metrics_are_named_with_their_units() {
        let metrics = Metrics::new();
        metrics.reconcile("full", 0.1);
        metrics.jira_request("GET /rest/api/3/myself", "ok");
        metrics.exchange("success");
        let half = Progress {
            listed: 100,
            remaining: 50,
            per_second: 7,
        };
        metrics.progress("one", Some(half));
        metrics.progress("other", Some(Progress { listed: 300, ..half }));
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(10);
        for (uid, minute) in [("one", 9), ("other", 7), ("early", 12)] {
            metrics.sync_due(uid, Some(Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)));
        }
        let text = metrics.render(7, now);
        for line in [
            "jira_operator_issue_syncs_in_progress 2",
            "jira_operator_issues_remaining 100",
            "jira_operator_issues_done_ratio 0.75",
            "jira_operator_issues_per_second 14",
            "jira_operator_reconciles_total{kind=\"full\"} 1",
            "jira_operator_token_exchanges_total{outcome=\"success\"} 1",
            "jira_operator_jira_requests_total{endpoint=\"GET /rest/api/3/myself\",outcome=\"ok\"} 1",
            "jira_operator_watch_progress_age_seconds 7",
            "jira_operator_oldest_sync_overdue_seconds 180",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        metrics.progress("one", None);
        metrics.retain(&HashSet::new());
        assert!(metrics.render(7, now).contains("jira_operator_issues_done_ratio 1"));
    }
}
