//! Fields of tickets that people change in Jira: what stands, what is written back, and who is told of.

use std::sync::Arc;

use devkit::sandbox::{Answer, Command};
use jira_operator::api::{
    condition::{ConditionType::FieldsApplied, find},
    issue::JiraIssue,
};
use serde_json::{Value, json};

use super::{
    Scenario, scenario,
    tickets_fields::{DANA, bug, edit, edits, until_drift, until_written, value},
};
use crate::{cluster::Cluster, harness::tickets::writing};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::fields_that_people_change_stand_and_are_told", edited),
        scenario(
            "tickets::fields_that_both_sides_change_are_told_or_overwritten",
            conflict,
        ),
        scenario("tickets::fields_are_kept_three_times_an_hour", kept),
        scenario("tickets::fields_of_people_are_left_alone_by_a_rebuilt_cluster", rebuilt),
        scenario("tickets::fields_of_a_ticket_that_was_taken_over_stand", taken_over),
    ]
}

async fn edited(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "fields-edited").await;
    let spec = json!({"priority": "High", "labels": ["gitops"], "description": "Broken"});
    harness.apply_ticket("bug", bug(spec.clone())).await;
    let key = harness.until_created("bug").await.key;
    edit(
        &harness,
        &key,
        json!({"summary": "Slow in EU", "description": "Broken *there*"}),
    );
    harness.command(json!({"command": "labelIssue", "issue": key, "account": DANA, "remove": ["gitops"]}));
    let status = until_drift(&harness, "bug", &["summary", "description", "labels"]).await;
    assert_eq!(status.drift[0].actual, "Slow in EU");
    assert_eq!(status.drift[0].by.as_deref(), Some("Dana Developer"));
    assert!(status.drift[0].at.is_some());
    let told = "Dana Developer changed summary to \"Slow in EU\"";
    harness
        .until_ticket("bug", "told of", |status| {
            let found = find(&status.conditions, FieldsApplied);
            found.is_some_and(|found| found.reason == "AsWritten" && found.message.contains(told))
        })
        .await;
    harness.until_event("bug", "EditedInJira").await;
    // It stands, also where another field is changed, and for another process.
    harness.kill_operators().await;
    harness.start_operator();
    let spec = json!({"priority": "Low", "labels": ["gitops"], "description": "Broken"});
    harness.apply_ticket("bug", bug(spec)).await;
    harness
        .until_ticket("bug", "of a low priority", |status| {
            status.priority.as_deref() == Some("Low")
        })
        .await;
    assert_eq!(
        edits(&harness).last().map(|edit| edit.changed.clone()),
        Some(vec!["priority".to_owned()])
    );
    assert_eq!(value(&harness, &key, "summary"), "Slow in EU");
    // A person sets it back, and nothing is told any more.
    edit(&harness, &key, json!({"summary": "Slow", "description": "Broken"}));
    harness.command(json!({"command": "labelIssue", "issue": key, "account": DANA, "add": ["gitops"]}));
    until_drift(&harness, "bug", &[]).await;
    assert_eq!(edits(&harness).len(), 1);
    harness.close().await;
}

async fn conflict(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-conflict").await;
    harness.apply_ticket("bug", bug(json!({"priority": "Low"}))).await;
    let key = harness.until_created("bug").await.key;
    edit(&harness, &key, json!({"summary": "Slow in EU"}));
    harness
        .apply_ticket("bug", bug(json!({"summary": "Slow in Git", "priority": "High"})))
        .await;
    let told = harness.until_ticket_reason("bug", FieldsApplied, "EditedInJira").await;
    for part in ["Dana Developer changed summary to \"Slow in EU\"", "\"Slow in Git\""] {
        assert!(told.message.contains(part), "{}", told.message);
    }
    harness.until_event("bug", "EditedInJira").await;
    harness
        .until_ticket("bug", "of a high priority", |status| {
            status.priority.as_deref() == Some("High")
        })
        .await;
    assert_eq!(value(&harness, &key, "summary"), "Slow in EU");
    let overwriting = json!({"summary": "Slow in Git", "priority": "High", "policy": {"onConflict": "Overwrite"}});
    harness.apply_ticket("bug", bug(overwriting)).await;
    let status = until_written(&harness, "bug", "overwritten", (3, 2)).await;
    assert_eq!(status.summary, "Slow in Git");
    // Or the spec takes over what Jira has.
    edit(&harness, &key, json!({"summary": "Slow in Asia"}));
    harness
        .apply_ticket("bug", bug(json!({"summary": "Slow everywhere", "priority": "High"})))
        .await;
    harness.until_ticket_reason("bug", FieldsApplied, "EditedInJira").await;
    harness
        .apply_ticket("bug", bug(json!({"summary": "Slow in Asia", "priority": "High"})))
        .await;
    until_written(&harness, "bug", "taken over", (5, 2)).await;
    harness.close().await;
}

