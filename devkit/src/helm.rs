//! Helm without a cluster and without a network: renders the chart as its users would.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::go_build::{BuildError, GoProgram};
use crate::run_folder::RunFolder;
use crate::workspace::on_path;

/// Helm 3, from its sources. It renders for the Kubernetes version that the control plane has.
static HELM: GoProgram = GoProgram {
    name: "helm",
    what: "Helm",
    module: "tools",
    package: "helm.sh/helm/v3/cmd/helm",
    ldflags: "-s -w -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 \
              -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=36 \
              -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 \
              -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=36",
    usual: "about one and a half minutes on two cores",
    without_go: "Two ways out: put Helm 3 on PATH as `helm`; or install Go 1.26 or newer \
                 (https://go.dev/dl) and run this again.",
};

/// Why Helm could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It could not be run.
    #[error("running {program}: {source}")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It refused.
    #[error("helm {subcommand} {chart}: {message}")]
    Refused {
        /// What it was to do.
        subcommand: &'static str,
        /// With which chart.
        chart: PathBuf,
        /// What it said.
        message: String,
    },
}

/// A Helm whose settings, caches and plugins are its own, empty and thrown away.
#[derive(Debug)]
pub struct Helm {
    program: PathBuf,
    folder: RunFolder,
}

impl Helm {
    /// Takes Helm 3 from `PATH`, or builds it.
    ///
    /// # Errors
    /// When there is none and it cannot be built.
    pub async fn find_or_build() -> Result<Self, Error> {
        let program = match on_path("helm") {
            Some(helm) if is_version_3(&helm).await => helm,
            _ => HELM.find_or_build().await?,
        };
        let folder = RunFolder::create("helm").map_err(|source| Error::Run {
            program: program.clone(),
            source,
        })?;
        Ok(Self { program, folder })
    }

    /// `helm`; arguments are to be added.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (variable, folder) in [
            ("HELM_CACHE_HOME", "cache"),
            ("HELM_CONFIG_HOME", "config"),
            ("HELM_DATA_HOME", "data"),
        ] {
            command.env(variable, self.folder.path().join(folder));
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// The manifests of `chart` with `values`, the chart's CRDs included, as one YAML stream.
    ///
    /// # Errors
    /// When the values or the templates are refused; the message is Helm's.
    pub async fn template(
        &self,
        chart: &Path,
        release: &str,
        namespace: &str,
        values: &serde_json::Value,
    ) -> Result<String, Error> {
        let mut command = self.command();
        command
            .args(["template", release])
            .arg(chart)
            .args(["--namespace", namespace, "--include-crds"]);
        self.run(command, "template", chart, values).await
    }

    /// What `helm lint --strict` says of `chart` with `values`.
    ///
    /// # Errors
    /// When it finds something; the message is Helm's.
    pub async fn lint(&self, chart: &Path, values: &serde_json::Value) -> Result<String, Error> {
        let mut command = self.command();
        command.args(["lint", "--strict"]).arg(chart);
        self.run(command, "lint", chart, values).await
    }

    async fn run(
        &self,
        mut command: Command,
        subcommand: &'static str,
        chart: &Path,
        values: &serde_json::Value,
    ) -> Result<String, Error> {
        let failed = |source| Error::Run {
            program: self.program.clone(),
            source,
        };
        let file = self
            .folder
            .path()
            .join(format!("values-{:08x}.json", rand::random::<u32>()));
        fs::write(&file, values.to_string()).map_err(failed)?;
        let output = command.arg("--values").arg(&file).output().await.map_err(failed)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        // `lint` says on standard output what is wrong, `template` on standard error.
        let message = format!("{said}{}", String::from_utf8_lossy(&output.stderr))
            .trim()
            .to_owned();
        Err(Error::Refused {
            subcommand,
            chart: chart.to_owned(),
            message,
        })
    }
}

async fn is_version_3(helm: &Path) -> bool {
    let output = Command::new(helm)
        .args(["version", "--template={{.Version}}"])
        .stdin(Stdio::null())
        .output()
        .await;
    output.is_ok_and(|output| output.stdout.starts_with(b"v3."))
}
