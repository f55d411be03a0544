//! What goes wrong between writing a creation down, sending it and binding the object: one ticket is created all the same.

use std::{sync::Arc, time::Duration};

use devkit::{
    proxy::{Action, Rule},
    sandbox::{Effect, FaultAction, FaultRule, Operation, Request, When},
};
use jira_operator::api::{
    condition::ConditionType::{Created, PeopleMatched},
    issue::{JiraIssue, JiraIssueStatus},
};
use serde_json::{Value, json};

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        CREATION_SETTLE, Harness, Setup,
        actions::connected_with_app,
        fleet::{refusal, release, until_hit},
        observe::PATIENCE,
        tickets::writing,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting("tickets::a_lost_answer_creates_no_second_ticket", lost_answer),
        waiting(
            "tickets::a_ticket_whose_id_cannot_be_written_is_bound_later",
            unwritable,
        ),
        waiting(
            "tickets::a_process_that_stood_still_too_long_sends_nothing",
            stood_still,
        ),
        scenario("tickets::two_processes_create_each_ticket_once", two_processes),
        scenario(
            "tickets::an_object_that_is_replaced_in_mid_creation_has_that_ticket",
            replaced,
        ),
        waiting("tickets::of_two_requests_that_fit_a_person_says_which", two_fit),
    ]
}

fn bug(summary: &str) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": summary})
}

fn request(summary: &str) -> Value {
    json!({"project": "SUP", "requestType": "Ask a question", "summary": summary})
}

/// An integration that may write tickets, whose operator reaches the API server through the proxy.
async fn proxied(cluster: &Arc<Cluster>, name: &str) -> Harness {
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}], "tickets": {}});
    connected_with_app(cluster, name, Setup::proxied(true), spec).await.0
}

/// Meets the creation of what has this summary.
fn creation(summary: &str, when: When, action: FaultAction) -> FaultRule {
    FaultRule {
        method: Some("POST".into()),
        body: format!("\"{summary}\""),
        ..FaultRule::path("/rest/", when, action)
    }
}

fn created(harness: &Harness) -> Vec<Effect> {
    harness.written_tickets(Operation::Create)
}

/// The creations that were sent, whatever came of them.
fn sent(harness: &Harness) -> Vec<Request> {
    let is_creation =
        |path: &str| path.ends_with("/rest/api/3/issue") || path.ends_with("/rest/servicedeskapi/request");
    let all = harness.sandbox.requests().into_iter();
    all.filter(|request| request.method == "POST" && is_creation(&request.path))
        .collect()
}

async fn lost_answer(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-lost").await;
    let failed = || FaultAction::Html { code: 500 };
    // Longer than the operator waits for an answer.
    let late = FaultAction::Delay { milliseconds: 20_000 };
    let cases = [
        ("dropped-after", When::After, FaultAction::DropConnection),
        ("dropped-before", When::Before, FaultAction::DropConnection),
        ("failed-after", When::After, failed()),
        ("failed-before", When::Before, failed()),
        ("late", When::After, late),
    ];
    for (name, when, action) in cases.clone() {
        for (kind, spec) in [
            ("issue", bug(&format!("{name}-issue"))),
            ("request", request(&format!("{name}-request"))),
        ] {
            let named = format!("{name}-{kind}");
            let _ = harness.sandbox.fault(creation(&named, when, action.clone()).times(1));
            harness.apply_ticket(&named, spec).await;
        }
    }
    for (name, ..) in cases {
        for kind in ["issue", "request"] {
            harness.until_created(&format!("{name}-{kind}")).await;
        }
    }
    let made = created(&harness);
    assert_eq!(made.len(), 10, "{made:?}");
    // Sent again is only what had no effect.
    assert_eq!(sent(&harness).len(), 14);
    harness.close().await;
}

/// The API server refuses what says that the ticket is there, for longer than a creation takes to be settled.
async fn unwritable(cluster: Arc<Cluster>) {
    let harness = proxied(&cluster, "tickets-unwritable").await;
    let held = ["Issue", "Request"].map(|what| harness.sandbox.fault(creation(what, When::After, FaultAction::Hold)));
    harness.apply_ticket("issue", bug("Issue")).await;
    harness.apply_ticket("request", request("Request")).await;
    until_hit(&harness, &held).await;
    let proxy = harness.proxy.as_ref().expect("a proxy");
    let of_tickets =
        Rule::new(refusal(500)).when_write(|write| write.resource == "jiraissues" && write.subresource == "status");
    let refused = proxy.add(of_tickets);
    release(&harness, &held);
    tokio::time::sleep(Duration::from_secs(u64::from(CREATION_SETTLE) + 5)).await;
    refused.wait_for_hits(4, PATIENCE).await.expect("it is tried again");
    for name in ["issue", "request"] {
        let object = harness.issues().get(name).await.expect("it is there");
        let status = object.status.expect("it is marked");
        assert!(status.id.is_empty() && status.creation.is_some(), "{status:?}");
    }
    refused.remove();
    for name in ["issue", "request"] {
        let key = harness.until_created(name).await.key;
        assert!(created(&harness).iter().any(|made| made.issue_key == key), "{key}");
    }
    assert_eq!((created(&harness).len(), sent(&harness).len()), (2, 2));
    harness.close().await;
}

