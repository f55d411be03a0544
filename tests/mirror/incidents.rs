//! Answers of Jira that are well formed and not true: short, empty, or partly failed.

use jira_operator::api::integration::MirrorMode;
use serde_json::{Value, json};

use super::site::Site;

async fn with_issues(count: u32) -> Site {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": count}));
    site.pass(true).await.unwrap();
    site
}

fn answer(site: &Site, path: &str, times: Option<u32>, body: &Value) {
    site.command(json!({"command": "addFault", "rule": {"path": path, "times": times,
        "action": {"kind": "status", "code": 200, "body": body.to_string()}}}));
}

async fn claim_recovered(site: &mut Site) {
    site.command(json!({"command": "clearFaults"}));
    for _ in 0..3 {
        site.advance(700);
        site.pass(false).await.unwrap();
    }
    assert_eq!(site.mirrored(), site.expected());
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}

/// Jira cannot answer some issues now: they are asked for again, and nothing is believed of them.
#[tokio::test]
async fn issues_that_could_not_be_answered_are_fetched_later() {
    for times in [1, 2, 3] {
        let mut site = with_issues(5).await;
        site.command(json!({"command": "addIssues", "project": "OPS", "count": 3}));
        let ids: Vec<u64> = site
            .expected()
            .into_keys()
            .filter(|id| !site.mirrored().contains_key(id))
            .collect();
        let errors: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id.to_string(), "errorMessage": "Try again."}))
            .collect();
        answer(
            &site,
            "/issue/bulkfetch",
            Some(times),
            &json!({"issues": [], "issueErrors": errors}),
        );
        // They come by id alone, as what a list found and no change told.
        site.state.cursor = site.state.cursor.map(|cursor| cursor + 3_600_000);
        site.state.settled = true;
        site.advance(3700);
        site.pass(true).await.unwrap();
        assert_eq!(site.state.put_off.unanswered(), if times == 1 { 0 } else { ids.len() });
        claim_recovered(&mut site).await;
        assert_eq!(site.state.put_off.unanswered(), 0);
    }
}

/// Which issues match a jql is not said of all, or of none: that is no "no".
#[tokio::test]
async fn a_short_answer_about_matches_removes_nothing() {
    for body in [json!({}), json!({"matches": []})] {
        let mut site = Site::new(MirrorMode::All).await;
        site.jql.insert("OPS".into(), "labels = k8s".into());
        let labelled = json!({"labels": ["k8s"]});
        site.command(json!({"command": "addIssues", "project": "OPS", "count": 5, "set": labelled}));
        site.pass(true).await.unwrap();
        site.advance(60);
        site.command(json!({"command": "changeIssues", "project": "OPS", "set": labelled}));
        site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "of the others"}));
        answer(&site, "/jql/match", None, &body);
        for _ in 0..3 {
            site.advance(700);
            site.pass(false).await.unwrap();
        }
        let kept = site
            .memory
            .kept
            .lock()
            .unwrap()
            .values()
            .any(|kept| kept.status.summary == "of the others");
        assert!(kept, "the others go on");
        claim_recovered(&mut site).await;
    }
}

#[tokio::test]
async fn a_list_without_issues_is_none() {
    let mut site = with_issues(5).await;
    answer(&site, "/search/jql", None, &json!({"isLast": true}));
    for _ in 0..3 {
        site.advance(3700);
        site.pass(true).await.unwrap_err();
    }
    assert!(site.state.missing.is_empty());
    claim_recovered(&mut site).await;
}

/// Search finds nothing, as while an index is built anew; single issues are answered.
#[tokio::test]
async fn a_search_that_finds_nothing_empties_no_mirror() {
    let mut site = with_issues(30).await;
    answer(&site, "/search/jql", None, &json!({"issues": [], "isLast": true}));
    for _ in 0..6 {
        site.advance(1900);
        site.pass(true).await.unwrap();
    }
    claim_recovered(&mut site).await;
}

/// Most of a project is gone at once: that is looked at twice.
#[tokio::test]
async fn most_of_a_project_goes_only_after_a_second_list() {
    let mut site = with_issues(30).await;
    let all = site.mirrored().len();
    site.command(json!({"command": "deleteIssues", "project": "ENG", "percent": 80}));
    for _ in 0..2 {
        site.advance(301);
        site.pass(false).await.unwrap();
    }
    // A list is due once an hour.
    site.advance(3700);
    site.pass(false).await.unwrap();
    site.advance(301);
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored().len(), all, "one list is not believed");
    site.advance(301);
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
    assert!(site.state.removed.gone > 10);
}
