//! Where projects stand in Jira: archived, trashed, renamed, hidden, new, gone; and which of them
//! are in scope.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, claim_absent},
        hands::connected,
        look::observed,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("projects::one_is_archived_and_restored", archived),
        story("projects::one_is_trashed_and_deleted_for_good", trashed),
        story("projects::one_is_made_private", made_private),
        story("projects::a_discovered_one_gets_another_key", renamed_discovered),
        story("projects::a_named_one_gets_another_key", renamed_named),
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

fn trash(project: &str) -> Command {
    Command::TrashProject {
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

fn rename(project: &str, key: &str) -> Command {
    Command::RenameProjectKey {
        site: None,
        project: project.into(),
        key: key.into(),
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

async fn archived(plane: Arc<Plane>) {
    let stage = connected(&plane, "archived", json!({})).await;
    stage.jira(archive("SUP"));
    let blocked = stage.request("acme").await;
    only(&stage, "acme-sup", "ProjectArchived").await;
    let said = "Project SUP is archived. Restore it in Jira or remove it from spec.projects.";
    stage
        .claim_project("acme-sup", "Accessible", "False", "ProjectArchived", &[said])
        .await;
    stage
        .claim_project("acme-sup", "Permitted", "Unknown", "SkippedAfterAccessible", &[])
        .await;
    // Nobody asked for this one in particular, so the rest is Ready, with a note.
    claim(
        &blocked,
        "ProjectsAccessible",
        "False",
        "SomeProjectsBlocked",
        &["1 of 4", "SUP (ProjectArchived)"],
    );
    claim(
        &blocked,
        "Ready",
        "True",
        "Connected",
        &["SUP (ProjectArchived)", "Restore it in Jira"],
    );
    claim_absent(&blocked, "Stalled");
    let counts = blocked.status.unwrap().projects.unwrap();
    assert_eq!((counts.visible, counts.readable, counts.blocked), (3, Some(3), 1));

    stage.jira(restore("SUP"));
    let healed = stage.request("acme").await;
    only(&stage, "", "").await;
    claim(&healed, "ProjectsAccessible", "True", "AllProjectsAccessible", &["4"]);
    stage
        .until_events("acme-sup", &["ProjectArchived", "ProjectVisible"])
        .await;
    stage
        .until_events("acme", &["Connected", "SomeProjectsBlocked", "AllProjectsAccessible"])
        .await;
    stage.until_events("acme-eng", &[]).await;
    let described = plane
        .kubectl(&["describe", "-n", &stage.namespace, "jp/acme-sup"])
        .await
        .unwrap();
    assert!(
        described.contains(said) && described.contains("jira-operator"),
        "{described}"
    );
    let described = plane
        .kubectl(&["describe", "-n", &stage.namespace, "ji/acme"])
        .await
        .unwrap();
    let (_, events) = described.split_once("Events:").expect("events are described");
    assert!(
        events.contains("SomeProjectsBlocked") && events.contains("SUP (ProjectArchived)"),
        "{events}"
    );
    ledger::caused("project-archived");
    stage.close().await;
}

async fn trashed(plane: Arc<Plane>) {
    let stage = connected(&plane, "trashed", json!({})).await;
    stage.jira(trash("SUP"));
    stage.request("acme").await;
    only(&stage, "acme-sup", "ProjectInTrash").await;
    stage
        .claim_project(
            "acme-sup",
            "Accessible",
            "False",
            "ProjectInTrash",
            &["SUP", "trash", "Restore it"],
        )
        .await;
    stage.jira(restore("SUP"));
    stage.request("acme").await;
    only(&stage, "", "").await;

    stage.jira(trash("SUP"));
    stage.request("acme").await;
    stage.jira(Command::DeleteProject {
        site: None,
        project: "SUP".into(),
    });
    let after = stage.request("acme").await;
    stage.until_project_gone("acme-sup").await;
    claim(&after, "ProjectsAccessible", "True", "AllProjectsAccessible", &["3"]);
    let expected = [
        "Connected",
        "SomeProjectsBlocked",
        "AllProjectsAccessible",
        "ProjectRemoved",
    ];
    stage.until_events("acme", &expected).await;
    let note = stage
        .until_event("acme", "ProjectRemoved")
        .await
        .note
        .unwrap_or_default();
    assert!(note.contains("SUP") && note.contains("trash"), "{note}");
    ledger::caused("project-in-trash");
    stage.close().await;
}

async fn made_private(plane: Arc<Plane>) {
    let stage = connected(&plane, "private", json!({})).await;
    stage.jira(private("SUP", true));
    let blocked = stage.request("acme").await;
    only(&stage, "acme-sup", "ProjectNotVisible").await;
    // Hidden and deleted look alike, so the message claims neither.
    let causes = ["SUP", "not added", "private or deleted", "mistyped"];
    stage
        .claim_project("acme-sup", "Accessible", "False", "ProjectNotVisible", &causes)
        .await;
    let project = stage.project("acme-sup").await.status.unwrap();
    assert!(
        project.missing_since.is_some() && project.id.is_some(),
        "what was known of it is kept: {project:?}"
    );
    claim(&blocked, "Ready", "True", "Connected", &["SUP (ProjectNotVisible)"]);

    // It stays as long as it is only missing, and is not rewritten for it.
    let versions = stage.project_versions().await;
    stage.request("acme").await;
    assert_eq!(stage.project_versions().await, versions);
    stage.jira(private("SUP", false));
    stage.request("acme").await;
    only(&stage, "", "").await;
    assert!(stage.project("acme-sup").await.status.unwrap().missing_since.is_none());
    ledger::caused("project-not-visible");
    stage.close().await;
}

async fn renamed_discovered(plane: Arc<Plane>) {
    let stage = connected(&plane, "rekeyed", json!({})).await;
    let id = stage.project("acme-sup").await.status.unwrap().id;
    stage.jira(rename("SUP", "CARE"));
    let after = stage.request("acme").await;
    stage.until_project_gone("acme-sup").await;
    only(&stage, "", "").await;
    let project = stage.project("acme-care").await;
    assert_eq!(project.spec.key, "CARE");
    assert_eq!(project.status.unwrap().id, id, "it is the same project");
    claim(&after, "Ready", "True", "Connected", &[]);
    stage.until_events("acme", &["Connected", "ProjectRemoved"]).await;
    stage.close().await;
}

async fn renamed_named(plane: Arc<Plane>) {
    let stage = connected(&plane, "rekeyed-named", named(&["SUP", "ENG"])).await;
    stage.jira(rename("SUP", "CARE"));
    let after = stage.request("acme").await;
    let said = ["SUP", "CARE", "Put the new key into spec.projects"];
    stage
        .claim_project("acme-sup", "Accessible", "True", "ProjectKeyRenamed", &said)
        .await;
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    assert_eq!(
        stage.project("acme-sup").await.status.unwrap().key.as_deref(),
        Some("CARE")
    );
    claim(&after, "Ready", "True", "Connected", &[]);

    // The person follows.
    stage.change("acme", named(&["CARE", "ENG"])).await;
    stage.until("acme", "synchronised as named now", observed).await;
    stage.until_project_gone("acme-sup").await;
    stage
        .claim_project("acme-care", "Accessible", "True", "ProjectVisible", &["CARE"])
        .await;
    stage.until_ready("acme").await;
    ledger::caused("project-renamed");
    stage.close().await;
}
