//! Many issues: how they come in, what they cost others, what kubectl shows of them.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{
    integration::{JiraIntegration, SyncStatus},
    issue::JiraIssue,
};
use kube::ResourceExt;
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{Setup, actions::opened, assertions::assert_condition, observe::is_ready},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("issues::three_kills_in_a_first_synchronisation", kills),
        waiting("issues::five_hundred_beside_another_integration", five_hundred),
        waiting("issues::a_long_first_synchronisation_reports_its_progress", progress),
        scenario("issues::kubectl_shows_and_selects_them", kubectl),
    ]
}

fn sync(object: &JiraIntegration) -> SyncStatus {
    object.status.clone().unwrap_or_default().sync.unwrap_or_default()
}

/// Killed in the middle of the first page, after a slice that left a checkpoint, and near the end: what
/// is in the cluster is not fetched again.
async fn kills(cluster: Arc<Cluster>) {
    let (mut harness, _) = opened(&cluster, "issues-kills", Setup::default()).await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 600 - harness.readable_in("ENG")}));
    let all = harness.readable_in("ENG");
    let hold = json!({"kind": "hold"});
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open", "maxObjects": 1000}});
    harness.fault_first_pages(1, None, &hold);
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_mirrored("begun", |mirrored| mirrored.len() >= 20).await;
    harness.kill_operators().await;

    harness.command(json!({"command": "clearFaults"}));
    harness.fault_first_pages(3, None, &json!({"kind": "status", "code": 503}));
    harness.start_operator();
    harness.until_reason("acme", "Synced", "SiteUnavailable").await;
    harness.kill_operators().await;

    let there = harness.mirrored().await.len();
    harness.command(json!({"command": "clearFaults"}));
    harness.fault("/issue/bulkfetch", 1, None, &hold);
    harness.start_operator();
    harness
        .until_mirrored("going on", |mirrored| mirrored.len() > there)
        .await;
    harness.kill_operators().await;

    harness.command(json!({"command": "clearFaults"}));
    let is_whole = |issue: &&JiraIssue| issue.written().is_some();
    let before = harness.mirrored().await.values().filter(is_whole).count();
    assert!(before > 100 && before < all, "{before} of {all} were there");
    let mark = harness.sandbox.mark();
    harness.start_operator();
    harness
        .until_mirrored("complete", |mirrored| mirrored.len() == all)
        .await;
    harness.until_ready("acme").await;
    let half_made = |mirrored: &BTreeMap<String, JiraIssue>| mirrored.keys().any(|key| !key.starts_with("ENG-"));
    harness.until_mirrored("whole", |mirrored| !half_made(mirrored)).await;
    let fetched = harness.calls_to(mark, "/issue/bulkfetch");
    let pages = (all - before).div_ceil(100);
    assert!(fetched <= pages, "{fetched} calls for the last {pages} pages");
    harness.close().await;
}

/// Another integration of the same process and app is checked as if there was nothing else.
async fn five_hundred(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "issues-500", Setup::default()).await;
    harness
        .integrate(
            "other",
            "acme-oauth",
            json!({"projects": [{"key": "OPS"}], "syncInterval": "1m"}),
        )
        .await;
    let other = harness.until_ready("other").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 600, "varied": true}));
    harness.fault("/search/jql", 0, None, &json!({"kind": "delay", "milliseconds": 3000}));
    let spec =
        json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "issues": {"mirror": "All", "maxObjects": 500}});
    harness.integrate("acme", "acme-oauth", spec).await;
    let last = |o: &JiraIntegration| sync(o).last_sync_time.map(|at| at.0);
    let before = last(&other);
    let again = harness
        .until("other", "synchronised by the clock", |o| last(o) > before)
        .await;
    let apart = last(&again).unwrap().duration_since(before.unwrap());
    assert!(apart.as_secs() <= 80, "{apart:#} instead of a minute");
    harness.until_mirrored("full", |mirrored| mirrored.len() == 500).await;
    harness.until_reason("acme", "Synced", "MirrorTruncated").await;
    harness.until_ready("acme").await;

    let versions = |mirrored: BTreeMap<String, JiraIssue>| {
        let version = |(key, issue): (String, JiraIssue)| (key, issue.resource_version());
        mirrored.into_iter().map(version).collect::<BTreeMap<_, _>>()
    };
    let issues = versions(harness.mirrored().await);
    let projects = harness.project_versions().await;
    harness.command(json!({"command": "clearFaults"}));
    let again = harness.request("acme").await;
    assert_eq!(versions(harness.mirrored().await), issues, "no issue is written");
    assert_eq!(harness.project_versions().await, projects, "no project is written");
    assert_eq!(sync(&again).changed, 0);
    assert!(is_ready(&again));
    harness.close().await;
}

