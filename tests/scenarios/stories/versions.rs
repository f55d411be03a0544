//! Other versions of the definitions: objects written for a later one, and none installed at all.

use std::sync::Arc;

use jira_operator::api::names::REQUESTED_AT;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::{OPERATOR, Plane},
    stage::{Setup, Stage, look::is_ready, manifest},
};

const CRD: &str = "crd/jiraintegrations.jira-operator.dev";

pub fn stories() -> Vec<Story> {
    vec![
        story("versions::an_object_of_a_later_version_stops_nobody", later_version),
        story(
            "versions::the_definitions_come_after_the_operator",
            definitions_come_late,
        ),
    ]
}

/// Lets the API server accept a mode that this version of the operator does not know.
async fn install_later_version(plane: &Plane) {
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/mode/enum/-";
    let change = json!([{"op": "add", "path": path, "value": "Mirror"}]).to_string();
    plane
        .kubectl(&["patch", CRD, "--type=json", "-p", &change])
        .await
        .expect("the definition is changed");
}

/// Applies an object that is accepted as soon as the API server serves the changed definition.
async fn apply_when_served(stage: &Stage, name: &str) {
    let later = manifest(name, "acme-oauth", json!({"mode": "Mirror"}));
    let accepted = async {
        while let Err(said) = stage.apply(&later).await {
            assert!(said.contains("Unsupported value"), "{said}");
        }
    };
    tokio::time::timeout(crate::stage::look::PATIENCE, accepted)
        .await
        .expect("the changed definition is served");
}

fn counted(metrics: &str) -> u64 {
    let line = metrics
        .lines()
        .find(|line| line.starts_with("jira_operator_unreadable_objects_total"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

async fn later_version(plane: Arc<Plane>) {
    let own = plane.another().await;
    let setup = || Setup {
        further_namespaces: 1,
        ..Setup::default()
    };
    let mut stage = Stage::set_up(&own, "later", setup()).await;
    stage.connect("acme-oauth").await;
    stage.connect("other-oauth").await;
    stage.integrate("good", "other-oauth", json!({})).await;
    stage.integrate("changed", "acme-oauth", json!({})).await;
    stage.until_ready("good").await;
    stage.until_ready("changed").await;

    install_later_version(&own).await;
    apply_when_served(&stage, "bad").await;
    let said = stage.until_event("bad", "Unreadable").await;
    assert_eq!(said.type_.as_deref(), Some("Warning"));
    let note = said.note.unwrap_or_default();
    assert!(
        note.contains("Mirror") && note.contains("Upgrade the operator, or correct the field"),
        "{note}"
    );
    assert!(is_ready(&stage.request("good").await), "the good one goes on");
    stage.until_served("/metrics", |_, metrics| counted(metrics) >= 1).await;

    grant_outlives_reader(&mut stage).await;
    assert!(
        is_ready(&stage.request("good").await),
        "nor does a new start stumble over it"
    );

    for name in ["bad", "changed"] {
        stage.change(name, json!({"mode": "Enforce"})).await;
        stage.until_ready(name).await;
    }
    assert_eq!(stage.exchanges(), 2, "corrected, they go on with the grants they had");
    stage.close().await;
    ledger::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else has it").stop().await;
}

/// One that worked is rewritten for the later version; its grant must outlive this one.
async fn grant_outlives_reader(stage: &mut Stage) {
    let later = json!({"spec": {"mode": "Mirror"}}).to_string();
    let patched = stage
        .kubectl(&["patch", "ji", "changed", "--type=merge", "-p", &later])
        .await;
    patched.expect("the definition allows it");
    stage.until_event("changed", "Unreadable").await;
    let orphan = stage.whole_secret("acme-oauth-grant").await;
    let elsewhere = stage.further[0].clone();
    stage.restore_secret(&orphan, &elsewhere).await;
    stage.kill_operators().await;
    stage.start_operator();
    stage.until_event("changed", "Unreadable").await;
    stage.until_orphan_marked(&elsewhere, "acme-oauth-grant").await;
    let kept = stage.whole_secret("acme-oauth-grant").await;
    assert!(
        !kept.annotations().contains_key("jira-operator.dev/unused-since"),
        "a grant that an unreadable object may name is in use"
    );
}

impl Stage {
    /// Waits until housekeeping has marked a grant Secret of another namespace as unused: by then
    /// it has looked at those of the first namespace too.
    async fn until_orphan_marked(&self, namespace: &str, name: &str) {
        let api: kube::Api<Secret> = kube::Api::namespaced(self.client.clone(), namespace);
        let marked = |secret: Option<&Secret>| {
            secret.is_some_and(|s| s.annotations().contains_key("jira-operator.dev/unused-since"))
        };
        let wait = kube::runtime::wait::await_condition(api, name, marked);
        tokio::time::timeout(crate::stage::look::PATIENCE, wait)
            .await
            .expect("housekeeping ran")
            .expect("the watch goes on");
    }
}

async fn definitions_come_late(plane: Arc<Plane>) {
    let own = plane.another().await;
    let mut stage = Stage::set_up(
        &own,
        "no-crds",
        Setup {
            without_operator: true,
            ..Setup::default()
        },
    )
    .await;
    let both = [CRD, "crd/jiraprojects.jira-operator.dev"];
    own.kubectl(&[&["delete", "--timeout=30s"], &both[..]].concat())
        .await
        .expect("the definitions are removed");
    stage.start_operator();
    let said = stage
        .until_served("/readyz", |status, said| {
            status == 503 && said.contains("CustomResourceDefinition")
        })
        .await;
    for name in [
        "jiraintegrations.jira-operator.dev",
        "jiraprojects.jira-operator.dev",
        "jira-operator crds",
    ] {
        assert!(said.contains(name), "{said}");
    }
    stage.until_served("/healthz", |status, _| status == 200).await;

    let crds = tokio::process::Command::new(OPERATOR)
        .arg("crds")
        .output()
        .await
        .expect("it prints them");
    own.apply(&String::from_utf8(crds.stdout).unwrap())
        .await
        .expect("they are applied");
    own.kubectl(&[&["wait", "--for=condition=Established", "--timeout=30s"], &both[..]].concat())
        .await
        .expect("and served");
    stage.until_served("/readyz", |status, _| status == 200).await;
    stage.connect("acme-oauth").await;
    let applied = manifest("acme", "acme-oauth", json!({}));
    stage.apply(&applied).await.expect("an integration is accepted");
    let ready = stage.until_ready("acme").await;
    assert!(!ready.annotations().contains_key(REQUESTED_AT));
    stage.close().await;
    ledger::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else has it").stop().await;
}
