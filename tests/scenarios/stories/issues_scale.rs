//! Many issues: how they come in, what they cost others, what kubectl shows of them.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{
    integration::{JiraIntegration, SyncStatus},
    issue::JiraIssue,
};
use kube::ResourceExt;
use serde_json::json;

use super::{Story, lasting, story};
use crate::{
    plane::Plane,
    stage::{Stage, claim::claim, look::is_ready},
};

pub fn stories() -> Vec<Story> {
    vec![
        story("issues::three_kills_in_a_first_synchronisation", kills),
        lasting("issues::five_hundred_beside_another_integration", five_hundred),
        lasting("issues::a_long_first_synchronisation_tells_how_far_it_is", progress),
        story("issues::kubectl_shows_and_selects_them", kubectl),
    ]
}

async fn connected(plane: &Arc<Plane>, name: &str) -> Stage {
    let stage = Stage::open(plane, name).await;
    stage.connect("acme-oauth").await;
    stage
}

fn sync(object: &JiraIntegration) -> SyncStatus {
    object.status.clone().unwrap_or_default().sync.unwrap_or_default()
}

/// Killed in the middle of the first page, after a slice that left a checkpoint, and near the end: what
/// is in the cluster is not fetched again.
async fn kills(plane: Arc<Plane>) {
    let mut stage = connected(&plane, "issues-kills").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 600 - stage.readable_in("ENG")}));
    let all = stage.readable_in("ENG");
    let hold = json!({"kind": "hold"});
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open", "maxObjects": 1000}});
    stage.fault_first_pages(1, None, &hold);
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_mirrored("begun", |mirrored| mirrored.len() >= 20).await;
    stage.kill_operators().await;

    stage.command(json!({"command": "clearFaults"}));
    stage.fault_first_pages(3, None, &json!({"kind": "status", "code": 503}));
    stage.start_operator();
    stage.until_reason("acme", "Synced", "SiteUnavailable").await;
    stage.kill_operators().await;

    let there = stage.mirrored().await.len();
    stage.command(json!({"command": "clearFaults"}));
    stage.fault("/issue/bulkfetch", 1, None, &hold);
    stage.start_operator();
    stage
        .until_mirrored("going on", |mirrored| mirrored.len() > there)
        .await;
    stage.kill_operators().await;

    stage.command(json!({"command": "clearFaults"}));
    let is_whole = |issue: &&JiraIssue| issue.written().is_some();
    let before = stage.mirrored().await.values().filter(is_whole).count();
    assert!(before > 100 && before < all, "{before} of {all} were there");
    let mark = stage.sandbox.mark();
    stage.start_operator();
    stage.until_mirrored("complete", |mirrored| mirrored.len() == all).await;
    stage.until_ready("acme").await;
    let half_made = |mirrored: &BTreeMap<String, JiraIssue>| mirrored.keys().any(|key| !key.starts_with("ENG-"));
    stage.until_mirrored("whole", |mirrored| !half_made(mirrored)).await;
    let fetched = stage.calls_to(mark, "/issue/bulkfetch");
    let pages = (all - before).div_ceil(100);
    assert!(fetched <= pages, "{fetched} calls for the last {pages} pages");
    stage.close().await;
}

