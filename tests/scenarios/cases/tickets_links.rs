//! Links from tickets to pages elsewhere.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::condition::ConditionType::{self, FieldsApplied};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::links_follow_the_spec_and_cost_nothing_once_set", links),
        scenario("tickets::a_link_whose_answer_is_lost_is_there_once", lost),
        scenario("tickets::links_that_jira_refuses_are_told", denied),
        scenario("tickets::links_wait_while_nothing_is_to_be_sent", withheld),
    ]
}

fn bug(links: &Value) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": "Slow", "links": links})
}

/// What was written to links, with the ids that Jira knows them by.
fn written(harness: &Harness, operation: Operation) -> Vec<String> {
    let all = harness.written_tickets(operation).into_iter();
    all.flat_map(|effect| effect.changed).collect()
}

async fn until_applied(harness: &Harness, name: &str, links: usize) {
    harness
        .until_ticket(name, "linked", |status| {
            let applied = status
                .applied
                .as_ref()
                .map_or(&[][..], |applied| applied.links.as_slice());
            applied.len() == links && applied.iter().all(|link| !link.pending)
        })
        .await;
    harness.until_ticket_reason(name, FieldsApplied, "AsWritten").await;
}

async fn links(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-links").await;
    let dashboard = json!({"url": "https://grafana.acme.example/d/1", "title": "Dashboard"});
    let runbook = json!({"url": "https://runbooks.acme.example/latency"});
    harness.apply_ticket("bug", bug(&json!([dashboard, runbook]))).await;
    harness.until_created("bug").await;
    until_applied(&harness, "bug", 2).await;
    let set = written(&harness, Operation::RemoteLink);
    assert!(
        set.len() == 2 && set.iter().all(|id| id.starts_with("jira-operator.dev:")),
        "{set:?}"
    );
    // Another title, and one that leaves the spec.
    let renamed = json!({"url": "https://grafana.acme.example/d/1", "title": "Latency"});
    harness.apply_ticket("bug", bug(&json!([renamed]))).await;
    until_applied(&harness, "bug", 1).await;
    let set = written(&harness, Operation::RemoteLink);
    assert!(set.len() == 3 && set[2] == set[0], "{set:?}");
    assert_eq!(written(&harness, Operation::DeleteRemoteLink), [set[1].clone()]);
    // After a restart nothing is sent.
    harness.kill_operators().await;
    let mark = harness.sandbox.mark();
    harness.start_operator();
    harness.apply_ticket("next", bug(&json!([renamed]))).await;
    until_applied(&harness, "next", 1).await;
    let requests = harness.sandbox.requests_since(mark).into_iter();
    let of_links = requests.filter(|request| request.path.ends_with("/remotelink"));
    assert_eq!(of_links.count(), 1, "that of the other ticket");
    // Without any, nothing is left of ours.
    harness
        .apply_ticket("bug", json!({"project": "ENG", "type": "Bug", "summary": "Slow"}))
        .await;
    until_applied(&harness, "bug", 0).await;
    assert_eq!(written(&harness, Operation::DeleteRemoteLink).len(), 2);
    harness.close().await;
}

async fn lost(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-lost-links").await;
    for (name, when) in [("after", "after"), ("before", "before")] {
        harness.command(json!({"command": "addFault", "rule": {
            "method": "POST", "path": "/remotelink", "times": 1, "when": when, "action": {"kind": "dropConnection"},
        }}));
        harness
            .apply_ticket(name, bug(&json!([{"url": format!("https://acme.example/{name}")}])))
            .await;
        // It is known before it was sent, and goes on in another process.
        harness
            .until_ticket(name, "being linked", |status| {
                status.applied.as_ref().is_some_and(|applied| !applied.links.is_empty())
            })
            .await;
        harness.kill_operators().await;
        harness.start_operator();
        until_applied(&harness, name, 1).await;
    }
    let mut set = written(&harness, Operation::RemoteLink);
    set.dedup();
    assert_eq!(set.len(), 2, "one id for each ticket: {set:?}");
    harness.close().await;
}

async fn denied(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-no-links").await;
    harness.command(json!({"command": "setIssueLinking", "active": false}));
    let link = json!({"url": "https://acme.example/a", "title": "A"});
    harness.apply_ticket("bug", bug(&json!([link]))).await;
    let refused = harness.until_ticket_reason("bug", FieldsApplied, "LinkDenied").await;
    assert!(
        refused.message.contains("linking is currently disabled"),
        "{}",
        refused.message
    );
    harness.command(json!({"command": "setIssueLinking", "active": true}));
    harness.command(json!({
        "command": "revokePermission", "project": "ENG", "permission": "LINK_ISSUES",
    }));
    let other = json!({"url": "https://acme.example/b"});
    harness.apply_ticket("bug", bug(&json!([link, other]))).await;
    let lacks = |message: &str| message.contains("permission to link issues");
    harness
        .until_ticket("bug", "refused for the permission", |status| {
            status.conditions.iter().any(|condition| lacks(&condition.message))
        })
        .await;
    assert!(written(&harness, Operation::RemoteLink).is_empty());
    harness.command(json!({
        "command": "grantPermission", "project": "ENG", "permission": "LINK_ISSUES",
    }));
    harness.apply_ticket("bug", bug(&json!([other]))).await;
    harness.until_created("bug").await;
    // The one that left the spec may have been there, and was removed.
    until_applied(&harness, "bug", 1).await;
    harness.close().await;
}

/// A ticket that is there is suspended, or only a plan is asked for, and its spec has another link.
async fn withheld(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-withheld-links").await;
    harness.apply_ticket("bug", bug(&json!([]))).await;
    harness.until_created("bug").await;
    let link = json!([{"url": "https://acme.example/a", "title": "A"}]);
    let mut suspended = bug(&link);
    suspended["suspend"] = json!(true);
    harness.apply_ticket("bug", suspended).await;
    let said = harness
        .until_ticket_reason("bug", FieldsApplied, "TicketSuspended")
        .await;
    assert!(said.message.contains("not set or removed yet: 1"), "{}", said.message);
    let object = harness.issues().get("bug").await.expect("it is there");
    let conditions = object.status.expect("it has a status").conditions;
    let is_there = |type_: ConditionType| conditions.iter().any(|found| found.type_ == type_.as_str());
    assert!(
        !is_there(ConditionType::Reconciling) && !is_there(ConditionType::Stalled),
        "{conditions:?}"
    );
    let plan = ["annotate", "jissue", "bug", "jira-operator.dev/plan=true"];
    harness.kubectl(&plan).await.expect("it is annotated");
    harness.apply_ticket("bug", bug(&link)).await;
    harness.until_ticket_reason("bug", FieldsApplied, "Planned").await;
    let object = harness.issues().get("bug").await.expect("it is there");
    let plan = object.status.expect("it has a status").plan;
    assert!(
        plan.len() == 1 && plan[0].contains("https://acme.example/a"),
        "{plan:?}"
    );
    assert!(written(&harness, Operation::RemoteLink).is_empty());
    let act = ["annotate", "jissue", "bug", "jira-operator.dev/plan-"];
    harness.kubectl(&act).await.expect("the annotation is removed");
    until_applied(&harness, "bug", 1).await;
    let status = harness.until_created("bug").await;
    assert!(status.plan.is_empty(), "{status:?}");
    harness.close().await;
}
