//! The traps of those who synchronised issues before, one by one, and what the engine costs.

use devkit::sandbox::Mark;
use jira_operator::{api::integration::MirrorMode, atlassian::error::JiraError, sync::issues::error::MirrorError};
use serde_json::json;

use super::site::Site;

async fn with_issues(count: u32) -> Site {
    let site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": count, "spreadSeconds": 2_592_000}));
    site
}

/// Calls to Jira since a place in the journal.
fn calls(site: &Site, mark: Mark) -> usize {
    site.sandbox.requests_since(mark).len()
}

async fn claim_equal(site: &mut Site) {
    site.advance(1);
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
}

#[tokio::test]
async fn it_costs_few_calls() {
    let mut site = with_issues(10_000).await;
    site.max = 20_000;
    let mark = site.sandbox.mark();
    site.pass(false).await.unwrap();
    let first = calls(&site, mark);
    assert!(
        first <= 105,
        "a first synchronisation of 10,000 issues took {first} calls"
    );
    assert_eq!(site.mirrored(), site.expected());

    let mark = site.sandbox.mark();
    site.advance(60);
    site.pass(false).await.unwrap();
    assert_eq!(calls(&site, mark), 1, "a pass on which nothing changed");

    site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 1}));
    let (mark, before) = (site.sandbox.mark(), *site.memory.writes.lock().unwrap());
    site.pass(false).await.unwrap();
    let changed = calls(&site, mark);
    assert!(changed <= 4, "1 % changed, and {changed} calls");
    let after = *site.memory.writes.lock().unwrap();
    assert_eq!(
        (after.changed - before.changed, after.created, after.removed),
        (100, before.created, 0)
    );
    assert_eq!(site.mirrored(), site.expected());
}

/// Dates are read in the zone of whoever searches, except as epoch milliseconds.
#[tokio::test]
async fn no_time_zone_loses_a_change() {
    for zone in ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata"] {
        let mut site = with_issues(5).await;
        site.command(json!({"command": "setTimeZone", "timeZone": zone}));
        site.pass(false).await.unwrap();
        // Changes seconds apart: a query by the minute would take them for one.
        for summary in ["first", "second"] {
            site.advance(20);
            site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": summary}));
            claim_equal(&mut site).await;
        }
    }
}

#[tokio::test]
async fn an_issue_that_is_indexed_late_comes_with_its_old_time() {
    let mut site = with_issues(5).await;
    site.pass(false).await.unwrap();
    site.command(json!({"command": "setIndexLag", "untilReleased": true}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "late"}));
    site.advance(10);
    site.command(json!({"command": "setIndexLag"}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-2", "summary": "in time"}));
    for _ in 0..3 {
        site.advance(100);
        site.pass(false).await.unwrap();
    }
    site.command(json!({"command": "releaseIndex"}));
    claim_equal(&mut site).await;
}

/// A timer touches it all the time, so that no window of time ever holds it still.
#[tokio::test]
async fn an_issue_that_is_touched_all_the_time_comes_too() {
    let mut site = with_issues(300).await;
    site.pass(false).await.unwrap();
    site.command(json!({"command": "touchIssue", "issue": "ENG-1", "everySeconds": 1}));
    for _ in 0..5 {
        site.advance(30);
        site.pass(false).await.unwrap();
    }
    site.command(json!({"command": "touchIssue", "issue": "ENG-1"}));
    claim_equal(&mut site).await;
}

/// A page token lives for seven days, a cursor for ever.
#[tokio::test]
async fn a_pause_of_a_week_loses_nothing() {
    let mut site = with_issues(400).await;
    site.pass(false).await.unwrap();
    for day in 0..8 {
        site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 20}));
        site.command(json!({"command": "addIssues", "project": "OPS", "count": day + 1}));
        site.advance(86_400);
    }
    site.restart();
    claim_equal(&mut site).await;
}

/// Refused for an hour, whatever is asked: nothing is lost, and nothing is removed.
#[tokio::test]
async fn a_storm_of_an_hour_loses_nothing() {
    let mut site = with_issues(400).await;
    site.pass(false).await.unwrap();
    site.command(
        json!({"command": "startStorm", "seconds": 3600, "reason": "jira-burst-based", "retryAfterSeconds": 600}),
    );
    for _ in 0..6 {
        site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 10}));
        let refused = site.pass(true).await;
        assert!(
            matches!(refused, Err(MirrorError::Jira(JiraError::RateLimited { .. }))),
            "{refused:?}"
        );
        site.advance(600);
    }
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
    claim_equal(&mut site).await;
}

/// The endpoint is gone: that is told in Jira's words, and nothing is removed.
#[tokio::test]
async fn a_removed_endpoint_is_told() {
    let mut site = with_issues(5).await;
    site.pass(false).await.unwrap();
    let body = json!({"errorMessages": ["The requested API has been removed."]}).to_string();
    site.command(json!({"command": "addFault", "rule": {
        "path": "/search/jql", "action": {"kind": "status", "code": 410, "body": body}}}));
    let error = site.pass(false).await.unwrap_err();
    assert!(error.to_string().contains("has been removed"), "{error}");
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}

/// Moved while ids are listed and before they are fetched: it keeps its place under its id.
#[tokio::test]
async fn an_issue_that_moves_keeps_its_object() {
    let mut site = with_issues(5).await;
    site.pass(false).await.unwrap();
    let (id, before) = (site.id_of("ENG-1"), *site.memory.writes.lock().unwrap());
    site.command(json!({"command": "moveIssue", "issue": "ENG-1", "project": "OPS"}));
    claim_equal(&mut site).await;
    let kept = site.memory.kept.lock().unwrap()[&id].clone();
    assert!(kept.status.key.starts_with("OPS-"));
    let after = *site.memory.writes.lock().unwrap();
    assert_eq!(
        (after.created, after.changed, after.removed),
        (before.created, before.changed + 1, 0)
    );
}
