//! Plans of tickets: what would be sent is said, and nothing is sent.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::{
    condition::ConditionType::{Created, FieldsApplied},
    issue::JiraIssueStatus,
};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{actions::connected, tickets::writing},
};

const DEVIN: &str = "712020:48c043d7-3806-4345-ad03-7a8d22e115bd";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::a_plan_sends_nothing", planned),
        scenario("tickets::a_plan_of_an_edit_has_the_old_and_the_new_of_each_field", edit),
    ]
}

async fn planned(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}], "tickets": {"dryRun": true}});
    let harness = connected(&cluster, "tickets-planned", spec).await;
    harness
        .apply_ticket("bug", json!({"project": "ENG", "type": "Bug", "summary": "Planned"}))
        .await;
    harness.until_ticket_reason("bug", Created, "Planned").await;
    let object = harness.issues().get("bug").await.expect("it is there");
    let plan = object.status.expect("it has a status").plan;
    assert!(
        plan.len() == 1 && plan[0].starts_with("POST /rest/api/3/issue"),
        "{plan:?}"
    );
    let laptop = json!({
        "project": "SUP", "requestType": "Ask a question", "summary": "Laptop", "reporter": {"email": "kim@ext.example"},
    });
    harness.apply_ticket("laptop", laptop).await;
    harness.apply_ticket("taken", json!({"ticket": "ENG-1"})).await;
    for name in ["laptop", "taken"] {
        harness.until_ticket_reason(name, Created, "Planned").await;
    }
    harness.assert_nothing_was_sent();
    harness.change("acme", json!({"tickets": {"dryRun": false}})).await;
    for name in ["bug", "laptop", "taken"] {
        let status = harness.until_created(name).await;
        assert!(status.plan.is_empty(), "{status:?}");
    }
    harness.close().await;
}

async fn edit(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-planned-edit").await;
    let cause = harness.add_field(json!({
        "name": "Root cause", "kind": "select", "options": ["Code", "Network"], "projects": ["ENG"],
    }));
    let spec = json!({
        "project": "ENG", "type": "Bug", "summary": "Slow", "description": "**p99** 4.2 s", "labels": ["gitops", "old"],
        "assignee": {"email": "dana@acme.example"}, "fields": {"Root cause": "Code"},
    });
    harness.apply_ticket("bug", spec.clone()).await;
    let key = harness.until_created("bug").await.key;
    let plan = ["annotate", "jissue", "bug", "jira-operator.dev/plan=true"];
    harness.kubectl(&plan).await.expect("it is annotated");
    // What people changed meanwhile is what Jira has.
    let fields = json!({"priority": "1", cause.as_str(): {"value": "Network"}});
    harness.command(json!({"command": "editIssue", "issue": key, "account": "devin@acme.example", "fields": fields}));
    let written = harness.sandbox.effects().len();
    let mut wanted = spec.clone();
    for (field, value) in [
        ("summary", json!("Slower")),
        ("description", json!("p99 5 s")),
        ("priority", json!("Low")),
        ("labels", json!(["gitops", "new"])),
        ("assignee", json!({"accountId": DEVIN})),
        ("policy", json!({"onConflict": "Overwrite"})),
    ] {
        wanted[field] = value;
    }
    harness.apply_ticket("bug", wanted.clone()).await;
    harness.until_ticket_reason("bug", FieldsApplied, "Planned").await;
    let is_told = |status: &JiraIssueStatus| status.plan.iter().any(|line| line.contains(" becomes "));
    let status = harness.until_ticket("bug", "planned", is_told).await;
    let plan = status.plan.join("\n");
    for part in [
        "PUT /rest/api/3/issue/{id}: ",
        "summary \"Slow\" becomes \"Slower\"",
        "description \"p99 4.2 s\" becomes \"p99 5 s\"",
        "priority \"Highest\" becomes \"Low\"",
        "assignee \"Dana Developer\" becomes \"712020:",
    ] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    let labels = plan
        .split("labels ")
        .nth(1)
        .and_then(|labels| labels.split_once(" becomes "));
    let (old, new) = labels.expect("the labels are told of");
    assert!(
        old.contains("old") && !new.contains("old") && new.contains("gitops") && new.contains("new"),
        "{plan}"
    );
    // Of a field of which the spec says nothing new, nothing would be written.
    assert!(!plan.contains("Root cause"), "{plan}");
    assert_eq!(harness.sandbox.effects().len(), written);
    let act = ["annotate", "jissue", "bug", "jira-operator.dev/plan-"];
    harness.kubectl(&act).await.expect("the annotation is removed");
    let status = harness
        .until_ticket("bug", "slower", |status| {
            status.summary == "Slower" && status.plan.is_empty()
        })
        .await;
    assert_eq!(status.priority.as_deref(), Some("Low"));
    assert_eq!(harness.written_tickets(Operation::Edit).len(), 1);
    harness.close().await;
}
