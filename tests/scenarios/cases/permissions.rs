//! What the account may do in a project: each permission taken and given back, by people in Jira.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        actions::connected,
        assertions::{assert_absent, assert_condition},
        commands::let_in,
        observe::has,
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

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("projects::each_permission_is_missed_by_name", each_permission),
        scenario("projects::browsing_is_denied", browsing_denied),
        scenario("projects::the_agent_licence_is_gone", agent_licence),
        scenario("projects::without_tickets_browsing_is_enough", without_tickets),
        scenario("projects::tickets_are_judged_in_their_projects_alone", ticket_projects),
        scenario("projects::all_are_blocked", all_blocked),
        scenario("projects::a_named_one_is_blocked", named_blocked),
        waiting("projects::a_plain_pass_finds_what_was_taken", plain_pass),
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

/// Without these an issue is written all the same.
const DISPENSABLE: [&str; 2] = ["AssignDenied", "ReporterChangeDenied"];

async fn each_permission(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "permissions", json!({"tickets": {}})).await;
    for (permission, reason, name, row) in EACH {
        harness.jira(take("ENG", permission));
        let blocked = harness.request("acme").await;
        let said = [
            "In project ENG",
            &format!("lacks: {name}."),
            &format!("Grant it {name}"),
        ];
        harness
            .assert_project("acme-eng", "Permitted", "False", reason, &said)
            .await;
        harness
            .assert_project("acme-eng", "Accessible", "True", "ProjectVisible", &[])
            .await;
        let counts = blocked.status.clone().unwrap().projects.unwrap();
        if DISPENSABLE.contains(&reason) {
            harness.assert_blocked(&[], "").await;
            harness
                .assert_project("acme-eng", "Ready", "True", "Usable", &said)
                .await;
            assert_condition(&blocked, "ProjectsAccessible", "True", "AllProjectsAccessible", &said);
            assert_condition(&blocked, "Ready", "True", "Connected", &[]);
            assert_eq!(
                (counts.readable, counts.writable, counts.blocked),
                (Some(4), Some(4), 0)
            );
        } else {
            harness.assert_blocked(&["acme-eng"], reason).await;
            harness
                .assert_project("acme-eng", "Ready", "False", reason, &said)
                .await;
            let entry = format!("1 of 4 projects cannot be written to (spec.tickets): ENG ({reason})");
            assert_condition(
                &blocked,
                "ProjectsAccessible",
                "False",
                "SomeProjectsBlocked",
                &[&entry],
            );
            assert_condition(&blocked, "Ready", "True", "Connected", &[&entry]);
            // What is read is readable, and synchronised.
            assert_eq!(
                (counts.readable, counts.writable, counts.blocked),
                (Some(4), Some(3), 1)
            );
        }
        let held = harness.project("acme-eng").await.status.unwrap().permissions;
        assert!(!held.contains(&permission.to_owned()) && held.len() == 6, "{held:?}");

        harness.jira(give("ENG", permission));
        harness.request("acme").await;
        harness.assert_blocked(&[], "").await;
        coverage::caused(row);
    }

    // All at once: the first gives the reason, the message names every one.
    for (permission, ..) in EACH {
        harness.jira(take("ENG", permission));
    }
    harness.request("acme").await;
    let names = EACH.map(|(_, _, name, _)| name);
    harness
        .assert_project("acme-eng", "Permitted", "False", "CreateDenied", &names)
        .await;
    for (permission, ..) in EACH {
        harness.jira(give("ENG", permission));
    }
    harness.request("acme").await;
    harness.assert_blocked(&[], "").await;
    harness.close().await;
}

