//! Issues come into the cluster: created, changed, closed, moved, deleted; and what keeps them out.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, assertions::assert_condition, observe::is_ready},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("issues::they_arrive_change_and_leave", life),
        scenario("issues::more_than_there_may_be_objects", truncated),
        scenario("issues::a_jql_narrows_them_and_a_wrong_one_is_reported", narrowed),
        scenario("issues::a_project_that_is_hidden_keeps_its_issues", hidden),
        scenario("issues::slices_go_on_after_a_kill", killed),
        scenario("issues::none_are_fetched_where_none_are_asked_for", none),
        scenario("issues::an_issue_of_nulls_and_one_of_emoji", odd),
    ]
}

async fn life(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-life").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 120, "varied": true}));
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "All", "maxObjects": 1000}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let in_jira = || -> Vec<String> {
        let keys = harness.readable_keys().into_iter();
        keys.filter(|key| key.starts_with("ENG-")).collect()
    };
    harness
        .until_mirrored("as Jira", |mirrored| {
            mirrored.keys().cloned().collect::<Vec<_>>() == in_jira()
        })
        .await;
    let first = harness.mirrored().await;

    harness
        .command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Changed in Jira", "status": "Done"}));
    harness.request("acme").await;
    let second = harness.mirrored().await;
    let changed = second["ENG-1"].status.as_ref().unwrap();
    assert_eq!(
        (changed.summary.as_str(), changed.phase.as_str()),
        ("Changed in Jira", "Done")
    );
    let rewritten = second
        .iter()
        .filter(|(key, issue)| first[*key].metadata.resource_version != issue.metadata.resource_version);
    assert_eq!(rewritten.count(), 1, "nothing else is written");

    harness.command(json!({"command": "deleteIssue", "issue": "ENG-2"}));
    let after = harness.request("acme").await;
    harness
        .until_mirrored("without what was deleted", |mirrored| !mirrored.contains_key("ENG-2"))
        .await;
    assert!(is_ready(&after), "{after:#?}");
    let reported = harness
        .until("acme", "one removed", |o| {
            let sync = o.status.as_ref().and_then(|status| status.sync.as_ref());
            sync.and_then(|sync| sync.removed)
                .is_some_and(|removed| removed.gone == 1)
        })
        .await;
    assert_condition(&reported, "Synced", "True", "SyncSucceeded", &[]);
    harness.close().await;
}

fn conditions_of(project: &jira_operator::api::project::JiraProject) -> Vec<(String, String)> {
    let conditions = project.status.as_ref().map(|status| status.conditions.clone());
    let pairs = conditions.into_iter().flatten();
    pairs.map(|condition| (condition.type_, condition.reason)).collect()
}

fn synced_as(reason: &str) -> (String, String) {
    ("Synced".to_owned(), reason.to_owned())
}

/// Those that were updated last are mirrored, and Jira says about how many there are.
async fn truncated(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-many").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 50, "spreadSeconds": 5000}));
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open", "maxObjects": 10}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_reason("acme", "Synced", "MirrorTruncated").await;
    let reported = harness.integration("acme").await;
    assert_condition(
        &reported,
        "Synced",
        "False",
        "MirrorTruncated",
        &["10 of ", "spec.issues.maxObjects"],
    );
    assert!(is_ready(&reported), "it holds nothing back");
    let mirrored = harness.mirrored().await;
    assert_eq!(mirrored.len(), 10);
    let open = harness.readable_in("ENG");
    let project = harness.project("acme-eng").await;
    assert_eq!(project.status.unwrap().issues.unwrap().open, i64::try_from(open).ok());
    let oldest = mirrored
        .values()
        .map(|issue| issue.status.clone().unwrap().updated)
        .min()
        .unwrap();

    let keys = harness.readable_keys();
    let untouched = keys
        .iter()
        .find(|key| key.starts_with("ENG-") && !mirrored.contains_key(*key))
        .unwrap();
    harness.command(json!({"command": "updateIssue", "issue": untouched, "summary": "Now the newest"}));
    harness.request("acme").await;
    let after = harness.mirrored().await;
    assert!(after.contains_key(untouched.as_str()) && after.len() == 10);
    assert!(
        after
            .values()
            .all(|issue| issue.status.clone().unwrap().updated > oldest),
        "the oldest made room"
    );

    harness
        .change("acme", json!({"issues": {"mirror": "Open", "maxObjects": 500}}))
        .await;
    harness.until_reason("acme", "Synced", "SyncSucceeded").await;
    assert_eq!(harness.mirrored().await.len(), open);
    harness.close().await;
}

