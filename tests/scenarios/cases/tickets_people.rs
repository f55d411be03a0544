//! People whom tickets name, and why tickets are not created.

use std::sync::Arc;

use devkit::sandbox::{Command, Operation};
use jira_operator::api::{
    condition::{
        ConditionType::{Created, PeopleMatched, Valid},
        find,
    },
    issue::{IssuePerson, JiraIssueStatus},
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, actions::connected, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "tickets::an_unknown_reporter_is_named_in_one_internal_note",
            unknown_reporter,
        ),
        scenario("tickets::a_person_who_is_set_in_jira_is_followed", set_in_jira),
        scenario("tickets::a_lost_note_is_not_made_twice", lost_note),
        scenario("tickets::a_note_that_jira_makes_public_does_not_stay", exposed_note),
        scenario("tickets::a_note_is_refused_and_never_public", refused_note),
        scenario("tickets::who_is_not_known_is_told_from_who_cannot_be_asked", directory),
        scenario("tickets::an_integration_that_may_not_write_says_why", not_writing),
        scenario("tickets::what_jira_refuses_is_said_in_its_words", refused),
    ]
}

const STRANGER: &str = "kim@ext.example";
const DANA: &str = "dana@acme.example";
const DEVIN: &str = "devin@acme.example";

fn request(summary: &str) -> Value {
    json!({"project": "SUP", "requestType": "Ask a question", "summary": summary, "reporter": {"email": STRANGER}})
}

async fn unknown_reporter(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-stranger").await;
    harness.apply_ticket("laptop", request("Laptop for Kim")).await;
    harness
        .apply_ticket(
            "bug",
            json!({
                "project": "ENG", "type": "Bug", "summary": "Broken", "reporter": {"email": STRANGER},
            }),
        )
        .await;
    for (name, internal) in [("laptop", Some(true)), ("bug", None)] {
        harness
            .until_ticket_reason(name, PeopleMatched, "ReporterUnknown")
            .await;
        let noted = harness.until_noted(name).await;
        assert!(noted.assignee.is_none(), "{noted:?}");
        let all = harness.written_tickets(Operation::Comment);
        let of_it: Vec<_> = all.iter().filter(|note| note.issue_key == noted.key).collect();
        assert_eq!(of_it.len(), 1, "{all:?}");
        if internal.is_some() {
            assert_eq!(of_it[0].internal, internal);
        }
    }
    harness.close().await;
}

async fn set_in_jira(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-set-in-jira").await;
    let stranger = json!({"email": STRANGER});
    let mut spec = request("Laptop for Kim");
    spec["assignee"] = stranger.clone();
    harness.apply_ticket("laptop", spec).await;
    harness
        .until_ticket_reason("laptop", PeopleMatched, "ReporterUnknown")
        .await;
    let noted = harness.until_noted("laptop").await;
    let set = |who: Value| json!({"command": "editIssue", "issue": noted.key, "account": DEVIN, "fields": who});
    // A person knows who Kim is.
    harness.command(set(json!({"reporter": DANA})));
    harness.request("acme").await;
    let told = harness
        .until_ticket_reason("laptop", PeopleMatched, "AssigneeUnknown")
        .await;
    assert!(!told.message.contains("reporter"), "{}", told.message);
    harness.command(set(json!({"assignee": DANA})));
    harness.request("acme").await;
    harness.until_ticket_reason("laptop", PeopleMatched, "AllMatched").await;
    // What the spec newly says of other fields takes nobody away, and nobody is named again.
    let mut spec = request("Laptop and mouse for Kim");
    spec["assignee"] = stranger;
    harness.apply_ticket("laptop", spec).await;
    let status = harness
        .until_ticket("laptop", "of a mouse", |status| {
            status.summary == "Laptop and mouse for Kim"
        })
        .await;
    let dana = |person: &Option<IssuePerson>| {
        person
            .as_ref()
            .is_some_and(|person| person.display_name == "Dana Developer")
    };
    assert!(dana(&status.reporter) && dana(&status.assignee), "{status:?}");
    assert_eq!(harness.written_tickets(Operation::Comment).len(), 1);
    harness.until_created("laptop").await;
    harness.close().await;
}

async fn exposed_note(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-exposed-note").await;
    harness.command(json!({"command": "setUndocumented", "set": {"internalBecomesPublic": true}}));
    // Its answer is lost, so that it is found.
    harness.command(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/comment", "times": 1, "when": "after", "action": {"kind": "dropConnection"},
    }}));
    harness.apply_ticket("laptop", request("Laptop")).await;
    harness
        .until_ticket_reason("laptop", PeopleMatched, "NoteRefused")
        .await;
    let (made, deleted) = (
        harness.written_tickets(Operation::Comment).len(),
        harness.written_tickets(Operation::DeleteComment).len(),
    );
    assert_eq!((made, deleted), (2, 2), "the lost one, and another one");
    harness.close().await;
}

async fn lost_note(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-lost-note").await;
    for (name, when) in [("after", "after"), ("before", "before")] {
        harness.command(json!({"command": "addFault", "rule": {
            "method": "POST", "path": "/comment", "times": 1, "when": when, "action": {"kind": "dropConnection"},
        }}));
        harness.apply_ticket(name, request(name)).await;
        harness.until_noted(name).await;
    }
    let notes = harness.written_tickets(Operation::Comment);
    assert_eq!(notes.len(), 2, "{notes:?}");
    harness.close().await;
}

