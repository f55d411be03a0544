//! What the account may do in a project: each permission taken and given back, by people in Jira.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Story, lasting, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, claim_absent},
        hands::connected,
        look::has,
    },
};

/// Permissions with their reasons, as Jira names them to people, and with their rows in the table of
/// causes.
const EACH: [(&str, &str, &str, &str); 6] = [
    ("CREATE_ISSUES", "CreateDenied", "Create issues", "no-create"),
    ("EDIT_ISSUES", "EditDenied", "Edit issues", "no-edit"),
    ("ADD_COMMENTS", "CommentDenied", "Add comments", "no-comment"),
    (
        "TRANSITION_ISSUES",
        "TransitionDenied",
        "Transition issues",
        "no-transition",
    ),
    ("ASSIGN_ISSUES", "AssignDenied", "Assign issues", "no-assign"),
    (
        "MODIFY_REPORTER",
        "ReporterChangeDenied",
        "Modify reporter",
        "no-reporter-change",
    ),
];

pub fn stories() -> Vec<Story> {
    vec![
        story("projects::each_permission_is_missed_by_name", each_permission),
        story("projects::browsing_is_denied", browsing_denied),
        story("projects::the_agent_licence_is_gone", agent_licence),
        story("projects::observing_needs_browsing_only", observing),
        story("projects::all_are_blocked", all_blocked),
        story("projects::a_named_one_is_blocked", named_blocked),
        lasting("projects::a_plain_pass_finds_what_was_taken", plain_pass),
    ]
}

fn take(project: &str, permission: &str) -> Command {
    Command::RevokePermission {
        site: None,
        project: project.into(),
        permission: permission.into(),
        account: None,
        holder: None,
    }
}

fn give(project: &str, permission: &str) -> Command {
    Command::GrantPermission {
        site: None,
        project: project.into(),
        permission: permission.into(),
        account: None,
        holder: None,
    }
}

/// These projects have this reason, the others go on.
async fn only(stage: &Stage, blocked: &[&str], reason: &str) {
    let reasons = stage.project_reasons().await;
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    for (name, found) in &reasons {
        let expected = if blocked.contains(&name.as_str()) {
            reason
        } else {
            "Usable"
        };
        assert_eq!(found, expected, "{name}, of {reasons:?}");
    }
}

/// Without these an issue is written all the same.
const DISPENSABLE: [&str; 2] = ["AssignDenied", "ReporterChangeDenied"];

async fn each_permission(plane: Arc<Plane>) {
    let stage = connected(&plane, "permissions", json!({})).await;
    for (permission, reason, name, row) in EACH {
        stage.jira(take("ENG", permission));
        let blocked = stage.request("acme").await;
        let said = [
            "In project ENG",
            &format!("lacks: {name}."),
            &format!("Grant it {name}"),
        ];
        stage
            .claim_project("acme-eng", "Permitted", "False", reason, &said)
            .await;
        stage
            .claim_project("acme-eng", "Accessible", "True", "ProjectVisible", &[])
            .await;
        let counts = blocked.status.clone().unwrap().projects.unwrap();
        if DISPENSABLE.contains(&reason) {
            only(&stage, &[], "").await;
            stage.claim_project("acme-eng", "Ready", "True", "Usable", &said).await;
            claim(&blocked, "ProjectsAccessible", "True", "AllProjectsAccessible", &said);
            claim(&blocked, "Ready", "True", "Connected", &[]);
            assert_eq!(
                (counts.readable, counts.writable, counts.blocked),
                (Some(4), Some(4), 0)
            );
        } else {
            only(&stage, &["acme-eng"], reason).await;
            stage.claim_project("acme-eng", "Ready", "False", reason, &said).await;
            let entry = format!("1 of 4 projects cannot be written to (spec.mode Enforce): ENG ({reason})");
            claim(
                &blocked,
                "ProjectsAccessible",
                "False",
                "SomeProjectsBlocked",
                &[&entry],
            );
            claim(&blocked, "Ready", "True", "Connected", &[&entry]);
            // What is read is readable, and synchronised.
            assert_eq!(
                (counts.readable, counts.writable, counts.blocked),
                (Some(4), Some(3), 1)
            );
        }
        let held = stage.project("acme-eng").await.status.unwrap().permissions;
        assert!(!held.contains(&permission.to_owned()) && held.len() == 6, "{held:?}");

        stage.jira(give("ENG", permission));
        stage.request("acme").await;
        only(&stage, &[], "").await;
        ledger::caused(row);
    }

    // All at once: the first gives the reason, the message names every one.
    for (permission, ..) in EACH {
        stage.jira(take("ENG", permission));
    }
    stage.request("acme").await;
    let names = EACH.map(|(_, _, name, _)| name);
    stage
        .claim_project("acme-eng", "Permitted", "False", "CreateDenied", &names)
        .await;
    for (permission, ..) in EACH {
        stage.jira(give("ENG", permission));
    }
    stage.request("acme").await;
    only(&stage, &[], "").await;
    stage.close().await;
}

/// Who administers a project sees it listed without being let in.
async fn browsing_denied(plane: Arc<Plane>) {
    let stage = connected(&plane, "browsing", json!({})).await;
    stage.jira(give("ENG", "ADMINISTER_PROJECTS"));
    stage.jira(take("ENG", "BROWSE_PROJECTS"));
    stage.request("acme").await;
    only(&stage, &["acme-eng"], "BrowseDenied").await;
    let said = ["ENG", "permission scheme", "Browse projects"];
    stage
        .claim_project("acme-eng", "Accessible", "False", "BrowseDenied", &said)
        .await;
    stage
        .claim_project("acme-eng", "Permitted", "Unknown", "SkippedAfterAccessible", &[])
        .await;

    // Who does not administer it does not even see it.
    stage.jira(take("ENG", "ADMINISTER_PROJECTS"));
    stage.request("acme").await;
    only(&stage, &["acme-eng"], "ProjectNotVisible").await;
    stage.jira(give("ENG", "BROWSE_PROJECTS"));
    stage.request("acme").await;
    only(&stage, &[], "").await;
    stage
        .until_events("acme-eng", &["BrowseDenied", "ProjectNotVisible", "ProjectVisible"])
        .await;
    ledger::caused("browsing-denied");
    stage.close().await;
}

