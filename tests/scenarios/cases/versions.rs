//! Other versions of the definitions: objects written for a later one, and none installed at all.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{
    definition::INSTALL,
    issue::JiraIssue,
    names::REQUESTED_AT,
    project::{JiraProject, Lifecycle},
};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::{Cluster, OPERATOR},
    coverage,
    harness::{Harness, Setup, manifest, observe::is_ready},
};

/// The definitions of the version before.
const DEFINITIONS_BEFORE: &str = include_str!("../upgrade/crds.yaml");
const CRD: &str = "crd/jiraintegrations.jira-operator.dev";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("versions::an_object_of_a_later_version_stops_nobody", later_version),
        scenario("versions::statuses_of_a_later_version_are_written_anew", later_statuses),
        scenario(
            "versions::the_definitions_are_older_than_the_operator",
            definitions_are_older,
        ),
        scenario(
            "versions::projects_and_issues_have_the_definitions_of_the_version_before",
            objects_have_older_definitions,
        ),
        scenario(
            "versions::the_definitions_come_after_the_operator",
            definitions_come_late,
        ),
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
    coverage::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else has it").stop().await;
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
    coverage::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else has it").stop().await;
}

/// Makes the definition that of a version which counted projects otherwise.
async fn install_earlier_version(cluster: &Cluster) {
    let counts = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/projects";
    let change = json!([
        {"op": "remove", "path": format!("{counts}/properties/readable")},
        {"op": "remove", "path": format!("{counts}/properties/inScope")},
        {"op": "add", "path": format!("{counts}/properties/synced"), "value": {"type": "integer", "format": "int64"}},
        {"op": "add", "path": format!("{counts}/required/-"), "value": "synced"},
    ]);
    cluster
        .kubectl(&["patch", CRD, "--type=json", "-p", &change.to_string()])
        .await
        .expect("the definition is changed");
}

/// A pipeline that upgrades the operator before the definitions: what is wrong and what helps is reported, and it
/// goes on by itself once they are there.
async fn definitions_are_older(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let setup = Setup {
        without_operator: true,
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&own, "old-crds", setup).await;
    install_earlier_version(&own).await;
    harness.start_operator();
    harness
        .until_logged(&["older than the operator", "jiraintegrations.jira-operator.dev", INSTALL])
        .await;
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    let said = harness.until_event("acme", "DefinitionDiffers").await;
    let note = said.note.unwrap_or_default();
    for part in ["status.projects.", "of another version than the operator", INSTALL] {
        assert!(note.contains(part), "{note}");
    }
    own.apply(&definitions().await).await.expect("they are applied");
    harness.until_ready("acme").await;
    harness.close().await;
    coverage::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else has it").stop().await;
}

/// A field that the older definitions lack keeps nothing else from being written, and appears once they have it.
async fn objects_have_older_definitions(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let setup = Setup {
        without_operator: true,
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&own, "old-objects", setup).await;
    let printed = definitions().await;
    let of_integrations = printed
        .split("\n---")
        .find(|one| one.contains("kind: JiraIntegration\n"));
    own.apply(DEFINITIONS_BEFORE).await.expect("the earlier definitions");
    own.apply(of_integrations.expect("it is printed"))
        .await
        .expect("the one of today");
    harness.start_operator();
    harness
        .until_logged(&[
            "older than the operator",
            "jiraprojects.jira-operator.dev",
            "jiraissues.",
        ])
        .await;
    let hidden = json!({"command": "changeRequestType", "project": "SUP", "requestType": "Ask a question",
        "groupIds": [], "creatable": false});
    harness.jira(serde_json::from_value(hidden).unwrap());
    harness.connect("acme-oauth").await;
    let spec = json!({"projects": [{"key": "SUP"}, {"key": "ENG"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let all = harness.readable_in("SUP") + harness.readable_in("ENG");
    harness
        .until_mirrored("complete", |mirrored| mirrored.len() == all)
        .await;
    let blocked_by = |project: JiraProject| -> Vec<Vec<String>> {
        let types = project.status.unwrap_or_default().request_types;
        types
            .into_iter()
            .map(|one| one.blocked_by)
            .filter(|why| !why.is_empty())
            .collect()
    };
    harness
        .assert_project("acme-sup", "Synced", "True", "SyncSucceeded", &[])
        .await;
    let pruned = harness.project("acme-sup").await;
    assert!(
        pruned
            .status
            .as_ref()
            .is_some_and(|status| !status.request_types.is_empty())
    );
    assert_eq!(blocked_by(pruned), Vec::<Vec<String>>::new());

    own.apply(&printed).await.expect("they are applied");
    let served = async {
        while blocked_by(harness.project("acme-sup").await).is_empty() {
            harness.request("acme").await;
        }
    };
    let served = tokio::time::timeout(crate::harness::observe::PATIENCE, served).await;
    served.expect("what the definitions lacked is written");
    harness.close().await;
    coverage::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else has it").stop().await;
}

/// What the operator prints.
async fn definitions() -> String {
    let crds = tokio::process::Command::new(OPERATOR).arg("crds").output().await;
    String::from_utf8(crds.expect("it prints them").stdout).expect("text")
}

impl Harness {
    /// Waits until the operator has logged all this.
    async fn until_logged(&self, parts: &[&str]) {
        let logged = async {
            loop {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                if parts.iter().all(|part| log.contains(part)) {
                    return;
                }
                // Nothing reports a line that is written.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(crate::harness::observe::PATIENCE, logged)
            .await
            .is_err()
        {
            panic!("{parts:?} is not in\n{}", self.log_tail());
        }
    }
}

async fn definitions_come_late(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let mut harness = Harness::set_up(
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
    harness.start_operator();
    let said = harness
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
    harness.until_served("/healthz", |status, _| status == 200).await;

    own.apply(&definitions().await).await.expect("they are applied");
    own.kubectl(&[&["wait", "--for=condition=Established", "--timeout=30s"], &both[..]].concat())
        .await
        .expect("and served");
    harness.until_served("/readyz", |status, _| status == 200).await;
    harness.connect("acme-oauth").await;
    let applied = manifest("acme", "acme-oauth", json!({}));
    harness.apply(&applied).await.expect("an integration is accepted");
    let ready = harness.until_ready("acme").await;
    assert!(!ready.annotations().contains_key(REQUESTED_AT));
    let log = std::fs::read_to_string(harness.log()).unwrap_or_default();
    assert!(
        !log.contains("the definition in the cluster is"),
        "it is the operator's own:\n{log}"
    );
    harness.close().await;
    coverage::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else has it").stop().await;
}
