//! The control plane that scenarios share, with the CRDs and the chart.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use devkit::{control_plane::ControlPlane, helm::Helm};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};

/// The operator's binary.
pub const OPERATOR: &str = env!("CARGO_BIN_EXE_jira-operator");
/// Release name, and so the name of the chart's ServiceAccount.
pub const RELEASE: &str = "jira-operator";

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A control plane with the CRDs applied.
pub struct Plane {
    pub control: ControlPlane,
    helm: Arc<Helm>,
    /// Two charts that are installed at once would both create what belongs to no namespace.
    installing: tokio::sync::Mutex<()>,
}

impl Plane {
    /// Starts one, and applies what `jira-operator crds` prints.
    pub async fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let helm = Arc::new(Helm::find_or_build().await?);
        Self::with(helm).await
    }

    async fn with(helm: Arc<Helm>) -> Result<Self, Box<dyn std::error::Error>> {
        let control = ControlPlane::start().await?;
        let plane = Self {
            control,
            helm,
            installing: tokio::sync::Mutex::default(),
        };
        let crds = Command::new(OPERATOR).arg("crds").output().await?;
        plane.apply(&String::from_utf8(crds.stdout)?).await?;
        let crds = [
            "crd/jiraintegrations.jira-operator.dev",
            "crd/jiraprojects.jira-operator.dev",
        ];
        plane
            .kubectl(&[&["wait", "--for=condition=Established", "--timeout=30s"], &crds[..]].concat())
            .await?;
        // Established is told a moment before discovery lists the kinds, and kubectl their short names.
        while plane.kubectl(&["get", "ji,jp"]).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        // The garbage collector learns of new kinds only every 30 seconds, or when it starts.
        plane.control.restart_controller_manager().await?;
        Ok(plane)
    }

    /// Another control plane, for a scenario that breaks its own.
    pub async fn another(&self) -> Arc<Self> {
        Arc::new(
            Self::with(Arc::clone(&self.helm))
                .await
                .expect("a control plane of its own"),
        )
    }

    /// `kubectl apply -f -`, as people do it. The error is what kubectl says.
    pub async fn apply(&self, manifest: &str) -> Result<String, String> {
        self.kubectl_with(&["apply", "-f", "-"], manifest).await
    }

    /// Runs kubectl. The error is what it says.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        self.kubectl_with(arguments, "").await
    }

    async fn kubectl_with(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut command = self.control.kubectl();
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| e.to_string())?;
        let mut stdin = child.stdin.take().ok_or("no standard input")?;
        stdin.write_all(input.as_bytes()).await.map_err(|e| e.to_string())?;
        drop(stdin);
        let output = child.wait_with_output().await.map_err(|e| e.to_string())?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }

    /// Installs the chart as Helm renders it, without its CRDs.
    pub async fn install_chart(&self, namespace: &str, values: &Value) {
        let mut all = json!({"crds": {"enabled": false}});
        for (key, value) in values.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        let manifests = self
            .helm
            .template(&chart(), RELEASE, namespace, &all)
            .await
            .expect("the chart renders");
        let _alone = self.installing.lock().await;
        let kubeconfig = self
            .current_namespace(namespace)
            .await
            .expect("a kubeconfig for the chart");
        let applied = self
            .kubectl_with(&["--kubeconfig", &kubeconfig, "apply", "-f", "-"], &manifests)
            .await;
        applied.expect("the chart installs");
    }

    /// A kubeconfig whose current namespace is this one. `helm template` leaves the namespace of most
    /// objects to who installs them, and `kubectl apply -n` refuses those of other namespaces.
    async fn current_namespace(&self, namespace: &str) -> Result<String, String> {
        let file = self.control.folder().join(format!("{namespace}.kubeconfig"));
        std::fs::copy(self.control.kubeconfig(), &file).map_err(|e| e.to_string())?;
        let file = file.to_string_lossy().into_owned();
        let set = [
            "--kubeconfig",
            &file,
            "config",
            "set-context",
            "--current",
            "--namespace",
            namespace,
        ];
        self.kubectl(&set).await.map(|_| file)
    }

    /// A name that no other scenario has.
    pub fn unique(base: &str) -> String {
        format!("{base}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Stops everything.
    pub async fn stop(self) {
        self.control.stop().await;
    }
}

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/jira-operator")
}

/// On SIGINT or SIGTERM the scenarios end, and with the process everything that it started.
pub async fn stop_on_signal(_plane: Weak<Plane>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    crate::stage::operator::kill_all();
    eprintln!("interrupted; everything that was started is stopped");
    std::process::exit(130);
}
