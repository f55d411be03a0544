//! What is mirrored of issues, beside what Jira has.

use std::collections::BTreeMap;

use devkit::sandbox::Command;
use jira_operator::api::issue::JiraIssue;
use kube::{Api, ResourceExt, api::ListParams};
use serde_json::Value;

use super::{Harness, observe::PATIENCE};

impl Harness {
    /// The issues of the namespace.
    pub fn issues(&self) -> Api<JiraIssue> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Gives a command in its JSON form.
    pub fn command(&self, command: Value) {
        let command: Command = serde_json::from_value(command).expect("a command of the sandbox");
        self.jira(command);
    }

    /// Mirrored issues by key.
    pub async fn mirrored(&self) -> BTreeMap<String, JiraIssue> {
        let list = self.issues().list(&ListParams::default()).await.expect("the issues");
        let keyed = list.items.into_iter().map(|issue| {
            let key = issue.written().map(|status| status.key.clone());
            (
                key.unwrap_or_else(|| format!("without status: {}", issue.name_any())),
                issue,
            )
        });
        keyed.collect()
    }

    /// Keys of the issues that the account may read, and that fit the test of their id.
    pub fn readable_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self
            .sandbox
            .readable_issues(None)
            .into_values()
            .map(|(key, _)| key)
            .collect();
        keys.sort();
        keys
    }

    /// Waits until the mirror is as it should be.
    pub async fn until_mirrored(&self, what: &str, test: impl Fn(&BTreeMap<String, JiraIssue>) -> bool) {
        let started = std::time::Instant::now();
        loop {
            let mirrored = self.mirrored().await;
            if test(&mirrored) {
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "the mirror never was {what}; it has {:?}\nthe operator's log ends with\n{}",
                mirrored.keys().collect::<Vec<_>>(),
                self.log_tail()
            );
            // A list is asked for again; a watch would report single objects only.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Asserts that nothing but the token endpoint is asked for so long. Silence can only be listened to.
    pub async fn assert_silence(&self, what: &str, seconds: u64) {
        let mark = self.sandbox.mark();
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
        let mut calls = self.sandbox.requests_since(mark);
        calls.retain(|call| call.path != "/oauth/token");
        assert!(calls.is_empty(), "{what}: {calls:?}\n{}", self.log_tail());
    }

    /// Gives a command about faults in its JSON form.
    pub fn fault(&self, path: &str, skip: u32, times: Option<u32>, action: &Value) {
        let rule = serde_json::json!({"path": path, "skip": skip, "times": times, "action": action});
        self.command(serde_json::json!({"command": "addFault", "rule": rule}));
    }

    /// The same for the pages by which projects come in for the first time.
    pub fn fault_first_pages(&self, skip: u32, times: Option<u32>, action: &Value) {
        let rule = serde_json::json!({
            "path": "/search/jql", "body": "ORDER BY created", "skip": skip, "times": times, "action": action
        });
        self.command(serde_json::json!({"command": "addFault", "rule": rule}));
    }

    /// How many calls to this end of a path there were since a place in the log of requests.
    pub fn calls_to(&self, mark: devkit::sandbox::Mark, path: &str) -> usize {
        let calls = self.sandbox.requests_since(mark);
        calls.iter().filter(|call| call.path.ends_with(path)).count()
    }

    /// Numbers of readable issues by the beginning of their keys.
    pub fn readable_in(&self, project: &str) -> usize {
        let begins = format!("{project}-");
        self.readable_keys()
            .iter()
            .filter(|key| key.starts_with(&begins))
            .count()
    }
}
