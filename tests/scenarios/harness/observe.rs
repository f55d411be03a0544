//! What a user sees: statuses, conditions, Secrets, projects, events; and waiting for them.

use std::{collections::BTreeMap, time::Duration};

use jira_operator::api::{integration::JiraIntegration, names::REQUESTED_AT, project::JiraProject};
use k8s_openapi::{
    api::{core::v1::Secret, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams},
    runtime::wait::await_condition,
};
use serde_json::{Value, json};

use super::Harness;

/// Longest time to wait for anything: more than a minute's interval that falls on the full hour, which is put off.
pub const PATIENCE: Duration = Duration::from_mins(4);

/// Longest time in which it is known what projects are made of, where all is well.
const LOOKED_THROUGH_WITHIN: Duration = Duration::from_secs(10);

impl Harness {
    /// The integrations of the namespace.
    pub fn integrations(&self) -> Api<JiraIntegration> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The Secrets of the namespace.
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The projects of the namespace.
    pub fn projects(&self) -> Api<JiraProject> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Waits until an integration is as it should be, and returns it.
    pub async fn until(
        &self,
        name: &str,
        what: &str,
        test: impl Fn(&JiraIntegration) -> bool + Send,
    ) -> JiraIntegration {
        self.until_in(&self.namespace, name, what, test).await
    }

    /// Waits until an integration of a namespace is as it should be.
    pub async fn until_in(
        &self,
        namespace: &str,
        name: &str,
        what: &str,
        test: impl Fn(&JiraIntegration) -> bool + Send,
    ) -> JiraIntegration {
        let api: Api<JiraIntegration> = Api::namespaced(self.client.clone(), namespace);
        let condition = await_condition(api.clone(), name, |object: Option<&JiraIntegration>| {
            object.is_some_and(&test)
        });
        match tokio::time::timeout(PATIENCE, condition).await {
            Ok(found) => found.expect("the watch goes on").expect("it exists"),
            Err(_) => {
                let now = api.get_opt(name).await.ok().flatten().and_then(|o| o.status);
                panic!(
                    "{name} never became {what}; it is {now:#?}\nthe operator's log ends with\n{}",
                    self.log_tail()
                )
            }
        }
    }

    /// Waits until a condition has a reason, and returns it.
    pub async fn until_reason(&self, name: &str, type_: &str, reason: &str) -> Condition {
        let found = self
            .until(name, &format!("{type_} {reason}"), |o| has(o, type_, reason))
            .await;
        condition(&found, type_).clone()
    }

    /// Waits until an integration is Ready, for the spec as it is now.
    pub async fn until_ready(&self, name: &str) -> JiraIntegration {
        self.until(name, "Ready", |o| is_ready(o) && observed(o)).await;
        self.until_looked_through(&self.namespace, name, None).await
    }

