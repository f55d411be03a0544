//! The traps of those who synchronised issues before, one by one, and what the engine costs.

use jira_operator::{
    api::integration::{MirrorMode, StatusMapping},
    atlassian::error::JiraError,
    sync::issues::MirrorError,
};
use serde_json::json;

use super::{setup::MONTH, site::Site};

async fn assert_equal(site: &mut Site) {
    site.pass_after(1, false).await;
    assert_eq!(site.mirrored(), site.expected());
}

#[tokio::test]
async fn it_costs_few_calls() {
    let mut site = Site::with_issues(10_000, MONTH).await;
    site.max = 20_000;
    let (mark, points) = (site.sandbox.mark(), site.jira.points());
    site.pass(false).await.unwrap();
    let (first, points) = (site.calls_since(mark), site.jira.points() - points);
    assert!(
        first <= 150 && points <= 10_500,
        "a first synchronisation of 10,000 issues took {first} calls and {points} points"
    );
    assert_eq!(site.mirrored(), site.expected());

    let mark = site.sandbox.mark();
    site.pass_after(60, false).await;
    assert_eq!(site.calls_since(mark), 1, "a pass on which nothing changed");

    site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 1}));
    let (mark, before) = (site.sandbox.mark(), *site.memory.writes.lock().unwrap());
    site.pass(false).await.unwrap();
    let changed = site.calls_since(mark);
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
        let mut site = Site::with_issues(5, MONTH).await;
        site.command(json!({"command": "setTimeZone", "timeZone": zone}));
        site.pass(false).await.unwrap();
        // Changes seconds apart: a query by the minute would take them for one.
        for summary in ["first", "second"] {
            site.advance(20);
            site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": summary}));
            assert_equal(&mut site).await;
        }
    }
}

#[tokio::test]
async fn an_issue_that_is_indexed_late_comes_with_its_old_time() {
    let mut site = Site::with_issues(5, MONTH).await;
    site.pass(false).await.unwrap();
    site.command(json!({"command": "setIndexLag", "untilReleased": true}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "late"}));
    site.advance(10);
    site.command(json!({"command": "setIndexLag"}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-2", "summary": "in time"}));
    site.pass_each(3, 100, false).await;
    site.command(json!({"command": "releaseIndex"}));
    assert_equal(&mut site).await;
}

/// A timer touches it all the time, so that no window of time ever holds it still.
#[tokio::test]
async fn an_issue_that_is_touched_all_the_time_comes_too() {
    let mut site = Site::with_issues(300, MONTH).await;
    site.pass(false).await.unwrap();
    site.command(json!({"command": "touchIssue", "issue": "ENG-1", "everySeconds": 1}));
    site.pass_each(5, 30, false).await;
    site.command(json!({"command": "touchIssue", "issue": "ENG-1"}));
    assert_equal(&mut site).await;
}

/// A page token lives for seven days, a cursor for ever.
#[tokio::test]
async fn a_pause_of_a_week_loses_nothing() {
    let mut site = Site::with_issues(400, MONTH).await;
    site.pass(false).await.unwrap();
    for day in 0..8 {
        site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 20}));
        site.command(json!({"command": "addIssues", "project": "OPS", "count": day + 1}));
        site.advance(86_400);
    }
    site.restart();
    assert_equal(&mut site).await;
}

/// Refused for an hour, whatever is asked: nothing is lost, and nothing is removed.
#[tokio::test]
async fn a_storm_of_an_hour_loses_nothing() {
    let mut site = Site::with_issues(400, MONTH).await;
    site.pass(false).await.unwrap();
    site.command(
        json!({"command": "startStorm", "seconds": 3600, "reason": "jira-burst-based", "retryAfterSeconds": 600}),
    );
    for _ in 0..6 {
        site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 10}));
        let refused = site.pass(true).await;
        assert!(
            matches!(refused, Err(MirrorError::Jira(JiraError::RateLimited(_)))),
            "{refused:?}"
        );
        site.advance(600);
    }
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
    assert_equal(&mut site).await;
}

/// The endpoint is gone: that is reported in Jira's words, and nothing is removed.
#[tokio::test]
async fn a_removed_endpoint_is_reported() {
    let mut site = Site::with_issues(5, MONTH).await;
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
    let mut site = Site::with_issues(5, MONTH).await;
    site.pass(false).await.unwrap();
    let (id, before) = (site.id_of("ENG-1"), *site.memory.writes.lock().unwrap());
    site.command(json!({"command": "moveIssue", "issue": "ENG-1", "project": "OPS"}));
    assert_equal(&mut site).await;
    let kept = site.memory.kept.lock().unwrap()[&id].clone();
    assert!(kept.status.key.starts_with("OPS-"));
    let after = *site.memory.writes.lock().unwrap();
    assert_eq!(
        (after.created, after.changed, after.removed),
        (before.created, before.changed + 1, 0)
    );
}

/// Moved after the ids were listed and before they are fetched, and deleted likewise: the first comes from
/// where it is now, the second does not come.
#[tokio::test]
async fn issues_that_move_or_go_in_the_middle_of_a_synchronisation() {
    let mut site = Site::with_issues(250, MONTH).await;
    site.command(json!({"command": "addFault", "rule": {
        "path": "/search/jql", "body": "ORDER BY created", "skip": 1, "action": {"kind": "status", "code": 503}}}));
    site.pass(true).await.unwrap_err();
    let there = site.mirrored();
    let waiting: Vec<String> = site
        .expected()
        .into_iter()
        .filter(|(id, issue)| !there.contains_key(id) && issue.project == "ENG")
        .map(|(_, issue)| issue.key)
        .collect();
    let fetched = there.values().find(|issue| issue.project == "ENG").unwrap().key.clone();
    site.advance(1);
    for (command, issue) in [("moveIssue", &waiting[0]), ("moveIssue", &fetched)] {
        site.command(json!({"command": command, "issue": issue, "project": "OPS"}));
        site.advance(1);
    }
    site.command(json!({"command": "deleteIssue", "issue": waiting[1]}));
    site.command(json!({"command": "clearFaults"}));
    site.pass(false).await.unwrap();
    assert_equal(&mut site).await;
    let writes = *site.memory.writes.lock().unwrap();
    assert_eq!(
        (writes.created, writes.changed, writes.removed),
        (site.expected().len(), 1, 0)
    );
}

