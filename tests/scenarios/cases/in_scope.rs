//! Which projects are in scope: all that are visible, or those that spec names; and objects that
//! come and go with it.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::project::JiraProject;
use kube::api::DeleteParams;
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness, Setup,
        actions::{connected, named, opened},
        assertions::assert_condition,
        commands::{archive, private, restore},
        observe::condition,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("projects::new_ones_appear_and_old_ones_do_not", new_ones),
        scenario("projects::nothing_is_visible", nothing_visible),
        scenario("projects::a_named_one_is_not_there", named_is_missing),
        scenario("projects::fewer_are_named", fewer_named),
        waiting("projects::somebody_deletes_an_object", object_deleted),
    ]
}

fn create(key: &str) -> Command {
    Command::CreateProject {
        site: None,
        key: key.into(),
        name: None,
        template: None,
    }
}

async fn new_ones(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "new", json!({})).await;
    // OLD was archived and BIN trashed before the first check: no objects, and nothing to complain of.
    harness.assert_blocked(&[], "").await;
    assert_condition(
        &harness.integration("acme").await,
        "ProjectsAccessible",
        "True",
        "AllProjectsAccessible",
        &["4"],
    );

    harness.jira(create("NEW_1"));
    let after = harness.request("acme").await;
    harness
        .assert_project("acme-new-1", "Ready", "True", "Usable", &[])
        .await;
    assert_condition(&after, "ProjectsAccessible", "True", "AllProjectsAccessible", &["5"]);
    harness.jira(create("GONE"));
    harness.jira(archive("GONE"));
    harness.jira(restore("OLD"));
    harness.request("acme").await;
    harness.assert_project("acme-old", "Ready", "True", "Usable", &[]).await;
    let names: Vec<String> = harness.project_reasons().await.into_keys().collect();
    assert!(!names.contains(&"acme-gone".to_owned()), "{names:?}");
    harness.until_events("acme", &["Connected"]).await;
    harness.close().await;
}

async fn nothing_visible(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "nothing-visible").await;
    let all = ["ENG", "OPS", "SUP", "ITS"];
    for project in all {
        harness.jira(private(project, true));
    }
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness
        .until_reason("acme", "ProjectsAccessible", "NoProjectsVisible")
        .await;
    let none = harness.integration("acme").await;
    assert_condition(
        &none,
        "ProjectsAccessible",
        "False",
        "NoProjectsVisible",
        &["sees no live project", "Add the account"],
    );
    assert_condition(&none, "Ready", "False", "NoProjectsVisible", &[]);
    assert_condition(&none, "Stalled", "True", "NoProjectsVisible", &[]);
    assert!(harness.project_versions().await.is_empty());

    for project in all {
        harness.jira(private(project, false));
    }
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    harness.assert_blocked(&[], "").await;

    // Lost all at once, they keep their objects.
    for project in all {
        harness.jira(private(project, true));
    }
    let lost = harness.request("acme").await;
    assert_condition(
        &lost,
        "ProjectsAccessible",
        "False",
        "NoProjectsVisible",
        &["ENG (ProjectNotVisible)"],
    );
    assert_eq!(harness.project_versions().await.len(), 4);
    for project in all {
        harness.jira(private(project, false));
    }
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    coverage::caused("no-project-at-all");
    harness.close().await;
}

async fn named_is_missing(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "named", Setup::default()).await;
    harness
        .integrate("acme", "acme-oauth", named(&["SUP", "GHOST", "OLD"]))
        .await;
    harness.until_reason("acme", "Ready", "SomeProjectsBlocked").await;
    let blocked = harness.integration("acme").await;
    let said = ["2 of 3", "GHOST (ProjectNotVisible)", "OLD (ProjectArchived)"];
    assert_condition(&blocked, "ProjectsAccessible", "False", "SomeProjectsBlocked", &said);
    assert_condition(&blocked, "Ready", "False", "SomeProjectsBlocked", &said);
    assert_condition(&blocked, "Stalled", "True", "SomeProjectsBlocked", &[]);
    assert_condition(&blocked, "Synced", "True", "SyncSucceeded", &[]);
    harness
        .assert_project(
            "acme-ghost",
            "Ready",
            "False",
            "ProjectNotVisible",
            &["GHOST", "correct the key"],
        )
        .await;
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;

    harness.jira(create("GHOST"));
    harness.jira(restore("OLD"));
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    harness
        .assert_project("acme-ghost", "Ready", "True", "Usable", &[])
        .await;
    harness.close().await;
}

async fn fewer_named(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "fewer", json!({})).await;
    harness.change("acme", named(&["SUP", "ENG"])).await;
    for gone in ["acme-its", "acme-ops"] {
        harness.until_project_gone(gone).await;
    }
    let names: Vec<String> = harness.project_versions().await.into_keys().collect();
    assert_eq!(names, ["acme-eng", "acme-sup"]);
    let removed = harness.until_event("acme", "ProjectRemoved").await;
    assert!(removed.note.unwrap_or_default().contains("no longer in spec.projects"));
    harness.until_ready("acme").await;
    harness.change("acme", json!({"projects": null})).await;
    harness.until_project("acme-its", "back", |_| true).await;
    harness.until_ready("acme").await;
    harness.assert_blocked(&[], "").await;
    harness.close().await;
}

/// It is back on the next reconciliation, be it one that the clock brings.
async fn object_deleted(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "deleted-object", json!({"syncInterval": "1m"})).await;
    harness.delete::<JiraProject>("acme-sup").await;
    harness.request("acme").await;
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;

    let params = DeleteParams::default();
    harness.projects().delete("acme-eng", &params).await.unwrap();
    harness
        .until_project("acme-eng", "back", |p| {
            p.status.as_ref().is_some_and(|s| s.id.is_some())
        })
        .await;
    harness.assert_project("acme-eng", "Ready", "True", "Usable", &[]).await;
    let healthy = harness.integration("acme").await;
    assert_eq!(condition(&healthy, "Ready").status, "True");
    harness.close().await;
}
