//! Comments of tickets, both ways.

use std::sync::Arc;

use devkit::sandbox::{Effect, Operation};
use jira_operator::api::{
    condition::{ConditionType::CommentsSent, find},
    issue::{JiraIssue, JiraIssueStatus},
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        tickets::{ticket, writing},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::comments_are_made_once_and_shown", once),
        scenario("tickets::comments_whose_answer_is_lost_are_there_once", lost),
        scenario(
            "tickets::comments_change_with_their_text_and_are_of_several_programs",
            changed,
        ),
        scenario("tickets::comments_that_jira_refuses_are_told_and_never_public", refused),
        scenario("tickets::comments_that_jira_makes_public_are_deleted_once", exposed),
        scenario("tickets::comments_wait_while_nothing_is_to_be_sent", withheld),
        scenario("tickets::comments_are_known_in_a_rebuilt_cluster", rebuilt),
    ]
}

const DANA: &str = "dana@acme.example";

pub fn bug(comments: Value) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": "Slow", "comments": comments})
}

pub fn request(comments: Value) -> Value {
    json!({"project": "SUP", "requestType": "Ask a question", "summary": "Laptop", "comments": comments})
}

/// The comments that the app made.
pub fn made(harness: &Harness) -> Vec<Effect> {
    harness.written_tickets(Operation::Comment)
}

pub async fn until_sent(harness: &Harness, name: &str, count: usize) -> JiraIssueStatus {
    let are_sent = |status: &JiraIssueStatus| {
        let comments = status.comments.clone().unwrap_or_default();
        comments.sending.is_none() && comments.sent.len() == count
    };
    harness
        .until_ticket(name, &format!("with {count} comments"), are_sent)
        .await;
    harness.until_ticket_reason(name, CommentsSent, "AllSent").await;
    harness.until_created(name).await
}

pub async fn until_shown(harness: &Harness, name: &str, texts: &[&str]) -> JiraIssueStatus {
    let is_shown = |status: &JiraIssueStatus| {
        let latest = status.comments.clone().unwrap_or_default().latest;
        let shown: Vec<&str> = latest.iter().map(|comment| comment.text.as_str()).collect();
        shown == texts
    };
    harness
        .until_ticket(name, &format!("showing {texts:?}"), is_shown)
        .await
}

async fn once(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-comments").await;
    harness
        .apply_ticket("bug", bug(json!([{"name": "runbook", "body": "See the **runbook**"}])))
        .await;
    harness
        .apply_ticket(
            "laptop",
            request(json!([
                {"name": "note", "body": "Only for *agents*"},
                {"name": "answer", "body": "It is on its way", "visibility": "Public"},
            ])),
        )
        .await;
    let bug_key = until_sent(&harness, "bug", 1).await.key;
    let key = until_sent(&harness, "laptop", 2).await.key;
    let all = made(&harness);
    assert_eq!(all.iter().filter(|effect| effect.issue_key == bug_key).count(), 1);
    let of_request: Vec<Option<bool>> = all
        .iter()
        .filter(|effect| effect.issue_key == key)
        .map(|effect| effect.internal)
        .collect();
    assert_eq!(of_request, [Some(true), Some(false)], "in the order of the spec");
    let event = harness.until_event("bug", "CommentAdded").await;
    let note = event.note.unwrap_or_default();
    assert!(note.contains("runbook") && !note.contains("See"), "{note}");
    // Those of people are shown too, and internal ones only where they are asked for.
    for internal in [false, true] {
        harness.command(json!({"command": "commentOnIssue", "issue": key, "account": DANA,
            "text": format!("Thanks, {internal}"), "internal": internal}));
    }
    harness.request("acme").await;
    let status = until_shown(&harness, "laptop", &["Thanks, false", "It is on its way"]).await;
    let comments = status.comments.expect("it has some");
    assert_eq!(comments.total, Some(4));
    let from: Vec<bool> = comments.latest.iter().map(|comment| comment.from_cluster).collect();
    assert_eq!(from, [false, true]);
    harness
        .change(
            "acme",
            json!({"tickets": {"comments": {"latest": 5, "internal": true}}}),
        )
        .await;
    let whole = ["Thanks, true", "Thanks, false", "It is on its way", "Only for agents"];
    until_shown(&harness, "laptop", &whole).await;
    harness
        .change(
            "acme",
            json!({"tickets": {"comments": {"latest": 1, "internal": false}}}),
        )
        .await;
    until_shown(&harness, "laptop", &["Thanks, false"]).await;
    // Another process makes none again.
    harness.kill_operators().await;
    harness.start_operator();
    harness.request("acme").await;
    harness
        .apply_ticket("next", bug(json!([{"name": "a", "body": "b"}])))
        .await;
    until_sent(&harness, "next", 1).await;
    assert_eq!(made(&harness).len(), 4);
    harness.close().await;
}

