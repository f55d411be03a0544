//! No second ticket and no shared one: where another process wrote meanwhile, where the spec changed while a creation is in
//! doubt, and where two objects want the same.

use std::sync::Arc;

use devkit::sandbox::{Effect, FaultAction, FaultRule, Operation, When};
use jira_operator::{
    api::{
        condition::ConditionType::Created,
        issue::{JiraIssue, JiraIssueStatus, TicketCreation},
    },
    tickets::Identity,
};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Harness, Setup,
        actions::connected_with_app,
        fleet::{let_go, release, until_hit},
        tickets::writing,
    },
};

/// The property by which a ticket is found.
const MARKER: &str = "jira-operator.dev";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "tickets::one_that_was_created_after_the_listing_is_found_before_another_is",
            after_listing,
        ),
        scenario("tickets::two_objects_in_doubt_never_have_one_request", both_in_doubt),
        scenario(
            "tickets::a_creation_in_doubt_is_settled_as_it_was_sent",
            changed_in_doubt,
        ),
        scenario(
            "tickets::of_two_that_take_a_ticket_over_at_once_one_has_it",
            taken_over_at_once,
        ),
        scenario("tickets::a_renamed_object_takes_its_ticket_along", renamed),
    ]
}

fn bug(summary: &str) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": summary})
}

fn request(summary: &str) -> Value {
    json!({"project": "SUP", "requestType": "Ask a question", "summary": summary})
}

fn created(harness: &Harness) -> Vec<Effect> {
    harness.written_tickets(Operation::Create)
}

/// Deletes an object and waits until it is gone.
async fn remove(harness: &Harness, name: &str) {
    harness.delete::<JiraIssue>(name).await;
    harness
        .until_object::<JiraIssue>(name, "gone", |object| object.is_none())
        .await;
}

/// A process has listed what the account created. Then another cluster follows a ticket that is done by a second one, which
/// is too old to be among the newest issues when the object is applied here.
async fn after_listing(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-after-listing").await;
    let mut alert = bug("Latency is high");
    alert["policy"] = json!({"existing": "AdoptUnresolved"});
    harness.apply_ticket("alert", alert.clone()).await;
    let first = harness.until_created("alert").await;
    remove(&harness, "alert").await;
    harness.command(json!({"command": "updateIssue", "issue": first.key, "status": "Done"}));
    harness.kill_operators().await;
    harness.start_operator();
    harness.apply_ticket("other", bug("Other")).await;
    harness.until_created("other").await;
    let mut marker = created(&harness)[0].properties[MARKER].clone();
    marker["n"] = json!(2);
    let label = format!("k8s-{}", marker["K"].as_str().expect("an identity"));
    harness.command(json!({
        "command": "createIssue", "project": "ENG", "summary": "Of another cluster", "account": BOT,
        "fields": {"labels": [label]}, "properties": {MARKER: marker},
    }));
    harness.command(json!({"command": "advanceClock", "seconds": 1200}));
    let all = harness.sandbox.effects().into_iter();
    let second = all.filter(|effect| effect.client_id.is_none() && effect.operation == Operation::Create);
    let second: Vec<String> = second.map(|effect| effect.issue_key).collect();
    harness.apply_ticket("alert", alert).await;
    assert_eq!([harness.until_created("alert").await.key], second[..]);
    assert_eq!(created(&harness).len(), 2);
    harness.close().await;
}

/// What was written down of the creation of an object.
async fn mark_of(harness: &Harness, name: &str) -> TicketCreation {
    let is_marked = |status: &JiraIssueStatus| status.creation.is_some();
    let status = harness.until_ticket(name, "marked", is_marked).await;
    status.creation.expect("it is marked")
}

/// A request was raised and is not marked yet when its process dies. Another one that looks alike is marked as well, as a
/// process of an earlier version left it.
async fn both_in_doubt(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "SUP"}], "tickets": {}});
    let (mut harness, app) = connected_with_app(&cluster, "tickets-in-doubt", Setup::default(), spec).await;
    let rule = FaultRule {
        method: Some("POST".into()),
        ..FaultRule::path("/servicedeskapi/request", When::After, FaultAction::Hold)
    };
    let held = [harness.sandbox.fault(rule.times(1))];
    harness.apply_ticket("one", request("Laptop")).await;
    until_hit(&harness, &held).await;
    harness.apply_ticket("two", request("Laptop")).await;
    // Nothing is written down for it, and it is not written again and again.
    harness.until_ticket_reason("two", Created, "CreationPending").await;
    let two = harness.issues().get("two").await.expect("it is there");
    assert_eq!(two.status.and_then(|status| status.creation), None);
    let mark = mark_of(&harness, "one").await;
    harness.kill_operators().await;
    let identity = Identity::of(&app.client_id, &harness.namespace, "two");
    let marked = TicketCreation {
        identity: identity.as_str().to_owned(),
        ..mark
    };
    let status = Patch::Merge(json!({"status": {"identity": marked.identity, "creation": marked}}));
    let (objects, params) = (harness.issues(), PatchParams::default());
    let written = objects.patch_status("two", &params, &status).await;
    written.expect("the status is written");
    let_go(&harness, &held).await;
    harness.start_operator();
    let [one, two] = [harness.until_created("one").await, harness.until_created("two").await];
    assert_ne!(one.key, two.key);
    assert_eq!(created(&harness).len(), 2);
    harness.close().await;
}

