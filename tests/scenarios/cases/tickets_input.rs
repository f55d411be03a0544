//! What people get wrong in a ticket: refused at apply, or said by name with what is allowed, before anything is sent.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::condition::ConditionType::Valid;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::tickets::{ticket, writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::what_the_api_server_sees_is_refused_at_apply", at_apply),
        scenario("tickets::what_identifies_a_ticket_cannot_change", frozen),
        scenario(
            "tickets::what_only_jira_knows_is_named_before_anything_is_sent",
            by_name,
        ),
    ]
}

/// Specs that the API server refuses, each with a part of what kubectl then says.
#[rustfmt::skip] // A table.
fn refused() -> Vec<(&'static str, Value, &'static str)> {
    let bug = |more: Value| {
        let mut spec = json!({"project": "ENG", "type": "Bug", "summary": "Slow"});
        if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
            spec.extend(more);
        }
        spec
    };
    let both = json!({"email": "dana@acme.example", "accountId": "712020:a"});
    let links: Vec<Value> = (0..21)
        .map(|n| json!({"url": format!("https://acme.example/{n}")}))
        .collect();
    let twice = json!([{"url": "https://a.example"}, {"url": "https://a.example", "title": "A"}]);
    vec![
        ("both targets", bug(json!({"ticket": "ENG-1"})), "spec.ticket and spec.project exclude each other"),
        ("both types", bug(json!({"requestType": "Ask"})), "exactly one of spec.type and spec.requestType"),
        ("no type", json!({"project": "ENG", "summary": "Slow"}), "exactly one of spec.type and spec.requestType"),
        ("no summary", json!({"project": "ENG", "type": "Bug"}), "spec.project needs spec.summary"),
        ("no project", json!({"ticket": "ENG-1", "type": "Bug"}), "are for a new ticket: set spec.project"),
        ("no target", json!({"summary": "Slow"}), "set spec.project for a new ticket"),
        ("reporter twice", bug(json!({"reporter": both})), "exactly one of email and accountId"),
        ("assignee of nothing", bug(json!({"assignee": {}})), "exactly one of email and accountId"),
        ("no address", bug(json!({"assignee": {"email": "Dana"}})), "email must be an e-mail address"),
        ("participants", bug(json!({"participants": [{"accountId": "a"}]})), "for a request of a service project"),
        ("long summary", bug(json!({"summary": "s".repeat(300)})), "spec.summary: Too long"),
        ("two lines", bug(json!({"summary": "one\ntwo"})), "spec.summary must be one line"),
        ("long text", bug(json!({"description": "d".repeat(40_000)})), "spec.description: Too long"),
        ("lower case", bug(json!({"project": "eng"})), "must be a Jira project key such as SUP"),
        ("a boolean", bug(json!({"project": false})), "must be of type string: \"boolean\""),
        ("a number", bug(json!({"summary": 5})), "must be of type string: \"integer\""),
        ("label", bug(json!({"labels": ["two words"]})), "spec.labels[0]"),
        ("labels twice", bug(json!({"labels": ["a", "a"]})), "Duplicate value"),
        ("unknown", bug(json!({"sumary": "Slow"})), "unknown field \"spec.sumary\""),
        ("link", bug(json!({"links": [{"url": "ftp://a.example"}]})), "must be an address that begins with https://"),
        ("link twice", bug(json!({"links": twice})), "Duplicate value"),
        ("too many links", bug(json!({"links": links})), "spec.links: Too many"),
        ("existing", bug(json!({"policy": {"existing": "Take"}})), "supported values"),
    ]
}

async fn at_apply(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-at-apply").await;
    for (what, spec, part) in refused() {
        let said = harness.apply_refused(&ticket("bad", spec)).await;
        assert!(said.contains(part), "{what}: {said}");
    }
    // YAML takes NO for false.
    let manifest = format!(
        "apiVersion: jira-operator.dev/v1alpha1\nkind: JiraIssue\nmetadata: {{name: bad, namespace: {}}}\n\
         spec: {{integration: acme, project: NO, type: Bug, summary: Slow}}\n",
        harness.namespace
    );
    let said = cluster.apply(&manifest).await.expect_err("a boolean is no project");
    assert!(said.contains("spec.project") && said.contains("boolean"), "{said}");
    harness.assert_nothing_was_sent();
    harness.close().await;
}