async fn lost(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-lost-comments").await;
    let comment = || json!([{"name": "news", "body": "It is **worse** now, see [it](https://acme.example/x)"}]);
    for (name, when, spec) in [
        ("bug-after", "after", bug(comment())),
        ("bug-before", "before", bug(comment())),
        ("ask-after", "after", request(comment())),
        ("ask-before", "before", request(comment())),
    ] {
        harness.command(json!({"command": "addFault", "rule": {
            "method": "POST", "path": "/comment", "times": 1, "when": when, "action": {"kind": "dropConnection"},
        }}));
        harness.apply_ticket(name, spec).await;
        if when == "before" {
            harness.until_ticket_reason(name, CommentsSent, "ChangesPending").await;
        }
        let is_sending = |status: &JiraIssueStatus| {
            let comments = status.comments.clone().unwrap_or_default();
            comments.sending.is_some() || !comments.sent.is_empty()
        };
        harness.until_ticket(name, "commented on", is_sending).await;
        harness.kill_operators().await;
        harness.start_operator();
        until_sent(&harness, name, 1).await;
    }
    let all = made(&harness);
    assert_eq!(all.len(), 4, "{all:?}");
    let internal = all.iter().filter(|effect| effect.internal == Some(true)).count();
    assert_eq!(internal, 2, "{all:?}");
    harness.close().await;
}

async fn changed(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-changed-comments").await;
    let one = |body: &str| json!([{"name": "one", "body": body}]);
    for (name, spec) in [("bug", bug(one("First"))), ("laptop", request(one("First")))] {
        harness.apply_ticket(name, spec).await;
        until_sent(&harness, name, 1).await;
    }
    harness.apply_ticket("bug", bug(one("Second"))).await;
    harness.apply_ticket("laptop", request(one("Second"))).await;
    for name in ["bug", "laptop"] {
        harness.until_event(name, "CommentUpdated").await;
        until_sent(&harness, name, 1).await;
    }
    let edits = harness.written_tickets(Operation::EditComment);
    assert_eq!((made(&harness).len(), edits.len()), (2, 2));
    let internal = edits.iter().filter(|edit| edit.internal == Some(true)).count();
    assert_eq!(internal, 1, "it stays what it is: {edits:?}");
    // Other programs add theirs, and withdraw them, without touching this one.
    let api = harness.issues();
    let own = |manager: &str, comments: Value| {
        let spec = json!({"integration": "acme", "comments": comments});
        let mut object = ticket("bug", json!({}));
        object["spec"] = spec;
        (kube::api::PatchParams::apply(manager), kube::api::Patch::Apply(object))
    };
    for manager in ["alerts", "deployer"] {
        let (params, patch) = own(manager, json!([{"name": manager, "body": format!("From {manager}")}]));
        let applied: JiraIssue = api.patch("bug", &params, &patch).await.expect("it is applied");
        assert!(applied.spec.comments.iter().any(|comment| comment.name == "one"));
    }
    until_sent(&harness, "bug", 3).await;
    let (params, patch) = own("alerts", json!([]));
    api.patch("bug", &params, &patch).await.expect("it is withdrawn");
    let (params, patch) = own("alerts", json!([{"name": "alerts", "body": "From alerts"}]));
    api.patch("bug", &params, &patch).await.expect("it is back");
    let (params, patch) = own("deployer", json!([{"name": "deployer", "body": "Done"}]));
    api.patch("bug", &params, &patch).await.expect("it is changed");
    let is_changed = |status: &JiraIssueStatus| {
        status
            .comments
            .as_ref()
            .is_some_and(|comments| comments.sent.len() == 3)
    };
    harness.until_ticket("bug", "changed", is_changed).await;
    while harness.written_tickets(Operation::EditComment).len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    until_sent(&harness, "bug", 3).await;
    assert_eq!(made(&harness).len(), 4);
    assert!(harness.written_tickets(Operation::DeleteComment).is_empty());
    // Its visibility is not changed, and the operator's own name is not taken.
    let public = ticket(
        "laptop",
        request(json!([{"name": "one", "body": "Second", "visibility": "Public"}])),
    );
    let said = harness.apply_refused(&public).await;
    assert!(said.contains("cannot change"), "{said}");
    let taken = ticket("other", request(json!([{"name": "reporter", "body": "x"}])));
    let said = harness.apply_refused(&taken).await;
    assert!(said.contains("operator's own"), "{said}");
    harness.close().await;
}

