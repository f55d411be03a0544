//! What Jira refuses, and what follows: the reason is the same in every language of the account, and nothing is lost.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::condition::ConditionType::{self, Created, FieldsApplied, Valid};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "tickets::each_refusal_has_its_reason_whatever_the_account_reads",
            refusals,
        ),
        scenario("tickets::what_a_form_wants_beside_its_fields_is_told", forms),
        scenario(
            "tickets::without_labels_on_the_screen_it_is_found_by_its_property",
            labels,
        ),
        scenario(
            "tickets::a_text_that_jira_cannot_read_goes_as_plain_paragraphs",
            unreadable,
        ),
        scenario(
            "tickets::what_a_form_does_not_take_is_left_out_where_jira_refuses_it",
            left_out,
        ),
    ]
}

fn issue(kind: &str, more: Value) -> Value {
    let mut spec = json!({"project": "ENG", "type": kind, "summary": "Slow"});
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    spec
}

async fn until(harness: &Harness, name: &str, type_: ConditionType, reason: &str, part: &str) {
    let found = harness.until_ticket_reason(name, type_, reason).await;
    assert!(found.message.contains(part), "{name}: {}", found.message);
}

/// The account reads German. What was listed an hour ago is believed, so that Jira has to refuse.
async fn refusals(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-german").await;
    harness.command(json!({"command": "setLocale", "locale": "de_DE"}));
    let team = harness.add_field(json!({
        "name": "Team", "kind": "select", "options": ["SRE", "Web"], "projects": ["ENG"],
    }));
    for kind in ["Bug", "Task", "Story", "Epic"] {
        let name = kind.to_lowercase();
        harness.apply_ticket(&name, issue(kind, json!({}))).await;
        harness.until_created(&name).await;
    }
    let screen = |change: Value| {
        let mut command = json!({"command": "changeScreen", "project": "ENG"});
        if let (Some(command), Value::Object(change)) = (command.as_object_mut(), change) {
            command.extend(change);
        }
        harness.command(command);
    };
    screen(json!({"issueType": "Bug", "field": "priority", "onScreen": false}));
    harness
        .apply_ticket("stale", issue("Bug", json!({"priority": "High"})))
        .await;
    // Jira took it an hour ago: its refusal says so, and then it is judged by what Jira says now, without another creation.
    until(&harness, "stale", Valid, "FieldNotOnScreen", "spec.priority").await;
    harness
        .apply_ticket("fresh", issue("Bug", json!({"priority": "High"})))
        .await;
    until(&harness, "fresh", Valid, "FieldNotOnScreen", "spec.priority").await;
    screen(json!({"issueType": "Bug", "field": team, "required": true}));
    harness.apply_ticket("late", issue("Bug", json!({}))).await;
    until(&harness, "late", Valid, "FieldRequired", "SRE, Web").await;
    screen(json!({"issueType": "Task", "field": team, "required": true}));
    harness.apply_ticket("required", issue("Task", json!({}))).await;
    until(&harness, "required", Valid, "FieldRequired", "SRE, Web").await;
    let object = json!({"fields": {"Team": {"id": "99999"}}});
    harness.apply_ticket("wrong", issue("Story", object)).await;
    until(
        &harness,
        "wrong",
        Valid,
        "FieldValueInvalid",
        "Option id '99999' is not valid",
    )
    .await;
    harness.command(json!({
        "command": "addValidator", "project": "ENG", "field": team, "message": "Say which team.", "issueType": "Story",
    }));
    harness.apply_ticket("workflow", issue("Story", json!({}))).await;
    until(&harness, "workflow", Created, "WorkflowRefused", "Say which team.").await;
    harness.command(json!({
        "command": "revokePermission", "project": "ENG", "permission": "CREATE_ISSUES",
    }));
    for (name, kind) in [("denied", "Epic"), ("unlisted", "Story")] {
        harness
            .apply_ticket(name, issue(kind, json!({"fields": {"Team": "SRE"}})))
            .await;
        until(&harness, name, Created, "CreateDenied", "may not create issues in ENG").await;
    }
    assert_eq!(harness.written_tickets(Operation::Create).len(), 4);
    // It goes on once the spec says what Jira takes.
    harness.command(json!({
        "command": "grantPermission", "project": "ENG", "permission": "CREATE_ISSUES",
    }));
    harness
        .apply_ticket("required", issue("Task", json!({"fields": {"Team": "Web"}})))
        .await;
    harness.until_created("required").await;
    harness.close().await;
}

