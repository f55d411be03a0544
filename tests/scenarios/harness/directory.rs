//! The directory of people, as workloads read it.

use std::collections::BTreeMap;

use devkit::sandbox::{Mark, Request};
use jira_operator::api::integration::{DirectoryStatus, JiraIntegration};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{ResourceExt, api::ListParams};
use serde_json::{Value, json};

use super::{Harness, observe::PATIENCE};

/// Where people are asked for by id.
pub const BY_ID: &str = "/rest/api/3/user/bulk";
/// Where the whole list is asked for.
pub const LIST: &str = "/rest/api/3/users/search";
/// How the directory is found.
pub const LABELS: &str = "jira-operator.dev/integration=acme,jira-operator.dev/component=users";

/// The spec of an integration with a directory.
pub fn wanted() -> Value {
    json!({"projects": [{"key": "SUP"}], "users": {"directory": "ConfigMap"}})
}

/// What the status says of the directory.
pub fn users(object: &JiraIntegration) -> Option<&DirectoryStatus> {
    object.status.as_ref()?.users.as_ref()
}

/// How often something was asked for.
pub fn asked(harness: &Harness, mark: Mark, path: &str) -> usize {
    let calls = harness.sandbox.requests_since(mark);
    calls.iter().filter(|call| call.path.ends_with(path)).count()
}

/// The last error that is reported.
pub fn trouble(object: &JiraIntegration) -> Option<&str> {
    users(object)?.last_error.as_deref()
}

pub fn is_complete(users: &DirectoryStatus) -> bool {
    users.last_sync_time.is_some() && users.next_offset.is_none()
}

impl Harness {
    /// The `ConfigMap`s of the directory by name.
    pub async fn shards(&self) -> BTreeMap<String, ConfigMap> {
        let params = ListParams::default().labels(LABELS);
        let list = self.all::<ConfigMap>().list(&params).await.expect("the ConfigMaps");
        list.items.into_iter().map(|map| (map.name_any(), map)).collect()
    }

    /// Everybody in the directory by display name, as a workload reads it.
    pub async fn people(&self) -> BTreeMap<String, Value> {
        let shards = self.shards().await;
        let lists = shards
            .values()
            .map(|map| &map.data.as_ref().expect("data")["users.json"]);
        let lists = lists.map(|text| serde_json::from_str::<Vec<Value>>(text).expect("a JSON list"));
        let named = |person: Value| (person["displayName"].as_str().expect("a name").to_owned(), person);
        lists.flatten().map(named).collect()
    }

    /// Waits until the directory is complete.
    pub async fn until_listed(&self) -> DirectoryStatus {
        let found = self
            .until("acme", "one with a complete directory", |o| {
                users(o).is_some_and(is_complete)
            })
            .await;
        users(&found).expect("a directory").clone()
    }

    /// Asks for everything, and waits until the list was asked for anew and read to its end.
    pub async fn list_again(&self) -> DirectoryStatus {
        let mark = self.sandbox.mark();
        self.request("acme").await;
        let listed = |calls: &[Request]| calls.iter().any(|call| call.path.ends_with(LIST));
        let waited = tokio::time::timeout(PATIENCE, self.sandbox.wait_for_requests(mark, listed)).await;
        assert!(waited.is_ok(), "nobody was listed\n{}", self.log_tail());
        self.until_listed().await
    }
}
