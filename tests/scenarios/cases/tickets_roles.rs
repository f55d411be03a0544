//! People who cannot have the role that a ticket names: it is created without, and says so.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::condition::ConditionType::{Created, PeopleMatched};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "tickets::who_is_pinned_is_the_reporter_though_the_profile_hides_the_address",
            pinned,
        ),
        scenario(
            "tickets::who_is_no_customer_of_the_desk_is_named_in_a_note",
            no_customer,
        ),
        scenario("tickets::a_reporter_who_cannot_be_set_is_named_in_a_comment", reporter),
        scenario("tickets::who_cannot_be_assigned_is_not", assignee),
        scenario("tickets::in_a_service_project_only_a_request_has_a_note", no_request),
    ]
}

const DANA: &str = "dana@acme.example";
const STRANGER: &str = "kim@ext.example";

fn request(summary: &str, more: Value) -> Value {
    let mut spec = json!({"project": "SUP", "requestType": "Ask a question", "summary": summary});
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    spec
}

/// Comments of the app on a ticket.
fn comments(harness: &Harness, key: &str) -> Vec<Option<bool>> {
    let all = harness.written_tickets(Operation::Comment).into_iter();
    all.filter(|comment| comment.issue_key == key)
        .map(|comment| comment.internal)
        .collect()
}

/// The bodies of the comments that were sent.
fn comment_bodies(harness: &Harness) -> String {
    let all = harness.sandbox.requests().into_iter();
    let sent = all.filter(|request| request.method == "POST" && request.path.ends_with("/comment"));
    sent.filter_map(|request| request.body).collect::<Vec<_>>().join("\n")
}

async fn pinned(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-pinned").await;
    let devin = json!({"reporter": {"email": "devin@acme.example"}});
    harness.apply_ticket("hidden", request("Hidden", devin.clone())).await;
    let people = harness
        .until_ticket_reason("hidden", PeopleMatched, "ReporterUnknown")
        .await;
    assert!(people.message.contains("hide theirs"), "{}", people.message);
    let pin = json!({"email": "devin@acme.example", "accountId": "712020:48c043d7-3806-4345-ad03-7a8d22e115bd"});
    harness.change("acme", json!({"users": {"pinned": [pin]}})).await;
    harness.apply_ticket("pinned", request("Pinned", devin)).await;
    harness.until_ticket_reason("pinned", PeopleMatched, "AllMatched").await;
    let status = harness.until_created("pinned").await;
    assert_eq!(
        status.reporter.map(|who| who.display_name),
        Some("Devin Developer".to_owned())
    );
    let reporter = status
        .people
        .and_then(|people| people.reporter)
        .expect("the reporter is told");
    assert_eq!((reporter.matched.as_str(), reporter.note), ("Pinned", None));
    harness.close().await;
}

/// A desk that is closed to all but its customers and agents, whatever the status is that Jira refuses others with.
async fn no_customer(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-no-customer").await;
    harness.command(json!({"command": "setCustomerAccess", "project": "SUP", "open": false}));
    for (name, status) in [("laptop", 400), ("screen", 403)] {
        harness.command(json!({"command": "setUndocumented", "set": {"onBehalfRefusal": status}}));
        harness
            .apply_ticket(name, request(name, json!({"reporter": {"email": DANA}})))
            .await;
        let people = harness
            .until_ticket_reason(name, PeopleMatched, "ReporterNotCustomer")
            .await;
        assert!(people.message.contains(DANA), "{}", people.message);
        assert!(
            people.message.contains("An internal comment names"),
            "{}",
            people.message
        );
        let noted = harness.until_noted(name).await;
        assert_eq!(comments(&harness, &noted.key), [Some(true)], "{noted:?}");
    }
    assert!(comment_bodies(&harness).contains(DANA));
    // What Jira refuses for something else is not raised without the reporter.
    let body = json!({"errorMessage": "The service project takes no requests at present.", "i18nErrorMessage": {"i18nKey": "sd.closed"}});
    harness.command(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/servicedeskapi/request", "times": 1, "when": "before",
        "action": {"kind": "status", "code": 400, "body": body.to_string()},
    }}));
    harness
        .apply_ticket(
            "other",
            request("Other", json!({"reporter": {"email": "alex@acme.example"}})),
        )
        .await;
    let refused = harness.until_ticket_reason("other", Created, "CreationRefused").await;
    assert!(
        refused.message.contains("takes no requests at present"),
        "{}",
        refused.message
    );
    // Of those who are to take part, whom the desk lets in do.
    let participants = json!([{"email": "alex@acme.example"}, {"email": DANA}, {"email": STRANGER}]);
    harness
        .apply_ticket("together", request("Together", json!({"participants": participants})))
        .await;
    let people = harness
        .until_ticket_reason("together", PeopleMatched, "ParticipantUnknown")
        .await;
    assert!(
        people.message.contains(DANA) && people.message.contains("Also"),
        "{}",
        people.message
    );
    let status = harness.until_created("together").await;
    let reasons: Vec<bool> = status
        .people
        .expect("people are told")
        .participants
        .iter()
        .map(|person| person.reason.is_some())
        .collect();
    assert_eq!(reasons, [false, true, true]);
    assert_eq!(harness.written_tickets(Operation::Create).len(), 3);
    harness.close().await;
}

