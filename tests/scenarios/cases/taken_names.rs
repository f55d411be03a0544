//! The name of a project's object is another object's already: it is never taken over.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::project::JiraProject;
use kube::{ResourceExt, api::PostParams};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, commands::archive},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("projects::a_person_has_the_name", a_person_has_it),
        scenario("projects::another_integration_has_the_name", another_integration_has_it),
    ]
}

/// The object of a project that has another name than the natural one.
async fn evasive(harness: &Harness, natural: &str, integration: &str) -> JiraProject {
    let versions = harness.project_versions().await;
    let digits = |name: &str| name.strip_prefix(&format!("{natural}-")).map(str::to_owned);
    let names: Vec<&String> = versions
        .keys()
        .filter(|name| digits(name).is_some_and(|d| d.len() == 6 && d.chars().all(|c| c.is_ascii_hexdigit())))
        .collect();
    assert_eq!(
        names.len(),
        1,
        "{natural} and six hexadecimal digits, among {versions:?}"
    );
    let project = harness.project(names[0]).await;
    assert_eq!(project.spec.integration, integration);
    project
}

async fn a_person_has_it(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "taken").await;
    let manifest = json!({
        "apiVersion": "jira-operator.dev/v1alpha1",
        "kind": "JiraProject",
        "metadata": {"name": "acme-sup", "labels": {"jira-operator.dev/integration": "acme"}},
        "spec": {"integration": "acme", "key": "SUP"},
    });
    let theirs: JiraProject = serde_json::from_value(manifest).unwrap();
    let theirs = harness
        .projects()
        .create(&PostParams::default(), &theirs)
        .await
        .unwrap();
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    let ours = evasive(&harness, "acme-sup", "acme").await;
    assert_eq!(ours.spec.key, "SUP");
    harness
        .assert_project(&ours.name_any(), "Ready", "True", "Usable", &[])
        .await;
    let untouched = harness.project("acme-sup").await;
    assert_eq!(
        untouched.resource_version(),
        theirs.resource_version(),
        "a person's object was touched"
    );

    // It keeps its name, even when the other one becomes free.
    let versions = harness.project_versions().await;
    harness.request("acme").await;
    assert_eq!(harness.project_versions().await, versions);
    harness.delete::<JiraProject>("acme-sup").await;
    harness.request("acme").await;
    let names: Vec<String> = harness.project_versions().await.into_keys().collect();
    assert!(
        names.contains(&ours.name_any()) && !names.contains(&"acme-sup".to_owned()),
        "{names:?}"
    );

    // Its own name is found again for the same project.
    harness.jira(archive("SUP"));
    harness.request("acme").await;
    harness
        .assert_project(&ours.name_any(), "Ready", "False", "ProjectArchived", &["SUP"])
        .await;
    harness.close().await;
}

/// Integration `acme` with project `B_C`, and integration `acme-b` with project `C`.
async fn another_integration_has_it(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "taken-by-another").await;
    for key in ["B_C", "C"] {
        harness.jira(Command::CreateProject {
            site: None,
            key: key.into(),
            name: None,
            template: None,
        });
    }
    harness.connect("acme-oauth").await;
    harness
        .integrate("acme", "acme-oauth", json!({"projects": [{"key": "B_C"}]}))
        .await;
    harness.until_ready("acme").await;
    let first = harness.project("acme-b-c").await;
    assert_eq!(
        (first.spec.integration.as_str(), first.spec.key.as_str()),
        ("acme", "B_C")
    );

    harness
        .integrate("acme-b", "acme-oauth", json!({"projects": [{"key": "C"}]}))
        .await;
    harness.until_ready("acme-b").await;
    let second = evasive(&harness, "acme-b-c", "acme-b").await;
    assert_eq!(second.spec.key, "C");
    harness.request("acme").await;
    harness.request("acme-b").await;
    let versions = harness.project_versions().await;
    assert_eq!(versions.len(), 2, "{versions:?}");
    let still = harness.project("acme-b-c").await;
    assert_eq!(still.resource_version(), first.resource_version());
    harness.close().await;
}