async fn narrowed(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-jql").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 3, "set": {"labels": ["k8s"]}}));
    let project =
        |jql: &str| json!({"projects": [{"key": "ENG", "jql": jql}, {"key": "OPS"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", project("labels = k8s")).await;
    harness.until_ready("acme").await;
    let of = |mirrored: &BTreeMap<String, _>, key: &str| mirrored.keys().filter(|issue| issue.starts_with(key)).count();
    harness
        .until_mirrored("narrowed", |mirrored| of(mirrored, "ENG-") == 3)
        .await;
    let mirrored = harness.mirrored().await;
    let others = of(&mirrored, "OPS-");
    assert!(others > 0);

    let leaving = mirrored.keys().find(|key| key.starts_with("ENG-")).unwrap().clone();
    harness.command(json!({"command": "updateIssue", "issue": leaving, "labels": []}));
    harness.request("acme").await;
    assert!(!harness.mirrored().await.contains_key(&leaving), "it no longer matches");

    for (wrong, words) in [
        ("labels = ", "jql of spec.projects[ENG]"),
        ("a) OR (b", "jql of spec.projects[ENG]"),
        ("labels = k8s ORDER BY created", "ORDER BY"),
    ] {
        harness.change("acme", project(wrong)).await;
        let partial = harness.until_reason("acme", "Synced", "SyncPartial").await;
        assert!(partial.message.contains("one project"), "{}", partial.message);
        // The others did succeed, and the status says when.
        assert!(!partial.message.contains("last succeeded"), "{}", partial.message);
        let reported = harness
            .until_project("acme-eng", "told", |project| {
                conditions_of(project).contains(&synced_as("JqlInvalid"))
            })
            .await;
        let synced = reported
            .status
            .unwrap()
            .conditions
            .into_iter()
            .find(|c| c.type_ == "Synced")
            .unwrap();
        assert!(synced.message.contains(words), "{}", synced.message);
        assert_eq!(
            of(&harness.mirrored().await, "OPS-"),
            others,
            "the other project goes on"
        );
        harness.change("acme", project("labels = k8s")).await;
        harness.until_reason("acme", "Synced", "SyncSucceeded").await;
        harness
            .until_project("acme-eng", "well", |project| {
                conditions_of(project).contains(&synced_as("SyncSucceeded"))
            })
            .await;
    }
    harness.close().await;
}

/// Losing access to a project is no deletion of its issues.
async fn hidden(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-hidden").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let before = harness.mirrored().await;
    let private = |private: bool| json!({"command": "setProjectPrivate", "project": "ENG", "private": private});
    harness.command(private(true));
    harness.request("acme").await;
    harness.request("acme").await;
    assert_eq!(harness.mirrored().await.len(), before.len(), "they stay");
    harness.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Changed while hidden"}));
    harness.command(private(false));
    harness.request("acme").await;
    harness.request("acme").await;
    let after = harness.mirrored().await;
    assert_eq!(after["ENG-1"].status.as_ref().unwrap().summary, "Changed while hidden");

    harness.command(json!({"command": "archiveProject", "project": "ENG"}));
    harness.request("acme").await;
    harness
        .until_mirrored("without the archived project", |mirrored| {
            !mirrored.keys().any(|key| key.starts_with("ENG-"))
        })
        .await;
    let reported = harness.integration("acme").await.status.unwrap().sync.unwrap();
    assert!(reported.removed.unwrap().archived >= 5);
    harness.close().await;
}

/// The process is killed while the first synchronisation is under way; what is in the cluster is
/// not fetched again.
async fn killed(cluster: Arc<Cluster>) {
    let mut harness = Harness::with_grant(&cluster, "issues-killed").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 500}));
    let fault = |skip: u32| {
        json!({"command": "addFault", "rule": {
        "path": "/search/jql", "body": "ORDER BY created", "skip": skip, "action": {"kind": "hold"}}})
    };
    harness.command(fault(2));
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open", "maxObjects": 1000}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_mirrored("begun", |mirrored| mirrored.len() >= 103).await;
    harness.kill_operators().await;
    harness.command(json!({"command": "clearFaults"}));
    let there = harness.mirrored().await.len();
    let mark = harness.sandbox.mark();
    harness.start_operator();
    let all = harness.readable_in("ENG");
    harness
        .until_mirrored("complete", |mirrored| mirrored.len() == all)
        .await;
    assert!(there >= 103 && there < all, "{there} of {all} were there");
    let is_page = |body: &String| body.contains("ORDER BY created");
    let fetches = harness
        .calls_since(mark)
        .into_iter()
        .filter(|call| call.path.ends_with("bulkfetch") || call.body.as_ref().is_some_and(is_page));
    assert!(fetches.count() <= 8, "each issue at most once more");
    harness.close().await;
}

async fn none(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-none").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 7}));
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "None"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let open = harness.readable_in("ENG");
    harness
        .until_project("acme-eng", "counted", |project| {
            let issues = project.status.as_ref().and_then(|status| status.issues.as_ref());
            issues.is_some_and(|issues| issues.open == i64::try_from(open).ok())
        })
        .await;
    assert!(harness.mirrored().await.is_empty());

    harness.change("acme", json!({"issues": {"mirror": "Open"}})).await;
    harness
        .until_mirrored("mirrored", |mirrored| mirrored.len() == open)
        .await;
    harness.change("acme", json!({"issues": {"mirror": "None"}})).await;
    harness.until_mirrored("let go", BTreeMap::is_empty).await;
    harness.close().await;
}

async fn odd(cluster: Arc<Cluster>) {
    let harness = Harness::with_grant(&cluster, "issues-odd").await;
    let long: String = "\u{202e}\u{1f9d1}\u{200d}\u{1f680}שלום "
        .chars()
        .cycle()
        .take(255)
        .collect();
    harness.command(json!({"command": "createProject", "key": "LONGKEYTEN", "template": "software"}));
    harness.command(json!({"command": "createProject", "key": "A_B", "template": "software"}));
    harness.command(json!({"command": "addIssues", "project": "LONGKEYTEN", "count": 1, "set": {"summary": long}}));
    harness.command(json!({"command": "addIssues", "project": "A_B", "count": 1}));
    harness.command(json!({"command": "updateIssue", "issue": "A_B-1",
        "nulls": ["priority", "assignee", "reporter", "labels", "resolutiondate", "status", "issuetype"]}));
    let spec = json!({"projects": [{"key": "LONGKEYTEN"}, {"key": "A_B"}], "issues": {"mirror": "All"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    harness
        .until_mirrored("both", |mirrored| {
            mirrored.contains_key("LONGKEYTEN-1") && mirrored.contains_key("A_B-1")
        })
        .await;
    let mirrored = harness.mirrored().await;
    assert_eq!(mirrored["A_B-1"].metadata.name.as_deref(), Some("acme-a-b-1"));
    let bare = mirrored["A_B-1"].status.clone().unwrap();
    assert_eq!((bare.phase.as_str(), bare.priority), ("Unknown", None));
    assert!(
        mirrored["LONGKEYTEN-1"]
            .status
            .clone()
            .unwrap()
            .summary
            .contains('\u{1f9d1}')
    );
    harness.close().await;
}
