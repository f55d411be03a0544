//! Tickets that somebody applies: created once, for the right person, and found again.

use std::sync::Arc;

use devkit::sandbox::{Effect, FaultAction, FaultRule, Operation, When};
use jira_operator::api::{
    condition::ConditionType,
    issue::{JiraIssue, JiraIssueStatus},
};
use kube::api::ListParams;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        actions::connected,
        fleet::{let_go, until_hit},
        tickets::writing,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::an_issue_and_a_request_are_created", created),
        scenario("tickets::what_cannot_be_created_says_why_and_sends_nothing", invalid),
        scenario("tickets::a_ticket_is_found_again_in_a_rebuilt_cluster", rebuilt),
        scenario("tickets::an_operator_is_killed_before_and_after_jira_answers", killed),
        scenario("tickets::of_two_issues_a_person_says_which_is_the_ticket", unclear),
        scenario("tickets::no_more_than_allowed_are_created_within_an_hour", limited),
        scenario("tickets::the_examples_become_tickets", examples),
        scenario("tickets::an_existing_one_is_taken_over_by_one_object", adopted),
    ]
}

async fn created(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-created").await;
    let bug = json!({
        "project": "ENG", "type": "Bug", "summary": "Checkout is slow", "description": "**p99** 4.2 s",
        "labels": ["gitops"], "priority": "High", "assignee": {"email": "dana@acme.example"},
    });
    harness.apply_ticket("slow", bug).await;
    let status = harness.until_created("slow").await;
    assert!(
        status.key.starts_with("ENG-") && status.url.ends_with(&format!("/browse/{}", status.key)),
        "{status:?}"
    );
    assert!(status.creation.is_none() && status.identity.is_some());
    let request = json!({
        "project": "SUP", "requestType": "Ask a question", "summary": "Laptop", "reporter": {"email": "dana@acme.example"},
    });
    harness.apply_ticket("laptop", request).await;
    let status = harness.until_created("laptop").await;
    assert!(status.key.starts_with("SUP-"), "{status:?}");
    let made = harness.written_tickets(Operation::Create);
    assert_eq!(made.len(), 2, "{made:?}");
    // Both carry their marker; the request since the change that followed.
    let marked = harness.sandbox.effects();
    let marked: Vec<&Effect> = marked
        .iter()
        .filter(|effect| effect.properties.contains_key("jira-operator.dev"))
        .collect();
    assert_eq!(marked.len(), 2, "{marked:?}");
    harness.close().await;
}

async fn invalid(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-invalid").await;
    let bug = |further: Value| {
        let mut spec = json!({"project": "ENG", "type": "Bug", "summary": "Slow"});
        if let (Some(spec), Value::Object(further)) = (spec.as_object_mut(), further) {
            spec.extend(further);
        }
        spec
    };
    let team = harness.add_field(json!({
        "name": "Team", "kind": "select", "options": ["SRE", "Web"], "projects": ["ENG"],
    }));
    harness.command(json!({
        "command": "changeScreen", "project": "ENG", "issueType": "Story", "field": team, "required": true,
    }));
    for _ in 0..2 {
        harness.command(json!({"command": "addField", "name": "Area", "kind": "text", "projects": ["ENG"]}));
    }
    let cases = [
        ("no-project", bug(json!({"project": "HR"})), "ProjectNotInScope", "HR"),
        ("no-type", bug(json!({"type": "Bgu"})), "TypeUnknown", "Bug"),
        (
            "no-field",
            bug(json!({"fields": {"Teem": "SRE"}})),
            "FieldUnknown",
            "Did you mean Team?",
        ),
        (
            "no-option",
            bug(json!({"fields": {"Team": "Ops"}})),
            "FieldValueInvalid",
            "SRE, Web",
        ),
        (
            "no-request-type",
            json!({"project": "SUP", "requestType": "Ask", "summary": "x"}),
            "RequestTypeUnknown",
            "Ask a question",
        ),
        (
            "two-fields",
            bug(json!({"fields": {"Area": "x"}})),
            "FieldAmbiguous",
            "customfield_",
        ),
        (
            "required",
            json!({"project": "ENG", "type": "Story", "summary": "x"}),
            "FieldRequired",
            "SRE, Web",
        ),
        (
            "too-long",
            json!({
                "project": "SUP", "requestType": "Ask a question", "summary": "x", "description": "{".repeat(20_000),
            }),
            "TextTooLong",
            "32",
        ),
        (
            "own-field",
            bug(json!({"fields": {"summary": "x"}})),
            "FieldUnknown",
            "use spec.summary",
        ),
    ];
    for (name, spec, reason, part) in cases {
        harness.apply_ticket(name, spec).await;
        let valid = harness.until_ticket_reason(name, ConditionType::Valid, reason).await;
        assert!(valid.message.contains(part), "{}", valid.message);
    }
    assert!(
        harness
            .sandbox
            .effects()
            .iter()
            .all(|effect| effect.client_id.is_none())
    );
    harness.close().await;
}

