//! How a control plane ends: two side by side do not touch, and whatever becomes of the launcher, its
//! processes go with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use devkit::control_plane::ControlPlane;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::observe::{PATIENCE, create_namespace, process_ids_with, processes_with, stands_still, until};

#[tokio::test]
async fn two_side_by_side_do_not_meet() {
    let (one, two) = tokio::join!(ControlPlane::start(), ControlPlane::start());
    let (one, two) = (one.unwrap(), two.unwrap());
    create_namespace(&one.client(), "only-here").await;
    let other: Api<Namespace> = Api::all(two.client());
    assert!(other.get_opt("only-here").await.unwrap().is_none());

    let folder = one.folder().to_owned();
    one.freeze_api_server().unwrap();
    drop(one); // As in a panic: not stopped in order, and frozen.
    until("the processes are gone", || {
        processes_with(&folder.to_string_lossy()).is_empty()
    })
    .await;
    assert!(!folder.exists());
    assert!(other.get_opt("default").await.unwrap().is_some());
    two.stop().await;
}

/// A frozen process cannot notice that its launcher is gone.
#[tokio::test]
async fn a_frozen_one_dies_with_its_launcher_too() {
    let file = std::env::temp_dir().join(format!("kubeconfig-{:08x}", rand::random::<u32>()));
    let (mut launcher, marker) = launch(&file).await;
    let frozen = process_ids_with(&marker);
    assert!(!frozen.is_empty());
    for id in &frozen {
        kill(Pid::from_raw(*id), Signal::SIGSTOP).unwrap();
    }
    // The signal is only sent when `kill` returns. What is not standing still yet would stop when nobody is left to
    // be notified of it.
    until("they stand still", || frozen.iter().all(|id| stands_still(*id))).await;
    signal(&launcher, Signal::SIGKILL);
    launcher.wait().await.unwrap();
    until("the frozen are gone too", || processes_with(&marker).is_empty()).await;
    fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn the_command_line_leaves_nothing_behind() {
    let file = std::env::temp_dir().join(format!("kubeconfig-{:08x}", rand::random::<u32>()));
    let (mut launcher, marker) = launch(&file).await;
    signal(&launcher, Signal::SIGTERM);
    assert!(timeout(PATIENCE, launcher.wait()).await.unwrap().unwrap().success());
    assert!(processes_with(&marker).is_empty());
    assert!(!file.exists());

    let (mut launcher, marker) = launch(&file).await;
    signal(&launcher, Signal::SIGKILL);
    launcher.wait().await.unwrap();
    until("the orphans are gone", || processes_with(&marker).is_empty()).await;
    fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn the_command_line_spares_a_file_of_others() {
    let file = std::env::temp_dir().join(format!("kubeconfig-{:08x}", rand::random::<u32>()));
    fs::write(&file, "apiVersion: v1\nkind: Config\n").unwrap();
    let output = command(&file).stderr(Stdio::piped()).output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("name another file"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "apiVersion: v1\nkind: Config\n");
    fs::remove_file(&file).unwrap();
}

/// Starts the launcher, waits for its kubeconfig, and returns with it what its API server's command line holds.
async fn launch(file: &Path) -> (Child, String) {
    let launcher = command(file).spawn().unwrap();
    until("the kubeconfig is there", || file.exists()).await;
    let config: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
    let port = server.rsplit(':').next().unwrap();
    let flags = processes_with(&format!("--secure-port={port}"));
    assert_eq!(flags.len(), 1);
    let (_, audit) = flags[0].split_once("--audit-log-path=").unwrap();
    let folder = PathBuf::from(audit.split('\0').next().unwrap())
        .parent()
        .unwrap()
        .to_owned();
    let folder = folder.to_string_lossy().into_owned();
    assert_eq!(processes_with(&folder).len(), 3);
    (launcher, folder)
}

fn command(kubeconfig: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devkit"));
    command
        .args(["control-plane", "--kubeconfig"])
        .arg(kubeconfig)
        .kill_on_drop(true);
    command
}

fn signal(process: &Child, signal: Signal) {
    let id = i32::try_from(process.id().unwrap()).unwrap();
    kill(Pid::from_raw(id), signal).unwrap();
}
