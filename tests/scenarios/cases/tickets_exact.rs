//! Each ticket is created once, whatever becomes of the operator, the object, its labels and its scope.

use std::sync::Arc;

use devkit::sandbox::{Effect, FaultAction, FaultRule, Operation, When};
use jira_operator::api::{
    condition::ConditionType::{Created, Valid},
    issue::{JiraIssue, JiraIssueStatus},
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        actions::connected,
        fleet::{let_go, release, until_hit},
        tickets::writing,
    },
};

/// The property by which a ticket is found.
const MARKER: &str = "jira-operator.dev";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::a_request_is_marked_although_its_object_is_gone", deleted),
        scenario("tickets::a_request_that_is_not_marked_is_found_after_a_kill", unmarked),
        scenario("tickets::requests_that_look_alike_are_told_apart", alike),
        scenario("tickets::a_ticket_that_is_done_is_followed_by_another", unresolved),
        scenario("tickets::a_changed_scope_creates_nothing", scope),
        scenario("tickets::a_foreign_issue_with_the_marker_is_left_to_a_person", foreign),
        scenario("tickets::labels_that_are_gone_or_copied_mislead_nobody", labels),
        scenario("tickets::a_type_without_labels_is_found_by_its_marker", unlabelled),
        scenario("tickets::a_rebuilt_cluster_makes_no_second_note", noted),
    ]
}

fn bug(summary: &str) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": summary})
}

fn request(summary: &str) -> Value {
    json!({
        "project": "SUP", "requestType": "Ask a question", "summary": summary, "description": "It **fails** since `9:00`:\n\n- one\n- two",
    })
}

/// What marks issues is refused for now.
fn unavailable(harness: &Harness) -> Vec<u64> {
    let status = FaultAction::Status {
        code: 503,
        headers: std::collections::BTreeMap::new(),
        body: String::new(),
    };
    let rule = FaultRule {
        method: Some("PUT".into()),
        ..FaultRule::path("/rest/api/3/issue/", When::Before, status)
    };
    vec![harness.sandbox.fault(rule)]
}

/// Deletes an object and waits until it is gone.
async fn remove(harness: &Harness, name: &str) {
    harness.delete::<JiraIssue>(name).await;
    harness
        .until_object::<JiraIssue>(name, "gone", |object| object.is_none())
        .await;
}

fn created(harness: &Harness) -> Vec<Effect> {
    harness.written_tickets(Operation::Create)
}

/// Writes that set the marker.
fn marked(harness: &Harness) -> Vec<Effect> {
    let all = harness.sandbox.effects().into_iter();
    all.filter(|effect| effect.client_id.is_some() && effect.properties.contains_key(MARKER))
        .collect()
}

async fn until_marked(harness: &Harness, count: usize) {
    for _ in 0..300 {
        if marked(harness).len() >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!(
        "{count} were never marked: {:?}\n{}",
        marked(harness),
        harness.log_tail()
    );
}

/// Between creation and marking the object goes, and once the operator is asked to stop as well.
async fn deleted(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-deleted").await;
    for (n, stops) in [(1, false), (2, true)] {
        let name = format!("gone-{n}");
        let faults = unavailable(&harness);
        harness.apply_ticket(&name, request(&name)).await;
        until_hit(&harness, &faults).await;
        remove(&harness, &name).await;
        let stopping: Vec<_> = if stops {
            harness.operators.drain(..).collect()
        } else {
            Vec::new()
        };
        for operator in &stopping {
            operator.ask_to_stop();
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(marked(&harness).len(), n - 1);
        release(&harness, &faults);
        until_marked(&harness, n).await;
        for mut operator in stopping {
            assert!(operator.ended().await, "it ends well");
        }
        // Another process finds it by its marker.
        harness.kill_operators().await;
        harness.start_operator();
        harness.apply_ticket(&name, request(&name)).await;
        let status = harness.until_created(&name).await;
        let of_it = created(&harness);
        assert_eq!((of_it.len(), &of_it[n - 1].issue_key), (n, &status.key), "{of_it:?}");
    }
    harness.close().await;
}

/// The operator dies between creation and marking; a person asks the same just then.
async fn unmarked(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-unmarked").await;
    harness.command(json!({"command": "setIndexLag", "untilReleased": true}));
    let rule = FaultRule {
        method: Some("PUT".into()),
        ..FaultRule::path("/rest/api/3/issue/", When::Before, FaultAction::Hold)
    };
    let held = [harness.sandbox.fault(rule)];
    harness.apply_ticket("slow", request("Slow")).await;
    until_hit(&harness, &held).await;
    harness.kill_operators().await;
    harness.command(json!({
        "command": "createIssue", "project": "SUP", "requestType": "Ask a question", "summary": "Slow",
        "account": "dana@acme.example",
    }));
    let_go(&harness, &held).await;
    assert!(marked(&harness).is_empty());
    harness.start_operator();
    let status = harness.until_created("slow").await;
    let made = created(&harness);
    assert_eq!((made.len(), &made[0].issue_key), (1, &status.key), "{made:?}");
    let marked = marked(&harness);
    assert_eq!((marked.len(), &marked[0].issue_key), (1, &status.key), "{marked:?}");
    harness.close().await;
}

/// The answers to two requests that look the same are lost: each object has one of its own.
async fn alike(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-alike").await;
    harness.command(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/servicedeskapi/request", "times": 1, "when": "after",
        "action": {"kind": "dropConnection"},
    }}));
    for name in ["one", "two"] {
        harness.apply_ticket(name, request("Laptop")).await;
    }
    let one = harness.until_created("one").await;
    let two = harness.until_created("two").await;
    assert_ne!(one.key, two.key);
    assert_eq!(created(&harness).len(), 2);
    harness.close().await;
}

