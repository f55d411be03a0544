//! What the tests see from outside: processes, conditions that come true, and objects made of JSON.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

/// How long anything may take that happens by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Command lines of the running processes that contain `text`, arguments separated by NUL.
pub(crate) fn processes_with(text: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .filter(|line| line.contains(text))
        .collect()
}

pub(crate) fn process_ids_with(text: &str) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter(|entry| {
            fs::read(entry.path().join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(text))
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Whether every thread of the process is stopped.
pub(crate) fn stands_still(process: i32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let is_stopped = |path: PathBuf| {
        // The state follows the name, which is in parentheses.
        let stat = fs::read_to_string(path).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    };
    threads.flatten().all(|thread| is_stopped(thread.path().join("stat")))
}

pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let mut turn = interval(Duration::from_millis(20));
    let waited = timeout(PATIENCE, async {
        while !holds() {
            turn.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain until {what}");
}

pub(crate) async fn create_namespace(client: &Client, name: &str) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = object(json!({ "metadata": { "name": name } }));
    namespaces.create(&PostParams::default(), &namespace).await.unwrap();
}

pub(crate) fn object<K: serde::de::DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}
