//! Requests of service projects: where their customers see them, and for whom they cannot be raised.

use std::sync::Arc;

use devkit::sandbox::{Answer, Operation};
use jira_operator::api::{
    condition::ConditionType::{Created, PeopleMatched},
    issue::{JiraIssue, JiraIssueStatus},
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, tickets::writing},
};

const TYPE: &str = "Ask a question";
const DANA: &str = "dana@acme.example";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::a_request_says_where_its_customer_sees_it", portal),
        scenario(
            "tickets::a_request_whose_place_is_not_told_is_asked_for_after_a_while_alone",
            unanswered,
        ),
        scenario(
            "tickets::a_refusal_that_names_nobody_is_about_the_reporter_where_jira_says_so",
            unnamed,
        ),
    ]
}

fn request(summary: &str, reporter: Value) -> Value {
    json!({"project": "SUP", "requestType": TYPE, "summary": summary, "reporter": reporter})
}

/// The status of a request that says where it is seen.
async fn until_shown(harness: &Harness, name: &str) -> JiraIssueStatus {
    harness.until_created(name).await;
    let is_shown = |status: &JiraIssueStatus| status.portal_url.is_some();
    let status = harness.until_ticket(name, "in the portal", is_shown).await;
    let portal = status.portal_url.clone().unwrap_or_default();
    assert!(
        portal.contains("/servicedesk/customer/portal/") && portal.ends_with(&format!("/{}", status.key)),
        "{portal}"
    );
    assert_eq!(status.request_type.as_deref(), Some(TYPE));
    status
}

/// How often Jira was asked where a request is seen.
fn asked(harness: &Harness, id: &str) -> usize {
    let all = harness.sandbox.requests().into_iter();
    let path = format!("/servicedeskapi/request/{id}");
    all.filter(|request| request.method == "GET" && request.path.ends_with(&path))
        .count()
}

/// The answer to the creation tells, and the marker keeps it; where that answer is lost, and of a request that is taken
/// over, Jira is asked.
async fn portal(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-portal").await;
    let dana = || json!({"email": DANA});
    harness.apply_ticket("told", request("Told", dana())).await;
    let told = until_shown(&harness, "told").await;
    let described = harness.kubectl(&["describe", "jissue", "told"]).await;
    let described = described.expect("it is described");
    let portal = told.portal_url.clone().unwrap_or_default();
    assert!(described.contains(&portal) && described.contains(TYPE), "{described}");
    harness.command(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/servicedeskapi/request", "times": 1, "when": "after",
        "action": {"kind": "dropConnection"},
    }}));
    harness.apply_ticket("lost", request("Lost", dana())).await;
    let lost = until_shown(&harness, "lost").await;
    assert!(asked(&harness, &lost.id) > 0);
    let made = harness.sandbox.command(
        serde_json::from_value(json!({
            "command": "createIssue", "project": "SUP", "requestType": TYPE, "summary": "Taken", "account": DANA,
        }))
        .expect("a command"),
    );
    let Ok(Answer::Issues { ids }) = made else {
        panic!("a person makes a request")
    };
    let key = harness.sandbox.state(|world| {
        let site = world.site("acme").expect("the site");
        let (project, issue) = site.issue(&ids[0].to_string()).expect("the request");
        format!("{}-{}", project.key, issue.number)
    });
    harness.apply_ticket("taken", json!({"ticket": key})).await;
    until_shown(&harness, "taken").await;
    harness
        .apply_ticket("bug", json!({"project": "ENG", "type": "Bug", "summary": "Bug"}))
        .await;
    let bug = harness.until_created("bug").await;
    assert_eq!((bug.portal_url, bug.request_type), (None, None));
    // A rebuilt cluster has it from the marker.
    harness.kill_operators().await;
    harness.delete::<JiraIssue>("told").await;
    harness
        .until_object::<JiraIssue>("told", "gone", |object| object.is_none())
        .await;
    harness.apply_ticket("told", request("Told", dana())).await;
    harness.start_operator();
    let again = until_shown(&harness, "told").await;
    assert_eq!((&again.id, &again.portal_url), (&told.id, &told.portal_url));
    assert_eq!(asked(&harness, &told.id), 0);
    harness.close().await;
}

