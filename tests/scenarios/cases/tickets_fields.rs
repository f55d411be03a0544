//! Fields of tickets that their specs change: what is written, and what Jira refuses of it.

use std::sync::Arc;

use devkit::sandbox::{Effect, Operation};
use jira_operator::api::{
    condition::{
        ConditionType::{FieldsApplied, PeopleMatched, Valid},
        find,
    },
    issue::JiraIssueStatus,
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::fields_that_the_spec_changes_reach_jira_in_one_call", changed),
        scenario("tickets::fields_are_written_once", once),
        scenario("tickets::fields_that_jira_refuses_keep_no_other_back", refused),
        scenario("tickets::fields_further_ones_and_who_works_on_it", further),
        scenario("tickets::fields_of_a_request_are_compared_as_text", request),
    ]
}

pub(super) const DANA: &str = "dana@acme.example";
const DEVIN: &str = "712020:48c043d7-3806-4345-ad03-7a8d22e115bd";

pub(super) fn bug(more: Value) -> Value {
    let mut spec = json!({"project": "ENG", "type": "Bug", "summary": "Slow"});
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    spec
}

/// The edits by the app that changed something.
pub(super) fn edits(harness: &Harness) -> Vec<Effect> {
    let all = harness.written_tickets(Operation::Edit).into_iter();
    all.filter(|effect| !effect.changed.is_empty()).collect()
}

/// A field as Jira has it.
pub(super) fn value(harness: &Harness, key: &str, field: &str) -> Value {
    harness.sandbox.state(|world| {
        let site = world.site("acme").expect("the site");
        let (_, issue) = site.issue(key).expect("the issue");
        match field {
            "summary" => issue.summary.clone().into(),
            other => issue.fields.get(other).cloned().unwrap_or_default(),
        }
    })
}

/// A person edits it.
pub(super) fn edit(harness: &Harness, key: &str, fields: Value) {
    harness.command(json!({"command": "editIssue", "issue": key, "account": DANA, "fields": fields}));
}

/// Waits until the fields of a generation are as it wants them, after so many edits.
pub(super) async fn until_written(
    harness: &Harness,
    name: &str,
    what: &str,
    (generation, count): (i64, usize),
) -> JiraIssueStatus {
    let status = harness
        .until_ticket(name, what, |status| {
            let applied = find(&status.conditions, FieldsApplied).is_some_and(|found| found.reason == "AsWritten");
            let compared = status.applied.as_ref().and_then(|applied| applied.compared.as_ref());
            applied && compared == Some(&status.updated) && status.observed_generation == Some(generation)
        })
        .await;
    assert_eq!(edits(harness).len(), count, "{what}");
    status
}

/// Waits until what people changed is listed.
pub(super) async fn until_drift(harness: &Harness, name: &str, fields: &[&str]) -> JiraIssueStatus {
    harness.request("acme").await;
    let is_listed = |status: &JiraIssueStatus| {
        let listed: Vec<&str> = status.drift.iter().map(|drift| drift.field.as_str()).collect();
        listed == fields
    };
    harness
        .until_ticket(name, &format!("changed in {fields:?}"), is_listed)
        .await
}

async fn changed(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-changed").await;
    harness
        .apply_ticket("bug", bug(json!({"labels": ["gitops", "old"]})))
        .await;
    let key = harness.until_created("bug").await.key;
    harness.command(json!({"command": "labelIssue", "issue": key, "account": DANA, "add": ["people"]}));
    let spec = json!({
        "summary": "Slower", "labels": ["gitops", "new"], "priority": "High", "description": "**p99** 4.2 s",
    });
    harness.apply_ticket("bug", bug(spec.clone())).await;
    let status = until_written(&harness, "bug", "changed", (2, 1)).await;
    assert_eq!(
        (status.summary.as_str(), status.priority.as_deref()),
        ("Slower", Some("High"))
    );
    for label in ["gitops", "new", "people"] {
        assert!(status.labels.iter().any(|known| known == label), "{:?}", status.labels);
    }
    assert!(!status.labels.contains(&"old".to_owned()), "{:?}", status.labels);
    let edit = edits(&harness).remove(0);
    assert_eq!(edit.changed, ["description", "labels", "priority", "summary"]);
    let history = edit.history_metadata.unwrap_or_default();
    let cause = history["cause"]["id"].as_str().unwrap_or_default();
    assert!(cause.ends_with("/bug@2"), "{cause}");
    let event = harness.until_event("bug", "TicketUpdated").await;
    let note = event.note.unwrap_or_default();
    assert!(
        note.contains("description") && note.contains("summary") && !note.contains("Slower"),
        "{note}"
    );
    // What is as it is wanted asks Jira nothing, and nor does another process.
    let mark = harness.sandbox.mark();
    harness.apply_ticket("bug", bug(spec)).await;
    harness.request("acme").await;
    assert_eq!(harness.calls_to(mark, &format!("/issue/{}", status.id)), 0);
    // A formatting is a change, too; and all labels can go.
    let spec = json!({"summary": "Slower", "priority": "High", "description": "p99 4.2 s"});
    harness.apply_ticket("bug", bug(spec)).await;
    until_written(&harness, "bug", "changed again", (3, 2)).await;
    assert_eq!(edits(&harness)[1].changed, ["description", "labels"]);
    // Suspended, it is held back and told.
    let spec = json!({"summary": "Slow again", "suspend": true});
    harness.apply_ticket("bug", bug(spec)).await;
    let told = harness
        .until_ticket_reason("bug", FieldsApplied, "TicketSuspended")
        .await;
    assert!(told.message.contains("summary"), "{}", told.message);
    assert_eq!(edits(&harness).len(), 2);
    harness.close().await;
}

