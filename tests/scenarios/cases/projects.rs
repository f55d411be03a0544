//! Where projects stand in Jira: archived, trashed, renamed, hidden, new, gone; and which of them
//! are in scope.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        actions::{connected, named},
        assertions::{assert_absent, assert_condition},
        commands::{archive, private, rename, restore, trash},
        observe::observed,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("projects::one_is_archived_and_restored", archived),
        scenario("projects::one_is_trashed_and_deleted_for_good", trashed),
        scenario("projects::one_is_made_private", made_private),
        scenario("projects::a_discovered_one_gets_another_key", renamed_discovered),
        scenario("projects::a_named_one_gets_another_key", renamed_named),
    ]
}

async fn archived(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "archived", json!({})).await;
    harness.jira(archive("SUP"));
    let blocked = harness.request("acme").await;
    harness.assert_blocked(&["acme-sup"], "ProjectArchived").await;
    let said = "Project SUP is archived. Restore it in Jira or remove it from spec.projects.";
    harness
        .assert_project("acme-sup", "Accessible", "False", "ProjectArchived", &[said])
        .await;
    harness
        .assert_project("acme-sup", "Permitted", "Unknown", "SkippedAfterAccessible", &[])
        .await;
    // Nobody asked for this one in particular, so the rest is Ready, with a note.
    assert_condition(
        &blocked,
        "ProjectsAccessible",
        "False",
        "SomeProjectsBlocked",
        &["1 of 4", "SUP (ProjectArchived)"],
    );
    assert_condition(
        &blocked,
        "Ready",
        "True",
        "Connected",
        &["SUP (ProjectArchived)", "Restore it in Jira"],
    );
    assert_absent(&blocked, "Stalled");
    let counts = blocked.status.unwrap().projects.unwrap();
    assert_eq!((counts.visible, counts.readable, counts.blocked), (3, Some(3), 1));

    harness.jira(restore("SUP"));
    let recovered = harness.request("acme").await;
    harness.assert_blocked(&[], "").await;
    assert_condition(
        &recovered,
        "ProjectsAccessible",
        "True",
        "AllProjectsAccessible",
        &["4"],
    );
    harness
        .until_events("acme-sup", &["ProjectArchived", "ProjectVisible"])
        .await;
    harness
        .until_events("acme", &["Connected", "SomeProjectsBlocked", "AllProjectsAccessible"])
        .await;
    harness.until_events("acme-eng", &[]).await;
    let described = cluster
        .kubectl(&["describe", "-n", &harness.namespace, "jp/acme-sup"])
        .await
        .unwrap();
    assert!(
        described.contains(said) && described.contains("jira-operator"),
        "{described}"
    );
    let described = cluster
        .kubectl(&["describe", "-n", &harness.namespace, "ji/acme"])
        .await
        .unwrap();
    let (_, events) = described.split_once("Events:").expect("events are described");
    assert!(
        events.contains("SomeProjectsBlocked") && events.contains("SUP (ProjectArchived)"),
        "{events}"
    );
    coverage::caused("project-archived");
    harness.close().await;
}

async fn trashed(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "trashed", json!({})).await;
    harness.jira(trash("SUP"));
    harness.request("acme").await;
    harness.assert_blocked(&["acme-sup"], "ProjectInTrash").await;
    harness
        .assert_project(
            "acme-sup",
            "Accessible",
            "False",
            "ProjectInTrash",
            &["SUP", "trash", "Restore it"],
        )
        .await;
    harness.jira(restore("SUP"));
    harness.request("acme").await;
    harness.assert_blocked(&[], "").await;

    harness.jira(trash("SUP"));
    harness.request("acme").await;
    harness.jira(Command::DeleteProject {
        site: None,
        project: "SUP".into(),
    });
    let after = harness.request("acme").await;
    harness.until_project_gone("acme-sup").await;
    assert_condition(&after, "ProjectsAccessible", "True", "AllProjectsAccessible", &["3"]);
    let expected = [
        "Connected",
        "SomeProjectsBlocked",
        "AllProjectsAccessible",
        "ProjectRemoved",
    ];
    harness.until_events("acme", &expected).await;
    let note = harness
        .until_event("acme", "ProjectRemoved")
        .await
        .note
        .unwrap_or_default();
    assert!(note.contains("SUP") && note.contains("trash"), "{note}");
    coverage::caused("project-in-trash");
    harness.close().await;
}

async fn made_private(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "private", json!({})).await;
    harness.jira(private("SUP", true));
    let blocked = harness.request("acme").await;
    harness.assert_blocked(&["acme-sup"], "ProjectNotVisible").await;
    // Hidden and deleted look alike, so the message asserts neither.
    let causes = ["SUP", "not added", "private or deleted", "mistyped"];
    harness
        .assert_project("acme-sup", "Accessible", "False", "ProjectNotVisible", &causes)
        .await;
    let project = harness.project("acme-sup").await.status.unwrap();
    assert!(
        project.missing_since.is_some() && project.id.is_some(),
        "what was known of it is kept: {project:?}"
    );
    assert_condition(&blocked, "Ready", "True", "Connected", &["SUP (ProjectNotVisible)"]);

    // It stays as long as it is only missing, and is not rewritten for it.
    let versions = harness.project_versions().await;
    harness.request("acme").await;
    assert_eq!(harness.project_versions().await, versions);
    harness.jira(private("SUP", false));
    harness.request("acme").await;
    harness.assert_blocked(&[], "").await;
    assert!(
        harness
            .project("acme-sup")
            .await
            .status
            .unwrap()
            .missing_since
            .is_none()
    );
    coverage::caused("project-not-visible");
    harness.close().await;
}

async fn renamed_discovered(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "rekeyed", json!({})).await;
    let id = harness.project("acme-sup").await.status.unwrap().id;
    harness.jira(rename("SUP", "CARE"));
    let after = harness.request("acme").await;
    harness.until_project_gone("acme-sup").await;
    harness.assert_blocked(&[], "").await;
    let project = harness.project("acme-care").await;
    assert_eq!(project.spec.key, "CARE");
    assert_eq!(project.status.unwrap().id, id, "it is the same project");
    assert_condition(&after, "Ready", "True", "Connected", &[]);
    harness.until_events("acme", &["Connected", "ProjectRemoved"]).await;
    harness.close().await;
}

async fn renamed_named(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "rekeyed-named", named(&["SUP", "ENG"])).await;
    harness.jira(rename("SUP", "CARE"));
    let after = harness.request("acme").await;
    let said = ["SUP", "CARE", "Put the new key into spec.projects"];
    harness
        .assert_project("acme-sup", "Accessible", "True", "ProjectKeyRenamed", &said)
        .await;
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    assert_eq!(
        harness.project("acme-sup").await.status.unwrap().key.as_deref(),
        Some("CARE")
    );
    assert_condition(&after, "Ready", "True", "Connected", &[]);

    // The person follows.
    harness.change("acme", named(&["CARE", "ENG"])).await;
    harness.until("acme", "synchronised as named now", observed).await;
    harness.until_project_gone("acme-sup").await;
    harness
        .assert_project("acme-care", "Accessible", "True", "ProjectVisible", &["CARE"])
        .await;
    harness.until_ready("acme").await;
    coverage::caused("project-renamed");
    harness.close().await;
}
