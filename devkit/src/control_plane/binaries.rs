//! Finds the programs of a control plane: `KUBEBUILDER_ASSETS`, then `PATH`, then the build of our own.

use std::env;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::go_build::{BuildError, GoProgram};
use crate::workspace::on_path;

const ETCD: &str = "etcd";
const API_SERVER: &str = "kube-apiserver";
const CONTROLLER_MANAGER: &str = "kube-controller-manager";
const KUBECTL: &str = "kubectl";

/// Makes a component of our own build end when its standard input is closed (see `control-plane/main.go`).
const LEASE_VARIABLE: &str = "CONTROL_PLANE_STDIN_LEASE";

/// All four components in one binary, from the sources of Kubernetes and etcd.
static CONTROL_PLANE: GoProgram = GoProgram {
    name: "control-plane",
    what: "the Kubernetes control plane",
    module: "control-plane",
    package: ".",
    ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
              -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
    usual: "about five minutes on two cores",
    without_go: "Three ways out: set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, \
                 kube-controller-manager and kubectl; or put these four on PATH; or install Go 1.26 or newer \
                 (https://go.dev/dl) and run this again.",
};

/// One component as a program to be run.
#[derive(Debug, Clone)]
pub(super) struct Program {
    path: PathBuf,
    /// First argument of our own build, which is all components in one.
    component: Option<&'static str>,
}

impl Program {
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(self.component);
        command
    }

    /// Like [`Program::command`], for a component that must not outlive this process: the second value says
    /// whether it ends by itself when its standard input is closed.
    pub(super) fn leased_command(&self) -> (Command, bool) {
        let mut command = self.command();
        command.env(LEASE_VARIABLE, "1");
        (command, self.component.is_some())
    }
}

/// The programs of a control plane.
#[derive(Debug)]
pub(super) struct Binaries {
    pub(super) etcd: Program,
    pub(super) api_server: Program,
    pub(super) controller_manager: Program,
    pub(super) kubectl: Program,
}

impl Binaries {
    pub(super) async fn find() -> Result<Self, BuildError> {
        if let Some(folder) = env::var_os("KUBEBUILDER_ASSETS").filter(|value| !value.is_empty()) {
            let folder = PathBuf::from(folder);
            match Self::all_of(|name| is_file(folder.join(name))) {
                Ok(binaries) => return Ok(binaries),
                Err(missing) => eprintln!(
                    "devkit: KUBEBUILDER_ASSETS={} has no {missing}; looking elsewhere",
                    folder.display()
                ),
            }
        }
        if let Ok(binaries) = Self::all_of(on_path) {
            return Ok(binaries);
        }
        let path = CONTROL_PLANE.find_or_build().await?;
        Ok(Self::of_our_own(&path))
    }

    /// All four by `find`, or the name of the first that it does not find.
    fn all_of(find: impl Fn(&str) -> Option<PathBuf>) -> Result<Self, &'static str> {
        let program = |name| match find(name) {
            Some(path) => Ok(Program { path, component: None }),
            None => Err(name),
        };
        Ok(Self {
            etcd: program(ETCD)?,
            api_server: program(API_SERVER)?,
            controller_manager: program(CONTROLLER_MANAGER)?,
            kubectl: program(KUBECTL)?,
        })
    }

    fn of_our_own(path: &Path) -> Self {
        let program = |name| Program {
            path: path.to_owned(),
            component: Some(name),
        };
        Self {
            etcd: program(ETCD),
            api_server: program(API_SERVER),
            controller_manager: program(CONTROLLER_MANAGER),
            kubectl: program(KUBECTL),
        }
    }
}

fn is_file(path: PathBuf) -> Option<PathBuf> {
    path.is_file().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_without_a_controller_manager_are_not_enough() {
        let envtest = |name: &str| (name != CONTROLLER_MANAGER).then(|| PathBuf::from(name));
        assert_eq!(Binaries::all_of(envtest).err(), Some(CONTROLLER_MANAGER));
        assert!(Binaries::all_of(|name| Some(PathBuf::from(name))).is_ok());
    }
}
