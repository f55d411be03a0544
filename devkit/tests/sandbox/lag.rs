//! Search learns of writes late, single issues never do.

use serde_json::{Value, json};

use crate::client::{Bench, answer, found, id_of, search, text};

async fn summary(bench: &Bench, key: &str) -> String {
    let (_, issue) = answer(bench.get(&format!("/rest/api/3/issue/{key}"))).await;
    text(&issue["fields"]["summary"])
}

#[tokio::test]
async fn an_issue_is_found_late_and_with_the_time_it_changed() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setIndexLag", "seconds": 300}));
    bench.run(json!({"command": "addIssues", "project": "ENG", "count": 1}));
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "changed", "labels": ["new"]}));
    let before = bench.sandbox.state(|world| world.now().as_millisecond());
    assert_eq!(bench.sandbox.waiting_for_index(), 2);
    assert_eq!(
        found(&bench, "project = ENG order by key").await,
        ["ENG-1", "ENG-2", "ENG-3"]
    );
    assert!(found(&bench, "labels = new").await.is_empty());
    assert_eq!(summary(&bench, "ENG-1").await, "changed");
    let body = json!({"issueIdsOrKeys": ["ENG-4"]});
    let (_, body) = answer(bench.post("/rest/api/3/issue/bulkfetch", &body)).await;
    assert_eq!(body["issues"].as_array().unwrap().len(), 1);

    bench.run(json!({"command": "advanceClock", "seconds": 301}));
    assert_eq!(found(&bench, "project = ENG order by key").await.len(), 4);
    assert_eq!(
        found(&bench, &format!("labels = new and updated <= {before}")).await,
        ["ENG-1"]
    );
}

#[tokio::test]
async fn of_two_issues_one_is_indexed_minutes_late_though_nothing_lags_any_more() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "stopClock", "stopped": true}));
    // Away from the millisecond in which the sandbox was made, which all its issues have.
    bench.run(json!({"command": "advanceClock", "seconds": 60}));
    bench.run(json!({"command": "setIndexLag", "untilReleased": true}));
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "labels": ["new"]}));
    let changed = bench.sandbox.state(|world| world.now().as_millisecond());
    bench.run(json!({"command": "setIndexLag"}));
    bench.run(json!({"command": "advanceClock", "seconds": 240}));
    bench.run(json!({"command": "updateIssue", "issue": "ENG-2", "labels": ["new"]}));
    assert_eq!(found(&bench, "labels = new").await, ["ENG-2"]);
    let late = id_of(&bench, "ENG-1");
    bench.run(json!({"command": "releaseIndex", "ids": [late]}));
    assert_eq!(found(&bench, &format!("updated = {changed}")).await, ["ENG-1"]);
    let now = changed + 240_000;
    assert_eq!(found(&bench, &format!("updated = {now}")).await, ["ENG-2"]);
    assert_eq!(bench.sandbox.state(|world| world.now().as_millisecond()), now);
}

#[tokio::test]
async fn reconciled_issues_are_found_in_spite_of_the_lag() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setIndexLag", "untilReleased": true}));
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "status": "Done"}));
    bench.run(json!({"command": "updateIssue", "issue": "ENG-2", "status": "Done"}));
    bench.run(json!({"command": "advanceClock", "seconds": 600}));
    let id = id_of(&bench, "ENG-1");
    let ids = async |jql: &str| {
        let (_, body) = search(&bench, json!({"jql": jql, "reconcileIssues": [id]})).await;
        let issues = body["issues"].as_array().unwrap().clone();
        issues.iter().map(|issue| text(&issue["id"])).collect::<Vec<_>>()
    };
    assert_eq!(ids("statusCategory = done").await, [id.to_string()]);
    assert_eq!(ids("project = ENG and statusCategory = new").await.len(), 2);
    let other = id_of(&bench, "ENG-2");
    bench.run(json!({"command": "releaseIndex", "ids": [other]}));
    assert_eq!(found(&bench, "statusCategory = done").await, ["ENG-2"]);
    bench.run(json!({"command": "setIndexLag"}));
    bench.run(json!({"command": "releaseIndex"}));
    assert_eq!(found(&bench, "statusCategory = done").await.len(), 2);
}

#[tokio::test]
async fn a_deleted_issue_is_never_found_and_an_issue_matches_as_it_is_indexed() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setIndexLag", "untilReleased": true}));
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "labels": ["gone"]}));
    bench.run(json!({"command": "deleteIssue", "issue": "ENG-2"}));
    assert_eq!(found(&bench, "project = ENG order by key").await, ["ENG-1", "ENG-3"]);
    let id = id_of(&bench, "ENG-1");
    let matched = async || -> Value {
        let body = json!({"issueIds": [id, 99], "jqls": ["labels = gone", "labels is EMPTY", "x y", "project = NOPE"]});
        answer(bench.post("/rest/api/3/jql/match", &body)).await.1["matches"].take()
    };
    let before = matched().await;
    assert_eq!(
        (&before[0]["matchedIssues"], &before[1]["matchedIssues"]),
        (&json!([]), &json!([id]))
    );
    assert!(
        before[2]["errors"][0]
            .as_str()
            .unwrap()
            .starts_with("Error in the JQL Query")
    );
    assert!(before[3]["errors"][0].as_str().unwrap().contains("'NOPE'"));
    bench.run(json!({"command": "releaseIndex"}));
    let after = matched().await;
    assert_eq!(
        (&after[0]["matchedIssues"], &after[1]["matchedIssues"]),
        (&json!([id]), &json!([]))
    );
}

#[tokio::test]
async fn calls_take_their_time_by_the_clock_of_the_sandbox() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "stopClock", "stopped": true}));
    bench.run(json!({"command": "setCallDuration", "milliseconds": 40_000}));
    bench.run(json!({"command": "setIndexLag", "seconds": 60}));
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Late"}));
    let now = || bench.sandbox.state(devkit::sandbox::World::now);
    let before = now();
    assert!(found(&bench, "summary ~ Late").await.is_empty(), "after 20 s");
    assert_eq!(found(&bench, "summary ~ Late").await, ["ENG-1"], "after 60 s");
    assert_eq!(now().duration_since(before).as_secs(), 80);
}
