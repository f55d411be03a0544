//! Tickets that are moved while answers are lost, people move them too, or the cluster is built anew.

use std::sync::Arc;

use devkit::sandbox::{Answer, Command};
use jira_operator::api::{
    condition::ConditionType::PhaseReached,
    issue::{JiraIssue, JiraIssueStatus},
};
use serde_json::{Value, json};

use super::{
    Scenario, scenario,
    tickets_phase::{DANA, bug, moves, until_phase, workflow},
};
use crate::{
    cluster::Cluster,
    harness::{Harness, fleet::until_hit, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::moves_once_though_the_answer_is_lost", lost),
        scenario("tickets::moves_not_where_a_person_was_faster", overtaken),
        scenario("tickets::moves_back_three_times_and_names_who_fights", kept),
        scenario("tickets::moves_nothing_in_a_rebuilt_cluster", rebuilt),
        scenario("tickets::moves_nothing_that_is_found_by_its_label_alone", unmarked),
    ]
}

async fn lost(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-lost-moves").await;
    let dropped = json!({"kind": "dropConnection"});
    // It was made, and a person moves it on before that is known.
    harness.apply_ticket("after", bug(json!({}))).await;
    let key = harness.until_created("after").await.key;
    let made = fault_at(&harness, "after", &dropped);
    harness.apply_ticket("after", bug(json!({"status": "In Review"}))).await;
    harness
        .until_ticket("after", "being moved", |status| status.moving.is_some())
        .await;
    until_hit(&harness, &[made]).await;
    harness.kill_operators().await;
    harness.command(json!({"command": "transitionIssue", "issue": key, "account": DANA, "to": "Done"}));
    harness.start_operator();
    until_phase(&harness, "after", "MovedOn", "Done").await;
    assert_eq!(moves(&harness), 1);
    // It was not made.
    fault(&harness, &dropped);
    harness.apply_ticket("before", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "before", "Reached", "Done").await;
    assert_eq!(moves(&harness), 2);
    // It is made late.
    let late = fault(&harness, &json!({"kind": "dropAndTakeEffectLate"}));
    workflow(&harness, &json!([{"name": "Finish", "to": "Done", "from": ["To Do"]}]));
    harness.apply_ticket("late", bug(json!({"phase": "Done"}))).await;
    until_hit(&harness, &[late]).await;
    harness.command(json!({"command": "removeFault", "id": late}));
    until_phase(&harness, "late", "Reached", "Done").await;
    assert_eq!(moves(&harness), 3);
    harness.close().await;
}

/// What the next move meets before it takes effect.
fn fault(harness: &Harness, action: &Value) -> u64 {
    fault_at(harness, "before", action)
}

fn fault_at(harness: &Harness, when: &str, action: &Value) -> u64 {
    let rule = json!({"method": "POST", "path": "/transitions", "times": 1, "when": when, "action": action});
    let rule = serde_json::from_value(rule).expect("a rule");
    match harness.sandbox.command(Command::AddFault { rule }) {
        Ok(Answer::Fault { id }) => id,
        _ => panic!("the sandbox answers with a fault"),
    }
}

async fn overtaken(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-overtaken").await;
    workflow(&harness, &json!([{"name": "Finish", "to": "Done", "from": ["To Do"]}]));
    let held = fault(&harness, &json!({"kind": "hold"}));
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    until_hit(&harness, &[held]).await;
    harness.until_ticket_reason("bug", PhaseReached, "ChangesPending").await;
    let key = harness
        .until_ticket("bug", "being moved", |status| status.moving.is_some())
        .await
        .key;
    harness.command(json!({"command": "transitionIssue", "issue": key, "account": DANA, "to": "Done"}));
    harness.command(json!({"command": "removeFault", "id": held}));
    until_phase(&harness, "bug", "Reached", "Done").await;
    assert_eq!(moves(&harness), 0, "the person had done it");
    // Another change in the same moment.
    let conflict = json!({"errorMessages": ["The issue was changed meanwhile."]}).to_string();
    fault(&harness, &json!({"kind": "status", "code": 409, "body": conflict}));
    harness.apply_ticket("next", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "next", "Reached", "Done").await;
    assert_eq!(moves(&harness), 1);
    harness.close().await;
}

