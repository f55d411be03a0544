//! The control plane that scenarios share, with the CRDs and the chart.

use std::{
    process::Stdio,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use devkit::control_plane::ControlPlane;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::chart::Chart;
pub use crate::chart::RELEASE;

/// The operator's binary.
pub const OPERATOR: &str = env!("CARGO_BIN_EXE_jira-operator");

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A control plane with the CRDs applied.
pub struct Cluster {
    pub control: ControlPlane,
    chart: Arc<Chart>,
}

impl Cluster {
    /// Starts one, and applies what `jira-operator crds` prints.
    pub async fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chart = Arc::new(Chart::find().await?);
        Self::with(chart).await
    }

    async fn with(chart: Arc<Chart>) -> Result<Self, Box<dyn std::error::Error>> {
        let control = ControlPlane::start().await?;
        let cluster = Self { control, chart };
        cluster.apply_definitions().await?;
        let crds = [
            "crd/jiraintegrations.jira-operator.dev",
            "crd/jiraprojects.jira-operator.dev",
        ];
        cluster
            .kubectl(&[&["wait", "--for=condition=Established", "--timeout=30s"], &crds[..]].concat())
            .await?;
        // Established is reported a moment before discovery lists the kinds, and kubectl their short names.
        while cluster.kubectl(&["get", "ji,jp"]).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        // The garbage collector learns of new kinds only every 30 seconds, or when it starts.
        cluster.control.restart_controller_manager().await?;
        Ok(cluster)
    }

    /// Applies what `jira-operator crds` prints.
    pub async fn apply_definitions(&self) -> Result<(), Box<dyn std::error::Error>> {
        let crds = Command::new(OPERATOR).arg("crds").output().await?;
        self.apply(&String::from_utf8(crds.stdout)?).await?;
        Ok(())
    }

    /// Another control plane, for a scenario that breaks its own.
    pub async fn another(&self) -> Arc<Self> {
        Arc::new(
            Self::with(Arc::clone(&self.chart))
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

    /// The same, with something on its standard input.
    pub async fn kubectl_with(&self, arguments: &[&str], input: &str) -> Result<String, String> {
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

    /// Installs the chart into the first of these namespaces, to watch all of them or, cluster-wide, every one.
    pub async fn install_chart(&self, namespaces: &[&str], cluster_wide: bool) {
        let client = self.control.client();
        self.chart.install(&client, namespaces, cluster_wide).await;
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

/// On SIGINT or SIGTERM the scenarios end, and with the process everything that it started.
pub async fn stop_on_signal(_plane: Weak<Cluster>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    crate::harness::operator::kill_all();
    eprintln!("interrupted; everything that was started is stopped");
    std::process::exit(130);
}