async fn exposed(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-exposed-comments").await;
    let publishes = |is_on: bool| json!({"command": "setUndocumented", "set": {"internalBecomesPublic": is_on}});
    let note = |body: &str| request(json!([{"name": "note", "body": body}]));
    harness.command(publishes(true));
    harness.apply_ticket("laptop", note("Only for agents")).await;
    let said = harness
        .until_ticket_reason("laptop", CommentsSent, "InternalNotPossible")
        .await;
    assert!(said.message.contains("Jira made it public"), "{}", said.message);
    // Another integration of the spec, or another look at the ticket, makes no further one.
    harness.change("acme", json!({"tickets": {"maxPerHour": 61}})).await;
    harness.apply_ticket("other", bug(json!([]))).await;
    harness.until_created("other").await;
    assert_eq!(harness.written_tickets(Operation::Comment).len(), 1);
    assert_eq!(harness.written_tickets(Operation::DeleteComment).len(), 1);
    // One that cannot be deleted is told, and left to people.
    harness.command(json!({"command": "addFault", "rule": {
        "method": "DELETE", "path": "/comment", "when": "before",
        "action": {"kind": "status", "code": 403, "body": json!({"errorMessages": ["No."]}).to_string()},
    }}));
    harness.apply_ticket("laptop", note("For agents alone")).await;
    let is_told = |status: &JiraIssueStatus| {
        let told = find(&status.conditions, CommentsSent);
        told.is_some_and(|told| told.message.contains("customers can read it"))
    };
    harness
        .until_ticket("laptop", "told that customers read it", is_told)
        .await;
    let deletions = |harness: &Harness| {
        let calls = harness.sandbox.requests();
        calls.iter().filter(|call| call.method == "DELETE").count()
    };
    let before = deletions(&harness);
    harness.change("acme", json!({"tickets": {"maxPerHour": 62}})).await;
    harness.command(json!({"command": "clearFaults"}));
    harness.command(publishes(false));
    harness.apply_ticket("laptop", note("For agents only")).await;
    until_sent(&harness, "laptop", 1).await;
    assert!(deletions(&harness) > before, "what customers read went first");
    assert_eq!(harness.written_tickets(Operation::Comment).len(), 3);
    harness.close().await;
}

