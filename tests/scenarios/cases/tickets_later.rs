//! Participants, links, a parent and an assignee that a spec names once the ticket is there.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::{
    condition::ConditionType::{FieldsApplied, PeopleMatched},
    issue::JiraIssue,
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::a_participant_is_added_later_and_never_removed", participants),
        scenario("tickets::who_may_not_take_part_is_told_and_added_once_let", not_let),
        scenario("tickets::a_rebuilt_cluster_adds_and_links_nothing_again", rebuilt),
        scenario("tickets::a_parent_that_is_none_is_told_by_name", parent),
        scenario("tickets::who_cannot_be_assigned_is_once_that_changes", assignee),
    ]
}

const ALEX: &str = "alex@acme.example";
const DANA: &str = "dana@acme.example";
const STRANGER: &str = "kim@ext.example";

fn request(participants: &[&str]) -> Value {
    let participants: Vec<Value> = participants.iter().map(|email| json!({"email": email})).collect();
    let mut spec = json!({"project": "SUP", "requestType": "Ask a question", "summary": "Laptop"});
    if !participants.is_empty() {
        spec["participants"] = participants.into();
    }
    spec
}

fn bug(more: Value) -> Value {
    let mut spec = json!({"project": "ENG", "type": "Bug", "summary": "Slow"});
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    spec
}

/// How many take part in a request.
fn taking_part(harness: &Harness, key: &str) -> usize {
    harness.sandbox.state(|world| {
        let site = world.site("acme").expect("the site");
        let (_, issue) = site.issue(key).expect("the issue");
        issue.request.as_ref().map_or(0, |request| request.participants.len())
    })
}

/// Waits until so many are written down as added.
async fn until_added(harness: &Harness, name: &str, count: usize) {
    harness
        .until_ticket(name, "with its participants", |status| {
            status.applied.as_ref().map_or(0, |applied| applied.participants.len()) == count
        })
        .await;
}

/// The calls that add participants.
fn asked(harness: &Harness) -> usize {
    let all = harness.sandbox.requests().into_iter();
    all.filter(|request| request.method == "POST" && request.path.ends_with("/participant"))
        .count()
}

/// Changes the integration, after which what was refused is tried again.
async fn wake(harness: &Harness) {
    let pin = json!({"email": "devin@acme.example", "accountId": "712020:48c043d7-3806-4345-ad03-7a8d22e115bd"});
    harness.change("acme", json!({"users": {"pinned": [pin]}})).await;
}

async fn participants(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "later-participants").await;
    harness.apply_ticket("laptop", request(&[ALEX])).await;
    let key = harness.until_created("laptop").await.key;
    until_added(&harness, "laptop", 1).await;
    assert_eq!(
        (taking_part(&harness, &key), asked(&harness)),
        (1, 0),
        "it was raised with one"
    );
    // The answer is lost after it took effect.
    harness.command(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/participant", "times": 1, "when": "after", "action": {"kind": "dropConnection"},
    }}));
    harness.apply_ticket("laptop", request(&[ALEX, DANA, STRANGER])).await;
    let said = harness
        .until_ticket_reason("laptop", PeopleMatched, "ParticipantUnknown")
        .await;
    assert!(said.message.contains(STRANGER), "{}", said.message);
    until_added(&harness, "laptop", 2).await;
    assert_eq!(taking_part(&harness, &key), 2);
    let added: Vec<_> = harness.written_tickets(Operation::AddParticipants);
    let added: Vec<&String> = added.iter().flat_map(|effect| &effect.changed).collect();
    assert_eq!(added.len(), 1, "{added:?}");
    // Nobody is named any more: they stay.
    harness.apply_ticket("laptop", request(&[])).await;
    until_added(&harness, "laptop", 0).await;
    harness.until_ticket_reason("laptop", PeopleMatched, "AllMatched").await;
    assert_eq!(taking_part(&harness, &key), 2);
    assert!(harness.written_tickets(Operation::RemoveParticipants).is_empty());
    harness.close().await;
}

/// A desk that is closed to all but its customers and agents.
async fn not_let(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "later-not-let").await;
    harness.apply_ticket("laptop", request(&[])).await;
    let key = harness.until_created("laptop").await.key;
    harness.command(json!({"command": "setCustomerAccess", "project": "SUP", "open": false}));
    harness.apply_ticket("laptop", request(&[DANA, ALEX])).await;
    let said = harness
        .until_ticket_reason("laptop", PeopleMatched, "ParticipantUnknown")
        .await;
    assert!(
        said.message.contains(DANA) && said.message.contains("access to this portal"),
        "{}",
        said.message
    );
    until_added(&harness, "laptop", 1).await;
    assert_eq!(taking_part(&harness, &key), 1);
    harness.command(json!({"command": "setCustomerAccess", "project": "SUP", "open": true}));
    wake(&harness).await;
    until_added(&harness, "laptop", 2).await;
    harness.until_ticket_reason("laptop", PeopleMatched, "AllMatched").await;
    assert_eq!((taking_part(&harness, &key), asked(&harness)), (2, 3));
    harness.close().await;
}

