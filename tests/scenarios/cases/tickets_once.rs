//! No second ticket and no shared one: where another process wrote meanwhile, where the spec changed while a creation is in
//! doubt, and where two objects want the same.

use std::sync::Arc;

use devkit::sandbox::{Effect, Operation};
use jira_operator::api::issue::JiraIssue;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{BOT, Harness, tickets::writing},
};

/// The property by which a ticket is found.
const MARKER: &str = "jira-operator.dev";

pub fn scenarios() -> Vec<Scenario> {
    vec![scenario(
        "tickets::one_that_was_created_after_the_listing_is_found_before_another_is",
        after_listing,
    )]
}

fn bug(summary: &str) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": summary})
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