async fn frozen(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-frozen").await;
    let bug = json!({
        "project": "ENG", "type": "Bug", "summary": "Slow", "reporter": {"email": "dana@acme.example"},
    });
    let request = json!({"project": "SUP", "requestType": "Ask a question", "summary": "Help"});
    let taken = json!({"ticket": "ENG-1"});
    for (name, spec) in [("bug", &bug), ("request", &request), ("taken", &taken)] {
        harness.apply_ticket(name, spec.clone()).await;
        harness.until_created(name).await;
    }
    let changed = |spec: &Value, field: &str, value: Value| {
        let mut spec = spec.clone();
        spec[field] = value;
        spec
    };
    let reporter = json!({"email": "alex@acme.example"});
    let cases = [
        ("bug", "project", changed(&bug, "project", json!("OPS"))),
        ("bug", "type", changed(&bug, "type", json!("Task"))),
        ("bug", "reporter", changed(&bug, "reporter", reporter.clone())),
        ("bug", "integration", changed(&bug, "integration", json!("other"))),
        (
            "request",
            "requestType",
            changed(&request, "requestType", json!("Report a problem")),
        ),
        ("request", "reporter", changed(&request, "reporter", reporter)),
        ("taken", "ticket", changed(&taken, "ticket", json!("ENG-2"))),
    ];
    for (name, field, spec) in cases {
        let said = harness.apply_refused(&ticket(name, spec)).await;
        assert!(
            said.contains(&format!("spec.{field}")) && said.contains("change"),
            "{field}: {said}"
        );
    }
    // The rest may.
    harness
        .apply_ticket("bug", changed(&bug, "summary", json!("Slower")))
        .await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 2);
    harness.close().await;
}

/// A bug with a field.
fn with(field: &str, value: Value) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": "Slow", "fields": {field: value}})
}

/// Values that a field does not take, each with the reason and a part of the message. `area` is one of two fields of a name.
#[rustfmt::skip] // A table.
fn misfits(area: String) -> Vec<(&'static str, Value, &'static str, String)> {
    let (invalid, unknown) = ("FieldValueInvalid", "FieldUnknown");
    let long = "n".repeat(40_000);
    vec![
        ("date", with("Start date", json!("next week")), invalid, "a date such as".into()),
        ("time", with("Seen at", json!("10:00")), invalid, "a time such as".into()),
        ("number", with("Points", json!("many")), invalid, "a number".into()),
        ("list", with("Points", json!([1, 2])), invalid, "one value, not a list".into()),
        ("person", with("Approver", json!("kim@ext.example")), invalid, "kim@ext.example".into()),
        ("child", with("Region", json!(["EU", "Oslo"])), invalid, "Bonn, Rome".into()),
        ("parent", with("Region", json!("Asia")), invalid, "EU, US".into()),
        ("text", with("Notes", json!(long)), "TextTooLong", "Notes".into()),
        ("security", with("security", json!("Managers")), unknown, "restricts who sees".into()),
        ("issuetype", with("issuetype", json!("Task")), unknown, "use spec.type".into()),
        ("project", with("Project", json!("OPS")), unknown, "use spec.project".into()),
        ("labels", with("Labels", json!(["a"])), unknown, "use spec.labels".into()),
        ("area", with("Area", json!("x")), "FieldAmbiguous", area),
    ]
}

async fn by_name(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-by-name").await;
    let fields = |name: &str, kind: &str| json!({"name": name, "kind": kind, "projects": ["ENG", "SUP"]});
    harness.add_field(fields("Start date", "date"));
    harness.add_field(fields("Seen at", "dateTime"));
    harness.add_field(fields("Points", "number"));
    harness.add_field(fields("Approver", "user"));
    harness.add_field(fields("Notes", "textArea"));
    let areas = [
        harness.add_field(fields("Area", "text")),
        harness.add_field(fields("Area", "text")),
    ];
    harness.add_field(json!({
        "name": "Region", "kind": "cascading", "projects": ["ENG"],
        "options": [{"value": "EU", "children": ["Bonn", "Rome"]}, "US"],
    }));
    let cases = misfits(areas[1].clone());
    for (name, spec, reason, part) in cases {
        harness.apply_ticket(name, spec).await;
        let valid = harness.until_ticket_reason(name, Valid, reason).await;
        assert!(valid.message.contains(&part), "{name}: {}", valid.message);
    }
    assert!(
        harness
            .sandbox
            .effects()
            .iter()
            .all(|effect| effect.client_id.is_none())
    );
    // Corrected, each becomes a ticket, with nothing lost.
    harness
        .apply_ticket("date", with("Start date", json!("2027-01-04")))
        .await;
    harness.until_created("date").await;
    harness.apply_ticket("area", with(&areas[0], json!("x"))).await;
    harness.until_created("area").await;
    harness.close().await;
}