/// The account may not set reporters any more: Jira's list of fields says so, or only its refusal does.
async fn reporter(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-no-reporter").await;
    let issue = |kind: &str, who: Value| json!({"project": "ENG", "type": kind, "summary": "Slow", "reporter": who});
    harness
        .apply_ticket("before", issue("Bug", json!({"email": DANA})))
        .await;
    harness.until_created("before").await;
    harness.command(json!({
        "command": "revokePermission", "project": "ENG", "permission": "MODIFY_REPORTER",
    }));
    let account = "712020:853689d5-e044-4f01-af68-7848bc485ef8";
    for (name, kind, who) in [
        ("refused", "Bug", json!({"email": DANA})),
        ("listed", "Task", json!({"accountId": account})),
    ] {
        harness.apply_ticket(name, issue(kind, who)).await;
        let people = harness
            .until_ticket_reason(name, PeopleMatched, "ReporterRefused")
            .await;
        assert!(people.message.contains("ordinary comment"), "{}", people.message);
        let noted = harness.until_noted(name).await;
        assert_eq!(comments(&harness, &noted.key).len(), 1);
    }
    let sent = comment_bodies(&harness);
    assert!(sent.contains(DANA) && sent.contains(account), "{sent}");
    assert!(
        sent.contains("Everybody who sees this ticket can read this comment"),
        "{sent}"
    );
    // What the JiraProject says of it holds no ticket back.
    harness.request("acme").await;
    harness
        .until_project_reason("acme-eng", "Permitted", "ReporterChangeDenied")
        .await;
    harness
        .apply_ticket("after", issue("Story", json!({"email": DANA})))
        .await;
    harness.until_noted("after").await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 4);
    harness.close().await;
}

/// Jira is asked before, or refuses; of a project where nobody may be unassigned it chooses.
async fn assignee(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-no-assignee").await;
    harness
        .apply_ticket("agents", request("Agents only", json!({"assignee": {"email": DANA}})))
        .await;
    let people = harness
        .until_ticket_reason("agents", PeopleMatched, "AssigneeNotAssignable")
        .await;
    assert!(people.message.contains(DANA), "{}", people.message);
    let status = harness.until_created("agents").await;
    assert!(status.assignee.is_none(), "{status:?}");
    let refused = harness
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.is_write() && request.status.is_some_and(|status| status >= 400));
    assert_eq!(refused.count(), 0, "it was asked before");
    // Lost since it was asked.
    let bug = |who: Value| json!({"project": "ENG", "type": "Bug", "summary": "Slow", "assignee": who});
    harness.apply_ticket("before", bug(json!({"email": DANA}))).await;
    let before = harness.until_created("before").await;
    assert_eq!(
        before.assignee.map(|who| who.display_name),
        Some("Dana Developer".to_owned())
    );
    harness.command(json!({
        "command": "revokePermission", "project": "ENG", "permission": "ASSIGNABLE_USER", "account": DANA,
    }));
    harness.apply_ticket("lost", bug(json!({"email": DANA}))).await;
    harness
        .until_ticket_reason("lost", PeopleMatched, "AssigneeNotAssignable")
        .await;
    harness.until_created("lost").await;
    // Nobody may be unassigned: an unknown reporter's ticket goes to whom Jira chooses.
    harness.command(json!({"command": "setDefaultAssignee", "project": "ENG", "lead": true}));
    harness
        .apply_ticket(
            "lead",
            json!({"project": "ENG", "type": "Task", "summary": "Slow", "reporter": {"email": STRANGER}}),
        )
        .await;
    let people = harness
        .until_ticket_reason("lead", PeopleMatched, "ReporterUnknown")
        .await;
    assert!(people.message.contains("Jira chose the assignee"), "{}", people.message);
    harness.until_noted("lead").await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 4);
    harness.close().await;
}

/// An issue of a service project that is no request: customers would read a comment, so none is made.
async fn no_request(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-no-request").await;
    harness
        .apply_ticket(
            "incident",
            json!({"project": "SUP", "type": "Incident", "summary": "Slow", "reporter": {"email": STRANGER}}),
        )
        .await;
    let people = harness
        .until_ticket_reason("incident", PeopleMatched, "NoteRefused")
        .await;
    assert!(people.message.contains(STRANGER), "{}", people.message);
    let status = harness.until_created("incident").await;
    assert!(status.assignee.is_none());
    assert!(comment_bodies(&harness).is_empty());
    harness.close().await;
}