/// It is not over with the first slice: status, conditions and metrics say how far it is.
async fn progress(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "issues-progress", Setup::default()).await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 1700}));
    // After most pages come some on which the first slice is over.
    harness.fault_first_pages(10, Some(4), &json!({"kind": "delay", "milliseconds": 10500}));
    harness.fault_first_pages(14, None, &json!({"kind": "delay", "milliseconds": 3000}));
    let spec =
        json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "issues": {"mirror": "Open", "maxObjects": 5000}});
    harness.integrate("acme", "acme-oauth", spec).await;
    let under_way = harness.until("acme", "under way", |o| sync(o).progress.is_some()).await;
    let reported = sync(&under_way).progress.unwrap();
    assert!(
        reported.remaining > 0 && reported.percent > 0 && reported.issues_per_second > 0,
        "{reported:?}"
    );
    assert_condition(
        &under_way,
        "Synced",
        "True",
        "Synchronising",
        &["are still to be fetched"],
    );
    assert_condition(&under_way, "Reconciling", "True", "Synchronising", &["are to come"]);
    assert_condition(&under_way, "Ready", "True", "Connected", &[]);
    let text = harness
        .until_served("/metrics", |_, text| {
            text.contains("jira_operator_issue_syncs_in_progress 1")
        })
        .await;
    assert!(
        text.contains(&format!("jira_operator_issues_remaining {}", reported.remaining)),
        "{text}"
    );
    let done = harness.until("acme", "done", |o| sync(o).progress.is_none()).await;
    assert_condition(&done, "Synced", "True", "SyncSucceeded", &[]);
    crate::harness::assertions::assert_absent(&done, "Reconciling");
    assert_eq!(harness.mirrored().await.len(), harness.readable_in("ENG"));
    harness.close().await;
}

async fn kubectl(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "issues-kubectl", Setup::default()).await;
    let summary = "A summary of the usual length that says what is to be done and why it matters";
    let set = json!({"summary": summary, "labels": ["k8s", "backend"], "assignee": "dana@acme.example",
        "reporter": "devin@acme.example", "priority": "High"});
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 20, "varied": true, "set": set}));
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "issues": {"mirror": "All", "maxObjects": 1000}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let all = harness.readable_in("ENG") + harness.readable_in("OPS");
    harness
        .until_mirrored("complete", |mirrored| mirrored.len() == all)
        .await;
    let mirrored = harness.mirrored().await;

    let table = harness.kubectl(&["get", "jissue"]).await.unwrap();
    let head: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        head,
        ["NAME", "KEY", "READY", "REASON", "PHASE", "WANTED", "ASSIGNEE", "AGE"],
        "{table}"
    );
    let row = table.lines().find(|line| line.starts_with("acme-eng-1 ")).unwrap();
    assert!(row.contains("ENG-1"), "{row}");

    let statuses = || mirrored.values().map(|issue| issue.status.as_ref().unwrap());
    let kind = &statuses().next().unwrap().issue_type;
    let selected = [
        (
            "status.project=OPS".to_owned(),
            statuses().filter(|s| s.project == "OPS").count(),
        ),
        (
            "status.phase=Done".to_owned(),
            statuses().filter(|s| s.phase == "Done").count(),
        ),
        (
            format!("status.type={kind}"),
            statuses().filter(|s| s.issue_type == *kind).count(),
        ),
        ("spec.integration=acme".to_owned(), all),
    ];
    for (selector, expected) in selected {
        let found = harness
            .kubectl(&["get", "jissue", "--field-selector", &selector, "-o", "name"])
            .await
            .unwrap();
        assert!(
            expected > 0 && found.lines().count() == expected,
            "{selector}: {expected}\n{found}"
        );
    }

    let sizes = mirrored.values().map(|issue| {
        let mut issue = issue.clone();
        issue.metadata.managed_fields = None;
        serde_json::to_string(&issue).unwrap().len()
    });
    let largest = sizes.max().unwrap();
    println!("the largest of {all} issues has {largest} bytes");
    assert!(largest <= 2048, "{largest} bytes");
    harness.close().await;
}
