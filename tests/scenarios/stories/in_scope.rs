//! Which projects are in scope: all that are visible, or those that spec names; and objects that
//! come and go with it.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::project::JiraProject;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use super::{Story, lasting, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{Stage, claim::claim, hands::connected, look::condition},
};

pub fn stories() -> Vec<Story> {
    vec![
        story("projects::new_ones_appear_and_old_ones_do_not", new_ones),
        story("projects::nothing_is_visible", nothing_visible),
        story("projects::a_named_one_is_not_there", named_is_missing),
        story("projects::fewer_are_named", fewer_named),
        lasting("projects::somebody_deletes_an_object", object_deleted),
    ]
}

fn named(keys: &[&str]) -> Value {
    let projects: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
    json!({"projects": projects})
}

fn archive(project: &str) -> Command {
    Command::ArchiveProject {
        site: None,
        project: project.into(),
    }
}

fn restore(project: &str) -> Command {
    Command::RestoreProject {
        site: None,
        project: project.into(),
    }
}

fn private(project: &str, private: bool) -> Command {
    Command::SetProjectPrivate {
        site: None,
        project: project.into(),
        private,
    }
}

fn create(key: &str) -> Command {
    Command::CreateProject {
        site: None,
        key: key.into(),
        name: None,
        template: None,
    }
}

/// One project has this reason, the three others go on.
async fn only(stage: &Stage, blocked: &str, reason: &str) {
    let reasons = stage.project_reasons().await;
    for (name, found) in &reasons {
        let expected = if name == blocked { reason } else { "Usable" };
        assert_eq!(found, expected, "{name}, of {reasons:?}");
    }
    assert_eq!(reasons.len(), 4, "{reasons:?}");
}

async fn new_ones(plane: Arc<Plane>) {
    let stage = connected(&plane, "new", json!({})).await;
    // OLD was archived and BIN trashed before anybody looked: no objects, and nothing to complain of.
    only(&stage, "", "").await;
    claim(
        &stage.integration("acme").await,
        "ProjectsAccessible",
        "True",
        "AllProjectsAccessible",
        &["4"],
    );

    stage.jira(create("NEW_1"));
    let after = stage.request("acme").await;
    stage.claim_project("acme-new-1", "Ready", "True", "Usable", &[]).await;
    claim(&after, "ProjectsAccessible", "True", "AllProjectsAccessible", &["5"]);
    stage.jira(create("GONE"));
    stage.jira(archive("GONE"));
    stage.jira(restore("OLD"));
    stage.request("acme").await;
    stage.claim_project("acme-old", "Ready", "True", "Usable", &[]).await;
    let names: Vec<String> = stage.project_reasons().await.into_keys().collect();
    assert!(!names.contains(&"acme-gone".to_owned()), "{names:?}");
    stage.until_events("acme", &["Connected"]).await;
    stage.close().await;
}

async fn nothing_visible(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "nothing-visible").await;
    let all = ["ENG", "OPS", "SUP", "ITS"];
    for project in all {
        stage.jira(private(project, true));
    }
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage
        .until_reason("acme", "ProjectsAccessible", "NoProjectsVisible")
        .await;
    let none = stage.integration("acme").await;
    claim(
        &none,
        "ProjectsAccessible",
        "False",
        "NoProjectsVisible",
        &["sees no live project", "Add the account"],
    );
    claim(&none, "Ready", "False", "NoProjectsVisible", &[]);
    claim(&none, "Stalled", "True", "NoProjectsVisible", &[]);
    assert!(stage.project_versions().await.is_empty());

    for project in all {
        stage.jira(private(project, false));
    }
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    only(&stage, "", "").await;

    // Lost all at once, they keep their objects.
    for project in all {
        stage.jira(private(project, true));
    }
    let lost = stage.request("acme").await;
    claim(
        &lost,
        "ProjectsAccessible",
        "False",
        "NoProjectsVisible",
        &["ENG (ProjectNotVisible)"],
    );
    assert_eq!(stage.project_versions().await.len(), 4);
    for project in all {
        stage.jira(private(project, false));
    }
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    ledger::caused("no-project-at-all");
    stage.close().await;
}

async fn named_is_missing(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "named").await;
    stage.connect("acme-oauth").await;
    stage
        .integrate("acme", "acme-oauth", named(&["SUP", "GHOST", "OLD"]))
        .await;
    stage.until_reason("acme", "Ready", "SomeProjectsBlocked").await;
    let blocked = stage.integration("acme").await;
    let said = ["2 of 3", "GHOST (ProjectNotVisible)", "OLD (ProjectArchived)"];
    claim(&blocked, "ProjectsAccessible", "False", "SomeProjectsBlocked", &said);
    claim(&blocked, "Ready", "False", "SomeProjectsBlocked", &said);
    claim(&blocked, "Stalled", "True", "SomeProjectsBlocked", &[]);
    claim(&blocked, "Synced", "True", "SyncSucceeded", &[]);
    stage
        .claim_project(
            "acme-ghost",
            "Ready",
            "False",
            "ProjectNotVisible",
            &["GHOST", "correct the key"],
        )
        .await;
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;

    stage.jira(create("GHOST"));
    stage.jira(restore("OLD"));
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    stage.claim_project("acme-ghost", "Ready", "True", "Usable", &[]).await;
    stage.close().await;
}

async fn fewer_named(plane: Arc<Plane>) {
    let stage = connected(&plane, "fewer", json!({})).await;
    stage.change("acme", named(&["SUP", "ENG"])).await;
    for gone in ["acme-its", "acme-ops"] {
        stage.until_project_gone(gone).await;
    }
    let names: Vec<String> = stage.project_versions().await.into_keys().collect();
    assert_eq!(names, ["acme-eng", "acme-sup"]);
    let removed = stage.until_event("acme", "ProjectRemoved").await;
    assert!(removed.note.unwrap_or_default().contains("no longer in spec.projects"));
    stage.until_ready("acme").await;
    stage.change("acme", json!({"projects": null})).await;
    stage.until_project("acme-its", "back", |_| true).await;
    stage.until_ready("acme").await;
    only(&stage, "", "").await;
    stage.close().await;
}

/// It is back on the next pass, be it one that the clock brings.
async fn object_deleted(plane: Arc<Plane>) {
    let stage = connected(&plane, "deleted-object", json!({"syncInterval": "1m"})).await;
    stage.delete::<JiraProject>("acme-sup").await;
    stage.request("acme").await;
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;

    let params = DeleteParams::default();
    stage.projects().delete("acme-eng", &params).await.unwrap();
    stage
        .until_project("acme-eng", "back", |p| {
            p.status.as_ref().is_some_and(|s| s.id.is_some())
        })
        .await;
    stage.claim_project("acme-eng", "Ready", "True", "Usable", &[]).await;
    let healthy = stage.integration("acme").await;
    assert_eq!(condition(&healthy, "Ready").status, "True");
    stage.close().await;
}
