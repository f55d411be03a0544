//! What a process that begins, or whose credentials change, does of the tickets that were being created before.

use std::sync::Arc;

use devkit::sandbox::{Command, Effect, FaultAction, FaultRule, Operation, When};
use jira_operator::api::{
    condition::ConditionType::{Created, Valid},
    issue::JiraIssue,
};
use kube::ResourceExt;
use serde_json::{Value, json};

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        actions::connected_with_app,
        fleet::{release, until_hit},
    },
};

/// Seconds that an object waits which a process finds at its start: a fifth of the time within which creations are
/// settled. Long enough that a busy machine creates what need not wait sooner.
const FIRST_LIST: u32 = 30;

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting("tickets::what_a_process_finds_at_its_start_waits", first_list),
        waiting("tickets::a_process_that_begins_waits_for_what_it_cannot_know", unseen),
        scenario("tickets::they_go_on_when_the_client_secret_was_rotated", rotated),
    ]
}

fn bug(summary: &str) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": summary})
}

/// An integration that may write tickets, and an operator that waits long at its start.
async fn patient(cluster: &Arc<Cluster>, name: &str) -> Harness {
    let setup = Setup {
        creation_settle: Some(FIRST_LIST * 5),
        ..Setup::default()
    };
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {}});
    connected_with_app(cluster, name, setup, spec).await.0
}

fn created(harness: &Harness) -> Vec<Effect> {
    harness.written_tickets(Operation::Create)
}

/// A creation that meets this.
fn creation(harness: &Harness, when: When, action: FaultAction) -> Vec<u64> {
    let rule = FaultRule {
        method: Some("POST".into()),
        body: "historyMetadata".into(),
        ..FaultRule::path("/rest/api/3/issue", when, action)
    };
    vec![harness.sandbox.fault(rule.times(1))]
}

/// An object without a mark that is there when a process begins may be another process's, which lost it just now.
async fn first_list(cluster: Arc<Cluster>) {
    let mut harness = patient(&cluster, "tickets-first-list").await;
    harness.kill_operators().await;
    harness.apply_ticket("before", bug("Before")).await;
    harness.start_operator();
    harness.until_created("before").await;
    let object = harness.issues().get("before").await.expect("it is there");
    let applied = object.creation_timestamp().expect("a time").0;
    let made = created(&harness)[0].at;
    assert!(
        made.duration_since(applied).as_secs() >= i64::from(FIRST_LIST),
        "{applied} {made}"
    );
    // By now the process is nearly as old.
    harness.apply_ticket("since", bug("Since")).await;
    harness.until_created("since").await;
    let object = harness.issues().get("since").await.expect("it is there");
    let applied = object.creation_timestamp().expect("a time").0;
    let made = created(&harness)[1].at;
    assert!(
        made.duration_since(applied).as_secs() < i64::from(FIRST_LIST),
        "{applied} {made}"
    );
    harness.close().await;
}

/// An operator dies over a creation that Jira carries out late. Its object is deleted, and applied again once the next
/// process has read which objects there are: that one cannot know of the creation.
async fn unseen(cluster: Arc<Cluster>) {
    let mut harness = patient(&cluster, "tickets-unseen").await;
    harness.apply_ticket("known", bug("Known")).await;
    harness.until_created("known").await;
    let late = creation(
        &harness,
        When::Before,
        FaultAction::TakeEffectLate { milliseconds: None },
    );
    harness.apply_ticket("late", bug("Late")).await;
    until_hit(&harness, &late).await;
    harness.kill_operators().await;
    harness.delete::<JiraIssue>("late").await;
    harness
        .until_object::<JiraIssue>("late", "gone", |object| object.is_none())
        .await;
    harness.start_operator();
    // What it tells of a change it has read.
    harness.apply_ticket("known", bug("Known by now")).await;
    harness
        .until_ticket("known", "read", |status| status.observed_generation == Some(2))
        .await;
    harness.apply_ticket("late", bug("Late")).await;
    let pending = harness.until_ticket_reason("late", Created, "CreationPending").await;
    assert!(pending.message.contains("Another process"), "{}", pending.message);
    release(&harness, &late);
    let status = harness.until_created("late").await;
    let made = created(&harness);
    assert_eq!((made.len(), &made[1].issue_key), (2, &status.key), "{made:?}");
    harness.close().await;
}

/// The app has another client secret, and the Secret has it some time later. What is being created meanwhile is created once.
async fn rotated(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}], "tickets": {}});
    let (harness, app) = connected_with_app(&cluster, "tickets-rotated", Setup::default(), spec).await;
    harness.apply_ticket("before", bug("Before")).await;
    harness.until_created("before").await;
    let held = creation(&harness, When::After, FaultAction::Hold);
    harness.apply_ticket("under-way", bug("Under way")).await;
    until_hit(&harness, &held).await;
    harness.jira(Command::RotateClientSecret {
        client_id: Some(app.client_id.clone()),
    });
    harness.run_out("acme-oauth-grant").await;
    harness.until_reason("acme", "Authorized", "ClientSecretRejected").await;
    for name in ["one", "two"] {
        harness.apply_ticket(name, bug(name)).await;
    }
    let request = json!({
        "project": "SUP", "requestType": "Ask a question", "summary": "Three", "reporter": {"email": "dana@acme.example"},
    });
    harness.apply_ticket("three", request).await;
    for name in ["one", "two", "three"] {
        harness.until_ticket_reason(name, Valid, "IntegrationNotReady").await;
    }
    let rotated = harness.sandbox.app(Some(&app.client_id)).expect("the app");
    let credentials = json!({"stringData": {"client-secret": rotated.client_secret}});
    harness.patch_secret("acme-oauth", credentials).await;
    harness.until_ready("acme").await;
    release(&harness, &held);
    let mut keys = Vec::new();
    for name in ["before", "under-way", "one", "two", "three"] {
        keys.push(harness.until_created(name).await.key);
    }
    let mut made: Vec<String> = created(&harness).into_iter().map(|made| made.issue_key).collect();
    keys.sort();
    made.sort();
    assert_eq!(keys, made);
    harness.close().await;
}
