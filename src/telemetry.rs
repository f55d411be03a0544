//! Logs and metrics.

mod logs;
mod tickets;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64},
    },
};

use jiff::Timestamp;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

pub use logs::{LogFormat, start_logging};
pub use tickets::TicketMetrics;

/// A label with its value.
type Label = [(&'static str, &'static str); 1];

/// A request to Atlassian: its endpoint without ids and keys, so that there are few, and `ok` or the kind of error.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JiraRequest {
    endpoint: String,
    outcome: &'static str,
}

/// The metrics of the operator. None carries a label for an object: there may be thousands. Each has a row in
/// `docs/operate.md`; the test below compares those that have a value, so it counts each of them.
#[derive(Debug)]
pub struct Metrics {
    reconciles: Family<Label, Counter>,
    reconcile_duration: Family<Label, Histogram, fn() -> Histogram>,
    exchanges: Family<Label, Counter>,
    jira_requests: Family<JiraRequest, Counter>,
    integrations: Family<Label, Gauge>,
    unreadable: Counter,
    /// What was written to Jira for tickets.
    pub tickets: TicketMetrics,
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

fn reconcile_buckets() -> Histogram {
    Histogram::new([0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0])
}

impl Default for Metrics {
    /// All at zero.
    fn default() -> Self {
        Self {
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(reconcile_buckets),
            exchanges: Family::default(),
            jira_requests: Family::default(),
            integrations: Family::default(),
            unreadable: Counter::default(),
            tickets: TicketMetrics::default(),
            in_progress: Mutex::default(),
            due: Mutex::default(),
        }
    }
}

impl Metrics {
    /// Counts a reconcile.
    pub fn reconcile(&self, kind: &'static str, seconds: f64) {
        let label = [("kind", kind)];
        self.reconciles.get_or_create(&label).inc();
        self.reconcile_duration.get_or_create(&label).observe(seconds);
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
        self.exchanges.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Counts an object that could not be read.
    pub fn unreadable(&self) {
        self.unreadable.inc();
    }

    /// Sets how many integrations have `Ready` True, False and Unknown.
    pub fn integrations(&self, counts: &[(&'static str, i64)]) {
        for (ready, count) in counts {
            self.integrations.get_or_create(&[("ready", *ready)]).set(*count);
        }
    }

    /// Sets how far an integration's synchronisation of issues is; none where none is in progress.
    pub fn progress(&self, uid: &str, progress: Option<Progress>) {
        set(&self.in_progress, uid, progress);
    }

    /// Sets when an integration is to be synchronised next; none where it is suspended or gone.
    pub fn sync_due(&self, uid: &str, at: Option<Timestamp>) {
        set(&self.due, uid, at);
    }

    /// Sets when an integration is to be synchronised next, where that is not known.
    pub fn sync_due_at_first(&self, uid: &str, at: Timestamp) {
        lock(&self.due).entry(uid.to_owned()).or_insert(at);
    }

    /// By how many seconds the synchronisation is late that has been due longest.
    fn overdue(&self, now: Timestamp) -> i64 {
        let oldest = lock(&self.due).values().min().copied();
        oldest.map_or(0, |at| now.duration_since(at).as_secs().max(0))
    }

    /// Forgets all integrations but these.
    pub fn retain(&self, uids: &HashSet<String>) {
        lock(&self.in_progress).retain(|uid, _| uids.contains(uid));
        lock(&self.due).retain(|uid, _| uids.contains(uid));
    }

    fn register_progress(&self, registry: &mut Registry) {
        let all = lock(&self.in_progress);
        let sum = |of: fn(&Progress) -> i64| all.values().map(of).sum::<i64>();
        let (listed, remaining) = (sum(|p| p.listed), sum(|p| p.remaining));
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        for (name, help, value) in [
            (
                "issue_syncs_in_progress",
                "Integrations whose issues are fetched for the first time or anew",
                count,
            ),
            ("issues_remaining", "Issues that these still have to fetch", remaining),
            (
                "issues_per_second",
                "Issues a second that they fetched in their last slices",
                sum(|p| p.per_second),
            ),
        ] {
            registry.register(name, help, gauge(value));
        }
        let done = Gauge::<f64, AtomicU64>::default();
        done.set(ratio(listed.saturating_sub(remaining), listed));
        let help = "Share of their issues that is done; 1 where there are none";
        registry.register("issues_done_ratio", help, done);
    }

    /// All metrics as text, in the `OpenMetrics` format. `watch_age` is the age, in seconds, of
    /// the last answer of the most silent watch.
    #[must_use]
    pub fn render(&self, watch_age: i64, now: Timestamp) -> String {
        // Without `..`: what is counted and not registered would be seen by nobody.
        let Self {
            reconciles,
            reconcile_duration,
            exchanges,
            jira_requests,
            integrations,
            unreadable,
            tickets,
            in_progress: _, // In `register_progress`.
            due: _,         // In `overdue`.
        } = self;
        let mut all = Registry::with_prefix("jira_operator");
        all.register("reconciles", "Reconciles by kind", reconciles.clone());
        let (help, duration) = ("Duration of reconciles by kind", reconcile_duration.clone());
        all.register_with_unit("reconcile_duration", help, Unit::Seconds, duration);
        let help = "Exchanges at the token endpoint by outcome";
        all.register("token_exchanges", help, exchanges.clone());
        let help = "Requests to Atlassian by endpoint and outcome, token exchanges not counted";
        all.register("jira_requests", help, jira_requests.clone());
        let help = "JiraIntegrations by the status of Ready";
        all.register("integrations", help, integrations.clone());
        let help = "Objects that could not be read";
        all.register("unreadable_objects", help, unreadable.clone());
        let help = "Age of the last answer of the most silent watch";
        all.register_with_unit("watch_progress_age", help, Unit::Seconds, gauge(watch_age));
        let help = "By how much the synchronisation is late that has been due longest; 0 where none is";
        all.register_with_unit("oldest_sync_overdue", help, Unit::Seconds, gauge(self.overdue(now)));
        self.register_progress(&mut all);
        tickets.register(&mut all);
        let mut text = String::new();
        encode(&mut text, &all).ok(); // Writing to a String does not fail.
        text
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets what is known of an integration, by its uid.
fn set<T>(all: &Mutex<HashMap<String, T>>, uid: &str, value: Option<T>) {
    let mut all = lock(all);
    match value {
        Some(value) => all.insert(uid.to_owned(), value),
        None => all.remove(uid),
    };
}

fn gauge(value: i64) -> Gauge<i64, AtomicI64> {
    let gauge = Gauge::default();
    gauge.set(value);
    gauge
}

/// A part of a whole; all of it where there is nothing.
fn ratio(part: i64, whole: i64) -> f64 {
    let number = |count: i64| f64::from(i32::try_from(count).unwrap_or(i32::MAX));
    if whole == 0 { 1.0 } else { number(part) / number(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn metrics_are_named_with_their_units() {
        let metrics = Metrics::default();
        metrics.reconcile("full", 0.1);
        metrics.jira_request("GET /rest/api/3/myself", "ok");
        metrics.exchange("success");
        metrics.integrations(&[("True", 1)]);
        metrics.tickets.wrote("create", "done");
        metrics.tickets.created_after(1.5);
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
            "jira_operator_ticket_writes_total{operation=\"create\",outcome=\"done\"} 1",
            "jira_operator_ticket_creation_seconds_bucket{le=\"2.0\"} 1",
            "jira_operator_oldest_sync_overdue_seconds 180",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let manual = include_str!("../docs/operate.md");
        for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let name = name.split(' ').next().unwrap_or_default();
            assert!(manual.contains(&format!("`{name}")), "{name} is not in docs/operate.md");
        }
        metrics.progress("one", None);
        metrics.retain(&HashSet::new());
        assert!(metrics.render(7, now).contains("jira_operator_issues_done_ratio 1"));
    }
}
