//! The checker of conditions: it watches every version of every object of a scenario, as a user
//! would see it, and holds it against the conventions.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use jira_operator::api::{
    GROUP, VERSION,
    integration::JiraIntegration,
    names::{INTEGRATION_LABEL, ORIGIN_LABEL, ORIGIN_MIRROR},
    project::JiraProject,
    reason::Reason,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Api, Client, ResourceExt,
    api::ListParams,
    core::{ApiResource, DynamicObject, GroupVersionKind},
    runtime::{WatchStreamExt, watcher},
};
use serde_json::Value;
use tokio::{task::JoinHandle, time::timeout};

use crate::coverage;

/// Longest message of a condition, in characters; what is longer belongs into the documentation.
const MESSAGE_MAX: usize = 299;
/// Longest time until the reconciliation that is under way has written its status.
const A_PASS_ENDS_WITHIN: Duration = Duration::from_secs(20);

/// What was seen so far.
#[derive(Default)]
struct Seen {
    violations: Vec<String>,
    conditions: BTreeMap<String, Vec<Value>>,
    statuses: String,
}

/// Watches the objects of a namespace.
pub struct Conformance {
    seen: Arc<Mutex<Seen>>,
    watches: Vec<JoinHandle<()>>,
}

impl Conformance {
    /// Begins to watch.
    pub fn begin(client: &Client, namespace: &str) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        // Mirrored issues have no conditions.
        let applied = format!("{ORIGIN_LABEL}!={ORIGIN_MIRROR}");
        let kinds = [
            ("JiraIntegration", "jiraintegrations", ""),
            ("JiraProject", "jiraprojects", ""),
            ("JiraIssue", "jiraissues", applied.as_str()),
        ];
        let watches = kinds
            .map(|(kind, plural, labels)| {
                let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, VERSION, kind), plural);
                let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
                let config = watcher::Config::default().labels(labels);
                tokio::spawn(watch(api, config, kind, Arc::clone(&seen)))
            })
            .into();
        Self { seen, watches }
    }

    /// Ends the watch. The violations, and every status that was seen, for a search for secrets.
    pub fn end(self) -> (Vec<String>, String) {
        for watch in &self.watches {
            watch.abort();
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut seen.violations), std::mem::take(&mut seen.statuses))
    }
}

async fn watch(api: Api<DynamicObject>, config: watcher::Config, kind: &str, seen: Arc<Mutex<Seen>>) {
    let mut objects = watcher(api, config).default_backoff().applied_objects().boxed();
    while let Some(object) = objects.next().await {
        if let Ok(object) = object {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.look(kind, &object);
        }
    }
}

impl Seen {
    fn look(&mut self, kind: &str, object: &DynamicObject) {
        let name = format!("{kind} {}", object.name_any());
        let identity = object.uid().unwrap_or_default();
        let status = &object.data["status"];
        self.statuses.push_str(&status.to_string());
        let now: Vec<Value> = status["conditions"].as_array().cloned().unwrap_or_default();
        if now.is_empty() {
            return;
        }
        let generation = object.metadata.generation.unwrap_or(0);
        let before = self.conditions.insert(identity, now.clone()).unwrap_or_default();
        for condition in &now {
            for flaw in flaws(condition, generation, &before) {
                self.violations.push(format!("{name}: {flaw}: {condition}"));
            }
        }
        let all = flaws_of_all(&now, status, generation).into_iter();
        for flaw in all.chain(absences(kind, &now)) {
            self.violations
                .push(format!("{name}: {flaw}: {}", Value::Array(now.clone())));
        }
    }
}

/// What is said of every integration from its first reconciliation on.
const ALWAYS: [(&str, &str); 2] = [
    ("DirectoryReadable", "DirectoryReadable is absent"),
    ("StatusMappingValid", "StatusMappingValid is absent"),
];

fn absences(kind: &str, conditions: &[Value]) -> Vec<&'static str> {
    let absent = |type_: &str| conditions.iter().all(|c| text(c, "type") != type_);
    let of_integrations = ALWAYS.iter().filter(|_| kind == "JiraIntegration");
    of_integrations
        .filter(|(type_, _)| absent(type_))
        .map(|(_, flaw)| *flaw)
        .collect()
}

