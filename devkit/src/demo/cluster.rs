//! The demo's cluster, used as a person uses one: through kubectl.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::control_plane::{self, ControlPlane};

/// Why the demo ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something could not be started.
    #[error("{0}")]
    Start(String),
    /// The control plane failed.
    #[error(transparent)]
    ControlPlane(#[from] control_plane::Error),
    /// kubectl said no.
    #[error("kubectl {command}: {message}")]
    Kubectl {
        /// What was asked for.
        command: String,
        /// Its own words.
        message: String,
    },
    /// Something shown differs from what the text announced.
    #[error("unexpected: {0}")]
    Unexpected(String),
}

/// A control plane and the way to it.
pub(super) struct Cluster {
    control_plane: ControlPlane,
}

impl Cluster {
    pub(super) fn new(control_plane: ControlPlane) -> Self {
        Self { control_plane }
    }

    pub(super) fn kubeconfig(&self) -> &Path {
        self.control_plane.kubeconfig()
    }

    pub(super) fn operator_log(&self) -> PathBuf {
        self.control_plane.folder().join("operator.log")
    }

    /// How kubectl is called, program and arguments.
    pub(super) fn kubectl_words(&self) -> Vec<String> {
        let command = self.control_plane.kubectl();
        let command = command.as_std();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    pub(super) async fn broken(&self) -> Error {
        self.control_plane.broken().await.into()
    }

    pub(super) async fn stop(self) {
        self.control_plane.stop().await;
    }

    /// Runs kubectl and returns what it prints.
    pub(super) async fn kubectl(&self, arguments: &[&str]) -> Result<String, Error> {
        self.kubectl_with(arguments, "").await
    }

    /// `kubectl apply -f -`.
    pub(super) async fn apply(&self, namespace: Option<&str>, manifest: &str) -> Result<(), Error> {
        let mut arguments = vec!["apply", "-f", "-"];
        arguments.extend(namespace.into_iter().flat_map(|namespace| ["-n", namespace]));
        self.kubectl_with(&arguments, manifest).await.map(|_| ())
    }

    /// Asks for a reconciliation of a `JiraIntegration` now, as a person does.
    pub(super) async fn request(&self, name: &str) -> Result<(), Error> {
        let now = format!("jira-operator.dev/requestedAt={}", jiff::Timestamp::now());
        let object = format!("jiraintegration/{name}");
        self.kubectl(&["annotate", "--overwrite", "-n", "demo", &object, &now])
            .await
            .map(|_| ())
    }

    async fn kubectl_with(&self, arguments: &[&str], input: &str) -> Result<String, Error> {
        let failed = |message: String| Error::Kubectl {
            command: arguments.join(" "),
            message,
        };
        let io = |error: std::io::Error| failed(error.to_string());
        let mut command = self.control_plane.kubectl();
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().map_err(io)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await.map_err(io)?;
        }
        let output = child.wait_with_output().await.map_err(io)?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
        }
    }

    /// `kubectl wait` in the demo's namespace.
    pub(super) async fn wait(&self, what: &[&str]) -> Result<(), Error> {
        let mut arguments = vec!["wait", "-n", "demo", "--timeout=60s"];
        arguments.extend(what);
        self.kubectl(&arguments).await.map(drop)
    }

    /// Waits until a condition has a reason, and returns its message.
    pub(super) async fn wait_for_reason(&self, object: &str, condition: &str, reason: &str) -> Result<String, Error> {
        let path = format!("--for=jsonpath={{.status.conditions[?(@.type==\"{condition}\")].reason}}={reason}");
        let waited = self
            .kubectl(&["wait", "-n", "demo", &path, "--timeout=60s", object])
            .await;
        let now = self.kubectl(&["get", "-n", "demo", "-o", "json", object]).await?;
        let now: Value = serde_json::from_str(&now).map_err(|e| Error::Start(e.to_string()))?;
        let conditions = now
            .pointer("/status/conditions")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let text = |c: &Value, key: &str| c.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let found = conditions.iter().find(|c| text(c, "type") == condition);
        match found.filter(|c| text(c, "reason") == reason) {
            Some(found) => Ok(text(found, "message")),
            None => Err(Error::Unexpected(format!(
                "{object} was to have {condition} with reason {reason}, but has {}: {}",
                found.map_or_else(|| "none".to_owned(), |c| text(c, "reason")),
                waited.err().map_or_else(String::new, |error| error.to_string())
            ))),
        }
    }
}