fn number(harness: &Harness, key: &str) -> Value {
    let all = created(harness);
    let of_it = all
        .iter()
        .find(|effect| effect.issue_key == key)
        .expect("it was created");
    of_it.properties[MARKER]["n"].clone()
}

async fn unresolved(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-unresolved").await;
    let mut alert = bug("Latency is high");
    alert["policy"] = json!({"existing": "AdoptUnresolved"});
    harness.apply_ticket("alert", alert.clone()).await;
    let first = harness.until_created("alert").await;
    // An open one is taken over, by the same process and by another one.
    for is_another in [false, true] {
        remove(&harness, "alert").await;
        if is_another {
            harness.kill_operators().await;
            harness.start_operator();
        }
        harness.apply_ticket("alert", alert.clone()).await;
        assert_eq!(harness.until_created("alert").await.key, first.key);
    }
    // One that is done is followed by another, also where the search index does not know it yet and the answer is lost.
    let mut before = first;
    for (n, is_another) in [(2, false), (3, true)] {
        harness.command(json!({"command": "setIndexLag", "untilReleased": true}));
        harness.command(json!({"command": "updateIssue", "issue": before.key, "status": "Done"}));
        remove(&harness, "alert").await;
        if is_another {
            harness.kill_operators().await;
            harness.start_operator();
        }
        harness.command(json!({"command": "addFault", "rule": {
            "method": "POST", "path": "/rest/api/3/issue", "body": "historyMetadata", "times": 1, "when": "after",
            "action": {"kind": "dropConnection"},
        }}));
        harness.apply_ticket("alert", alert.clone()).await;
        let next = harness.until_created("alert").await;
        assert_ne!(next.key, before.key);
        assert_eq!(number(&harness, &next.key), json!(n));
        assert_eq!(created(&harness).len(), n);
        assert_eq!(harness.written_tickets(Operation::IssueLink).len(), n - 1);
        harness.command(json!({"command": "releaseIndex"}));
        before = next;
    }
    harness.close().await;
}

async fn scope(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {"scope": "production"}});
    let harness = connected(&cluster, "tickets-scope", spec).await;
    harness.apply_ticket("before", bug("Before")).await;
    let before = harness.until_created("before").await;
    harness.change("acme", json!({"tickets": {"scope": "another"}})).await;
    harness.apply_ticket("after", bug("After")).await;
    let valid = harness.until_ticket_reason("after", Valid, "ScopeChanged").await;
    assert!(valid.message.contains("another"), "{}", valid.message);
    assert_eq!(created(&harness).len(), 1);
    harness
        .change("acme", json!({"tickets": {"scope": "production"}}))
        .await;
    harness.until_created("after").await;
    assert_eq!(harness.until_created("before").await.key, before.key);
    // Without tickets another scope is nobody's matter.
    for name in ["before", "after"] {
        remove(&harness, name).await;
    }
    harness.change("acme", json!({"tickets": {"scope": "another"}})).await;
    harness.apply_ticket("before", bug("Before")).await;
    assert_ne!(harness.until_created("before").await.key, before.key);
    assert_eq!(created(&harness).len(), 3);
    harness.close().await;
}

