//! A control plane with the definitions, and the operator on it.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use devkit::{control_plane::ControlPlane, sandbox::AppCredentials};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

use crate::program::{PROGRAM, Program};

/// How long an API server may not answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// What kubectl says where the API server did not answer, or its storage did not answer that one.
const UNANSWERED: [&str; 5] = [
    "Unable to connect to the server",
    "failed to download openapi",
    "the server is currently unable to handle the request",
    "the server was unable to return a response in the time allotted",
    "etcdserver: ",
];

fn is_unanswered(said: &str) -> bool {
    UNANSWERED.iter().any(|words| said.contains(words))
}

pub struct Plane {
    pub control: ControlPlane,
}

impl Plane {
    pub async fn start() -> Self {
        let plane = Self {
            control: ControlPlane::start().await.expect("a control plane"),
        };
        let crds = Command::new(PROGRAM).arg("crds").output().await.unwrap();
        plane.apply(&String::from_utf8(crds.stdout).unwrap()).await.unwrap();
        while plane.kubectl(&["get", "ji,jp"], "").await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        plane
    }

    pub async fn apply(&self, manifest: &str) -> Result<String, String> {
        self.kubectl(&["apply", "-f", "-"], manifest).await
    }

    /// Runs kubectl. The error is what was run and what it says. Where the API server did not answer, which
    /// says nothing of what was asked, it is asked again, as a person would.
    pub async fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let begun = Instant::now();
        loop {
            match self.kubectl_once(arguments, input).await {
                Err(said) if is_unanswered(&said) && begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                answered => return answered.map_err(|said| format!("kubectl {}: {said}", arguments.join(" "))),
            }
        }
    }

    async fn kubectl_once(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut command = self.control.kubectl();
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // One that fails ends before it has read everything, and says why.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    pub async fn namespace(&self, name: &str) {
        self.kubectl(&["create", "namespace", name], "").await.unwrap();
    }

    /// A kubeconfig of a new service account that holds these rules in its namespace, and cluster-wide.
    pub async fn person(&self, namespace: &str, name: &str, rules: &str) -> PathBuf {
        let manifest = format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: {namespace}}}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\nrules: {rules}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: {name}}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {name}}}\n\
             subjects: [{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]\n"
        );
        self.apply(&manifest).await.unwrap();
        let token = self.control.service_account_token(namespace, name).await.unwrap();
        let file = self.control.folder().join(format!("{name}.kubeconfig"));
        self.control
            .kubeconfig_for(&file, &token, Some(namespace), None)
            .unwrap();
        file
    }

    /// An integration with its Secret and a grant.
    pub async fn integrate(&self, program: &Program, namespace: &str, spec: &str) -> AppCredentials {
        let app = program.sandbox.create_app().unwrap();
        let tokens = program.sandbox.mint(&app.client_id, None).unwrap();
        let manifest = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: acme-oauth, namespace: {namespace}}}\nstringData:\n  client-id: {}\n  client-secret: {}\n  refresh-token: {}\n---\n\
             apiVersion: jira-operator.dev/v1alpha1\nkind: JiraIntegration\nmetadata: {{name: acme, namespace: {namespace}}}\n\
             spec:\n  site: https://acme.atlassian.net\n  secretRef: {{name: acme-oauth}}\n{spec}",
            app.client_id, app.client_secret, tokens.refresh_token
        );
        self.apply(&manifest).await.unwrap();
        app
    }

    /// The operator, killed when dropped.
    pub fn operator(&self, program: &Program) -> Child {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .args(["run", "--listen", &format!("127.0.0.1:{port}")]);
        command.env("KUBECONFIG", self.kubeconfig());
        for name in ["ATLASSIAN_AUTH_URL", "ATLASSIAN_API_URL", "ATLASSIAN_SITE_URL"] {
            command.env(name, program.sandbox.url());
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command.spawn().unwrap()
    }

    pub fn kubeconfig(&self) -> &Path {
        self.control.kubeconfig()
    }
}
