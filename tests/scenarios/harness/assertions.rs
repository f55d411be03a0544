//! Assertions about what a user sees, with failures that show what was seen instead.

use std::{collections::BTreeMap, time::Duration};

use futures::StreamExt;
use jira_operator::api::{integration::JiraIntegration, names::REQUESTED_AT, project::JiraProject};
use k8s_openapi::{api::events::v1::Event, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Api, ResourceExt,
    api::{ListParams, Patch, PatchParams},
    runtime::{
        wait::{await_condition, conditions::is_deleted},
        watcher,
    },
};
use serde_json::json;

use super::{
    Harness,
    observe::{PATIENCE, condition},
};

/// Events are published right after the status is written.
const EVENTS_COME_WITHIN: Duration = Duration::from_secs(10);

/// Asserts that a condition has this status and reason, and that its message names these things.
pub fn assert_condition(object: &JiraIntegration, type_: &str, status: &str, reason: &str, named: &[&str]) {
    assert_is(condition(object, type_), status, reason, named);
}

/// The same of one condition.
pub fn assert_is(condition: &Condition, status: &str, reason: &str, named: &[&str]) {
    let (is, message) = (
        (condition.status.as_str(), condition.reason.as_str()),
        &condition.message,
    );
    assert_eq!(is, (status, reason), "{} says: {message}", condition.type_);
    for part in named {
        assert!(
            message.contains(part),
            "{}: \"{message}\" does not name {part}",
            condition.type_
        );
    }
}

/// Asserts that a condition is absent.
pub fn assert_absent(object: &JiraIntegration, type_: &str) {
    let conditions = object
        .status
        .as_ref()
        .map(|s| s.conditions.as_slice())
        .unwrap_or_default();
    let found = conditions.iter().find(|c| c.type_ == type_);
    assert!(found.is_none(), "{type_} should be absent: {found:?}");
}

/// A condition of a project.
pub fn project_condition<'o>(project: &'o JiraProject, type_: &str) -> &'o Condition {
    let conditions = &project.status.as_ref().expect("it has a status").conditions;
    let found = conditions.iter().find(|c| c.type_ == type_);
    found.unwrap_or_else(|| panic!("{type_} is absent from {conditions:#?}"))
}

impl Harness {
    /// Asks for a full reconciliation without waiting for it. The request, as it will be answered.
    pub async fn ask(&self, name: &str) -> String {
        let value = format!("{}", jiff::Timestamp::now());
        let patch = json!({"metadata": {"annotations": {REQUESTED_AT: value}}});
        let (api, params) = (self.integrations(), PatchParams::default());
        api.patch(name, &params, &Patch::Merge(patch))
            .await
            .expect("the annotation is set");
        value
    }

    /// Waits until a request is answered.
    pub async fn until_answered(&self, name: &str, request: &str) -> JiraIntegration {
        let answered = |o: &JiraIntegration| {
            o.status.as_ref().and_then(|s| s.last_handled_reconcile_at.as_deref()) == Some(request)
        };
        self.until(name, "answered", answered).await
    }

    /// Puts another refresh token into an existing Secret, as a person does who connected anew.
    pub async fn hand_over(&self, secret: &str, refresh_token: &str) {
        let patch = json!({"stringData": {"refresh-token": refresh_token}});
        let (api, params) = (self.secrets(), PatchParams::default());
        api.patch(secret, &params, &Patch::Merge(patch))
            .await
            .expect("the Secret is changed");
    }

    /// The integration as it is.
    pub async fn integration(&self, name: &str) -> JiraIntegration {
        self.integrations().get(name).await.expect("it exists")
    }