#[tokio::test]
async fn an_issue_that_is_closed_leaves_the_open_ones_and_comes_back() {
    let mut site = Site::new(MirrorMode::Open).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    site.pass(false).await.unwrap();
    let before = *site.memory.writes.lock().unwrap();
    site.advance(60);
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "status": "Done"}));
    assert_equal(&mut site).await;
    let closed = *site.memory.writes.lock().unwrap();
    assert_eq!(
        (closed.removed, site.state.objects.removed.no_longer_matching),
        (before.removed + 1, 1)
    );
    site.advance(60);
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "status": "To Do"}));
    assert_equal(&mut site).await;
    assert_eq!(site.memory.writes.lock().unwrap().created, before.created + 1);
}

/// Objects stay, and say the new key; rules that name the key of the spec go on for them.
#[tokio::test]
async fn a_renamed_project_keeps_its_objects() {
    let mut site = Site::with_issues(5, MONTH).await;
    site.mapping = vec![rule("Waiting", "To Do", "ENG")];
    site.pass(true).await.unwrap();
    let before = *site.memory.writes.lock().unwrap();
    site.command(json!({"command": "renameProjectKey", "project": "ENG", "key": "ENGINE"}));
    site.advance(60);
    for _ in 0..2 {
        assert_equal(&mut site).await;
    }
    let after = *site.memory.writes.lock().unwrap();
    assert_eq!((after.created, after.removed), (before.created, 0));
    let kept = site.memory.kept.lock().unwrap();
    let renamed: Vec<_> = kept
        .values()
        .filter(|kept| kept.status.key.starts_with("ENGINE-"))
        .collect();
    assert!(renamed.len() >= 5);
    let open = renamed.iter().filter(|kept| kept.status.status == "To Do");
    assert!(open.clone().count() > 0 && open.clone().all(|kept| kept.status.phase == "Waiting"));
}

fn rule(phase: &str, status: &str, project: &str) -> StatusMapping {
    serde_json::from_value(json!({"phase": phase, "statuses": [status], "projects": [project]})).unwrap()
}

/// One project of the query goes invisible: Jira answers 400 for all. It goes its own way, the others go on,
/// and when it is back nothing is missing.
#[tokio::test]
async fn a_project_that_goes_invisible_stops_no_other() {
    let mut site = Site::with_issues(5, MONTH).await;
    site.pass(true).await.unwrap();
    let known = site.standing();
    let private = |private: bool| json!({"command": "setProjectPrivate", "project": "ENG", "private": private});
    site.command(private(true));
    site.advance(60);
    site.command(json!({"command": "updateIssue", "issue": "OPS-1", "summary": "of the others"}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "unseen"}));
    for _ in 0..3 {
        site.advance(600);
        // Nobody has noticed yet.
        site.pass_over(&known, false, false).await.unwrap();
        assert_eq!(site.last.failed_projects.len(), 1);
    }
    let summary = |site: &Site, key: &str| {
        let kept = site.memory.kept.lock().unwrap();
        let found = kept.values().find(|kept| kept.status.key == key);
        found.unwrap().status.summary.clone()
    };
    assert_eq!(summary(&site, "OPS-1"), "of the others");
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
    site.command(private(false));
    for _ in 0..2 {
        assert_equal(&mut site).await;
    }
    assert_eq!(summary(&site, "ENG-1"), "unseen");
}

/// Refused with half an hour to wait: the wait is handed on and not slept, one call is made, and what
/// stood before stands after.
#[tokio::test]
async fn half_an_hour_to_wait_is_handed_on() {
    let mut site = Site::with_issues(5, MONTH).await;
    site.pass(false).await.unwrap();
    site.advance(60);
    site.command(json!({"command": "changeIssues", "project": "ENG"}));
    site.command(
        json!({"command": "startStorm", "seconds": 1800, "reason": "jira-burst-based", "retryAfterSeconds": 1800}),
    );
    let (mark, started) = (site.sandbox.mark(), std::time::Instant::now());
    let refused = site.pass(false).await.unwrap_err();
    let MirrorError::Jira(error) = &refused else {
        panic!("{refused}")
    };
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_mins(30)));
    assert!(site.calls_since(mark) == 1 && started.elapsed() < std::time::Duration::from_secs(20));
    site.advance(1800);
    assert_equal(&mut site).await;
}

/// A pause of a week with an access token that lived for an hour: Jira refuses the old one, which proves
/// nothing about any issue; with a new one all that changed comes.
#[tokio::test]
async fn a_token_that_expired_in_a_pause_of_a_week_removes_nothing() {
    let mut site = Site::with_issues(50, MONTH).await;
    site.give_token(3600);
    site.pass(true).await.unwrap();
    site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 50}));
    site.advance(7 * 86_400);
    let refused = site.pass(true).await.unwrap_err();
    assert!(
        matches!(refused, MirrorError::Jira(JiraError::Unauthorized(_))),
        "{refused}"
    );
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
    site.give_token(3600);
    assert_equal(&mut site).await;
}