    /// Waits, where all is well, until it is known what the projects are made of: that follows the
    /// first reconciliation and each one that is asked for, within a moment. The object as it is then.
    pub async fn until_looked_through(&self, namespace: &str, name: &str, before: Option<Time>) -> JiraIntegration {
        let api: Api<JiraIntegration> = Api::namespaced(self.client.clone(), namespace);
        let started = std::time::Instant::now();
        loop {
            let object = api.get(name).await.expect("it exists");
            let sync = object.status.as_ref().and_then(|status| status.sync.as_ref());
            let known = sync.and_then(|sync| sync.last_inventory_time.clone()) > before;
            let conditions = object
                .status
                .as_ref()
                .map(|s| s.conditions.as_slice())
                .unwrap_or_default();
            let synced = |c: &Condition| {
                c.type_ == "Synced"
                    && ["SyncSucceeded", "IntervalStretched", "MirrorTruncated"].contains(&c.reason.as_str())
            };
            let well = conditions.iter().any(synced);
            if known || !well || object.spec.suspend || started.elapsed() > LOOKED_THROUGH_WITHIN {
                return object;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Asks for a full reconciliation now, and waits until it is answered.
    pub async fn request(&self, name: &str) -> JiraIntegration {
        let before = self.integrations().get(name).await.expect("it exists").status;
        let before = before
            .and_then(|status| status.sync)
            .and_then(|sync| sync.last_inventory_time);
        // Times in a status have no fractions: within the same second an answer would not be distinguished from
        // the one before.
        while before
            .as_ref()
            .is_some_and(|at| at.0.as_second() >= jiff::Timestamp::now().as_second())
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let value = format!("{}", jiff::Timestamp::now());
        let patch = json!({"metadata": {"annotations": {REQUESTED_AT: value}}});
        self.integrations()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .expect("the annotation is set");
        let answered =
            |o: &JiraIntegration| o.status.as_ref().and_then(|s| s.last_handled_reconcile_at.as_ref()) == Some(&value);
        let found = self.until(name, "answered", answered).await;
        self.until_looked_through(&self.namespace, name, before).await;
        found
    }

    /// Changes the spec of an integration.
    pub async fn change(&self, name: &str, spec: Value) {
        let patch = json!({"spec": spec});
        self.integrations()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .expect("the change is accepted");
    }

    /// Waits until a project is as it should be, and returns it.
    pub async fn until_project(
        &self,
        name: &str,
        what: &str,
        test: impl Fn(&JiraProject) -> bool + Send,
    ) -> JiraProject {
        let condition = await_condition(self.projects(), name, |object: Option<&JiraProject>| {
            object.is_some_and(&test)
        });
        match tokio::time::timeout(PATIENCE, condition).await {
            Ok(found) => found.expect("the watch goes on").expect("it exists"),
            Err(_) => {
                let now = self
                    .projects()
                    .get_opt(name)
                    .await
                    .ok()
                    .flatten()
                    .and_then(|o| o.status);
                panic!(
                    "{name} never became {what}; it is {now:#?}\nthe operator's log ends with\n{}",
                    self.log_tail()
                )
            }
        }
    }

    /// Waits until a project's condition has a reason, and returns it.
    pub async fn until_project_reason(&self, name: &str, type_: &str, reason: &str) -> Condition {
        let conditions = |p: &JiraProject| p.status.clone().unwrap_or_default().conditions;
        let found = self
            .until_project(name, &format!("{type_} {reason}"), |p| {
                conditions(p).iter().any(|c| c.type_ == type_ && c.reason == reason)
            })
            .await;
        conditions(&found)
            .into_iter()
            .find(|c| c.type_ == type_)
            .expect("it is there")
    }

    /// Waits until a Secret is as it should be, and returns its data as text.
    pub async fn until_secret(
        &self,
        name: &str,
        what: &str,
        test: impl Fn(&BTreeMap<String, String>) -> bool + Send,
    ) -> BTreeMap<String, String> {
        let condition = await_condition(self.secrets(), name, |object: Option<&Secret>| {
            object.is_some_and(|s| test(&text(s)))
        });
        let found = tokio::time::timeout(PATIENCE, condition).await;
        let found = found.unwrap_or_else(|_| {
            panic!(
                "Secret {name} never became {what}\nthe operator's log ends with\n{}",
                self.log_tail()
            )
        });
        text(&found.expect("the watch goes on").expect("it exists"))
    }

    /// The data of a Secret as text.
    pub async fn secret(&self, name: &str) -> Option<BTreeMap<String, String>> {
        self.secrets()
            .get_opt(name)
            .await
            .expect("the API server answers")
            .map(|s| text(&s))
    }

    /// Names of all projects with their reasons for being Ready or not.
    pub async fn project_reasons(&self) -> BTreeMap<String, String> {
        let all = self
            .projects()
            .list(&ListParams::default())
            .await
            .expect("the API server answers");
        all.items
            .iter()
            .map(|p| {
                let conditions = p.status.clone().unwrap_or_default().conditions;
                let reason = conditions.iter().find(|c| c.type_ == "Ready").map(|c| c.reason.clone());
                (p.name_any(), reason.unwrap_or_default())
            })
            .collect()
    }

    /// Reasons of the events on an object, oldest first.
    pub async fn events(&self, object: &str) -> Vec<String> {
        let api: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut all = api
            .list(&ListParams::default())
            .await
            .expect("the API server answers")
            .items;
        all.retain(|e| e.regarding.as_ref().and_then(|r| r.name.as_deref()) == Some(object));
        all.sort_by_key(|e| e.event_time.clone().map(|t| t.0));
        all.into_iter().filter_map(|e| e.reason).collect()
    }

    /// How often the token endpoint was asked.
    pub fn exchanges(&self) -> usize {
        self.sandbox
            .requests()
            .iter()
            .filter(|r| r.path == "/oauth/token")
            .count()
    }
}

/// All events of a namespace, as text.
pub async fn events_as_text(client: &Client, namespace: &str) -> String {
    let api: Api<Event> = Api::namespaced(client.clone(), namespace);
    let all = api
        .list(&ListParams::default())
        .await
        .map(|list| list.items)
        .unwrap_or_default();
    all.iter().filter_map(|e| e.note.clone()).collect::<Vec<_>>().join("\n")
}

/// The data of a Secret as text.
pub fn text(secret: &Secret) -> BTreeMap<String, String> {
    let data = secret.data.clone().unwrap_or_default();
    data.into_iter()
        .map(|(k, v)| (k, String::from_utf8_lossy(&v.0).into_owned()))
        .collect()
}

/// A condition of an integration.
pub fn condition<'o>(object: &'o JiraIntegration, type_: &str) -> &'o Condition {
    let conditions = &object.status.as_ref().expect("it has a status").conditions;
    conditions
        .iter()
        .find(|c| c.type_ == type_)
        .unwrap_or_else(|| panic!("{type_} is absent from {conditions:#?}"))
}

/// Whether a condition has a reason.
pub fn has(object: &JiraIntegration, type_: &str, reason: &str) -> bool {
    let conditions = object
        .status
        .as_ref()
        .map(|s| s.conditions.as_slice())
        .unwrap_or_default();
    conditions.iter().any(|c| c.type_ == type_ && c.reason == reason)
}

/// Whether it is Ready.
pub fn is_ready(object: &JiraIntegration) -> bool {
    let conditions = object
        .status
        .as_ref()
        .map(|s| s.conditions.as_slice())
        .unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

/// Whether the status speaks of the spec as it is.
pub fn observed(object: &JiraIntegration) -> bool {
    object.status.as_ref().and_then(|s| s.observed_generation) == object.metadata.generation
}
