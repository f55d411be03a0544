//! What is mirrored of issues, beside what Jira has.

use std::collections::BTreeMap;

use devkit::sandbox::Command;
use jira_operator::api::issue::JiraIssue;
use kube::{Api, ResourceExt, api::ListParams};
use serde_json::Value;

use super::{Stage, look::PATIENCE};

impl Stage {
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
            let key = issue.status.as_ref().map(|status| status.key.clone());
            (
                key.unwrap_or_else(|| format!("without status: {}", issue.name_any())),
                issue,
            )
        });
        keyed.collect()
    }

    /// Keys of the issues that the account may read, and that pass the test of their id.
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
            // A list is asked for again; a watch would tell of single objects only.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
}