/// Another account created what carries the marker: the integration was given another one meanwhile, or it is a copy.
async fn foreign(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-foreign").await;
    harness.apply_ticket("ours", bug("Ours")).await;
    let first = harness.until_created("ours").await;
    let marker = created(&harness)[0].properties[MARKER].clone();
    harness.kill_operators().await;
    remove(&harness, "ours").await;
    harness.command(json!({"command": "deleteIssue", "issue": first.key}));
    harness.command(json!({
        "command": "createIssue", "project": "ENG", "summary": "Ours", "account": "dana@acme.example",
        "properties": {MARKER: marker},
    }));
    harness.start_operator();
    harness.apply_ticket("ours", bug("Ours")).await;
    let said = harness.until_ticket_reason("ours", Created, "CreationUncertain").await;
    assert!(said.message.contains("number 2"), "{}", said.message);
    assert_eq!(created(&harness).len(), 1);
    // A number that was not asked for is no answer.
    for (number, is_answer) in [("1", false), ("2", true)] {
        let annotation = format!("jira-operator.dev/create-anyway={number}");
        let annotate = ["annotate", "--overwrite", "jissue", "ours", &annotation];
        harness.kubectl(&annotate).await.expect("it is annotated");
        if is_answer {
            let again = harness.until_created("ours").await;
            assert_eq!(self::number(&harness, &again.key), json!(2));
        } else {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            assert_eq!(created(&harness).len(), 1);
        }
    }
    harness.close().await;
}

/// A person copies a ticket and takes the labels from another one.
async fn labels(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-labels").await;
    harness.command(
        json!({"command": "setUndocumented", "set": {"cloneCopiesLabels": true, "cloneCopiesProperties": true}}),
    );
    for name in ["copied", "bare"] {
        harness.apply_ticket(name, bug(name)).await;
    }
    let copied = harness.until_created("copied").await;
    let bare = harness.until_created("bare").await;
    harness.command(json!({"command": "cloneIssue", "issue": copied.key, "account": "dana@acme.example"}));
    let label = bare.identity.clone().map(|identity| format!("k8s-{identity}"));
    harness.command(
        json!({"command": "labelIssue", "issue": bare.key, "account": "dana@acme.example", "remove": [label]}),
    );
    harness.command(json!({"command": "advanceClock", "seconds": 1200}));
    harness.kill_operators().await;
    for name in ["copied", "bare"] {
        remove(&harness, name).await;
    }
    harness.start_operator();
    for (name, before) in [("copied", copied), ("bare", bare)] {
        harness.apply_ticket(name, bug(name)).await;
        assert_eq!(harness.until_created(name).await.key, before.key, "{name}");
    }
    assert_eq!(created(&harness).len(), 2);
    harness.close().await;
}

/// There is no label to look for: neither after a lost answer nor in a rebuilt cluster.
async fn unlabelled(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-unlabelled").await;
    harness.command(json!({"command": "changeScreen", "project": "ENG", "field": "labels", "onScreen": false}));
    harness.command(json!({"command": "setIndexLag", "untilReleased": true}));
    harness.command(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/rest/api/3/issue", "body": "historyMetadata", "times": 1, "when": "after",
        "action": {"kind": "dropConnection"},
    }}));
    harness.apply_ticket("plain", bug("Plain")).await;
    let before: JiraIssueStatus = harness.until_created("plain").await;
    assert!(before.labels.is_empty(), "{before:?}");
    harness.command(json!({"command": "releaseIndex"}));
    harness.command(json!({"command": "advanceClock", "seconds": 1200}));
    // In the same process, which has listed the project by now, and in another one.
    for is_another in [true, false] {
        remove(&harness, "plain").await;
        if is_another {
            harness.kill_operators().await;
            harness.start_operator();
        }
        harness.apply_ticket("plain", bug("Plain")).await;
        assert_eq!(harness.until_created("plain").await.key, before.key);
    }
    assert_eq!(created(&harness).len(), 1);
    harness.close().await;
}

/// The note that names an unknown reporter is found by the marker, or by its text where somebody reset the marker.
async fn noted(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-noted").await;
    let mut laptop = request("Laptop");
    laptop["reporter"] = json!({"email": "kim@ext.example"});
    harness.apply_ticket("laptop", laptop.clone()).await;
    let first = harness.until_noted("laptop").await;
    until_marked(&harness, 2).await;
    let marker = marked(&harness)[1].properties[MARKER].clone();
    let note = |status: &JiraIssueStatus| {
        let reporter = status.people.clone().and_then(|people| people.reporter);
        reporter.and_then(|reporter| reporter.note)
    };
    assert_eq!(marker["note"].as_str().map(str::to_owned), note(&first));
    for without in [false, true] {
        if without {
            let mut marker = marker.clone();
            marker.as_object_mut().expect("an object").remove("note");
            harness.command(json!({"command": "setIssueProperty", "issue": first.key, "key": MARKER, "value": marker}));
        }
        harness.kill_operators().await;
        remove(&harness, "laptop").await;
        harness.start_operator();
        harness.apply_ticket("laptop", laptop.clone()).await;
        let again = harness.until_noted("laptop").await;
        assert_eq!((again.key.clone(), note(&again)), (first.key.clone(), note(&first)));
    }
    assert_eq!(harness.written_tickets(Operation::Comment).len(), 1);
    harness.close().await;
}
