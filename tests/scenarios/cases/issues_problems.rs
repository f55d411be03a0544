//! Issues come in while something goes wrong: limits, refusals, endpoints that are gone, a cluster that
//! does not take everything.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use devkit::proxy::{Action, Rule};
use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::{JiraIntegration, SyncStatus};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Setup,
        actions::opened,
        assertions::assert_condition,
        directory::{LIST, is_complete, users},
        fleet::refusal,
        observe::{condition, has},
    },
};

/// What Jira asks to wait, in seconds.
const HALF_AN_HOUR: i64 = 1800;

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("issues::half_an_hour_of_silence", silence),
        scenario("issues::a_scope_is_refused_while_they_come_in", scope_refused),
        scenario("issues::an_endpoint_is_gone", gone),
        scenario("issues::one_of_their_projects_goes_out_of_sight", invisible),
        scenario("issues::the_gravest_problem_is_reported", gravest),
        scenario("issues::too_many_calls_for_workflows_or_people_hold_nothing_up", burst),
    ]
}

fn sync(object: &JiraIntegration) -> SyncStatus {
    object.status.clone().unwrap_or_default().sync.unwrap_or_default()
}

fn at_once(proxied: bool) -> Setup {
    Setup {
        deletion_delay: Some(0),
        ..Setup::proxied(proxied)
    }
}

/// The points are spent in the middle of a first synchronisation. Neither a person who insists nor a
/// restart makes it call before the time.
async fn silence(cluster: Arc<Cluster>) {
    let (mut harness, _) = opened(&cluster, "silence", at_once(false)).await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 300}));
    let spent = json!({"kind": "rateLimit", "reason": "jira-quota-global-based", "retryAfterSeconds": HALF_AN_HOUR});
    harness.fault_first_pages(1, None, &spent);
    let spec = json!({"projects": [{"key": "ENG"}], "syncInterval": "1m", "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_reason("acme", "Synced", "QuotaExhausted").await;
    let reported = sync(&harness.integration("acme").await);
    let assert_time = |reported: &SyncStatus| {
        let next = reported.next_sync_time.clone().expect("a next time").0;
        let ahead = next.duration_since(Timestamp::now());
        let (least, most) = (SignedDuration::from_mins(28), SignedDuration::from_mins(32));
        assert!(ahead > least && ahead < most, "{ahead:#}");
    };
    assert_time(&reported);
    assert!(reported.last_sync_time.is_none(), "nothing succeeded yet: {reported:?}");

    harness.ask("acme").await;
    harness.assert_silence("while it waits", 20).await;
    harness.kill_operators().await;
    harness.start_operator();
    harness.until_served("/readyz", |status, _| status == 200).await;
    harness.assert_silence("after a restart", 20).await;
    let after = harness.integration("acme").await;
    assert_time(&sync(&after));
    assert_condition(&after, "Synced", "False", "QuotaExhausted", &["no call is made until"]);
    harness.close().await;
}

/// What only another consent fixes is not tried again and again.
async fn scope_refused(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "issues-scope", at_once(false)).await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 300}));
    let body = json!({"code": 401, "message": "Unauthorized; scope does not match"}).to_string();
    let refused = json!({"kind": "status", "code": 401, "body": body});
    harness.fault_first_pages(0, None, &refused);
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_reason("acme", "ScopesGranted", "ScopesMissing").await;
    harness
        .until("acme", "looked through", |o| sync(o).last_inventory_time.is_some())
        .await;
    harness.assert_silence("after the refusal", 5).await;
    harness.command(json!({"command": "clearFaults"}));
    harness.request("acme").await;
    let all = harness.readable_in("ENG");
    harness
        .until_mirrored("complete", |mirrored| mirrored.len() == all)
        .await;
    harness.until_ready("acme").await;
    harness.close().await;
}

/// Jira removed the endpoint: it says so, and is asked ever more seldom.
async fn gone(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "issues-gone", at_once(false)).await;
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let before = harness.mirrored().await.len();
    let words = "The requested API has been removed. Please migrate to another API.";
    let body = json!({"errorMessages": [words], "errors": {}}).to_string();
    harness.fault(
        "/search/jql",
        0,
        None,
        &json!({"kind": "status", "code": 410, "body": body}),
    );
    harness.ask("acme").await;
    harness.until_reason("acme", "Synced", "SyncFailed").await;
    let failed = harness.integration("acme").await;
    assert_condition(&failed, "Synced", "False", "SyncFailed", &["has been removed"]);
    assert_condition(&failed, "Ready", "False", "SyncFailed", &[]);
    let mark = harness.sandbox.mark();
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let asked = harness.calls_to(mark, "/search/jql");
    assert!(asked <= 5, "asked {asked} times in ten seconds");
    assert_eq!(harness.mirrored().await.len(), before, "nothing is removed");
    harness.command(json!({"command": "clearFaults"}));
    harness.until_ready("acme").await;
    harness.close().await;
}