/// Participants and links are added, all objects are lost, and one link leaves the spec meanwhile.
async fn rebuilt(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "later-rebuilt").await;
    let link = |name: &str| json!({"url": format!("https://acme.example/{name}"), "title": name});
    let with = |participants: &[&str], links: Value| {
        let mut spec = request(participants);
        spec["links"] = links;
        spec
    };
    harness.apply_ticket("laptop", request(&[])).await;
    let key = harness.until_created("laptop").await.key;
    harness
        .apply_ticket("laptop", with(&[DANA], json!([link("a"), link("b")])))
        .await;
    until_added(&harness, "laptop", 1).await;
    harness.until_ticket_reason("laptop", FieldsApplied, "AsWritten").await;
    let set = harness.written_tickets(Operation::RemoteLink);
    assert_eq!(set.len(), 2);
    harness.kill_operators().await;
    harness.delete::<JiraIssue>("laptop").await;
    let gone = |object: Option<&JiraIssue>| object.is_none();
    harness.until_object::<JiraIssue>("laptop", "gone", gone).await;
    let before = (asked(&harness), harness.sandbox.effects().len());
    harness.start_operator();
    harness.apply_ticket("laptop", with(&[DANA], json!([link("a")]))).await;
    let status = harness
        .until_ticket("laptop", "with one link", |status| {
            let links = status
                .applied
                .as_ref()
                .map_or(&[][..], |applied| applied.links.as_slice());
            links.len() == 1 && links.iter().all(|link| !link.pending)
        })
        .await;
    assert_eq!(status.key, key);
    harness.until_created("laptop").await;
    until_added(&harness, "laptop", 1).await;
    assert_eq!(asked(&harness), before.0, "who takes part is not added again");
    let written = harness.sandbox.effects().split_off(before.1);
    let ours: Vec<_> = written.iter().filter(|effect| effect.client_id.is_some()).collect();
    let removed: Vec<_> = ours
        .iter()
        .filter(|effect| effect.operation == Operation::DeleteRemoteLink)
        .collect();
    assert_eq!((ours.len(), removed.len()), (1, 1), "{ours:#?}");
    assert_eq!(removed[0].changed, set[1].changed);
    harness.close().await;
}

/// One that does not exist, one of another project, and one that Jira takes.
async fn parent(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "later-parent").await;
    harness.apply_ticket("epic", bug(json!({"summary": "All of it"}))).await;
    let epic = harness.until_created("epic").await;
    harness.apply_ticket("laptop", request(&[])).await;
    let elsewhere = harness.until_created("laptop").await.key;
    harness.apply_ticket("bug", bug(json!({}))).await;
    let key = harness.until_created("bug").await.key;
    let parent = || {
        harness.sandbox.state(|world| {
            let site = world.site("acme").expect("the site");
            site.issue(&key).expect("the issue").1.parent
        })
    };
    for (named, words) in [
        ("ENG-99999", "Could not find issue"),
        (elsewhere.as_str(), "does not belong to the project"),
    ] {
        harness.apply_ticket("bug", bug(json!({"parent": named}))).await;
        let is_told = |message: &str| message.contains("parent") && message.contains(words);
        harness
            .until_ticket("bug", words, |status| {
                status.conditions.iter().any(|found| {
                    found.type_ == "FieldsApplied" && found.reason == "FieldRefused" && is_told(&found.message)
                })
            })
            .await;
        assert_eq!(parent(), None);
    }
    harness.apply_ticket("bug", bug(json!({"parent": epic.key}))).await;
    harness.until_ticket_reason("bug", FieldsApplied, "AsWritten").await;
    harness.until_created("bug").await;
    assert_eq!(parent().map(|id| id.to_string()), Some(epic.id));
    // What leaves the spec stays as it is.
    harness.apply_ticket("bug", bug(json!({"labels": ["gitops"]}))).await;
    harness
        .until_ticket("bug", "labelled", |status| status.labels.contains(&"gitops".to_owned()))
        .await;
    assert!(parent().is_some());
    harness.close().await;
}

async fn assignee(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "later-assignee").await;
    harness.apply_ticket("bug", bug(json!({}))).await;
    harness.until_created("bug").await;
    let permission =
        |command: &str| json!({"command": command, "project": "ENG", "permission": "ASSIGNABLE_USER", "account": DANA});
    harness.command(permission("revokePermission"));
    let dana = json!({"assignee": {"email": DANA}});
    harness.apply_ticket("bug", bug(dana.clone())).await;
    let said = harness
        .until_ticket_reason("bug", PeopleMatched, "AssigneeNotAssignable")
        .await;
    assert!(said.message.contains(DANA), "{}", said.message);
    let status = harness.until_created("bug").await;
    assert!(status.assignee.is_none(), "{status:?}");
    harness.command(permission("grantPermission"));
    wake(&harness).await;
    let status = harness
        .until_ticket("bug", "assigned", |status| status.assignee.is_some())
        .await;
    let name = status.assignee.map(|who| who.display_name);
    assert_eq!(name.as_deref(), Some("Dana Developer"));
    harness.until_ticket_reason("bug", PeopleMatched, "AllMatched").await;
    // Who leaves the spec stays.
    harness.apply_ticket("bug", bug(json!({"labels": ["gitops"]}))).await;
    let status = harness
        .until_ticket("bug", "labelled", |status| status.labels.contains(&"gitops".to_owned()))
        .await;
    assert!(status.assignee.is_some(), "{status:?}");
    harness.close().await;
}