/// Another integration of the same process and app is looked at as if there was nothing else.
async fn five_hundred(plane: Arc<Plane>) {
    let stage = connected(&plane, "issues-500").await;
    stage
        .integrate(
            "other",
            "acme-oauth",
            json!({"projects": [{"key": "OPS"}], "syncInterval": "1m"}),
        )
        .await;
    let other = stage.until_ready("other").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 600, "varied": true}));
    stage.fault("/search/jql", 0, None, &json!({"kind": "delay", "milliseconds": 3000}));
    let spec =
        json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "issues": {"mirror": "All", "maxObjects": 500}});
    stage.integrate("acme", "acme-oauth", spec).await;
    let last = |o: &JiraIntegration| sync(o).last_sync_time.map(|at| at.0);
    let before = last(&other);
    let again = stage
        .until("other", "synchronised by the clock", |o| last(o) > before)
        .await;
    let apart = last(&again).unwrap().duration_since(before.unwrap());
    assert!(apart.as_secs() <= 80, "{apart:#} instead of a minute");
    stage.until_mirrored("full", |mirrored| mirrored.len() == 500).await;
    stage.until_reason("acme", "Synced", "MirrorTruncated").await;
    stage.until_ready("acme").await;

    let versions = |mirrored: BTreeMap<String, JiraIssue>| {
        let version = |(key, issue): (String, JiraIssue)| (key, issue.resource_version());
        mirrored.into_iter().map(version).collect::<BTreeMap<_, _>>()
    };
    let issues = versions(stage.mirrored().await);
    let projects = stage.project_versions().await;
    stage.command(json!({"command": "clearFaults"}));
    let again = stage.request("acme").await;
    assert_eq!(versions(stage.mirrored().await), issues, "no issue is written");
    assert_eq!(stage.project_versions().await, projects, "no project is written");
    assert_eq!(sync(&again).changed, 0);
    assert!(is_ready(&again));
    stage.close().await;
}

/// It is not over with the first slice: status, conditions and metrics say how far it is.
async fn progress(plane: Arc<Plane>) {
    let stage = connected(&plane, "issues-progress").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 1700}));
    // After most pages come some on which the first slice is over.
    stage.fault_first_pages(10, Some(4), &json!({"kind": "delay", "milliseconds": 10500}));
    stage.fault_first_pages(14, None, &json!({"kind": "delay", "milliseconds": 3000}));
    let spec =
        json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "issues": {"mirror": "Open", "maxObjects": 5000}});
    stage.integrate("acme", "acme-oauth", spec).await;
    let under_way = stage.until("acme", "under way", |o| sync(o).progress.is_some()).await;
    let told = sync(&under_way).progress.unwrap();
    assert!(
        told.remaining > 0 && told.percent > 0 && told.issues_per_second > 0,
        "{told:?}"
    );
    claim(
        &under_way,
        "Synced",
        "True",
        "Synchronising",
        &["are still to be fetched"],
    );
    claim(&under_way, "Reconciling", "True", "Synchronising", &["are to come"]);
    claim(&under_way, "Ready", "True", "Connected", &[]);
    let text = stage
        .until_served("/metrics", |_, text| {
            text.contains("jira_operator_issue_syncs_in_progress 1")
        })
        .await;
    assert!(
        text.contains(&format!("jira_operator_issues_remaining {}", told.remaining)),
        "{text}"
    );
    let done = stage.until("acme", "done", |o| sync(o).progress.is_none()).await;
    claim(&done, "Synced", "True", "SyncSucceeded", &[]);
    crate::stage::claim::claim_absent(&done, "Reconciling");
    assert_eq!(stage.mirrored().await.len(), stage.readable_in("ENG"));
    stage.close().await;
}

async fn kubectl(plane: Arc<Plane>) {
    let stage = connected(&plane, "issues-kubectl").await;
    let summary = "A summary of the usual length that says what is to be done and why it matters";
    let set = json!({"summary": summary, "labels": ["k8s", "backend"], "assignee": "dana@acme.example",
        "reporter": "devin@acme.example", "priority": "High"});
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 20, "varied": true, "set": set}));
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "issues": {"mirror": "All", "maxObjects": 1000}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_ready("acme").await;
    let all = stage.readable_in("ENG") + stage.readable_in("OPS");
    stage.until_mirrored("complete", |mirrored| mirrored.len() == all).await;
    let mirrored = stage.mirrored().await;

    let table = stage.kubectl(&["get", "jissue"]).await.unwrap();
    let head: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        head,
        ["NAME", "KEY", "PHASE", "STATUS", "ASSIGNEE", "CREATED", "AGE"],
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
        let found = stage
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
    stage.close().await;
}