/// Jira refuses the whole query for one project that went out of sight between the check of the
/// permissions and the search. The others go on, and its issues stay.
async fn invisible(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "issues-invisible", at_once(true)).await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "issues": {"mirror": "Open"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let eng = harness.project("acme-eng").await.status.unwrap().id.unwrap();
    let there = |mirrored: &std::collections::BTreeMap<String, _>, key: &str| {
        mirrored.keys().filter(|issue| issue.starts_with(key)).count()
    };
    let mirrored = there(&harness.mirrored().await, "ENG-");

    // The check of the permissions is held until the project is hidden, and then answered as it was.
    let body = json!({"errorMessages": [format!("The value '{eng}' does not exist for the field 'project'.")]});
    let refused = json!({"kind": "status", "code": 400, "body": body.to_string()});
    harness.command(json!({"command": "updateIssue", "issue": "OPS-1", "summary": "Changed meanwhile"}));
    harness.fault("/search/jql", 0, Some(1), &refused);
    let alone = format!("project in ({eng}) AND updated");
    harness.command(json!({"command": "addFault", "rule": {"path": "/search/jql", "body": alone, "action": refused}}));
    // Up to when its changes were followed cannot be written down, and so no later time for all may be: a process
    // that starts anew begins from there.
    let cursor = |o: &JiraIntegration| sync(o).cursor;
    let before = cursor(&harness.integration("acme").await);
    let unwritten = Rule::new(refusal(409))
        .method(Method::PATCH)
        .path_contains("/jiraprojects/acme-eng");
    let unwritten = harness.proxy.as_ref().unwrap().add(unwritten);
    let reported = harness.request("acme").await;
    assert!(unwritten.hits() > 0);
    assert_eq!(cursor(&reported), before);
    unwritten.remove();
    harness.command(json!({"command": "clearFaults"}));
    harness.request("acme").await;
    harness
        .until_mirrored("followed on without the other project", |mirrored| {
            let issue: Option<&jira_operator::api::issue::JiraIssue> = mirrored.get("OPS-1");
            issue.is_some_and(|issue| issue.status.as_ref().unwrap().summary == "Changed meanwhile")
        })
        .await;
    assert_eq!(there(&harness.mirrored().await, "ENG-"), mirrored, "its issues stay");
    assert_ne!(cursor(&harness.integration("acme").await), before);
    harness.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Changed too"}));
    harness.request("acme").await;
    harness.request("acme").await;
    let caught_up = harness.mirrored().await;
    assert_eq!(caught_up["ENG-1"].status.as_ref().unwrap().summary, "Changed too");
    harness.until_reason("acme", "Synced", "SyncSucceeded").await;
    harness.close().await;
}

/// A project that cannot be stored is not hidden by too many issues, and is tried again.
async fn gravest(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "issues-gravest", at_once(true)).await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 30}));
    let spec = json!({"syncInterval": "1h", "issues": {"mirror": "Open", "maxObjects": 5}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_reason("acme", "Synced", "MirrorTruncated").await;
    harness.until_ready("acme").await;
    let words = "etcd did not answer in time";
    let rule = Rule::new(Action::Refuse {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        reason: "InternalError".into(),
        message: words.into(),
    });
    let rule = rule
        .writes()
        .method(Method::PATCH)
        .path_contains("/jiraprojects/acme-ops");
    let rule = harness.proxy.as_ref().unwrap().add(rule);
    harness.command(json!({"command": "archiveProject", "project": "OPS"}));
    harness.ask("acme").await;
    harness.until_reason("acme", "Synced", "SyncPartial").await;
    let reported = harness.integration("acme").await;
    let named = ["JiraProject acme-ops could", words, "Also:"];
    assert_condition(&reported, "Synced", "False", "SyncPartial", &named);
    assert!(
        condition(&reported, "Synced").message.contains("MirrorTruncated")
            || condition(&reported, "Synced").message.contains("are mirrored")
    );
    rule.remove();
    // Long before the interval is over.
    let recovered = |o: &JiraIntegration| has(o, "Synced", "MirrorTruncated");
    harness.until("acme", "synchronised", recovered).await;
    harness
        .assert_project("acme-ops", "Ready", "False", "ProjectArchived", &["OPS"])
        .await;
    harness
        .assert_project("acme-ops", "Synced", "Unknown", "SkippedAfterAccessible", &[])
        .await;
    harness.close().await;
}

/// Too many calls a second at one endpoint say nothing about the others.
async fn burst(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "issues-burst", at_once(false)).await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 20}));
    let limited = json!({"kind": "rateLimit", "reason": "jira-burst-based", "retryAfterSeconds": 2});
    harness.fault("/statuses", 0, Some(1), &limited);
    harness.fault(LIST, 0, Some(1), &limited);
    let spec = json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "issues": {"mirror": "Open"},
        "users": {"directory": "ConfigMap"}});
    harness.integrate("acme", "acme-oauth", spec).await;
    let found = harness
        .until("acme", "looked through", |o| sync(o).last_inventory_time.is_some())
        .await;
    assert_condition(&found, "Synced", "True", "SyncSucceeded", &[]);
    let listed = |o: &JiraIntegration| users(o).is_some_and(is_complete);
    harness.until("acme", "one with its people", listed).await;
    let reported: Vec<String> = harness.events("acme").await;
    assert!(!reported.contains(&"SyncPartial".to_owned()), "{reported:?}");
    let all = harness.readable_in("ENG");
    harness
        .until_mirrored("complete", |mirrored| mirrored.len() == all)
        .await;
    harness.close().await;
}
