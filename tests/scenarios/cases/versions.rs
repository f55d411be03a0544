//! Objects that a later version of the operator has written, or its definitions take.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{issue::JiraIssue, project::Lifecycle};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{Harness, Setup, manifest, observe::is_ready},
};

const CRD: &str = "crd/jiraintegrations.jira-operator.dev";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("versions::an_object_of_a_later_version_stops_nobody", later_version),
        scenario("versions::statuses_of_a_later_version_are_written_anew", later_statuses),
    ]
}

/// Lets the API server accept a mode that this version of the operator does not know.
async fn install_later_version(cluster: &Cluster) {
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/mode/enum/-";
    let change = json!([{"op": "add", "path": path, "value": "Mirror"}]).to_string();
    cluster
        .kubectl(&["patch", CRD, "--type=json", "-p", &change])
        .await
        .expect("the definition is changed");
}

/// Applies an object that is accepted as soon as the API server serves the changed definition.
async fn apply_when_served(harness: &Harness, name: &str) {
    let later = manifest(name, "acme-oauth", json!({"mode": "Mirror"}));
    let accepted = async {
        while let Err(said) = harness.apply(&later).await {
            assert!(said.contains("Unsupported value"), "{said}");
        }
    };
    tokio::time::timeout(crate::harness::observe::PATIENCE, accepted)
        .await
        .expect("the changed definition is served");
}