/// Who administers a project sees it listed without being let in.
async fn browsing_denied(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "browsing", json!({})).await;
    harness.jira(give("ENG", "ADMINISTER_PROJECTS"));
    harness.jira(take("ENG", "BROWSE_PROJECTS"));
    harness.request("acme").await;
    harness.assert_blocked(&["acme-eng"], "BrowseDenied").await;
    let said = ["ENG", "permission scheme", "Browse projects"];
    harness
        .assert_project("acme-eng", "Accessible", "False", "BrowseDenied", &said)
        .await;
    harness
        .assert_project("acme-eng", "Permitted", "Unknown", "SkippedAfterAccessible", &[])
        .await;

    // Who does not administer it does not even see it.
    harness.jira(take("ENG", "ADMINISTER_PROJECTS"));
    harness.request("acme").await;
    harness.assert_blocked(&["acme-eng"], "ProjectNotVisible").await;
    harness.jira(give("ENG", "BROWSE_PROJECTS"));
    harness.request("acme").await;
    harness.assert_blocked(&[], "").await;
    harness
        .until_events("acme-eng", &["BrowseDenied", "ProjectNotVisible", "ProjectVisible"])
        .await;
    coverage::caused("browsing-denied");
    harness.close().await;
}

async fn agent_licence(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "agent", json!({"tickets": {}})).await;
    let said = ["Service project agent access", "Jira Service Management licence"];
    harness.jira(Command::RemoveAgentLicence {
        site: None,
        account: None,
    });
    let blocked = harness.request("acme").await;
    // Service projects only: nobody needs a licence for the others.
    harness
        .assert_blocked(&["acme-sup", "acme-its"], "InternalCommentDenied")
        .await;
    harness
        .assert_project("acme-sup", "Permitted", "False", "InternalCommentDenied", &said)
        .await;
    assert_condition(
        &blocked,
        "ProjectsAccessible",
        "False",
        "SomeProjectsBlocked",
        &["2 of 4", "ITS (InternalCommentDenied)"],
    );
    harness.jira(let_in(None, None, true));
    harness.request("acme").await;
    harness.assert_blocked(&[], "").await;

    // Licensed, but in no role that makes an agent of one project.
    harness.jira(take("SUP", "SERVICEDESK_AGENT"));
    harness.request("acme").await;
    harness.assert_blocked(&["acme-sup"], "InternalCommentDenied").await;
    harness.jira(give("SUP", "SERVICEDESK_AGENT"));
    harness.request("acme").await;
    harness.assert_blocked(&[], "").await;
    coverage::caused("no-internal-comment");
    harness.close().await;
}

/// What the account may not do is said, and nothing is red for it, whatever the mode of an earlier version says.
async fn without_tickets(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "reading", json!({"mode": "Observe"})).await;
    for (permission, ..) in EACH {
        harness.jira(take("ENG", permission));
    }
    harness.jira(Command::RemoveAgentLicence {
        site: None,
        account: None,
    });
    for mode in [json!("Observe"), json!("Enforce"), json!(null)] {
        harness.change("acme", json!({"mode": mode})).await;
        let found = harness.request("acme").await;
        let all = "AllProjectsAccessible";
        assert_condition(&found, "ProjectsAccessible", "True", all, &["All 4 projects"]);
        harness.assert_blocked(&[], "").await;
        let counts = found.status.unwrap().projects.unwrap();
        assert_eq!((counts.readable, counts.writable), (Some(4), None));
        let names = EACH.map(|(_, _, name, _)| name);
        harness
            .assert_project("acme-eng", "Permitted", "True", "PermissionsHeld", &names)
            .await;
        harness.assert_project("acme-eng", "Ready", "True", "Usable", &[]).await;
    }
    harness.change("acme", json!({"tickets": {}})).await;
    harness
        .until_project_reason("acme-eng", "Permitted", "CreateDenied")
        .await;
    harness.change("acme", json!({"tickets": null})).await;
    harness
        .until_project_reason("acme-eng", "Permitted", "PermissionsHeld")
        .await;
    harness.close().await;
}

