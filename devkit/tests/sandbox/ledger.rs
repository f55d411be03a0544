//! What was really written, whatever was answered; and how many writes an issue takes.

use std::time::Duration;

use devkit::sandbox::{Effect, FaultAction, FaultRule, Operation, When};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::client::{Bench, answer, found};
use crate::tickets::{create, document, task};

fn on_create(when: When, action: FaultAction) -> FaultRule {
    FaultRule {
        method: Some("POST".to_owned()),
        ..FaultRule::path("/rest/api/3/issue", when, action)
    }
}

fn creations(bench: &Bench) -> usize {
    let created = |effect: &Effect| effect.operation == Operation::Create;
    bench.sandbox.effects().iter().filter(|effect| created(effect)).count()
}

#[tokio::test]
async fn a_500_after_the_commit_leaves_an_issue_and_one_before_leaves_none() {
    let bench = Bench::new().await;
    let body = task(json!({}));
    for (when, left) in [(When::Before, 0), (When::After, 1)] {
        let fault = bench.sandbox.fault(on_create(when, FaultAction::Html { code: 500 }));
        assert_eq!(create(&bench, &body).await.0, 500);
        bench.sandbox.release(fault).unwrap();
        assert_eq!(creations(&bench), left, "{when:?}");
    }
    let limited = FaultAction::RateLimit {
        reason: devkit::sandbox::RateLimitReason::JiraBurstBased,
        retry_after_seconds: Some(1),
    };
    let fault = bench.sandbox.fault(on_create(When::Before, limited));
    assert_eq!(create(&bench, &body).await.0, 429);
    bench.sandbox.release(fault).unwrap();
    assert_eq!(creations(&bench), 1);
}

#[tokio::test]
async fn an_issue_may_be_there_although_its_answer_hangs() {
    let bench = Bench::new().await;
    let fault = bench.sandbox.fault(on_create(When::After, FaultAction::Hold));
    let request = bench.post("/rest/api/3/issue", &task(json!({})));
    let given_up = timeout(Duration::from_millis(300), request.send()).await;
    assert!(given_up.is_err() && creations(&bench) == 1);
    assert!(bench.sandbox.wait_until_idle(fault).await, "the client is gone");
    bench.sandbox.release(fault).unwrap();
    assert_eq!(creations(&bench), 1);
}

#[tokio::test]
async fn an_issue_may_come_after_its_client_has_gone() {
    let bench = Bench::new().await;
    for (action, made) in [
        (FaultAction::Hold, 0),
        (FaultAction::TakeEffectLate { milliseconds: None }, 1),
    ] {
        let fault = bench.sandbox.fault(on_create(When::Before, action));
        let request = bench.post("/rest/api/3/issue", &task(json!({})));
        assert!(timeout(Duration::from_millis(200), request.send()).await.is_err());
        assert!(bench.sandbox.wait_for_hits(fault, 1).await);
        if made == 0 {
            assert!(bench.sandbox.wait_until_idle(fault).await);
        }
        assert_eq!(creations(&bench), 0);
        bench.sandbox.release(fault).unwrap();
        let late = async {
            while creations(&bench) < made {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(20), late).await.unwrap();
        assert_eq!(creations(&bench), made);
    }
    let dropped = bench
        .sandbox
        .fault(on_create(When::Before, FaultAction::DropAndTakeEffectLate));
    let request = bench.post("/rest/api/3/issue", &task(json!({})));
    assert!(request.send().await.is_err(), "it is lost at once");
    assert_eq!(creations(&bench), 1);
    bench.sandbox.release(dropped).unwrap();
    assert!(bench.sandbox.wait_until_idle(dropped).await);
    let late = async {
        while creations(&bench) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), late).await.unwrap();
    let action = FaultAction::TakeEffectLate { milliseconds: Some(50) };
    let fault = bench.sandbox.fault(on_create(When::Before, action));
    assert_eq!(
        create(&bench, &task(json!({}))).await.0,
        201,
        "who waits gets the answer"
    );
    bench.sandbox.release(fault).unwrap();
}

