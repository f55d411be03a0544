//! The processes of the demo: control plane, sandbox, operator.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::cluster::{Cluster, Error};
use crate::control_plane::ControlPlane;
use crate::sandbox::{self, Sandbox};
use crate::workspace::devkit_folder;

/// Everything that runs. Dropping it ends it.
pub struct Processes {
    pub(super) cluster: Cluster,
    pub(super) sandbox: Sandbox,
    /// The operator's connect pages, as a browser on this machine reaches them.
    pub(super) pages: String,
    operator: Child,
}

impl Processes {
    /// Builds the operator, visibly, and starts everything.
    pub(super) async fn start() -> Result<Self, Error> {
        println!("Building the operator …");
        let program = build_operator().await?;
        println!("Starting a Kubernetes API server …");
        let cluster = Cluster::new(ControlPlane::start().await?);
        println!("Starting a Jira that behaves like Jira Cloud …");
        let sandbox = Sandbox::start()
            .await
            .map_err(|error| Error::Start(error.to_string()))?;
        println!("Installing the CRDs and starting the operator …");
        let crds = Command::new(&program)
            .arg("crds")
            .output()
            .await
            .map_err(started("jira-operator crds"))?;
        cluster.apply(None, &String::from_utf8_lossy(&crds.stdout)).await?;
        for crd in ["jiraintegrations", "jiraprojects", "jiraissues"] {
            let crd = format!("crd/{crd}.jira-operator.dev");
            cluster
                .kubectl(&["wait", "--for=condition=Established", "--timeout=30s", &crd])
                .await?;
        }
        let listen = free_address()?;
        let pages = format!("http://localhost:{}", listen.port());
        let callback = sandbox::Command::SetCallback {
            client_id: None,
            callback_url: format!("{pages}/connect/callback"),
        };
        sandbox
            .command(callback)
            .map_err(|error| Error::Start(error.to_string()))?;
        let operator = start_operator(&program, &cluster, &sandbox, listen, &pages)?;
        Ok(Self {
            cluster,
            sandbox,
            pages,
            operator,
        })
    }

    /// How everything is reached, for a program.
    #[must_use]
    pub fn addresses(&self) -> Value {
        json!({
            "kubectl": self.cluster.kubectl_words(),
            "kubeconfig": self.cluster.kubeconfig(),
            "sandbox": self.sandbox.url(),
            "pages": self.pages,
            "operatorLog": self.cluster.operator_log(),
        })
    }

    /// How to look further.
    #[must_use]
    pub fn instructions(&self) -> String {
        format!(
            "Look further, from another terminal:\n\n  export KUBECONFIG={}\n  {kubectl} describe jiraintegration acme -n demo\n  {kubectl} get jira -n demo\n  {kubectl} explain jiraintegration.spec\n\nThe operator logs to {}\nThe sandbox listens at {}",
            self.cluster.kubeconfig().display(),
            self.cluster.operator_log().display(),
            self.sandbox.url(),
            kubectl = self.cluster.kubectl_words().join(" "),
        )
    }

    /// Waits until the operator or the control plane ends by itself, which neither should.
    pub async fn ended(&mut self) -> Error {
        tokio::select! {
            _ = self.operator.wait() => Error::Start(format!("the operator ended by itself: {}", self.log_tail())),
            error = self.cluster.broken() => error,
        }
    }

    /// The end of the operator's log, which is gone with everything else in a moment.
    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.cluster.operator_log()).unwrap_or_default();
        let first = log.lines().count().saturating_sub(5);
        log.lines().skip(first).collect::<Vec<_>>().join("\n")
    }

    /// Ends everything: the operator first, so that it sees no cluster vanish.
    pub async fn stop(mut self) {
        let _ = self.operator.kill().await;
        self.cluster.stop().await;
    }
}

fn started(what: &str) -> impl Fn(std::io::Error) -> Error {
    let what = what.to_owned();
    move |error| Error::Start(format!("{what} cannot be run: {error}"))
}

/// Builds the operator where this program lies, and shows Cargo's progress.
async fn build_operator() -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "jira-operator", "--bin", "jira-operator"]);
    let release = !cfg!(debug_assertions);
    if release {
        command.arg("--release");
    }
    // `cargo run` describes this package in the environment. Build scripts that look at that would
    // run again, and with them half of the build, at every change between the two ways to build.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&variable);
        }
    }
    command
        .current_dir(devkit_folder())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let status = command.status().await.map_err(started("cargo"))?;
    if !status.success() {
        return Err(Error::Start(
            "the operator does not build; see Cargo's message above".to_owned(),
        ));
    }
    let own = std::env::current_exe().map_err(started("this program"))?;
    Ok(own.with_file_name("jira-operator"))
}

fn free_address() -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(started("a listener"))?;
    listener.local_addr().map_err(started("a listener"))
}

fn start_operator(
    program: &Path,
    cluster: &Cluster,
    sandbox: &Sandbox,
    listen: SocketAddr,
    pages: &str,
) -> Result<Child, Error> {
    let log = cluster.operator_log();
    let output = std::fs::File::create(&log).map_err(started("the operator's log"))?;
    let errors = output.try_clone().map_err(started("the operator's log"))?;
    let mut command = Command::new(program);
    command
        // Nothing lags in the sandbox, so that what is missing can be looked up at once.
        .args(["run", "--listen", &free_address()?.to_string(), "--deletion-delay", "1"])
        .args(["--connect-listen", &listen.to_string(), "--public-url", pages])
        .env("KUBECONFIG", cluster.kubeconfig());
    for name in ["ATLASSIAN_AUTH_URL", "ATLASSIAN_API_URL", "ATLASSIAN_SITE_URL"] {
        command.env(name, sandbox.url());
    }
    command
        .env_remove("WATCH_NAMESPACE")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .kill_on_drop(true);
    command.spawn().map_err(started("jira-operator run"))
}