/// Of the projects that are named for tickets `Ready` depends; of the others nothing is asked but to be read.
async fn ticket_projects(cluster: Arc<Cluster>) {
    let spec = json!({"tickets": {"projects": ["ENG"]}});
    let harness = connected(&cluster, "ticket-projects", spec).await;
    harness.jira(take("OPS", "CREATE_ISSUES"));
    harness.jira(take("SUP", "SERVICEDESK_AGENT"));
    let found = harness.request("acme").await;
    assert_condition(&found, "Ready", "True", "Connected", &[]);
    assert_eq!(found.status.unwrap().projects.unwrap().writable, Some(1));
    harness.assert_blocked(&[], "").await;
    let said = ["not written in OPS, would take Create issues as well"];
    harness
        .assert_project("acme-ops", "Permitted", "True", "PermissionsHeld", &said)
        .await;
    harness
        .assert_project("acme-sup", "ServiceDeskReady", "True", "ServiceDeskUsable", &[])
        .await;

    harness.jira(take("ENG", "CREATE_ISSUES"));
    let blocked = harness.request("acme").await;
    let said = ["1 of 4 projects cannot be written to (spec.tickets): ENG (CreateDenied)"];
    assert_condition(&blocked, "Ready", "False", "SomeProjectsBlocked", &said);
    harness.assert_blocked(&["acme-eng"], "CreateDenied").await;
    harness.jira(give("ENG", "CREATE_ISSUES"));
    harness.jira(Command::ArchiveProject {
        site: None,
        project: "OPS".into(),
    });
    // One that nobody named is told, and holds nothing back.
    let found = harness.request("acme").await;
    assert_condition(&found, "ProjectsAccessible", "False", "SomeProjectsBlocked", &["OPS"]);
    assert_condition(&found, "Ready", "True", "Connected", &[]);
    harness.close().await;
}

async fn all_blocked(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "all-blocked", json!({"tickets": {}})).await;
    let all = ["ENG", "OPS", "SUP", "ITS"];
    for project in all {
        harness.jira(take(project, "EDIT_ISSUES"));
    }
    let blocked = harness.request("acme").await;
    let said = ["None of the 4", "ENG (EditDenied)", "kubectl get jiraprojects"];
    assert_condition(&blocked, "ProjectsAccessible", "False", "AllProjectsBlocked", &said);
    assert_condition(&blocked, "Ready", "False", "AllProjectsBlocked", &said);
    assert_condition(&blocked, "Stalled", "True", "AllProjectsBlocked", &[]);
    for project in all {
        harness.jira(give(project, "EDIT_ISSUES"));
    }
    let recovered = harness.request("acme").await;
    assert_condition(&recovered, "Ready", "True", "Connected", &[]);
    assert_absent(&recovered, "Stalled");
    harness
        .until_events("acme", &["Connected", "AllProjectsBlocked", "AllProjectsAccessible"])
        .await;
    harness.close().await;
}

async fn named_blocked(cluster: Arc<Cluster>) {
    let projects = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}], "tickets": {}});
    let harness = connected(&cluster, "named-blocked", projects).await;
    harness.jira(take("ENG", "ADD_COMMENTS"));
    let blocked = harness.request("acme").await;
    assert_condition(
        &blocked,
        "Ready",
        "False",
        "SomeProjectsBlocked",
        &["1 of 2", "ENG (CommentDenied)"],
    );
    assert_condition(&blocked, "Stalled", "True", "SomeProjectsBlocked", &[]);
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    // The token does not depend on it.
    assert!(harness.is_published().await);
    harness.jira(give("ENG", "ADD_COMMENTS"));
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    harness.close().await;
}

/// Nobody asks: the clock brings an incremental reconciliation, which finds that something was taken, and the
/// next one that it was given back.
async fn plain_pass(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "plain", json!({"syncInterval": "1m", "tickets": {}})).await;
    harness.jira(take("ENG", "EDIT_ISSUES"));
    harness
        .until_project_reason("acme-eng", "Permitted", "EditDenied")
        .await;
    harness.assert_blocked(&["acme-eng"], "EditDenied").await;
    harness
        .until_reason("acme", "ProjectsAccessible", "SomeProjectsBlocked")
        .await;
    harness.jira(give("ENG", "EDIT_ISSUES"));
    harness
        .until_project_reason("acme-eng", "Permitted", "PermissionsHeld")
        .await;
    let recovered = |o: &JiraIntegration| has(o, "ProjectsAccessible", "AllProjectsAccessible");
    harness.until("acme", "recovered", recovered).await;
    harness.close().await;
}