async fn rebuilt(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-rebuilt").await;
    let spec = json!({"project": "ENG", "type": "Bug", "summary": "Once"});
    harness.apply_ticket("once", spec.clone()).await;
    let first = harness.until_created("once").await;
    harness.delete::<JiraIssue>("once").await;
    harness
        .until_object::<JiraIssue>("once", "gone", |object| object.is_none())
        .await;
    harness.apply_ticket("once", spec).await;
    let again = harness.until_created("once").await;
    assert_eq!((first.id, first.key), (again.id, again.key));
    assert_eq!(harness.written_tickets(Operation::Create).len(), 1);
    harness.close().await;
}

/// The operator dies while Jira creates the ticket: the next one finds it, also where the index is late.
async fn killed(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-killed").await;
    harness.command(json!({"command": "setIndexLag", "untilReleased": true}));
    for (name, when) in [("after", When::After), ("before", When::Before)] {
        let held = FaultRule {
            method: Some("POST".into()),
            body: "historyMetadata".into(),
            ..FaultRule::path("/rest/api/3/issue", when, FaultAction::Hold)
        };
        let held = [harness.sandbox.fault(held)];
        harness
            .apply_ticket(
                name,
                json!({"project": "ENG", "type": "Bug", "summary": format!("Killed {name}")}),
            )
            .await;
        until_hit(&harness, &held).await;
        harness.kill_operators().await;
        let_go(&harness, &held).await;
        harness.start_operator();
        harness.until_created(name).await;
    }
    let made = harness.written_tickets(Operation::Create);
    assert_eq!(made.len(), 2, "{made:?}");
    harness.close().await;
}

/// Where Jira calls the customer the creator of what was raised for them, a lost answer cannot be settled by itself.
async fn unclear(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-unclear").await;
    harness.command(json!({"command": "setUndocumented", "set": {"customerIsCreator": true}}));
    let lost = json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/servicedeskapi/request", "times": 1, "when": "after",
        "action": {"kind": "dropConnection"},
    }});
    let request = |summary: &str| json!({"project": "SUP", "requestType": "Ask a question", "summary": summary, "reporter": {"email": "dana@acme.example"}});
    for (name, annotation) in [("adopted", "adopt"), ("another", "create-anyway")] {
        harness.command(lost.clone());
        harness.apply_ticket(name, request(name)).await;
        let created = harness
            .until_ticket_reason(name, ConditionType::Created, "CreationUncertain")
            .await;
        let key = harness
            .written_tickets(Operation::Create)
            .last()
            .map(|made| made.issue_key.clone())
            .expect("it was created");
        assert!(created.message.contains(&key), "{}", created.message);
        let said = if annotation == "adopt" {
            key.clone()
        } else {
            "2".to_owned()
        };
        let annotated = harness
            .kubectl(&[
                "annotate",
                "jissue",
                name,
                &format!("jira-operator.dev/{annotation}={said}"),
            ])
            .await;
        annotated.expect("it is annotated");
        let status = harness.until_created(name).await;
        assert_eq!(status.key == key, annotation == "adopt", "{status:?}");
    }
    assert_eq!(harness.written_tickets(Operation::Create).len(), 3);
    harness.close().await;
}

