//! Issues and projects change their names and places in Jira, and several integrations mirror them.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{integration::JiraIntegration, issue::JiraIssue};
use kube::ResourceExt;
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{Harness, observe::is_ready},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("issues::a_project_key_is_renamed", renamed),
        scenario("issues::closed_moved_and_reopened", closed_and_moved),
        scenario("issues::projects_come_and_go", projects),
        scenario("issues::two_integrations_on_one_site", two),
        waiting("issues::a_status_that_no_workflow_had", new_status),
        scenario("issues::a_request_is_answered_when_all_was_looked_at", answered),
        scenario("issues::open_ones_are_counted_where_nothing_is_said_of_issues", counted),
    ]
}

fn of(mirrored: &BTreeMap<String, JiraIssue>, project: &str) -> usize {
    let begins = format!("{project}-");
    mirrored.keys().filter(|key| key.starts_with(&begins)).count()
}

fn uid(issue: &JiraIssue) -> String {
    issue.uid().unwrap_or_default()
}

/// Every issue has another key, and stays the object that it was.
async fn renamed(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-renamed").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    harness
        .integrate(
            "acme",
            "acme-oauth",
            json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open"}}),
        )
        .await;
    harness.until_ready("acme").await;
    let all = harness.readable_in("ENG");
    harness
        .until_mirrored("complete", |mirrored| of(mirrored, "ENG") == all)
        .await;
    let before = uid(&harness.mirrored().await["ENG-1"]);
    harness.command(json!({"command": "renameProjectKey", "project": "ENG", "key": "DEV"}));
    harness.request("acme").await;
    harness
        .until_mirrored("renamed", |mirrored| {
            of(mirrored, "DEV") == all && of(mirrored, "ENG") == 0
        })
        .await;
    let after = harness.mirrored().await;
    assert_eq!(uid(&after["DEV-1"]), before, "it is the same object");
    assert_eq!(after["DEV-1"].status.as_ref().unwrap().project, "DEV");
    let project = harness
        .until_project("acme-eng", "counted", |project| {
            let issues = project.status.as_ref().and_then(|status| status.issues.as_ref());
            issues.is_some_and(|issues| issues.open == i64::try_from(all).ok())
        })
        .await;
    assert_eq!(project.status.unwrap().key.as_deref(), Some("DEV"));
    harness.close().await;
}

/// What is done leaves a mirror of what is open, and comes back when it is opened again; what moves
/// within the scope keeps its object, and what moves out of it goes.
async fn closed_and_moved(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-moved").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    harness
        .until_mirrored("there", |mirrored| mirrored.contains_key("ENG-3"))
        .await;
    let removed = |object: &JiraIntegration| {
        let sync = object.status.as_ref().and_then(|status| status.sync.as_ref());
        sync.and_then(|sync| sync.removed).unwrap_or_default()
    };
    let set = |issue: &str, status: &str| json!({"command": "updateIssue", "issue": issue, "status": status});
    harness.command(set("ENG-1", "Done"));
    harness.request("acme").await;
    harness
        .until_mirrored("without it", |mirrored| !mirrored.contains_key("ENG-1"))
        .await;
    let reported = harness
        .until("acme", "one that counts it", |o| removed(o).no_longer_matching == 1)
        .await;
    assert_eq!((removed(&reported).gone, removed(&reported).moved), (0, 0));
    harness.command(set("ENG-1", "To Do"));
    harness.request("acme").await;
    harness
        .until_mirrored("with it again", |mirrored| mirrored.contains_key("ENG-1"))
        .await;

    let before = harness.mirrored().await;
    let move_to = |issue: &str, project: &str| json!({"command": "moveIssue", "issue": issue, "project": project});
    harness.command(move_to("ENG-2", "OPS"));
    harness.request("acme").await;
    harness
        .until_mirrored("moved", |mirrored| !mirrored.contains_key("ENG-2"))
        .await;
    let after = harness.mirrored().await;
    let moved = after.values().find(|issue| uid(issue) == uid(&before["ENG-2"]));
    let moved = moved.expect("the same object").status.clone().unwrap();
    assert!(moved.key.starts_with("OPS-") && moved.project == "OPS", "{moved:?}");
    assert_eq!(after.len(), before.len());

    harness.command(move_to("ENG-3", "ITS"));
    harness.request("acme").await;
    harness
        .until_mirrored("moved away", |mirrored| !mirrored.contains_key("ENG-3"))
        .await;
    harness
        .until("acme", "one that counts it", |o| removed(o).moved == 1)
        .await;
    harness.close().await;
}

async fn projects(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-projects").await;
    harness
        .integrate(
            "acme",
            "acme-oauth",
            json!({"issues": {"mirror": "Open", "maxObjects": 1000}}),
        )
        .await;
    harness.until_ready("acme").await;
    let rest = harness.readable_in("ENG");
    harness
        .until_mirrored("there", |mirrored| of(mirrored, "ENG") == rest)
        .await;

    harness.command(json!({"command": "createProject", "key": "NEW", "template": "software"}));
    harness.command(json!({"command": "addIssues", "project": "NEW", "count": 7}));
    harness.request("acme").await;
    harness
        .until_mirrored("with the new one", |mirrored| of(mirrored, "NEW") == 7)
        .await;

    // Out of sight is not deleted.
    harness.command(json!({"command": "setProjectPrivate", "project": "NEW", "private": true}));
    harness.request("acme").await;
    harness.request("acme").await;
    assert_eq!(of(&harness.mirrored().await, "NEW"), 7, "they stay");
    harness.command(json!({"command": "setProjectPrivate", "project": "NEW", "private": false}));
    harness.command(json!({"command": "addIssues", "project": "NEW", "count": 1}));
    harness.request("acme").await;
    harness
        .until_mirrored("caught up", |mirrored| of(mirrored, "NEW") == 8)
        .await;

    // Whom the spec no longer names goes, with its issues.
    harness.change("acme", json!({"projects": [{"key": "ENG"}]})).await;
    harness
        .until_mirrored("narrowed", |mirrored| {
            mirrored.len() == of(mirrored, "ENG") && of(mirrored, "ENG") == rest
        })
        .await;
    harness.close().await;
}

