//! What a user reads who runs `jira-operator check`, beside the operator and against the same Jira.

use std::process::Stdio;

use jira_operator::diagnose::judge::person::PersonReason;
use serde_json::Value;
use tokio::process::Command;

use super::Harness;
use crate::{cluster::OPERATOR, coverage};

/// What came of a run.
pub struct Checked {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Harness {
    /// Runs `check` in the namespace, as a person who may read its Secrets.
    pub async fn check(&self, arguments: &[&str]) -> Checked {
        let mut command = Command::new(OPERATOR);
        command.env_clear().arg("check").args(arguments);
        command.args(["-n", &self.namespace]);
        command.env("KUBECONFIG", self.cluster.control.kubeconfig());
        for name in ["ATLASSIAN_AUTH_URL", "ATLASSIAN_API_URL", "ATLASSIAN_SITE_URL"] {
            command.env(name, self.sandbox.url());
        }
        let output = command.stdin(Stdio::null()).output().await.expect("check runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text");
        let checked = Checked {
            code: output.status.code().expect("it ends by itself"),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        let secrets = self.sandbox.secrets();
        let shown = format!("{}{}", checked.out, checked.err);
        assert!(!secrets.iter().any(|s| shown.contains(s.as_str())), "a secret shows");
        checked
    }

    /// Asks about a ticket for a person. It is reported with this reason, what to do about it, and these
    /// things.
    pub async fn check_person(&self, email: &str, project: &str, reason: PersonReason, named: &[&str]) {
        let ran = self.check(&["--person", email, "--project", project]).await;
        let code = match reason {
            PersonReason::PersonUsable => 0,
            PersonReason::PersonNotAsked => 2,
            _ => 1,
        };
        let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        for part in [reason.as_str(), reason.remedy()].iter().chain(named) {
            assert!(words.contains(part), "{part:?} is not in:\n{}{}", ran.out, ran.err);
        }
        assert_eq!(
            words.matches("Usable in").count(),
            1,
            "there is one finding:\n{}",
            ran.out
        );
        coverage::met_person(reason);
    }

    /// What `check` finds of a condition of the integration: its reason and its message.
    pub async fn checked(&self, name: &str, condition: &str) -> (String, String) {
        let ran = self.check(&[name, "-o", "json"]).await;
        let entries: Vec<Value> = serde_json::from_str(&ran.out).expect("a list");
        let found = entries
            .iter()
            .find(|e| e["object"] == "JiraIntegration" && e["condition"] == condition);
        let found = found.unwrap_or_else(|| panic!("{condition} is not in {}", ran.out));
        let text = |key: &str| found[key].as_str().expect("a text").to_owned();
        (text("reason"), text("message"))
    }
}
