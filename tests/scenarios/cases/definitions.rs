//! Definitions of an earlier version, in whole or in part, and none installed at all.

use std::sync::Arc;

use jira_operator::api::{definition::INSTALL, names::REQUESTED_AT, project::JiraProject};
use kube::ResourceExt;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::{Cluster, OPERATOR},
    coverage,
    harness::{Harness, Setup, manifest},
};

/// The definitions of the version before.
const DEFINITIONS_BEFORE: &str = include_str!("../upgrade/crds.yaml");
const CRD: &str = "crd/jiraintegrations.jira-operator.dev";

pub fn scenarios() -> Vec<Scenario> {
    vec![
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
    coverage::end(own).await;
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
    coverage::end(own).await;
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
    coverage::end(own).await;
}
