//! Objects of issues that a person deletes, replaces, relabels or doubles.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{
    issue::{JiraIssue, JiraIssueSpec},
    names::{ORIGIN_LABEL, ORIGIN_MIRROR},
};
use kube::{
    ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{cluster::Cluster, harness::Harness};

pub fn scenarios() -> Vec<Scenario> {
    vec![scenario("issues::somebody_deletes_an_object", deleted_object)]
}

async fn deleted_object(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-object").await;
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    harness
        .until_mirrored("there", |mirrored| mirrored.contains_key("ENG-1"))
        .await;
    harness.delete::<JiraIssue>("acme-eng-1").await;
    harness.request("acme").await;
    harness
        .until_mirrored("there again", |mirrored| mirrored.contains_key("ENG-1"))
        .await;
    replaced_object(&harness).await;
    harness.close().await;
}

/// A person puts an object in the place of one: it is neither written nor deleted, and the issue has another one.
async fn replaced_object(harness: &Harness) {
    harness.delete::<JiraIssue>("acme-eng-2").await;
    let mut theirs = JiraIssue::new("acme-eng-2", JiraIssueSpec::mirrored("acme"));
    theirs.metadata.labels = Some([(ORIGIN_LABEL.to_owned(), "person".to_owned())].into());
    let theirs = harness.issues().create(&PostParams::default(), &theirs).await.unwrap();
    harness.request("acme").await;
    let elsewhere = |mirrored: &BTreeMap<String, JiraIssue>| {
        let found = mirrored.get("ENG-2").map(ResourceExt::name_any);
        found.is_some_and(|name| name.starts_with("acme-eng-2-"))
    };
    harness.until_mirrored("under another name", elsewhere).await;
    harness.command(json!({"command": "deleteIssue", "issue": "ENG-2"}));
    harness.request("acme").await;
    harness
        .until_mirrored("gone", |mirrored| !mirrored.contains_key("ENG-2"))
        .await;
    let after = harness.issues().get("acme-eng-2").await.unwrap();
    assert_eq!(after.resource_version(), theirs.resource_version());
    // A label of ours that a person took away comes back: without it nothing is found after a restart.
    let unlabelled = json!({"metadata": {"labels": {ORIGIN_LABEL: null}}});
    let patched = harness
        .issues()
        .patch("acme-eng-1", &PatchParams::default(), &Patch::Merge(unlabelled))
        .await;
    patched.unwrap();
    harness.request("acme").await;
    let labelled = |mirrored: &BTreeMap<String, JiraIssue>| {
        let label = mirrored.get("ENG-1").and_then(|issue| issue.labels().get(ORIGIN_LABEL));
        label.is_some_and(|label| label == ORIGIN_MIRROR)
    };
    harness.until_mirrored("labelled again", labelled).await;
    surplus_object(harness).await;
}

/// Two objects hold one issue, as two operators may leave them behind: the surplus one goes.
async fn surplus_object(harness: &Harness) {
    let first = harness.issues().get("acme-eng-1").await.unwrap();
    let mut second = JiraIssue::new("acme-eng-1-again", first.spec.clone());
    second.metadata.labels.clone_from(&first.metadata.labels);
    second
        .metadata
        .owner_references
        .clone_from(&first.metadata.owner_references);
    harness.issues().create(&PostParams::default(), &second).await.unwrap();
    let held = Patch::Merge(json!({"status": first.status}));
    let params = PatchParams::default();
    harness
        .issues()
        .patch_status("acme-eng-1-again", &params, &held)
        .await
        .unwrap();
    harness.request("acme").await;
    harness
        .until_object::<JiraIssue>("acme-eng-1-again", "removed", |found| found.is_none())
        .await;
    assert_eq!(harness.issues().get("acme-eng-1").await.unwrap().uid(), first.uid());
}