fn counted(metrics: &str) -> u64 {
    let line = metrics
        .lines()
        .find(|line| line.starts_with("jira_operator_unreadable_objects_total"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

async fn later_version(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let setup = || Setup {
        further_namespaces: 1,
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&own, "later", setup()).await;
    harness.connect("acme-oauth").await;
    harness.connect("other-oauth").await;
    harness.integrate("good", "other-oauth", json!({})).await;
    harness.integrate("changed", "acme-oauth", json!({})).await;
    harness.until_ready("good").await;
    harness.until_ready("changed").await;

    install_later_version(&own).await;
    apply_when_served(&harness, "bad").await;
    let said = harness.until_event("bad", "Unreadable").await;
    assert_eq!(said.type_.as_deref(), Some("Warning"));
    let note = said.note.unwrap_or_default();
    assert!(
        note.contains("Mirror") && note.contains("Upgrade the operator, or correct the field"),
        "{note}"
    );
    assert!(is_ready(&harness.request("good").await), "the good one goes on");
    harness
        .until_served("/metrics", |_, metrics| counted(metrics) >= 1)
        .await;

    grant_outlives_reader(&mut harness).await;
    assert!(
        is_ready(&harness.request("good").await),
        "nor does a new start stumble over it"
    );

    for name in ["bad", "changed"] {
        harness.change(name, json!({"mode": "Enforce"})).await;
        harness.until_ready(name).await;
    }
    assert_eq!(harness.exchanges(), 2, "corrected, they go on with the grants they had");
    harness.close().await;
    coverage::end(own).await;
}

/// One that worked is rewritten for the later version; its grant must outlive this one.
async fn grant_outlives_reader(harness: &mut Harness) {
    let later = json!({"spec": {"mode": "Mirror"}}).to_string();
    let patched = harness
        .kubectl(&["patch", "ji", "changed", "--type=merge", "-p", &later])
        .await;
    patched.expect("the definition allows it");
    harness.until_event("changed", "Unreadable").await;
    let orphan = harness.whole_secret("acme-oauth-grant").await;
    let elsewhere = harness.further[0].clone();
    harness.restore_secret(&orphan, &elsewhere).await;
    harness.kill_operators().await;
    harness.start_operator();
    harness.until_event("changed", "Unreadable").await;
    harness.until_orphan_marked(&elsewhere, "acme-oauth-grant").await;
    let kept = harness.whole_secret("acme-oauth-grant").await;
    assert!(
        !kept.annotations().contains_key("jira-operator.dev/unused-since"),
        "a grant that an unreadable object may name is in use"
    );
}

impl Harness {
    /// Waits until housekeeping has marked a grant Secret of another namespace as unused: by then
    /// it has checked those of the first namespace too.
    async fn until_orphan_marked(&self, namespace: &str, name: &str) {
        let api: kube::Api<Secret> = kube::Api::namespaced(self.client.clone(), namespace);
        let marked = |secret: Option<&Secret>| {
            secret.is_some_and(|s| s.annotations().contains_key("jira-operator.dev/unused-since"))
        };
        let wait = kube::runtime::wait::await_condition(api, name, marked);
        tokio::time::timeout(crate::harness::observe::PATIENCE, wait)
            .await
            .expect("housekeeping ran")
            .expect("the watch goes on");
    }
}

/// Lets the API server accept what this version of the operator does not write into statuses.
async fn loosen(cluster: &Cluster) {
    let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status";
    let issues = json!([
        {"op": "replace", "path": format!("{status}/properties/hash"), "value": {"x-kubernetes-int-or-string": true}},
    ]);
    let projects = json!([{"op": "add", "path": format!("{status}/properties/lifecycle/enum/-"), "value": "Resting"}]);
    for (plural, change) in [("jiraissues", issues), ("jiraprojects", projects)] {
        let definition = format!("crd/{plural}.jira-operator.dev");
        cluster
            .kubectl(&["patch", &definition, "--type=json", "-p", &change.to_string()])
            .await
            .expect("the definition is changed");
    }
}

impl Harness {
    /// Writes over a status, as soon as the API server serves the changed definition.
    async fn overwrite(&self, object: &str, status: Value) {
        let patch = json!({"status": status}).to_string();
        let arguments = ["patch", object, "--subresource=status", "--type=merge", "-p", &patch];
        let accepted = async {
            while let Err(said) = self.kubectl(&arguments).await {
                assert!(said.contains("is invalid"), "{said}");
            }
        };
        tokio::time::timeout(crate::harness::observe::PATIENCE, accepted)
            .await
            .expect("the changed definition is served");
    }

    async fn names(&self, plural: &str) -> String {
        self.kubectl(&["get", plural, "-o", "name"])
            .await
            .expect("they are listed")
    }
}

/// The operator was set back to this version. One object that it cannot read keeps it from nothing, is not
/// made a second time, and says again what this version says.
async fn later_statuses(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let mut harness = Harness::with_grant(&own, "later-status").await;
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    let all = harness.readable_in("ENG") + harness.readable_in("OPS");
    harness
        .until_mirrored("complete", |mirrored| mirrored.len() == all)
        .await;
    harness.until_ready("acme").await;
    let whole = harness.mirrored().await;
    let (issues, projects) = (harness.names("jissue").await, harness.names("jp").await);
    let (first, last) = (whole.values().next().unwrap(), whole.values().next_back().unwrap());

    loosen(&own).await;
    for restart in [false, true] {
        // One still says which issue it is of, the other does not.
        let names = [first, last].map(|issue| format!("jissue/{}", issue.name_any()));
        harness.overwrite(&names[0], json!({"category": null, "hash": 7})).await;
        harness.overwrite(&names[1], json!({"id": null, "key": null})).await;
        harness.overwrite("jp/acme-eng", json!({"lifecycle": "Resting"})).await;
        if restart {
            harness.kill_operators().await;
            harness.start_operator();
        }
        assert!(is_ready(&harness.request("acme").await), "it goes on");
        let status = |issues: &BTreeMap<String, JiraIssue>| -> Vec<_> {
            issues.values().map(|issue| issue.status.clone()).collect()
        };
        assert_eq!(status(&harness.mirrored().await), status(&whole));
        assert_eq!(
            (harness.names("jissue").await, harness.names("jp").await),
            (issues.clone(), projects.clone())
        );
        let live = harness.project("acme-eng").await.status.unwrap_or_default();
        assert_eq!(live.lifecycle, Lifecycle::Live);
    }
    harness.close().await;
    coverage::end(own).await;
}