async fn kept(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-kept").await;
    let keep = |more: Value| {
        let mut spec = bug(json!({"policy": {"fields": "Keep"}, "labels": ["gitops"]}));
        spec.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        spec
    };
    harness.apply_ticket("bug", keep(json!({}))).await;
    let key = harness.until_created("bug").await.key;
    edit(&harness, &key, json!({"summary": "Slow in EU"}));
    harness.command(
        json!({"command": "labelIssue", "issue": key, "account": DANA, "remove": ["gitops"], "add": ["people"]}),
    );
    harness.request("acme").await;
    harness
        .until_ticket("bug", "as it was", |status| {
            let has = |label: &str| status.labels.iter().any(|known| known == label);
            status.summary == "Slow" && has("gitops") && has("people")
        })
        .await;
    // An automation rule sets it to something else whenever it is written.
    let revert = |off: bool| json!({"command": "revertField", "issue": key, "field": "summary", "off": off});
    harness.command(revert(false));
    harness.apply_ticket("bug", keep(json!({"summary": "Slower"}))).await;
    let told = harness.until_ticket_reason("bug", FieldsApplied, "KeepSuspended").await;
    assert!(
        told.message.starts_with("Automation for Jira changed summary again"),
        "{}",
        told.message
    );
    let of_summary = || {
        let all = edits(&harness).into_iter();
        all.filter(|edit| edit.changed.contains(&"summary".to_owned())).count()
    };
    let before = of_summary();
    assert_eq!(before, 1 + 1 + 3, "kept once, changed, and written back three times");
    harness.until_event("bug", "KeepSuspended").await;
    harness.command(json!({"command": "commentOnIssue", "issue": key, "account": DANA, "text": "?"}));
    harness.request("acme").await;
    harness.until_ticket_reason("bug", FieldsApplied, "KeepSuspended").await;
    assert_eq!(of_summary(), before);
    // The rule is gone, and the spec is changed.
    harness.command(revert(true));
    harness.apply_ticket("bug", keep(json!({"summary": "Slowest"}))).await;
    harness
        .until_ticket("bug", "as it is wanted", |status| status.summary == "Slowest")
        .await;
    harness.until_created("bug").await;
    harness.close().await;
}

async fn rebuilt(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-rebuilt").await;
    let specs = [
        ("edited", bug(json!({"labels": ["gitops"], "priority": "High"}))),
        ("described", bug(json!({"description": "- one\n- two"}))),
    ];
    let mut keys = Vec::new();
    for (name, spec) in &specs {
        harness.apply_ticket(name, spec.clone()).await;
        keys.push(harness.until_created(name).await.key);
    }
    edit(&harness, &keys[0], json!({"summary": "Slow in EU"}));
    harness.command(json!({"command": "labelIssue", "issue": keys[0], "account": DANA, "remove": ["gitops"]}));
    edit(&harness, &keys[1], json!({"description": "Something else"}));
    for (name, _) in &specs {
        harness.delete::<JiraIssue>(name).await;
        harness
            .until_object::<JiraIssue>(name, "gone", |object| object.is_none())
            .await;
    }
    let written = harness.sandbox.effects().len();
    for (name, spec) in &specs {
        harness.apply_ticket(name, spec.clone()).await;
    }
    until_drift(&harness, "edited", &["summary", "labels"]).await;
    until_drift(&harness, "described", &["description"]).await;
    for (name, _) in &specs {
        harness.until_created(name).await;
    }
    assert_eq!(harness.sandbox.effects().len(), written, "not one write");
    // What is new is told to be in conflict, or written where nobody changed it.
    harness
        .apply_ticket(
            "edited",
            bug(json!({"labels": ["gitops"], "priority": "Low", "summary": "New"})),
        )
        .await;
    harness
        .until_ticket_reason("edited", FieldsApplied, "EditedInJira")
        .await;
    harness
        .until_ticket("edited", "of a low priority", |status| {
            status.priority.as_deref() == Some("Low")
        })
        .await;
    assert_eq!(value(&harness, &keys[0], "summary"), "Slow in EU");
    harness.close().await;
}

async fn taken_over(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "fields-adopted").await;
    let issue =
        json!({"command": "createIssue", "project": "ENG", "account": DANA, "summary": "By Dana", "issueType": "Bug"});
    let command: Command = serde_json::from_value(issue).expect("a command of the sandbox");
    let Ok(Answer::Issues { ids }) = harness.sandbox.command(command) else {
        panic!("the sandbox answers with ids");
    };
    let key = harness.sandbox.state(|world| {
        let site = world.site("acme").expect("the site");
        let (project, issue) = site.issue(&ids[0].to_string()).expect("the issue");
        format!("{}-{}", project.key, issue.number)
    });
    harness
        .apply_ticket("taken", json!({"ticket": key, "summary": "Ours", "labels": ["gitops"]}))
        .await;
    until_drift(&harness, "taken", &["summary", "labels"]).await;
    assert_eq!(edits(&harness).len(), 0, "what it has stands");
    harness
        .apply_ticket(
            "taken",
            json!({"ticket": key, "summary": "Ours now", "labels": ["gitops", "b"]}),
        )
        .await;
    let status = harness
        .until_ticket("taken", "ours", |status| status.summary == "Ours now")
        .await;
    assert!(status.labels.contains(&"b".to_owned()) && !status.labels.contains(&"gitops".to_owned()));
    harness.close().await;
}
