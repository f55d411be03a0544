//! Tickets, as people apply them and as Jira has them.

use std::sync::Arc;

use devkit::sandbox::{Answer, Command, Effect, Operation};
use jira_operator::api::{
    condition::{ConditionType, find},
    issue::JiraIssueStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};

use super::{Harness, actions::connected, observe::PATIENCE};
use crate::cluster::Cluster;

/// An integration that may write tickets.
pub async fn writing(cluster: &Arc<Cluster>, name: &str) -> Harness {
    connected(
        cluster,
        name,
        json!({"projects": [{"key": "ENG"}, {"key": "SUP"}], "tickets": {}}),
    )
    .await
}

pub fn ticket(name: &str, spec: Value) -> Value {
    let mut whole = json!({"integration": "acme"});
    if let (Some(whole), Value::Object(spec)) = (whole.as_object_mut(), spec) {
        whole.extend(spec);
    }
    json!({
        "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue",
        "metadata": {"name": name}, "spec": whole,
    })
}

impl Harness {
    pub async fn apply_ticket(&self, name: &str, spec: Value) {
        let applied = self.apply(&ticket(name, spec)).await;
        applied.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    pub async fn until_ticket(
        &self,
        name: &str,
        what: &str,
        test: impl Fn(&JiraIssueStatus) -> bool + Send + Sync,
    ) -> JiraIssueStatus {
        let started = std::time::Instant::now();
        loop {
            let object = self.issues().get_opt(name).await.expect("the API server answers");
            let status = object.and_then(|object| object.status);
            match status {
                Some(status) if test(&status) => return status,
                status => assert!(
                    started.elapsed() < PATIENCE,
                    "{name} never was {what}: {status:?}\n{}",
                    self.log_tail()
                ),
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    pub async fn until_created(&self, name: &str) -> JiraIssueStatus {
        let is_ready = |status: &JiraIssueStatus| {
            let ready = find(&status.conditions, ConditionType::Ready);
            !status.key.is_empty() && ready.is_some_and(|ready| ready.status == "True")
        };
        self.until_ticket(name, "created and Ready", is_ready).await
    }

    pub async fn until_ticket_reason(&self, name: &str, type_: ConditionType, reason: &str) -> Condition {
        let has =
            |status: &JiraIssueStatus| find(&status.conditions, type_).is_some_and(|found| found.reason == reason);
        let status = self
            .until_ticket(name, &format!("{} {reason}", type_.as_str()), has)
            .await;
        find(&status.conditions, type_).cloned().expect("it was there")
    }

    /// Waits until the note about an unknown reporter is written down.
    pub async fn until_noted(&self, name: &str) -> JiraIssueStatus {
        let is_noted = |status: &JiraIssueStatus| {
            let reporter = status.people.as_ref().and_then(|people| people.reporter.as_ref());
            reporter.is_some_and(|reporter| reporter.note.is_some())
        };
        self.until_ticket(name, "created with a note", is_noted).await
    }

    /// Adds a field to the site, and returns its id.
    pub fn add_field(&self, field: Value) -> String {
        let mut command = json!({"command": "addField"});
        if let (Some(command), Value::Object(field)) = (command.as_object_mut(), field) {
            command.extend(field);
        }
        let command: Command = serde_json::from_value(command).expect("a command of the sandbox");
        match self.sandbox.command(command).expect("the field is added") {
            Answer::Field { id } => id,
            _ => panic!("the sandbox answers with a field"),
        }
    }

    /// No call was made that changes anything in Jira.
    pub fn assert_nothing_was_sent(&self) {
        let requests = self.sandbox.requests().into_iter();
        let writes = requests.filter(|request| request.is_write() && !request.path.ends_with("/oauth/token"));
        let sent: Vec<String> = writes
            .map(|request| format!("{} {}", request.method, request.path))
            .collect();
        assert!(sent.is_empty(), "{sent:?}");
    }

    /// The effective writes of the app.
    pub fn written_tickets(&self, operation: Operation) -> Vec<Effect> {
        let all = self.sandbox.effects().into_iter();
        all.filter(|effect| effect.operation == operation && effect.client_id.is_some())
            .collect()
    }
}