/// Whether each integration of a namespace reports service desks exactly if there are some in its
/// scope: then the object of one of its projects reports its own. A reconciliation writes the objects first and
/// the status last, so one that is under way has its time to end.
pub async fn desks_disagree(client: &Client, namespace: &str) -> Vec<String> {
    let integrations: Api<JiraIntegration> = Api::namespaced(client.clone(), namespace);
    let mut changes = watcher(integrations, watcher::Config::default())
        .default_backoff()
        .touched_objects()
        .boxed();
    let agree = async {
        while !disagreements(client, namespace).await.is_empty() {
            changes.next().await;
        }
    };
    match timeout(A_PASS_ENDS_WITHIN, agree).await {
        Ok(()) => Vec::new(),
        Err(_) => disagreements(client, namespace).await,
    }
}

async fn disagreements(client: &Client, namespace: &str) -> Vec<String> {
    let params = ListParams::default();
    let integrations: Api<JiraIntegration> = Api::namespaced(client.clone(), namespace);
    let projects: Api<JiraProject> = Api::namespaced(client.clone(), namespace);
    let integrations = integrations.list(&params).await.expect("the API server answers");
    let projects = projects.list(&params).await.expect("the API server answers");
    let disagreement = |integration: JiraIntegration| {
        let (name, status) = (integration.name_any(), integration.status.unwrap_or_default());
        let mut own = projects
            .iter()
            .filter(|p| p.labels().get(INTEGRATION_LABEL) == Some(&name));
        let has_desks = own.any(|p| {
            let status = p.status.as_ref();
            status.is_some_and(|s| tells(&s.conditions, "ServiceDeskReady"))
        });
        let disagrees = tells(&status.conditions, "ServiceDesksReady") != has_desks;
        disagrees.then(|| format!("{name}: ServiceDesksReady, with desks in scope: {has_desks}"))
    };
    integrations.into_iter().filter_map(disagreement).collect()
}

fn tells(conditions: &[Condition], type_: &str) -> bool {
    conditions.iter().any(|c| c.type_ == type_)
}

fn text<'v>(condition: &'v Value, key: &str) -> &'v str {
    condition[key].as_str().unwrap_or_default()
}

fn flaws(condition: &Value, generation: i64, before: &[Value]) -> Vec<&'static str> {
    let (type_, status, reason) = (
        text(condition, "type"),
        text(condition, "status"),
        text(condition, "reason"),
    );
    let message = text(condition, "message");
    let known = Reason::parse(reason);
    if let Some(reason) = known {
        coverage::met(type_, reason);
    }
    let summary = ["Ready", "Reconciling", "Stalled"].contains(&type_);
    let belongs = known.is_some_and(|r| r.entry().conditions.iter().any(|c| c.as_str() == type_));
    let earlier = before.iter().find(|c| text(c, "type") == type_);
    let flipped = earlier.is_some_and(|c| text(c, "status") != status);
    let moved = earlier.is_some_and(|c| c["lastTransitionTime"] != condition["lastTransitionTime"]);
    let observed = condition["observedGeneration"].as_i64();
    [
        (
            !["True", "False", "Unknown"].contains(&status),
            "the status is none of True, False and Unknown",
        ),
        (known.is_none(), "the reason is unknown"),
        (
            known.is_some() && !summary && !belongs,
            "the reason belongs to another condition",
        ),
        (message.trim().is_empty(), "the message is empty"),
        (message.chars().count() > MESSAGE_MAX, "the message is too long"),
        (
            observed.is_none_or(|o| o < 1 || o > generation),
            "observedGeneration is absent or beyond the object's",
        ),
        (
            text(condition, "lastTransitionTime").is_empty(),
            "lastTransitionTime is absent",
        ),
        (moved && !flipped, "lastTransitionTime moved without a flip"),
        (
            ["Reconciling", "Stalled"].contains(&type_) && status != "True",
            "it is present without being True",
        ),
    ]
    .into_iter()
    .filter_map(|(flawed, what)| flawed.then_some(what))
    .collect()
}

fn flaws_of_all(conditions: &[Value], status: &Value, generation: i64) -> Vec<&'static str> {
    let present = |type_: &str| conditions.iter().find(|c| text(c, "type") == type_);
    let ready = present("Ready").map(|c| text(c, "status"));
    let names: std::collections::BTreeSet<&str> = conditions.iter().map(|c| text(c, "type")).collect();
    [
        (ready.is_none(), "Ready is absent"),
        (
            present("Reconciling").is_some() && present("Stalled").is_some(),
            "Reconciling and Stalled are both present",
        ),
        (
            ready == Some("True") && present("Stalled").is_some(),
            "it is Ready and Stalled",
        ),
        (names.len() != conditions.len(), "a condition is present twice"),
        (
            status["observedGeneration"].as_i64().is_none_or(|o| o > generation),
            "the status' observedGeneration is wrong",
        ),
    ]
    .into_iter()
    .filter_map(|(flawed, what)| flawed.then_some(what))
    .collect()
}