#[tokio::test]
async fn the_ledger_says_who_wrote_what_and_how_often() {
    let bench = Bench::new().await;
    create(&bench, &task(json!({"labels": ["k8s"]}))).await;
    let note = json!({"body": document("x"), "properties": [{"key": "p", "value": 1}]});
    answer(bench.post("/rest/api/3/issue/ENG-4/comment", &note)).await;
    answer(bench.send(
        "PUT",
        "/rest/api/3/issue/ENG-4",
        &json!({"fields": {"summary": "Checkout is slow"}}),
    ))
    .await;
    answer(bench.send("PUT", "/rest/api/3/issue/ENG-4", &json!({"fields": {"summary": 7}}))).await;
    bench.run(json!({"command": "editIssue", "issue": "ENG-4", "account": "dana@acme.example", "fields": {"summary": "Ours"}}));
    bench.run(json!({"command": "moveIssue", "issue": "ENG-4", "project": "OPS"}));
    bench.run(json!({"command": "deleteIssue", "issue": "OPS-3"}));
    let told: Vec<_> = bench
        .sandbox
        .effects()
        .into_iter()
        .map(|effect| (effect.operation, effect.changed, effect.client_id.is_some()))
        .collect();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            (
                Operation::Create,
                words(&["assignee", "issuetype", "labels", "priority", "reporter", "summary"]),
                true
            ),
            (Operation::Comment, words(&[]), true),
            (Operation::Edit, words(&[]), true),
            (Operation::Edit, words(&["summary"]), false),
            (Operation::Move, words(&[]), false),
            (Operation::Delete, words(&[]), false),
        ]
    );
    let devkit::sandbox::Answer::Ledger { effects } =
        bench.run(json!({"command": "describeLedger", "issue": "OPS-3", "byApp": true}))
    else {
        panic!("no ledger");
    };
    assert_eq!(effects.len(), 0, "by the key it had last");
    let id = bench.sandbox.effects()[0].issue_id.to_string();
    let devkit::sandbox::Answer::Ledger { effects } =
        bench.run(json!({"command": "describeLedger", "issue": id, "byApp": true}))
    else {
        panic!("no ledger");
    };
    assert_eq!(effects.len(), 3);
    assert_eq!(serde_json::to_value(&effects[1]).unwrap()["operation"], "comment");
}

#[tokio::test]
async fn an_issue_takes_twenty_writes_in_two_seconds() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "stopClock", "stopped": true}));
    bench.run(json!({"command": "setBurst", "off": true}));
    let write = async |key: &str| {
        let request = bench.send("PUT", &format!("/rest/api/3/issue/{key}/properties/p"), &json!(1));
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        (
            answer.status().as_u16(),
            header("RateLimit-Reason"),
            header("Retry-After"),
        )
    };
    for _ in 0..20 {
        assert!(write("ENG-1").await.0 < 300);
    }
    let limited = (429, Some("jira-per-issue-on-write".to_owned()), Some("2".to_owned()));
    assert_eq!(write("ENG-1").await, limited);
    assert!(write("ENG-2").await.0 < 300, "another issue");
    assert_eq!(answer(bench.get("/rest/api/3/issue/ENG-1")).await.0, 200, "reading");
    bench.run(json!({"command": "advanceClock", "seconds": 2}));
    assert!(write("ENG-1").await.0 < 300);
    bench.run(json!({"command": "setIssueLimit", "off": true}));
    for _ in 0..50 {
        assert!(write("ENG-1").await.0 < 300);
    }
}

#[tokio::test]
async fn bulk_fetch_may_know_a_key_only_when_search_does() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setIndexLag", "seconds": 180}));
    let (_, made) = create(&bench, &task(json!({"labels": ["k8s"]}))).await;
    let fetched = async |name: &Value| {
        let body = json!({"issueIdsOrKeys": [name]});
        let (_, body) = answer(bench.post("/rest/api/3/issue/bulkfetch", &body)).await;
        body["issues"].as_array().unwrap().len()
    };
    assert_eq!((fetched(&made["key"]).await, fetched(&made["id"]).await), (1, 1));
    bench.run(json!({"command": "setUndocumented", "set": {"bulkFetchByIndex": true}}));
    assert_eq!((fetched(&made["key"]).await, fetched(&made["id"]).await), (0, 1));
    bench.run(json!({"command": "advanceClock", "seconds": 181}));
    assert_eq!(fetched(&made["key"]).await, 1);
}

#[tokio::test]
async fn one_issue_may_lag_alone() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setIndexLag", "issue": "ENG-1", "untilReleased": true}));
    for key in ["ENG-1", "ENG-2"] {
        let body: Value = json!({"update": {"labels": [{"add": "new"}]}});
        answer(bench.send("PUT", &format!("/rest/api/3/issue/{key}"), &body)).await;
    }
    assert_eq!(found(&bench, "labels = new").await, ["ENG-2"]);
    bench.run(json!({"command": "releaseIndex"}));
    assert_eq!(found(&bench, "labels = new order by key").await, ["ENG-1", "ENG-2"]);
}