async fn limited(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {"maxPerHour": 1}});
    let harness = connected(&cluster, "tickets-limited", spec).await;
    let bug = |summary: &str| json!({"project": "ENG", "type": "Bug", "summary": summary});
    harness.apply_ticket("first", bug("First")).await;
    harness.until_created("first").await;
    harness.apply_ticket("second", bug("Second")).await;
    let created = harness
        .until_ticket_reason("second", ConditionType::Created, "TicketLimitReached")
        .await;
    assert!(
        created.message.contains("1 tickets were created within an hour"),
        "{}",
        created.message
    );
    // More are allowed from now on.
    harness.change("acme", json!({"tickets": {"maxPerHour": 5}})).await;
    harness.until_created("second").await;
    harness.close().await;
}

/// The mirror has the issue already: from then on one object is of it.
async fn adopted(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {}, "issues": {"mirror": "All"}});
    let harness = connected(&cluster, "tickets-adopted", spec).await;
    harness
        .until_mirrored("there", |mirrored| mirrored.contains_key("ENG-1"))
        .await;
    harness.apply_ticket("mine", json!({"ticket": "ENG-1"})).await;
    harness
        .until_ticket_reason("mine", ConditionType::Created, "TicketAdopted")
        .await;
    harness.apply_ticket("second", json!({"ticket": "ENG-1"})).await;
    let refused = harness
        .until_ticket_reason("second", ConditionType::Created, "AlreadyManaged")
        .await;
    assert!(refused.message.contains("mine"), "{}", refused.message);
    harness.apply_ticket("ghost", json!({"ticket": "ENG-999"})).await;
    harness
        .until_ticket_reason("ghost", ConditionType::Created, "TicketNotFound")
        .await;
    harness
        .apply_ticket("created", json!({"project": "ENG", "type": "Bug", "summary": "New"}))
        .await;
    let created = harness.until_created("created").await;
    harness.request("acme").await;
    let of_both = ["ENG-1", created.key.as_str()];
    let gone = |object: Option<&JiraIssue>| object.is_none();
    harness.until_object::<JiraIssue>("acme-eng-1", "removed", gone).await;
    let all = harness
        .issues()
        .list(&ListParams::default())
        .await
        .expect("the issues")
        .items;
    for key in of_both {
        let of_it = all
            .iter()
            .filter(|object| object.status.as_ref().is_some_and(|status| status.key == key));
        assert_eq!(of_it.count(), 1, "{key}");
    }
    harness.close().await;
}

async fn examples(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "tickets-examples", json!({"tickets": {}})).await;
    let severity = harness.add_field(json!({
        "name": "Severity", "kind": "select", "options": ["1 - Critical", "2 - High"], "projects": ["SUP"],
    }));
    harness.command(json!({
        "command": "setFormField", "project": "SUP", "requestType": "Report a problem",
        "field": {"fieldId": severity, "name": "Severity"},
    }));
    for (file, name) in [
        ("ticket-alert", "alert-766e703f"),
        ("ticket-failed-sync", "checkout-sync-failed-4f1c2d"),
        ("ticket-onboarding", "onboard-kim"),
        ("ticket-everything", "checkout-latency"),
    ] {
        let file = format!("{}/examples/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
        harness.kubectl(&["apply", "-f", &file]).await.expect("it is accepted");
        harness.until_created(name).await;
    }
    harness.until_noted("onboard-kim").await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 4);
    // Of the one that has everything, everything is there.
    let is_whole = |status: &JiraIssueStatus| {
        let sent = status.comments.as_ref().map_or(0, |comments| comments.sent.len());
        let links = status.applied.as_ref().map_or(0, |applied| applied.links.len());
        (status.phase.as_str(), sent, links) == ("Done", 2, 1)
    };
    let status = harness.until_ticket("checkout-latency", "whole", is_whole).await;
    let people = status.people.expect("they are known");
    assert!(
        people.participants.iter().all(|person| person.reason.is_none()),
        "{people:?}"
    );
    harness.close().await;
}