/// It has its mark, and is frozen before it can send. Another process takes over meanwhile.
async fn stood_still(cluster: Arc<Cluster>) {
    let mut harness = proxied(&cluster, "tickets-frozen").await;
    let marks = Rule::new(Action::HoldAnswer)
        .when_write(|write| write.resource == "jiraissues" && write.subresource == "status")
        .times(1);
    let marks = harness.proxy.as_ref().expect("a proxy").add(marks);
    harness.apply_ticket("slow", bug("Slow")).await;
    marks.wait_for_deeds(1, PATIENCE).await.expect("it is marked");
    let frozen = harness.operators.remove(0);
    frozen.freeze();
    marks.release();
    let object = harness.issues().get("slow").await.expect("it is there");
    let mark = object.status.and_then(|status| status.creation).expect("it is marked");
    harness.start_operator();
    harness.until_created("slow").await;
    // Of the first one's mark it was waited until it can be sent no more.
    let sent = sent(&harness);
    assert!(sent.len() == 1 && sent[0].at > mark.deadline.0, "{mark:?} {sent:?}");
    frozen.resume();
    harness.operators.push(frozen);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(self::sent(&harness).len(), 1, "it came too late");
    // It goes on with others.
    harness.apply_ticket("next", bug("Next")).await;
    harness.until_created("next").await;
    assert_eq!(created(&harness).len(), 2);
    harness.close().await;
}

async fn two_processes(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-two-processes").await;
    harness.start_operator();
    harness.until_served("/readyz", |status, _| status == 200).await;
    let names: Vec<(String, Value)> = (0..6)
        .flat_map(|n| {
            let mut asked = request(&format!("Request {n}"));
            asked["reporter"] = json!({"email": format!("kim{n}@ext.example")});
            [
                (format!("issue-{n}"), bug(&format!("Issue {n}"))),
                (format!("request-{n}"), asked),
            ]
        })
        .collect();
    for (name, spec) in &names {
        harness.apply_ticket(name, spec.clone()).await;
    }
    for (name, spec) in &names {
        if spec["reporter"].is_object() {
            harness.until_noted(name).await;
            harness
                .until_ticket_reason(name, PeopleMatched, "ReporterUnknown")
                .await;
        }
        harness.until_created(name).await;
    }
    assert_eq!((created(&harness).len(), sent(&harness).len()), (12, 12));
    assert_eq!(harness.written_tickets(Operation::Comment).len(), 6, "one note each");
    harness.close().await;
}

/// While the creation is on its way, before or after its effect, the object is deleted and applied again.
async fn replaced(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-replaced").await;
    for (n, (name, when)) in [("before", When::Before), ("after", When::After)]
        .into_iter()
        .enumerate()
    {
        let both = [
            ("issue", bug(&format!("Issue {name}"))),
            ("request", request(&format!("Request {name}"))),
        ];
        let mut held = Vec::new();
        for (kind, spec) in &both {
            let summary = spec["summary"].as_str().expect("a summary");
            held.push(harness.sandbox.fault(creation(summary, when, FaultAction::Hold)));
            harness.apply_ticket(&format!("{kind}-{name}"), spec.clone()).await;
        }
        until_hit(&harness, &held).await;
        for (kind, spec) in &both {
            let object = format!("{kind}-{name}");
            harness.delete::<JiraIssue>(&object).await;
            harness
                .until_object::<JiraIssue>(&object, "gone", |object| object.is_none())
                .await;
            harness.apply_ticket(&object, spec.clone()).await;
            // It waits for the creation, or has found what came of it.
            let is_looked_at = |status: &JiraIssueStatus| status.observed_generation.is_some();
            harness.until_ticket(&object, "looked at", is_looked_at).await;
        }
        release(&harness, &held);
        for (kind, _) in &both {
            let key = harness.until_created(&format!("{kind}-{name}")).await.key;
            assert!(created(&harness).iter().any(|made| made.issue_key == key), "{key}");
        }
        assert_eq!(created(&harness).len(), 2 * (n + 1));
    }
    harness.close().await;
}

/// The answer is lost, and somebody raised the same with the dedicated account in that moment.
async fn two_fit(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-two-fit").await;
    let held = [harness
        .sandbox
        .fault(creation("Laptop", When::Before, FaultAction::Hold))];
    let _ = harness
        .sandbox
        .fault(creation("Laptop", When::After, FaultAction::DropConnection).times(1));
    harness.apply_ticket("laptop", request("Laptop")).await;
    until_hit(&harness, &held).await;
    harness.command(json!({
        "command": "createIssue", "project": "SUP", "requestType": "Ask a question", "summary": "Laptop",
        "account": crate::harness::BOT,
    }));
    release(&harness, &held);
    let told = harness
        .until_ticket_reason("laptop", Created, "CreationUncertain")
        .await;
    let all = harness.sandbox.effects().into_iter();
    let keys: Vec<String> = all
        .filter(|effect| effect.operation == Operation::Create)
        .map(|effect| effect.issue_key)
        .collect();
    assert!(
        keys.len() == 2 && keys.iter().all(|key| told.message.contains(key)),
        "{keys:?} {}",
        told.message
    );
    let adopt = format!("jira-operator.dev/adopt={}", keys[1]);
    let annotate = ["annotate", "jissue", "laptop", &adopt];
    harness.kubectl(&annotate).await.expect("it is annotated");
    assert_eq!(harness.until_created("laptop").await.key, keys[1]);
    assert_eq!(sent(&harness).len(), 1);
    harness.close().await;
}