async fn once(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-once").await;
    let policy = json!({"fields": "Once"});
    harness
        .apply_ticket("bug", bug(json!({"policy": policy, "labels": ["a"]})))
        .await;
    let key = harness.until_created("bug").await.key;
    let spec = json!({"policy": policy, "summary": "Slower", "labels": ["b"], "priority": "High"});
    harness.apply_ticket("bug", bug(spec)).await;
    // What was never written is, once.
    harness
        .until_ticket("bug", "of a high priority", |status| {
            status.priority.as_deref() == Some("High")
        })
        .await;
    harness.until_created("bug").await;
    assert_eq!(edits(&harness).len(), 1);
    assert_eq!(value(&harness, &key, "summary"), "Slow");
    harness.close().await;
}

async fn refused(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-refused").await;
    harness.apply_ticket("bug", bug(json!({}))).await;
    let key = harness.until_created("bug").await.key;
    harness
        .apply_ticket("bug", bug(json!({"summary": "Slower", "priority": "Whatever"})))
        .await;
    let told = harness.until_ticket_reason("bug", FieldsApplied, "FieldRefused").await;
    assert!(told.message.contains("spec.priority"), "{}", told.message);
    harness
        .until_ticket("bug", "slower", |status| status.summary == "Slower")
        .await;
    harness
        .apply_ticket("bug", bug(json!({"summary": "Slower", "priority": "High"})))
        .await;
    harness
        .until_ticket("bug", "of a high priority", |status| {
            status.priority.as_deref() == Some("High")
        })
        .await;
    harness.until_created("bug").await;
    // Somebody who cannot work on it keeps the rest from nothing, either.
    let spec = json!({"summary": "Slow", "priority": "High", "assignee": {"email": "kim@ext.example"}});
    harness.apply_ticket("bug", bug(spec)).await;
    harness
        .until_ticket_reason("bug", PeopleMatched, "AssigneeUnknown")
        .await;
    harness
        .until_ticket("bug", "slow", |status| status.summary == "Slow")
        .await;
    let wrong = json!({"summary": "Slowest", "fields": {"Nowhere": 5}});
    harness.apply_ticket("bug", bug(wrong)).await;
    harness.until_ticket_reason("bug", Valid, "FieldUnknown").await;
    assert_eq!(value(&harness, &key, "summary"), "Slow");
    let permission = |command: &str| json!({"command": command, "project": "ENG", "permission": "EDIT_ISSUES"});
    harness.command(permission("revokePermission"));
    harness.apply_ticket("bug", bug(json!({"summary": "Slowest"}))).await;
    harness.until_ticket_reason("bug", FieldsApplied, "EditDenied").await;
    harness.command(permission("grantPermission"));
    harness
        .apply_ticket("bug", bug(json!({"summary": "Slowest of all"})))
        .await;
    harness
        .until_ticket("bug", "the slowest", |status| status.summary == "Slowest of all")
        .await;
    harness.until_created("bug").await;
    harness.close().await;
}

async fn further(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-further").await;
    let field = harness.add_field(json!({
        "name": "Root cause", "kind": "select", "options": ["Code", "Network"], "projects": ["ENG"],
    }));
    let spec = |cause: &str, who: Value| bug(json!({"fields": {"Root cause": cause}, "assignee": who}));
    let devin = || json!({"accountId": DEVIN});
    harness.apply_ticket("bug", spec("Code", json!({"email": DANA}))).await;
    let key = harness.until_created("bug").await.key;
    harness.apply_ticket("bug", spec("Network", devin())).await;
    harness
        .until_ticket("bug", "compared", |status| {
            let compared = status.applied.as_ref().and_then(|applied| applied.compared.as_ref());
            compared == Some(&status.updated) && !edits(&harness).is_empty()
        })
        .await;
    assert_eq!(value(&harness, &key, &field)["value"], "Network");
    assert_eq!(edits(&harness).len(), 1);
    // A person takes it on, and chooses another cause.
    edit(
        &harness,
        &key,
        json!({"assignee": null, field.as_str(): {"value": "Code"}}),
    );
    let status = until_drift(&harness, "bug", &["assignee", "fields.Root cause"]).await;
    assert_eq!(status.drift[1].actual, "Code");
    harness.apply_ticket("bug", spec("Code", devin())).await;
    until_drift(&harness, "bug", &["assignee"]).await;
    assert_eq!(edits(&harness).len(), 1);
    harness.close().await;
}

async fn request(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-request").await;
    let spec = |summary: &str, description: &str| {
        json!({
            "project": "SUP", "requestType": "Ask a question", "summary": summary, "description": description,
            "labels": ["k8s"],
        })
    };
    let text = "**p99** is 4.2 s:\n\n1. one\n2. `two`\n\nSee [it](https://a.example/x).";
    harness.apply_ticket("ask", spec("Laptop", text)).await;
    harness.until_created("ask").await;
    let mark = edits(&harness).len();
    harness.apply_ticket("ask", spec("Another laptop", text)).await;
    harness
        .until_ticket("ask", "about another", |status| status.summary == "Another laptop")
        .await;
    let status = harness.until_created("ask").await;
    assert!(status.drift.is_empty(), "{:?}", status.drift);
    let changed: Vec<_> = edits(&harness)
        .into_iter()
        .skip(mark)
        .map(|edit| edit.changed)
        .collect();
    assert_eq!(
        changed,
        [["summary"]],
        "what Jira made of the wiki text is what was asked for"
    );
    edit(&harness, &status.key, json!({"description": "Forget it"}));
    until_drift(&harness, "ask", &["description"]).await;
    harness.close().await;
}
