//! What is written of issues, and how often, by the audit log.

use std::time::{Duration, Instant};

use devkit::control_plane::{AuditTail, Stage};
use jira_operator::api::issue::JiraIssueStatus;

use crate::cluster::{Cluster, RELEASE};

/// The audit log may learn of a write after the list does.
const AUDITED_WITHIN: Duration = Duration::from_secs(10);

/// See the module.
pub struct WrittenIssues {
    audit: AuditTail,
    namespace: String,
    /// Writes since the last check.
    count: usize,
}

impl WrittenIssues {
    /// Begins to count in a namespace.
    pub fn begin(cluster: &Cluster, namespace: &str) -> Self {
        Self {
            audit: cluster.control.audit().tail().expect("the audit log can be read"),
            namespace: namespace.to_owned(),
            count: 0,
        }
    }

    /// The writes since this was asked last; those that are necessary are waited for.
    pub async fn take(&mut self, necessary: usize) -> usize {
        let started = Instant::now();
        self.read();
        while self.count < necessary && started.elapsed() < AUDITED_WITHIN {
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.read();
        }
        std::mem::take(&mut self.count)
    }

    fn read(&mut self) {
        let entries = self.audit.read().expect("the audit log can be read");
        let writes = entries.iter().filter(|entry| {
            entry.stage == Stage::ResponseComplete
                && entry.is_write()
                && entry.resource.as_deref() == Some("jiraissues")
                && entry.is_by_service_account(&self.namespace, RELEASE)
        });
        self.count += writes.count();
    }
}

/// What is said of the issue: the generation is of the object.
pub fn of_the_issue(status: &JiraIssueStatus) -> JiraIssueStatus {
    assert_eq!(status.observed_generation, Some(1), "{}", status.key);
    JiraIssueStatus {
        observed_generation: None,
        ..status.clone()
    }
}