async fn refused(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-refused-comments").await;
    let fault = |code: u16, body: Value| {
        json!({"command": "addFault", "rule": {
            "method": "POST", "path": "/comment", "when": "before",
            "action": {"kind": "status", "code": code, "body": body.to_string()},
        }})
    };
    let note = json!([{"name": "note", "body": "Only for agents"}]);
    let words = "You do not have permission to add internal comments.";
    harness.command(fault(403, json!({"errorMessage": words})));
    harness.apply_ticket("laptop", request(note.clone())).await;
    let said = harness
        .until_ticket_reason("laptop", CommentsSent, "InternalNotPossible")
        .await;
    assert!(said.message.contains("add internal comments"), "{}", said.message);
    harness.command(json!({"command": "clearFaults"}));
    harness.command(fault(
        413,
        json!({"errorMessages": ["The issue has reached the limit of 5000 comments."]}),
    ));
    harness.apply_ticket("full", bug(note.clone())).await;
    harness
        .until_ticket_reason("full", CommentsSent, "CommentLimitReached")
        .await;
    harness.command(json!({"command": "clearFaults"}));
    // One that cannot be sent keeps no other one back.
    let mixed = json!([{"name": "blank", "body": " \n "}, {"name": "good", "body": "Good"}]);
    harness.apply_ticket("mixed", bug(mixed)).await;
    let said = harness
        .until_ticket_reason("mixed", CommentsSent, "CommentRefused")
        .await;
    assert!(said.message.contains("blank"), "{}", said.message);
    assert_eq!(made(&harness).len(), 1);
    harness.command(json!({"command": "revokePermission", "project": "ENG", "permission": "ADD_COMMENTS"}));
    harness
        .apply_ticket("mixed", bug(json!([{"name": "more", "body": "More"}])))
        .await;
    harness
        .until_ticket_reason("mixed", CommentsSent, "CommentDenied")
        .await;
    assert!(made(&harness).iter().all(|effect| effect.internal != Some(true)));
    assert_eq!(made(&harness).len(), 1);
    harness.close().await;
}

async fn withheld(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-withheld-comments").await;
    harness.apply_ticket("bug", bug(json!([]))).await;
    harness.until_created("bug").await;
    let comments = json!([{"name": "news", "body": "A secret"}]);
    let mut suspended = bug(comments.clone());
    suspended["suspend"] = json!(true);
    harness.apply_ticket("bug", suspended).await;
    harness
        .until_ticket_reason("bug", CommentsSent, "TicketSuspended")
        .await;
    let plan = ["annotate", "jissue", "bug", "jira-operator.dev/plan=true"];
    harness.kubectl(&plan).await.expect("it is annotated");
    harness.apply_ticket("bug", bug(comments)).await;
    harness.until_ticket_reason("bug", CommentsSent, "Planned").await;
    let object = harness.issues().get("bug").await.expect("it is there");
    let plan = object.status.expect("it has a status").plan;
    assert!(
        plan.len() == 1 && plan[0].contains("news") && !plan[0].contains("secret"),
        "{plan:?}"
    );
    assert!(made(&harness).is_empty());
    let act = ["annotate", "jissue", "bug", "jira-operator.dev/plan-"];
    harness.kubectl(&act).await.expect("the annotation is removed");
    until_sent(&harness, "bug", 1).await;
    harness.close().await;
}

async fn rebuilt(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-rebuilt-comments").await;
    let spec = || {
        let mut spec = request(json!([
            {"name": "a", "body": "One"}, {"name": "b", "body": "**Two**"},
            {"name": "c", "body": "Three", "visibility": "Public"},
        ]));
        spec["reporter"] = json!({"email": "kim@ext.example"});
        spec
    };
    harness.apply_ticket("laptop", spec()).await;
    let before = until_sent(&harness, "laptop", 3).await;
    harness.until_noted("laptop").await;
    let writes = harness.sandbox.effects().len();
    harness.delete::<JiraIssue>("laptop").await;
    let gone = |object: Option<&JiraIssue>| object.is_none();
    harness.until_object::<JiraIssue>("laptop", "gone", gone).await;
    harness.apply_ticket("laptop", spec()).await;
    let after = until_sent(&harness, "laptop", 3).await;
    harness.until_noted("laptop").await;
    assert_eq!(before.key, after.key);
    let ids = |status: &JiraIssueStatus| {
        let sent = status.comments.clone().unwrap_or_default().sent.into_iter();
        let mut ids: Vec<String> = sent.map(|comment| comment.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&before), ids(&after));
    assert_eq!(harness.sandbox.effects().len(), writes, "not one write");
    harness.close().await;
}