async fn refused_note(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-no-note").await;
    let body = json!({"errorMessage": "You do not have permission to add an internal comment."});
    harness.command(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/comment", "when": "before",
        "action": {"kind": "status", "code": 403, "body": body.to_string()},
    }}));
    harness.apply_ticket("laptop", request("Laptop")).await;
    let people = harness
        .until_ticket_reason("laptop", PeopleMatched, "NoteRefused")
        .await;
    assert!(people.message.contains("internal comment"), "{}", people.message);
    assert!(harness.written_tickets(Operation::Comment).is_empty());
    // What wakes the object asks for it no more; another spec does.
    let asked = |harness: &Harness| {
        let all = harness.sandbox.requests().into_iter();
        all.filter(|request| request.method == "POST" && request.path.ends_with("/comment"))
            .count()
    };
    for n in 61..63 {
        harness.change("acme", json!({"tickets": {"maxPerHour": n}})).await;
        harness
            .apply_ticket(
                &format!("next-{n}"),
                json!({"project": "ENG", "type": "Bug", "summary": "Next"}),
            )
            .await;
        harness.until_created(&format!("next-{n}")).await;
    }
    assert_eq!(asked(&harness), 1);
    harness
        .until_ticket_reason("laptop", PeopleMatched, "NoteRefused")
        .await;
    harness.command(json!({"command": "clearFaults"}));
    let mut changed = request("Laptop");
    changed["links"] = json!([{"url": "https://acme.example/kim"}]);
    harness.apply_ticket("laptop", changed).await;
    harness.until_noted("laptop").await;
    assert_eq!(asked(&harness), 2);
    harness.close().await;
}

async fn directory(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-directory").await;
    harness.command(json!({"command": "addFault", "rule": {
        "path": "/user/search", "when": "before", "action": {"kind": "status", "code": 503, "body": ""},
    }}));
    harness.apply_ticket("waits", request("Waits")).await;
    harness
        .until_ticket_reason("waits", Valid, "DirectoryUnavailable")
        .await;
    assert!(harness.written_tickets(Operation::Create).is_empty());
    harness.command(json!({"command": "clearFaults"}));
    // A search is empty, too, where the account may not search.
    let may_browse = |held| json!({"command": "setGlobalPermission", "permission": "USER_PICKER", "held": held});
    harness.command(may_browse(false));
    harness.apply_ticket("asks", request("Asks")).await;
    let is_denied = |status: &JiraIssueStatus| {
        let told = find(&status.conditions, Valid).filter(|told| told.reason == "DirectoryUnavailable");
        told.is_some_and(|told| told.message.contains("USER_PICKER"))
    };
    harness.until_ticket("asks", "told of the permission", is_denied).await;
    harness.command(may_browse(true));
    harness.until_noted("asks").await;
    harness.until_noted("waits").await;
    harness
        .apply_ticket(
            "nobody",
            json!({
                "project": "ENG", "type": "Bug", "summary": "Broken", "assignee": {"email": STRANGER},
            }),
        )
        .await;
    harness
        .until_ticket_reason("nobody", PeopleMatched, "AssigneeUnknown")
        .await;
    harness.until_created("nobody").await;
    // Refused where the integration says so.
    harness
        .change("acme", json!({"tickets": {"unknownReporter": "Refuse"}}))
        .await;
    harness.apply_ticket("refused", request("Refused")).await;
    harness.until_ticket_reason("refused", Valid, "ReporterUnknown").await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 3);
    harness.close().await;
}

async fn not_writing(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "tickets-not-writing", json!({"projects": [{"key": "ENG"}]})).await;
    let bug = json!({"project": "ENG", "type": "Bug", "summary": "Broken"});
    harness.apply_ticket("bug", bug.clone()).await;
    harness.until_ticket_reason("bug", Valid, "TicketsDisabled").await;
    let mut elsewhere = bug.clone();
    elsewhere["integration"] = json!("other");
    harness.apply_ticket("elsewhere", elsewhere).await;
    harness
        .until_ticket_reason("elsewhere", Valid, "IntegrationNotFound")
        .await;
    let mut suspended = bug.clone();
    suspended["suspend"] = json!(true);
    harness.apply_ticket("suspended", suspended).await;
    harness.change("acme", json!({"tickets": {}, "suspend": true})).await;
    harness.until_ticket_reason("bug", Valid, "IntegrationNotReady").await;
    harness.change("acme", json!({"suspend": false})).await;
    harness.until_created("bug").await;
    harness
        .until_ticket_reason("suspended", Created, "TicketSuspended")
        .await;
    harness.jira(Command::RevokePermission {
        site: None,
        project: "ENG".into(),
        permission: "CREATE_ISSUES".into(),
        account: None,
        holder: None,
    });
    harness.request("acme").await;
    harness.apply_ticket("blocked", bug).await;
    harness.until_ticket_reason("blocked", Valid, "ProjectBlocked").await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 1);
    harness.close().await;
}

async fn refused(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-refused").await;
    let cause = harness.add_field(json!({"name": "Root cause", "kind": "text", "projects": ["ENG"]}));
    harness.command(json!({
        "command": "addValidator", "project": "ENG", "field": cause, "message": "Say what caused it.",
    }));
    let bug = json!({"project": "ENG", "type": "Bug", "summary": "Broken"});
    harness.apply_ticket("bug", bug.clone()).await;
    let created = harness.until_ticket_reason("bug", Created, "WorkflowRefused").await;
    assert!(created.message.contains("Say what caused it."), "{}", created.message);
    let mut with_cause = bug;
    with_cause["fields"] = json!({"Root cause": "a loop"});
    harness.apply_ticket("bug", with_cause).await;
    harness.until_created("bug").await;
    harness.close().await;
}