/// Each has objects of its own, of the same issues.
async fn two(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-two").await;
    let spec = |mirror: &str| json!({"projects": [{"key": "ENG"}], "issues": {"mirror": mirror}});
    harness.integrate("acme", "acme-oauth", spec("All")).await;
    harness.integrate("other", "acme-oauth", spec("All")).await;
    harness.until_ready("acme").await;
    harness.until_ready("other").await;
    let names = |integration: &'static str| {
        let harness = &harness;
        async move {
            let list = harness
                .issues()
                .list(&kube::api::ListParams::default())
                .await
                .expect("the issues");
            let own = list
                .items
                .into_iter()
                .filter(|issue| issue.spec.integration == integration);
            own.map(|issue| issue.name_any()).collect::<Vec<_>>()
        }
    };
    let expected = harness.readable_in("ENG");
    for (integration, begins) in [("acme", "acme-eng-"), ("other", "other-eng-")] {
        harness
            .until(integration, "filled", |o| {
                let sync = o.status.as_ref().and_then(|status| status.sync.as_ref());
                sync.and_then(|sync| sync.issues_tracked) == i64::try_from(expected).ok()
            })
            .await;
        let names = names(integration).await;
        assert_eq!(names.len(), expected);
        assert!(names.iter().all(|name| name.starts_with(begins)), "{names:?}");
    }
    // One of them goes, and takes nothing of the other along.
    harness.delete::<JiraIntegration>("other").await;
    harness
        .until_mirrored("the other's alone", |mirrored| mirrored.len() == expected)
        .await;
    harness.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Still followed"}));
    harness.request("acme").await;
    assert_eq!(
        harness.mirrored().await["ENG-1"].status.as_ref().unwrap().summary,
        "Still followed"
    );
    assert_eq!(names("other").await.len(), 0);
    harness.close().await;
}

/// A workflow changed: an issue has a status that it had not. It is asked for anew, and only once.
async fn new_status(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-status").await;
    let spec =
        json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "syncInterval": "1m", "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let mark = harness.sandbox.mark();
    harness.command(json!({"command": "addStatus", "project": "ENG", "name": "Parked", "category": "indeterminate"}));
    harness.command(json!({"command": "updateIssue", "issue": "ENG-1", "status": "Parked"}));
    // The clock brings the reconciliation, not a person.
    let known = harness
        .until_project("acme-eng", "one that knows the status", |project| {
            let types = project.status.iter().flat_map(|status| &status.issue_types);
            types
                .flat_map(|kind| &kind.statuses)
                .any(|status| status.name == "Parked")
        })
        .await;
    assert!(known.status.is_some());
    assert_eq!(harness.calls_to(mark, "/statuses"), 1, "the other project is not asked");
    assert_eq!(
        harness.mirrored().await["ENG-1"].status.as_ref().unwrap().phase,
        "InProgress"
    );
    harness.close().await;
}

/// A person asks while a first synchronisation is under way.
async fn answered(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-answered").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 250}));
    harness.fault_first_pages(1, None, &json!({"kind": "delay", "milliseconds": 3000}));
    let spec =
        json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "issues": {"mirror": "Open", "maxObjects": 1000}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let sync = |o: &JiraIntegration| o.status.clone().unwrap_or_default().sync.unwrap_or_default();
    harness.fault("/statuses", 0, None, &json!({"kind": "hold"}));
    let value = harness.ask("acme").await;
    let waits = harness.sandbox.mark();
    let asked = |calls: &[devkit::sandbox::Request]| calls.iter().any(|call| call.path.ends_with("/statuses"));
    let asked = tokio::time::timeout(
        crate::harness::observe::PATIENCE,
        harness.sandbox.wait_for_requests(waits, asked),
    )
    .await;
    assert!(
        asked.is_ok(),
        "the workflows were never asked for\n{}",
        harness.log_tail()
    );
    let handled = |o: &JiraIntegration| {
        o.status
            .as_ref()
            .and_then(|status| status.last_handled_reconcile_at.clone())
    };
    assert_ne!(
        handled(&harness.integration("acme").await).as_ref(),
        Some(&value),
        "not before all is known"
    );
    harness.command(json!({"command": "clearFaults"}));
    let before = sync(&harness.integration("acme").await).last_sweep_time;
    let done = harness.until_answered("acme", &value).await;
    assert!(sync(&done).last_inventory_time.is_some() && sync(&done).last_sweep_time >= before);
    assert!(is_ready(&done));
    harness.close().await;
}

async fn counted(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-counted").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 7}));
    harness
        .integrate("acme", "acme-oauth", json!({"projects": [{"key": "ENG"}]}))
        .await;
    let ready = harness.until_ready("acme").await;
    let open = harness.readable_in("ENG");
    harness
        .until_project("acme-eng", "counted", |project| {
            let issues = project.status.as_ref().and_then(|status| status.issues.as_ref());
            issues.is_some_and(|issues| issues.open == i64::try_from(open).ok())
        })
        .await;
    harness
        .assert_project("acme-eng", "Synced", "True", "SyncSucceeded", &[])
        .await;
    assert!(harness.mirrored().await.is_empty());
    assert!(is_ready(&ready));
    harness.close().await;
}
