//! A real API server, and the operator as a process between it and the sandbox.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use devkit::control_plane::{AuditTail, ControlPlane, Stage};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use super::remote::{Failure, Remote};

const PROGRAM: &str = env!("CARGO_BIN_EXE_jira-operator");
/// The namespace of everything.
pub const NAMESPACE: &str = "bench";
const ACCOUNT: &str = "jira-operator";

/// The definitions, and a service account that may do everything: which rights are enough is for other tests to say.
pub async fn install(control: &ControlPlane) -> Result<(), Failure> {
    let crds = Command::new(PROGRAM).arg("crds").output().await?;
    kubectl(control, &["apply", "-f", "-"], &String::from_utf8(crds.stdout)?).await?;
    let kinds = ["jiraintegrations", "jiraprojects", "jiraissues"].map(|kind| format!("crd/{kind}.jira-operator.dev"));
    let mut wait = vec!["wait", "--for=condition=Established", "--timeout=60s"];
    wait.extend(kinds.iter().map(String::as_str));
    kubectl(control, &wait, "").await?;
    apply(
        control,
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}),
    )
    .await?;
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE},
    });
    apply(control, &account).await?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ACCOUNT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    });
    apply(control, &binding).await
}

/// An OAuth app with a grant of the dedicated account, and its credentials in a Secret. The app's client id.
pub async fn connect(control: &ControlPlane, remote: &Remote) -> Result<String, Failure> {
    let app = remote.command(json!({"command": "createApp"})).await?;
    let client_id = app
        .get("clientId")
        .and_then(Value::as_str)
        .ok_or("an app without a client id")?;
    let grant = remote
        .command(json!({"command": "mintGrant", "clientId": client_id}))
        .await?;
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "acme-oauth", "namespace": NAMESPACE},
        "stringData": {
            "client-id": client_id,
            "client-secret": app.get("clientSecret"),
            "refresh-token": grant.get("refreshToken"),
        },
    });
    apply(control, &secret).await?;
    Ok(client_id.to_owned())
}

/// Writes of the operator since the log was read last.
pub fn writes(audit: &mut AuditTail) -> Result<u64, Failure> {
    let entries = audit.read()?;
    let own = entries.iter().filter(|entry| {
        let done = entry.stage == Stage::ResponseComplete && entry.is_write();
        done && entry.is_by_service_account(NAMESPACE, ACCOUNT)
    });
    Ok(u64::try_from(own.count())?)
}

/// `kubectl apply` of an object.
pub async fn apply(control: &ControlPlane, object: &Value) -> Result<(), Failure> {
    kubectl(control, &["apply", "-f", "-"], &object.to_string())
        .await
        .map(|_| ())
}

/// Runs kubectl with this on its standard input, and returns what it prints.
pub async fn kubectl(control: &ControlPlane, arguments: &[&str], input: &str) -> Result<String, Failure> {
    let mut process = control
        .kubectl()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = process.stdin.take().ok_or("kubectl has no standard input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = process.wait_with_output().await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("kubectl {}: {}", arguments.join(" "), complaint.trim()).into())
}

/// The operator as a process; killed on drop.
pub struct Operator {
    process: Child,
    /// Process id.
    pub pid: String,
}

impl Operator {
    /// Starts it, and waits until it is ready.
    pub async fn start(control: &ControlPlane, atlassian: &str) -> Result<Self, Failure> {
        let token = control.service_account_token(NAMESPACE, ACCOUNT).await?;
        let kubeconfig = control.folder().join("operator.kubeconfig");
        control.kubeconfig_for(&kubeconfig, &token, Some(NAMESPACE), None)?;
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string();
        let log = File::create(control.folder().join("operator.log"))?;
        let mut command = Command::new(PROGRAM);
        command
            .args(["run", "--listen", &listen, "--watch-namespace", NAMESPACE])
            .env_clear()
            .env("KUBECONFIG", kubeconfig);
        for name in ["ATLASSIAN_AUTH_URL", "ATLASSIAN_API_URL", "ATLASSIAN_SITE_URL"] {
            command.env(name, atlassian);
        }
        let errors = log.try_clone()?;
        let process = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()?;
        let pid = process.id().ok_or("the operator ended at once")?.to_string();
        ready(&listen).await?;
        Ok(Self { process, pid })
    }

    pub async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.process.kill().await?)
    }
}

/// Waits until the operator says that it is ready.
async fn ready(listen: &str) -> Result<(), Failure> {
    let url = format!("http://{listen}/readyz");
    let asked = async {
        while !reqwest::get(&url)
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, asked)
        .await
        .map_err(|_| "the operator was not ready after 30 s".into())
}