/// The answer to the creation is lost, and Jira does not say where the request is seen.
async fn unanswered(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-portal-unanswered").await;
    let lost = json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/servicedeskapi/request", "times": 1, "when": "after",
        "action": {"kind": "dropConnection"},
    }});
    let fault = |times: Value, action: Value| {
        json!({"command": "addFault", "rule": {
            "method": "GET", "path": "/servicedeskapi/request/", "times": times, "when": "before", "action": action,
        }})
    };
    // It is refused: whatever wakes the object afterwards, it is not asked again soon.
    let refusal = json!({"errorMessage": "You do not have permission to view this request."}).to_string();
    harness.command(lost.clone());
    harness.command(fault(
        Value::Null,
        json!({"kind": "status", "code": 403, "body": refusal}),
    ));
    let labelled =
        |label: &str| json!({"project": "SUP", "requestType": TYPE, "summary": "Refused", "labels": [label]});
    harness.apply_ticket("refused", labelled("n0")).await;
    let refused = harness.until_created("refused").await;
    for label in ["n1", "n2", "n3"] {
        harness.apply_ticket("refused", labelled(label)).await;
        let has_it = |status: &JiraIssueStatus| status.labels.iter().any(|known| known == label);
        harness.until_ticket("refused", label, has_it).await;
    }
    assert_eq!(asked(&harness, &refused.id), 1, "of several reconciliations one asks");
    harness.command(json!({"command": "clearFaults"}));
    // Jira is down for a moment: it is asked again by itself.
    harness.command(lost);
    harness.command(fault(
        json!(2),
        json!({"kind": "status", "code": 503, "headers": {"Retry-After": "1"}}),
    ));
    harness
        .apply_ticket("down", request("Down", json!({"email": DANA})))
        .await;
    let down = until_shown(&harness, "down").await;
    assert_eq!(asked(&harness, &down.id), 3);
    harness.close().await;
}

/// Jira refuses to raise a request on behalf of somebody, and says nothing of whom. It is raised without the reporter where
/// Jira says of the account that it is deactivated, or may not raise such requests.
async fn unnamed(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-unnamed").await;
    harness.command(json!({"command": "setCustomerAccess", "project": "SUP", "open": false}));
    harness.command(json!({"command": "setUndocumented", "set": {"onBehalfUnnamed": true}}));
    let dana = json!({"email": DANA});
    harness
        .apply_ticket("unproved", request("Unproved", dana.clone()))
        .await;
    let refused = harness
        .until_ticket_reason("unproved", Created, "CreationRefused")
        .await;
    assert!(refused.message.contains("could not be created"), "{}", refused.message);
    assert!(harness.written_tickets(Operation::Create).is_empty());
    // Administrators of the project are told of others.
    harness.command(json!({
        "command": "grantPermission", "project": "SUP", "permission": "ADMINISTER_PROJECTS",
    }));
    let account = |email: &str| {
        let found = harness
            .sandbox
            .state(|world| world.account(email).map(|account| account.account_id.clone()));
        found.expect("an account")
    };
    let alex = account("alex@acme.example");
    harness.command(json!({"command": "deactivateAccount", "account": "alex@acme.example"}));
    for (name, who, why) in [
        ("stranger", dana, "may not raise requests of the type"),
        ("left", json!({"accountId": alex}), "deactivated"),
        ("nobody", json!({"accountId": "712020:nobody"}), "no such account"),
    ] {
        harness.apply_ticket(name, request(name, who)).await;
        let people = harness
            .until_ticket_reason(name, PeopleMatched, "ReporterNotCustomer")
            .await;
        assert!(people.message.contains(why), "{}", people.message);
        let status = harness.until_noted(name).await;
        let notes = harness.written_tickets(Operation::Comment);
        let notes: Vec<_> = notes.iter().filter(|note| note.issue_key == status.key).collect();
        assert!(notes.len() == 1 && notes[0].internal == Some(true), "{notes:?}");
    }
    assert_eq!(harness.written_tickets(Operation::Create).len(), 3);
    harness.close().await;
}
