//! Answers of Jira that are well formed and not true: short, empty, or partly failed.

use jira_operator::{api::integration::MirrorMode, sync::issues::ScanState};
use serde_json::{Value, json};

use super::{model::visible::differences, site::Site};

fn answer(site: &Site, path: &str, times: Option<u32>, body: &Value) {
    site.command(json!({"command": "addFault", "rule": {"path": path, "times": times,
        "action": {"kind": "status", "code": 200, "body": body.to_string()}}}));
}

async fn assert_recovered(site: &mut Site) {
    site.command(json!({"command": "clearFaults"}));
    site.pass_each(3, 700, false).await;
    assert_eq!(site.mirrored(), site.expected());
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}

/// Jira cannot answer some issues now: they are asked for again, and nothing is believed of them.
#[tokio::test]
async fn issues_that_could_not_be_answered_are_fetched_later() {
    for times in [1, 2, 3] {
        let mut site = Site::mirroring(5).await;
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
        // They come by id alone, as what a list found and no change reported.
        let later = site.state.scan.cursor().map(|cursor| cursor + 3_600_000);
        site.state.scan = ScanState::at(later, true);
        site.pass_after(3700, true).await;
        assert_eq!(
            site.state.objects.deferred.unanswered(),
            if times == 1 { 0 } else { ids.len() }
        );
        assert_recovered(&mut site).await;
        assert_eq!(site.state.objects.deferred.unanswered(), 0);
    }
}

/// One that Jira cannot answer, in a verification and when it is looked up: what is mirrored of it stays, the
/// others go on, and no reconciliation fails for it.
#[tokio::test]
async fn an_issue_that_cannot_be_answered_keeps_none_of_the_others_waiting() {
    let mut site = Site::mirroring(9).await;
    site.settle().await;
    site.command(json!({"command": "failIssues", "issues": ["ENG-1", "ENG-2"]}));
    for key in ["ENG-1", "ENG-2"] {
        let alone = json!({"path": format!("/rest/api/3/issue/{}", site.id_of(key)), "exactPath": false,
            "action": {"kind": "status", "code": 500}});
        site.command(json!({"command": "addFault", "rule": alone}));
    }
    // No list has the one, the other has another name of its priority, as have the rest.
    site.command(json!({"command": "archiveIssue", "issue": "ENG-1", "archived": true}));
    site.command(json!({"command": "deleteIssue", "issue": "ENG-9"}));
    site.command(json!({"command": "renamePriority", "priority": "Medium", "name": "Usual"}));
    let stale = |site: &Site| {
        let (mirrored, expected) = (site.mirrored(), site.expected());
        let differ = differences(&mirrored, &expected).into_iter();
        differ.map(|(id, ..)| id).collect::<Vec<_>>()
    };
    let unanswered: Vec<u64> = ["ENG-1", "ENG-2"].map(|key| site.id_of_hidden(key)).into();
    site.pass_each(4, 1000, true).await;
    assert_eq!(stale(&site), unanswered);
    assert!(site.state.objects.deferred.unanswered() > 0);
    // A search shows the one that it finds: that is believed.
    site.command(json!({"command": "updateIssue", "issue": "ENG-2", "summary": "found"}));
    site.pass_after(1, false).await;
    assert_eq!(stale(&site), unanswered[..1]);
    site.command(json!({"command": "failIssues", "issues": []}));
    site.command(json!({"command": "clearFaults"}));
    site.pass_each(3, 3700, true).await;
    assert_eq!(
        (site.mirrored(), site.state.objects.deferred.unanswered()),
        (site.expected(), 0)
    );
    assert_eq!(
        (site.state.objects.removed.archived, site.state.objects.removed.gone),
        (1, 1)
    );
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
        site.pass_each(3, 700, false).await;
        let kept = site
            .memory
            .kept
            .lock()
            .unwrap()
            .values()
            .any(|kept| kept.status.summary == "of the others");
        assert!(kept, "the others go on");
        assert_recovered(&mut site).await;
    }
}

#[tokio::test]
async fn a_list_without_issues_is_none() {
    let mut site = Site::mirroring(5).await;
    answer(&site, "/search/jql", None, &json!({"isLast": true}));
    for _ in 0..3 {
        site.advance(3700);
        site.pass(true).await.unwrap_err();
    }
    assert!(site.state.missing.is_empty());
    assert_recovered(&mut site).await;
}

/// Search finds nothing, as while an index is built anew; single issues are answered.
#[tokio::test]
async fn a_search_that_finds_nothing_empties_no_mirror() {
    let mut site = Site::mirroring(30).await;
    answer(&site, "/search/jql", None, &json!({"issues": [], "isLast": true}));
    site.pass_each(6, 1900, true).await;
    assert_recovered(&mut site).await;
}

/// A living issue that a list lacked is looked up, and the search that distinguishes archived ones finds nothing
/// for once.
#[tokio::test]
async fn a_single_search_that_finds_nothing_makes_no_issue_an_archived_one() {
    let mut site = Site::mirroring(9).await;
    let archive = |archived: bool| json!({"command": "archiveIssue", "issue": "ENG-1", "archived": archived});
    site.command(archive(true));
    site.pass(true).await.unwrap();
    assert_eq!(site.state.missing.len(), 1);
    site.command(archive(false));
    let nothing = json!({"issues": [], "isLast": true}).to_string();
    site.command(
        json!({"command": "addFault", "rule": {"path": "/search/jql", "body": "reconcileIssues", "times": 1,
        "action": {"kind": "status", "code": 200, "body": nothing}}}),
    );
    site.pass_after(360, false).await;
    assert!(site.state.missing.is_empty());
    assert_recovered(&mut site).await;
}

/// Most of a project is gone at once: that is checked twice.
#[tokio::test]
async fn most_of_a_project_goes_only_after_a_second_list() {
    let mut site = Site::mirroring(30).await;
    let all = site.mirrored().len();
    site.command(json!({"command": "deleteIssues", "project": "ENG", "percent": 80}));
    site.pass_each(2, 301, false).await;
    // A list is due once an hour.
    site.pass_after(3700, false).await;
    site.pass_after(301, false).await;
    assert_eq!(site.mirrored().len(), all, "one list is not believed");
    site.pass_after(301, false).await;
    assert_eq!(site.mirrored(), site.expected());
    assert!(site.state.objects.removed.gone > 10);
}