async fn kept(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-kept").await;
    harness.apply_ticket("bug", bug(json!({}))).await;
    let key = harness.until_created("bug").await.key;
    let revert = |off: bool| json!({"command": "revertField", "issue": key, "field": "status", "off": off});
    harness.command(revert(false));
    let wish = json!({"phase": "Done", "policy": {"phase": "Keep"}});
    harness.apply_ticket("bug", bug(wish)).await;
    let told = harness.until_ticket_reason("bug", PhaseReached, "KeepSuspended").await;
    assert!(
        told.message.starts_with("Automation for Jira moved"),
        "{}",
        told.message
    );
    assert_eq!(moves(&harness), 4, "once, and back three times");
    harness.until_event("bug", "KeepSuspended").await;
    let mark = harness.sandbox.mark();
    harness.command(json!({"command": "commentOnIssue", "issue": key, "account": DANA, "text": "?"}));
    harness.request("acme").await;
    harness.until_ticket_reason("bug", PhaseReached, "KeepSuspended").await;
    assert_eq!(harness.calls_to(mark, "/transitions"), 0);
    // The rule is changed. What the spec says of something else does not count; the policy does.
    harness.command(revert(true));
    let wish = |policy: &str| json!({"phase": "Done", "policy": {"phase": policy}, "labels": ["kept"]});
    harness.apply_ticket("bug", bug(wish("Keep"))).await;
    let has_label = |status: &JiraIssueStatus| status.labels.iter().any(|label| label == "kept");
    harness.until_ticket("bug", "labelled", has_label).await;
    harness.until_ticket_reason("bug", PhaseReached, "KeepSuspended").await;
    harness.apply_ticket("bug", bug(wish("OnChange"))).await;
    harness.until_ticket_reason("bug", PhaseReached, "MovedOn").await;
    harness.apply_ticket("bug", bug(wish("Keep"))).await;
    until_phase(&harness, "bug", "Reached", "Done").await;
    assert_eq!(moves(&harness), 5);
    // Another one, whose rule does not let it get halfway.
    harness.apply_ticket("halfway", bug(json!({}))).await;
    let key = harness.until_created("halfway").await.key;
    harness.command(json!({"command": "revertField", "issue": key, "field": "status"}));
    workflow(
        &harness,
        &json!([{"name": "Start", "to": "In Progress"}, {"name": "Finish", "to": "Done", "from": ["In Progress"]}]),
    );
    harness
        .apply_ticket("halfway", bug(json!({"phase": "Done", "via": ["In Progress"]})))
        .await;
    let told = harness
        .until_ticket_reason("halfway", PhaseReached, "KeepSuspended")
        .await;
    assert!(told.message.contains("on its way to Done"), "{}", told.message);
    assert_eq!(moves(&harness), 9, "once, and three times more");
    harness.close().await;
}

async fn rebuilt(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-rebuilt-moves").await;
    for (name, wish) in [("moved", "Done"), ("there", "Todo")] {
        harness.apply_ticket(name, bug(json!({"phase": wish}))).await;
        let status = harness.until_created(name).await;
        harness.until_ticket_reason(name, PhaseReached, "Reached").await;
        harness.command(json!({
            "command": "transitionIssue", "issue": status.key, "account": DANA, "to": "In Review",
        }));
    }
    for name in ["moved", "there"] {
        harness.delete::<JiraIssue>(name).await;
        harness
            .until_object::<JiraIssue>(name, "gone", |object| object.is_none())
            .await;
    }
    let written = harness.sandbox.effects().len();
    for (name, wish) in [("moved", "Done"), ("there", "Todo")] {
        harness.apply_ticket(name, bug(json!({"phase": wish}))).await;
        until_phase(&harness, name, "MovedOn", "In Review").await;
    }
    assert_eq!(harness.sandbox.effects().len(), written, "not one write");
    // What is new is wanted again.
    harness.apply_ticket("there", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "there", "Reached", "Done").await;
    assert_eq!(moves(&harness), 2);
    harness.close().await;
}

/// People move tickets and take their markers away; then the cluster is built anew. Where Jira has them is what holds.
async fn unmarked(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-unmarked-moves").await;
    let all = [
        // Moved there, and moved on by a person; moved on before it came there; there still.
        ("moved", json!({"phase": "Done"}), "MovedOn", "In Review"),
        ("stuck", json!({"status": "Nowhere"}), "MovedOn", "In Progress"),
        ("there", json!({"phase": "Done"}), "Reached", "Done"),
    ];
    for (name, wish, _, at) in &all {
        harness.apply_ticket(name, bug(wish.clone())).await;
        let told = if *name == "stuck" { "PhaseUnknown" } else { "Reached" };
        harness.until_ticket_reason(name, PhaseReached, told).await;
        let is_there = |status: &JiraIssueStatus| !status.key.is_empty();
        let key = harness.until_ticket(name, "there", is_there).await.key;
        if *name != "there" {
            harness.command(json!({"command": "transitionIssue", "issue": key, "account": DANA, "to": at}));
        }
        harness
            .command(json!({"command": "setIssueProperty", "issue": key, "account": DANA, "key": "jira-operator.dev"}));
    }
    harness.kill_operators().await;
    for (name, ..) in &all {
        harness.delete::<JiraIssue>(name).await;
        harness
            .until_object::<JiraIssue>(name, "gone", |object| object.is_none())
            .await;
    }
    let before = moves(&harness);
    harness.start_operator();
    for (name, wish, reason, at) in &all {
        harness.apply_ticket(name, bug(wish.clone())).await;
        until_phase(&harness, name, reason, at).await;
    }
    assert_eq!(moves(&harness), before, "what people did stands");
    let told = harness.until_ticket_reason("moved", PhaseReached, "MovedOn").await;
    assert!(told.message.starts_with("Dana Developer moved "), "{}", told.message);
    // The marker that it has again says so to the next process, which never saw it without.
    harness.kill_operators().await;
    harness.delete::<JiraIssue>("moved").await;
    harness
        .until_object::<JiraIssue>("moved", "gone", |object| object.is_none())
        .await;
    harness.start_operator();
    harness.apply_ticket("moved", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "moved", "MovedOn", "In Review").await;
    assert_eq!(moves(&harness), before);
    // What the spec wants next is new.
    harness.apply_ticket("moved", bug(json!({"status": "To Do"}))).await;
    until_phase(&harness, "moved", "Reached", "To Do").await;
    assert_eq!(moves(&harness), before + 1);
    harness.close().await;
}