    /// The project as it is.
    pub async fn project(&self, name: &str) -> JiraProject {
        self.projects()
            .get(name)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Assertions about a project's condition.
    pub async fn assert_project(&self, name: &str, type_: &str, status: &str, reason: &str, named: &[&str]) {
        assert_is(
            project_condition(&self.project(name).await, type_),
            status,
            reason,
            named,
        );
    }

    /// Of the site's four projects these are not Ready, for this reason, and the others are.
    pub async fn assert_blocked(&self, blocked: &[&str], reason: &str) {
        let reasons = self.project_reasons().await;
        assert_eq!(reasons.len(), 4, "{reasons:?}");
        for (name, found) in &reasons {
            let is_blocked = blocked.contains(&name.as_str());
            let expected = if is_blocked { reason } else { "Usable" };
            assert_eq!(found, expected, "{name}, of {reasons:?}");
        }
    }

    /// The version of every project's object: a rewrite moves it. Once it is known what each is made
    /// of, which follows within a moment of Ready.
    pub async fn project_versions(&self) -> BTreeMap<String, String> {
        let is_known = |project: &&JiraProject| {
            let status = project.status.as_ref();
            let readable = |c: &Condition| c.type_ == "Accessible" && c.status == "True";
            status.is_none_or(|s| !s.issue_types.is_empty() || !s.conditions.iter().any(readable))
        };
        let list = || async {
            self.projects()
                .list(&ListParams::default())
                .await
                .expect("an answer")
                .items
        };
        let started = std::time::Instant::now();
        let mut items = list().await;
        while !items.iter().all(|project| is_known(&project)) && started.elapsed() < PATIENCE {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            items = list().await;
        }
        items
            .iter()
            .map(|p| (p.name_any(), p.resource_version().unwrap_or_default()))
            .collect()
    }

    /// Waits until a project's object is gone.
    pub async fn until_project_gone(&self, name: &str) {
        let Some(uid) = self
            .projects()
            .get_opt(name)
            .await
            .expect("the API server answers")
            .and_then(|p| p.uid())
        else {
            return;
        };
        let gone = await_condition(self.projects(), name, is_deleted(&uid));
        let gone = tokio::time::timeout(PATIENCE, gone).await;
        gone.unwrap_or_else(|_| panic!("{name} stays\n{}", self.log_tail()))
            .expect("the watch goes on");
    }

    /// Waits until the events on an object are these, oldest first. They come after the status.
    pub async fn until_events(&self, object: &str, expected: &[&str]) {
        let api: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut changes = watcher(api, watcher::Config::default()).boxed();
        let come = async {
            while self.events(object).await != expected {
                changes.next().await;
            }
        };
        if tokio::time::timeout(EVENTS_COME_WITHIN, come).await.is_err() {
            assert_eq!(self.events(object).await, expected, "the events on {object}");
        }
    }

    /// Events on an object, oldest first: its reason, and how often it came.
    pub async fn event_counts(&self, object: &str) -> Vec<(String, i32)> {
        let api: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let listed = api.list(&ListParams::default()).await;
        let mut all = listed.expect("the API server answers").items;
        all.retain(|e| e.regarding.as_ref().and_then(|r| r.name.as_deref()) == Some(object));
        all.sort_by_key(|e| e.event_time.clone().map(|t| t.0));
        let count = |e: &Event| e.series.as_ref().map_or(1, |s| s.count);
        all.iter()
            .map(|e| (e.reason.clone().unwrap_or_default(), count(e)))
            .collect()
    }

    /// Calls to Jira, and not to the token endpoint, since a place in the log of requests.
    pub fn all_calls_since(&self, mark: devkit::sandbox::Mark) -> Vec<devkit::sandbox::Request> {
        let mut calls = self.sandbox.requests_since(mark);
        calls.retain(|r| r.path != "/oauth/token");
        calls
    }

    /// The same without some. What projects are made of is asked for after all else, in slices beside the
    /// counting of issues, at one call a project and day or request: such calls at the end and at the
    /// beginning are left out.
    pub fn calls_since(&self, mark: devkit::sandbox::Mark) -> Vec<devkit::sandbox::Request> {
        let mut calls = self.all_calls_since(mark);
        let of_inventory = |r: &devkit::sandbox::Request| r.path.contains("/project/") && r.path.ends_with("/statuses");
        let of_issues = |r: &devkit::sandbox::Request| r.path.ends_with("/search/jql");
        let end = calls.iter().rposition(|call| !of_inventory(call) && !of_issues(call));
        let work = calls.split_off(end.map_or(0, |last| last + 1));
        calls.extend(work.into_iter().filter(|call| !of_inventory(call)));
        // Of the reconciliation before some may come after the mark.
        let begin = calls.iter().position(|call| !of_inventory(call));
        calls.drain(..begin.unwrap_or(0));
        calls
    }
}