async fn agent_licence(plane: Arc<Plane>) {
    let stage = connected(&plane, "agent", json!({})).await;
    let said = ["Service project agent access", "Jira Service Management licence"];
    stage.jira(Command::RemoveAgentLicence {
        site: None,
        account: None,
    });
    let blocked = stage.request("acme").await;
    // Service projects only: nobody needs a licence for the others.
    only(&stage, &["acme-sup", "acme-its"], "InternalCommentDenied").await;
    stage
        .claim_project("acme-sup", "Permitted", "False", "InternalCommentDenied", &said)
        .await;
    claim(
        &blocked,
        "ProjectsAccessible",
        "False",
        "SomeProjectsBlocked",
        &["2 of 4", "ITS (InternalCommentDenied)"],
    );
    stage.jira(Command::GrantProductAccess {
        site: None,
        account: None,
        agent: true,
    });
    stage.request("acme").await;
    only(&stage, &[], "").await;

    // Licensed, but in no role that makes an agent of one project.
    stage.jira(take("SUP", "SERVICEDESK_AGENT"));
    stage.request("acme").await;
    only(&stage, &["acme-sup"], "InternalCommentDenied").await;
    stage.jira(give("SUP", "SERVICEDESK_AGENT"));
    stage.request("acme").await;
    only(&stage, &[], "").await;
    ledger::caused("no-internal-comment");
    stage.close().await;
}

async fn observing(plane: Arc<Plane>) {
    let stage = connected(&plane, "observing", json!({"mode": "Observe"})).await;
    for (permission, ..) in EACH {
        stage.jira(take("ENG", permission));
    }
    stage.jira(Command::RemoveAgentLicence {
        site: None,
        account: None,
    });
    claim(
        &stage.request("acme").await,
        "ProjectsAccessible",
        "True",
        "AllProjectsAccessible",
        &[],
    );
    only(&stage, &[], "").await;
    stage.change("acme", json!({"mode": "Enforce"})).await;
    stage
        .until_project_reason("acme-eng", "Permitted", "CreateDenied")
        .await;
    stage.change("acme", json!({"mode": "Observe"})).await;
    stage
        .until_project_reason("acme-eng", "Permitted", "PermissionsHeld")
        .await;
    stage.close().await;
}

async fn all_blocked(plane: Arc<Plane>) {
    let stage = connected(&plane, "all-blocked", json!({})).await;
    let all = ["ENG", "OPS", "SUP", "ITS"];
    for project in all {
        stage.jira(take(project, "EDIT_ISSUES"));
    }
    let blocked = stage.request("acme").await;
    let said = ["None of the 4", "ENG (EditDenied)", "kubectl get jiraprojects"];
    claim(&blocked, "ProjectsAccessible", "False", "AllProjectsBlocked", &said);
    claim(&blocked, "Ready", "False", "AllProjectsBlocked", &said);
    claim(&blocked, "Stalled", "True", "AllProjectsBlocked", &[]);
    for project in all {
        stage.jira(give(project, "EDIT_ISSUES"));
    }
    let healed = stage.request("acme").await;
    claim(&healed, "Ready", "True", "Connected", &[]);
    claim_absent(&healed, "Stalled");
    stage
        .until_events("acme", &["Connected", "AllProjectsBlocked", "AllProjectsAccessible"])
        .await;
    stage.close().await;
}

async fn named_blocked(plane: Arc<Plane>) {
    let projects = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}]});
    let stage = connected(&plane, "named-blocked", projects).await;
    stage.jira(take("ENG", "ADD_COMMENTS"));
    let blocked = stage.request("acme").await;
    claim(
        &blocked,
        "Ready",
        "False",
        "SomeProjectsBlocked",
        &["1 of 2", "ENG (CommentDenied)"],
    );
    claim(&blocked, "Stalled", "True", "SomeProjectsBlocked", &[]);
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    // The token does not depend on it.
    assert!(
        stage
            .secret("acme-jira-token")
            .await
            .unwrap()
            .contains_key("access-token")
    );
    stage.jira(give("ENG", "ADD_COMMENTS"));
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    stage.close().await;
}

/// Nobody asks: the clock brings a plain pass, which finds that something was taken, and the
/// next one that it was given back.
async fn plain_pass(plane: Arc<Plane>) {
    let stage = connected(&plane, "plain", json!({"syncInterval": "1m"})).await;
    stage.jira(take("ENG", "EDIT_ISSUES"));
    stage.until_project_reason("acme-eng", "Permitted", "EditDenied").await;
    only(&stage, &["acme-eng"], "EditDenied").await;
    stage
        .until_reason("acme", "ProjectsAccessible", "SomeProjectsBlocked")
        .await;
    stage.jira(give("ENG", "EDIT_ISSUES"));
    stage
        .until_project_reason("acme-eng", "Permitted", "PermissionsHeld")
        .await;
    let healed = |o: &JiraIntegration| has(o, "ProjectsAccessible", "AllProjectsAccessible");
    stage.until("acme", "healed", healed).await;
    stage.close().await;
}