async fn forms(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-forms").await;
    let request = |kind: &str| json!({"project": "SUP", "requestType": kind, "summary": "Help"});
    harness.command(json!({
        "command": "setForm", "project": "SUP", "requestType": "Report a problem", "enforced": true,
        "questions": [{"id": "12", "label": "Start date", "required": true}],
    }));
    harness.apply_ticket("form", request("Report a problem")).await;
    until(&harness, "form", Valid, "FormRequired", "question 12").await;
    // Jira's list says that the type is closed.
    harness.command(json!({
        "command": "changeRequestType", "project": "SUP", "requestType": "Emailed request", "creatable": false,
    }));
    harness.apply_ticket("closed", request("Emailed request")).await;
    until(&harness, "closed", Valid, "RequestTypeRestricted", "Emailed request").await;
    // What the account does not get to see it cannot fill in.
    let site = harness.add_field(json!({"name": "Building", "kind": "text", "projects": ["SUP"]}));
    harness.command(json!({
        "command": "setFormField", "project": "SUP", "requestType": "Ask a question",
        "field": {"fieldId": site, "name": "Building", "required": true, "visible": false},
    }));
    harness.apply_ticket("hidden", request("Ask a question")).await;
    until(&harness, "hidden", Created, "CreationRefused", "Building is required").await;
    harness.command(json!({
        "command": "removeFormField", "project": "SUP", "requestType": "Ask a question", "fieldId": site,
    }));
    harness.apply_ticket("asked", request("Ask a question")).await;
    harness.until_created("asked").await;
    // It is closed since it was listed.
    harness.command(json!({
        "command": "changeRequestType", "project": "SUP", "requestType": "Ask a question", "creatable": false,
    }));
    harness.apply_ticket("late", request("Ask a question")).await;
    until(
        &harness,
        "late",
        Valid,
        "RequestTypeRestricted",
        "You do not have permission",
    )
    .await;
    let no_desk = json!({"project": "ENG", "requestType": "Ask a question", "summary": "Help"});
    harness.apply_ticket("no-desk", no_desk).await;
    until(&harness, "no-desk", Valid, "RequestTypeUnknown", "no service project").await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 1);
    harness.close().await;
}

async fn labels(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-labels").await;
    harness.apply_ticket("before", issue("Bug", json!({}))).await;
    harness.until_created("before").await;
    harness.command(json!({
        "command": "changeScreen", "project": "ENG", "field": "labels", "onScreen": false,
    }));
    // Listed an hour ago, and gone since: it is tried once more without. The answer to that is lost, too.
    harness.command(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/rest/api/3/issue", "body": "Lost without", "skip": 1, "times": 1, "when": "after",
        "action": {"kind": "dropConnection"},
    }}));
    harness
        .apply_ticket(
            "stale",
            issue("Bug", json!({"labels": ["gitops"], "summary": "Lost without"})),
        )
        .await;
    until(&harness, "stale", FieldsApplied, "FieldNotOnScreen", "labels").await;
    harness.apply_ticket("fresh", issue("Task", json!({}))).await;
    harness.until_created("fresh").await;
    let made = harness.written_tickets(Operation::Create);
    assert_eq!(made.len(), 3, "{made:?}");
    assert!(
        made.iter()
            .all(|effect| effect.properties.contains_key("jira-operator.dev"))
    );
    // Taken out of the spec, nothing is missing.
    harness
        .apply_ticket("stale", issue("Bug", json!({"summary": "Lost without"})))
        .await;
    harness.until_created("stale").await;
    harness.close().await;
}

async fn unreadable(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-unreadable").await;
    let body = json!({"errorMessages": ["INVALID_INPUT"], "errors": {}});
    let fault = |times: u32| {
        json!({"command": "addFault", "rule": {
            "method": "POST", "path": "/rest/api/3/issue", "body": "historyMetadata", "times": times, "when": "before",
            "action": {"kind": "status", "code": 400, "body": body.to_string()},
        }})
    };
    let described = || issue("Bug", json!({"description": "**Bold** and *slanted*"}));
    harness.command(fault(1));
    harness.apply_ticket("plain", described()).await;
    harness.until_created("plain").await;
    let sent = harness
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.method == "POST" && request.path.ends_with("/rest/api/3/issue"));
    let sent: Vec<String> = sent.filter_map(|request| request.body).collect();
    assert!(
        sent.len() == 2 && sent[0].contains("strong") && !sent[1].contains("strong") && sent[1].contains("slanted"),
        "{sent:?}"
    );
    harness.command(fault(2));
    harness.apply_ticket("never", described()).await;
    until(&harness, "never", Created, "CreationRefused", "INVALID_INPUT").await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 1);
    harness.close().await;
}

/// A request is raised, and then filled with what its form does not have.
async fn left_out(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-left-out").await;
    let request = |priority: &str| {
        json!({
            "project": "SUP", "requestType": "Ask a question", "summary": "Help", "priority": priority,
            "labels": ["k8s"],
        })
    };
    harness.apply_ticket("wrong", request("Nonsense")).await;
    until(&harness, "wrong", FieldsApplied, "FieldRefused", "priority").await;
    harness.apply_ticket("right", request("High")).await;
    let status = harness.until_created("right").await;
    assert_eq!(status.priority.as_deref(), Some("High"), "{status:?}");
    let marked = harness.written_tickets(Operation::Edit);
    assert_eq!(marked.len(), 2, "{marked:?}");
    assert!(
        marked
            .iter()
            .all(|effect| effect.properties.contains_key("jira-operator.dev"))
    );
    harness.close().await;
}