/// Creations took effect and nobody knows when their process dies. Meanwhile the policy of the objects changes, and with it
/// by what their tickets are found.
async fn changed_in_doubt(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-changed-in-doubt").await;
    let creation = |path: &str, body: &str| FaultRule {
        method: Some("POST".into()),
        body: body.into(),
        ..FaultRule::path(path, When::After, FaultAction::Hold)
    };
    let held = [
        harness
            .sandbox
            .fault(creation("/rest/api/3/issue", "historyMetadata").times(1)),
        harness.sandbox.fault(creation("/servicedeskapi/request", "").times(1)),
    ];
    let mut issue = bug("Slow");
    let mut laptop = request("Laptop");
    harness.apply_ticket("issue", issue.clone()).await;
    harness.apply_ticket("request", laptop.clone()).await;
    until_hit(&harness, &held).await;
    let sent = mark_of(&harness, "issue").await;
    harness.kill_operators().await;
    issue["policy"] = json!({"existing": "Ignore"});
    laptop["policy"] = json!({"existing": "Ignore"});
    harness.apply_ticket("issue", issue).await;
    harness.apply_ticket("request", laptop).await;
    let_go(&harness, &held).await;
    harness.start_operator();
    let status = harness.until_created("issue").await;
    assert_eq!(status.identity, Some(sent.identity));
    let keys = [status.key, harness.until_created("request").await.key];
    let mut made: Vec<String> = created(&harness).into_iter().map(|made| made.issue_key).collect();
    made.sort();
    assert_eq!(made, keys);
    harness.close().await;
}

/// What marks an issue meets this, once.
fn marking(when: When) -> FaultRule {
    let rule = FaultRule {
        method: Some("PUT".into()),
        ..FaultRule::path("/rest/api/3/issue/", when, FaultAction::Hold)
    };
    rule.times(1)
}

/// Two objects name one ticket, and neither sees the other's marker at first; and another cluster marks one in the moment
/// in which it is marked here.
async fn taken_over_at_once(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-taken-at-once").await;
    let held = [harness.sandbox.fault(marking(When::Before))];
    harness.apply_ticket("one", json!({"ticket": "ENG-1"})).await;
    until_hit(&harness, &held).await;
    harness.apply_ticket("two", json!({"ticket": "ENG-1"})).await;
    let waits = harness.until_ticket_reason("two", Created, "CreationPending").await;
    assert!(waits.message.contains("another object"), "{}", waits.message);
    release(&harness, &held);
    let one = harness.until_created("one").await;
    harness.until_ticket_reason("two", Created, "AlreadyManaged").await;
    let all = harness.sandbox.effects().into_iter();
    let marked: Vec<Effect> = all.filter(|effect| effect.properties.contains_key(MARKER)).collect();
    assert_eq!(marked.len(), 1, "{marked:?}");
    assert_eq!(marked[0].properties[MARKER]["K"], json!(one.identity));
    let held = [harness.sandbox.fault(marking(When::After))];
    harness.apply_ticket("late", json!({"ticket": "ENG-2"})).await;
    until_hit(&harness, &held).await;
    let foreign = json!({
        "v": 1, "K": "0123456789abcdef0123", "n": 1, "scope": "other", "namespace": "x", "name": "y", "uid": "z",
    });
    harness.command(json!({"command": "setIssueProperty", "issue": "ENG-2", "key": MARKER, "value": foreign}));
    release(&harness, &held);
    harness.until_ticket_reason("late", Created, "AlreadyManaged").await;
    let late = harness.issues().get("late").await.expect("it is there");
    assert_eq!(late.status.map(|status| status.id), Some(String::new()));
    harness.close().await;
}

/// An object names the ticket that one of another name created, and has it once that one is gone.
async fn renamed(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-renamed").await;
    harness.apply_ticket("former", bug("Checkout is slow")).await;
    let former = harness.until_created("former").await;
    harness.apply_ticket("renamed", json!({"ticket": former.key})).await;
    let refused = harness.until_ticket_reason("renamed", Created, "AlreadyManaged").await;
    assert!(refused.message.contains("former"), "{}", refused.message);
    remove(&harness, "former").await;
    // It is looked at anew when it changes.
    harness
        .apply_ticket("renamed", json!({"ticket": former.key, "ttlSecondsAfterDone": 3600}))
        .await;
    harness.until_ticket_reason("renamed", Created, "TicketAdopted").await;
    let renamed = harness.until_created("renamed").await;
    assert_eq!(renamed.id, former.id);
    assert_ne!(renamed.identity, former.identity);
    // What was written to it is known, as before.
    let written = |status: &JiraIssueStatus| status.applied.as_ref().map(|applied| applied.written.labels.clone());
    assert_eq!(written(&renamed), written(&former));
    // Another object of the former name has another ticket.
    harness.apply_ticket("former", bug("Checkout is slow")).await;
    assert_ne!(harness.until_created("former").await.id, former.id);
    harness.request("acme").await;
    assert_eq!(harness.until_created("renamed").await.id, renamed.id);
    assert_eq!(created(&harness).len(), 2);
    harness.close().await;
}
