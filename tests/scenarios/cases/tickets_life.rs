//! Tickets after they are there: followed cheaply, gone in several ways, and what becomes of their objects.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Answer, Command, FaultAction, FaultRule, Mark, Operation, Request, When};
use jira_operator::api::{
    condition::{
        ConditionType::{Created, Valid},
        find,
    },
    issue::{JiraIssue, JiraIssueStatus},
};
use kube::{ResourceExt, api::ListParams};
use serde_json::{Value, json};

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        actions::{connected, connected_with_app},
        commands::private,
        fleet::{release, until_hit},
        observe::PATIENCE,
        tickets::writing,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting("tickets::quiet_ones_cost_one_call_an_interval", quiet),
        waiting(
            "tickets::many_that_were_created_at_once_are_not_read_again",
            quiet_storm,
        ),
        scenario(
            "tickets::one_that_search_lacks_for_a_while_is_followed_all_the_same",
            unlisted,
        ),
        scenario("tickets::what_became_of_one_is_told_apart", ends),
        scenario("tickets::a_done_one_takes_its_object_along", expired),
        scenario("tickets::one_that_became_two_or_anothers_says_so", twice),
        scenario("tickets::one_object_an_issue_beside_the_mirror", mirrored),
    ]
}

const PROPERTY: &str = "jira-operator.dev";

fn bug(summary: &str) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": summary})
}

/// What was asked about tickets: with their property, by id, or one by one.
fn about_tickets(harness: &Harness, mark: Mark) -> Vec<Request> {
    let mut calls = harness.sandbox.requests_since(mark);
    calls.retain(|call| {
        let body = call.body.as_deref().unwrap_or_default();
        body.contains(PROPERTY) || call.path.ends_with("/issue/bulkfetch") || call.path.contains("/rest/api/3/issue/")
    });
    calls
}

/// Waits until this was asked about tickets so often.
async fn until_asked(harness: &Harness, mark: Mark, part: &str, times: usize) {
    let started = std::time::Instant::now();
    let has = |call: &Request| call.body.as_deref().is_some_and(|body| body.contains(part));
    while about_tickets(harness, mark).iter().filter(|call| has(call)).count() < times {
        assert!(started.elapsed() < PATIENCE, "never asked\n{}", harness.log_tail());
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

async fn quiet(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {}, "syncInterval": "1m"});
    let harness = connected(&cluster, "tickets-quiet", spec).await;
    let names: Vec<String> = (0..20).map(|number| format!("quiet-{number}")).collect();
    for name in &names {
        harness.apply_ticket(name, bug(name)).await;
    }
    let mut created = BTreeMap::new();
    for name in &names {
        created.insert(name.clone(), harness.until_created(name).await);
    }
    // Each is read once by the first; some may have been by the interval. Whether one became two is asked at last.
    let mark = harness.sandbox.mark();
    harness.request("acme").await;
    until_asked(&harness, mark, "creator = currentUser()", 1).await;
    let mark = harness.sandbox.mark();
    harness.request("acme").await;
    until_asked(&harness, mark, "creator = currentUser()", 1).await;
    let asked = about_tickets(&harness, mark);
    assert_eq!(asked.len(), 2, "{asked:?}");
    let mark = harness.sandbox.mark();
    // All tickets wake, and ask nothing.
    harness.change("acme", json!({"tickets": {"maxPerHour": 61}})).await;
    until_asked(&harness, mark, "AND updated >=", 2).await;
    let asked = about_tickets(&harness, mark);
    assert_eq!(asked.len(), 2, "{asked:?}");
    let edited = created["quiet-7"].key.clone();
    let fields = json!({"summary": "Loud"});
    harness.command(json!({"command": "editIssue", "issue": edited, "account": "dana@acme.example", "fields": fields}));
    harness
        .until_ticket("quiet-7", "changed", |status| status.summary == "Loud")
        .await;
    let asked = about_tickets(&harness, mark);
    // What a person made of a field of the spec is read, who it was, and whether anybody commented.
    assert_eq!(asked.len(), 6, "{asked:?}");
    harness.close().await;
}

/// What was created at once is quiet after a while, and does not come back with each answer.
async fn quiet_storm(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {"maxPerHour": 500}, "syncInterval": "1m"});
    let harness = connected(&cluster, "tickets-quiet-storm", spec).await;
    let names: Vec<String> = (0..120).map(|number| format!("quiet-{number}")).collect();
    for name in &names {
        harness.apply_ticket(name, bug(name)).await;
    }
    for name in &names {
        harness.until_created(name).await;
    }
    harness.command(json!({"command": "advanceClock", "seconds": 1200}));
    // The first answer from then on may have all of them.
    let (mark, asks) = (harness.sandbox.mark(), "AND updated >=");
    until_asked(&harness, mark, asks, 3).await;
    let mark = harness.sandbox.mark();
    until_asked(&harness, mark, asks, 1).await;
    let asked = about_tickets(&harness, mark);
    let asked: Vec<&str> = asked.iter().filter_map(|call| call.body.as_deref()).collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(!asked[0].contains("nextPageToken"), "{asked:?}");
    harness.close().await;
}

/// A person asks for everything before search knows the ticket.
async fn unlisted(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {}});
    let harness = connected(&cluster, "tickets-unlisted", spec).await;
    harness.command(json!({"command": "setIndexLag", "untilReleased": true}));
    harness.apply_ticket("new", bug("New")).await;
    let key = harness.until_created("new").await.key;
    let mark = harness.sandbox.mark();
    harness.request("acme").await;
    until_asked(&harness, mark, "creator = currentUser()", 1).await;
    let fields = json!({"summary": "Newer"});
    harness.command(json!({"command": "editIssue", "issue": key, "account": "dana@acme.example", "fields": fields}));
    harness.command(json!({"command": "releaseIndex"}));
    harness.request("acme").await;
    let is_newer = |status: &JiraIssueStatus| status.summary == "Newer";
    harness.until_ticket("new", "as people edited it", is_newer).await;
    harness.close().await;
}

async fn ends(cluster: Arc<Cluster>) {
    let setup = Setup {
        deletion_delay: Some(0),
        ..Setup::default()
    };
    let spec = json!({
        "projects": [{"key": "ENG"}, {"key": "OPS"}, {"key": "SUP"}], "tickets": {"projects": ["ENG", "OPS"]},
    });
    let (harness, _) = connected_with_app(&cluster, "tickets-ends", setup, spec).await;
    let mut keys = BTreeMap::new();
    for name in ["gone", "secret", "archived", "moved", "away", "stays"] {
        harness.apply_ticket(name, bug(name)).await;
        keys.insert(name, harness.until_created(name).await.key);
    }
    harness.command(json!({"command": "deleteIssue", "issue": keys["gone"]}));
    harness.command(json!({"command": "hideIssue", "issue": keys["secret"], "hidden": true}));
    harness.command(json!({"command": "archiveIssue", "issue": keys["archived"], "archived": true}));
    harness.command(json!({"command": "moveIssue", "issue": keys["moved"], "project": "OPS"}));
    harness.command(json!({"command": "moveIssue", "issue": keys["away"], "project": "SUP"}));
    harness.request("acme").await;
    for (name, reason) in [
        ("gone", "TicketGone"),
        ("secret", "TicketGone"),
        ("archived", "TicketArchived"),
    ] {
        let created = harness.until_ticket_reason(name, Created, reason).await;
        assert!(created.message.contains(&keys[name]), "{}", created.message);
    }
    let moved = harness
        .until_ticket("moved", "moved", |status| status.project == "OPS")
        .await;
    assert!(
        moved.key.starts_with("OPS-") && moved.url.ends_with(&moved.key),
        "{moved:?}"
    );
    let out = harness.until_ticket_reason("away", Valid, "ProjectNotInScope").await;
    assert!(out.message.contains("SUP"), "{}", out.message);
    let away = harness
        .until_ticket("away", "bare", |status| status.project == "SUP")
        .await;
    assert!(
        away.summary.is_empty() && away.phase.is_empty() && away.reporter.is_none(),
        "{away:?}"
    );
    // What comes back in Jira comes back here.
    harness.command(json!({"command": "hideIssue", "issue": keys["secret"], "hidden": false}));
    harness.command(json!({"command": "archiveIssue", "issue": keys["archived"], "archived": false}));
    harness.command(json!({"command": "moveIssue", "issue": away.key, "project": "ENG"}));
    harness.request("acme").await;
    for name in ["secret", "archived", "away"] {
        let back = harness.until_created(name).await;
        assert_eq!(back.summary, name);
    }
    // An account that lost the project is told nothing of its issues.
    harness.jira(private("ENG", true));
    harness.request("acme").await;
    harness.until_ticket_reason("stays", Created, "TicketHidden").await;
    harness.jira(private("ENG", false));
    harness.request("acme").await;
    harness.until_created("stays").await;
    assert_eq!(
        harness.written_tickets(Operation::Create).len(),
        6,
        "nothing is created again by itself"
    );
    // What this process found of it before is not believed any more.
    harness.delete::<JiraIssue>("gone").await;
    harness
        .until_object::<JiraIssue>("gone", "deleted", |object| object.is_none())
        .await;
    harness.apply_ticket("gone", bug("gone")).await;
    let another = harness.until_created("gone").await;
    assert_ne!(another.key, keys["gone"]);
    harness.close().await;
}

async fn expired(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-expired").await;
    let lasting = |name: &str, seconds: u64| {
        let mut spec = bug(name);
        spec["ttlSecondsAfterDone"] = json!(seconds);
        spec
    };
    let mut keys = BTreeMap::new();
    for (name, seconds) in [("short", 0), ("long", 3600), ("reopened", 10)] {
        harness.apply_ticket(name, lasting(name, seconds)).await;
        keys.insert(name, harness.until_created(name).await.key);
    }
    let set = |name: &str, status: &str| json!({"command": "updateIssue", "issue": keys[name], "status": status});
    for name in ["short", "long", "reopened"] {
        harness.command(set(name, "Done"));
    }
    harness.request("acme").await;
    let is_done = |status: &JiraIssueStatus| status.phase == "Done" && status.resolved.is_some();
    harness.until_ticket("reopened", "done", is_done).await;
    harness.command(set("reopened", "To Do"));
    harness
        .until_object::<JiraIssue>("short", "deleted", |object| object.is_none())
        .await;
    harness.until_event("short", "DeletedAfterDone").await;
    // Jira is asked once more before: somebody opened it again.
    harness
        .until_ticket("reopened", "open again", |status| status.phase == "Todo")
        .await;
    harness.until_ticket("long", "done", is_done).await;
    let issues = harness.sandbox.readable_issues(None);
    let there = |key: &String| issues.values().any(|(known, _)| known == key);
    assert!(keys.values().all(there), "the tickets stay: {keys:?}");
    harness.close().await;
}

async fn twice(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-twice").await;
    harness.apply_ticket("twice", bug("Twice")).await;
    harness.apply_ticket("taken", bug("Taken")).await;
    let (twice, taken) = (
        harness.until_created("twice").await,
        harness.until_created("taken").await,
    );
    let effects = harness.sandbox.effects();
    let marker = |key: &str| {
        let made = effects
            .iter()
            .find(|effect| effect.issue_key == key && !effect.properties.is_empty());
        made.expect("it is marked").properties[PROPERTY].clone()
    };
    let copy = |account: &str| {
        json!({
            "command": "createIssue", "project": "ENG", "issueType": "Bug", "summary": "Twice", "account": account,
            "properties": {PROPERTY: marker(&twice.key)},
        })
    };
    // What a person copies is no ticket of ours.
    made(&harness, copy("dana@acme.example"));
    let second = made(&harness, copy("jira-bot@acme.example"));
    harness.command(json!({
        "command": "setIssueProperty", "issue": taken.key, "key": PROPERTY, "value": marker(&twice.key),
    }));
    harness.request("acme").await;
    let told = harness.until_ticket_reason("twice", Created, "DuplicateTicket").await;
    assert!(told.message.contains(&second), "{}", told.message);
    let status = harness
        .until_ticket("taken", "without contents", |status| status.summary.is_empty())
        .await;
    let managed = find(&status.conditions, Created).expect("it is there");
    assert_eq!(managed.reason, "AlreadyManaged", "{managed:?}");
    harness.command(json!({"command": "updateIssue", "issue": second, "status": "Done"}));
    harness.command(json!({
        "command": "setIssueProperty", "issue": taken.key, "key": PROPERTY, "value": marker(&taken.key),
    }));
    harness.request("acme").await;
    for name in ["twice", "taken"] {
        harness.until_created(name).await;
    }
    harness.close().await;
}

/// The key of an issue that a person makes.
fn made(harness: &Harness, command: Value) -> String {
    let command: Command = serde_json::from_value(command).expect("a command of the sandbox");
    let Answer::Issues { ids } = harness.sandbox.command(command).expect("it is made") else {
        panic!("the sandbox answers with issues");
    };
    harness.sandbox.readable_issues(None)[&ids[0]].0.clone()
}

/// The objects of an issue.
async fn objects_of(harness: &Harness, key: &str) -> Vec<String> {
    let all = harness.issues().list(&ListParams::default()).await.expect("the issues");
    let of_it = all.items.into_iter().filter(|object| {
        let status = object.status.as_ref();
        status.is_some_and(|status| status.key == key)
    });
    of_it.map(|object| object.name_any()).collect()
}

/// One is created while the mirror looks, and the object of another is deleted.
async fn mirrored(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {}, "issues": {"mirror": "All"}});
    let harness = connected(&cluster, "tickets-mirrored", spec).await;
    let held = FaultRule {
        method: Some("POST".into()),
        body: "historyMetadata".into(),
        ..FaultRule::path("/rest/api/3/issue", When::After, FaultAction::Hold)
    };
    let held = [harness.sandbox.fault(held)];
    harness.apply_ticket("new", bug("New")).await;
    until_hit(&harness, &held).await;
    let made = harness.written_tickets(Operation::Create);
    let key = made.first().map(|made| made.issue_key.clone()).expect("it was created");
    harness.request("acme").await;
    release(&harness, &held);
    assert_eq!(harness.until_created("new").await.key, key);
    harness.request("acme").await;
    harness
        .until_mirrored("without the ticket", |mirrored| {
            mirrored.get(&key).is_none_or(|object| object.name_any() == "new")
        })
        .await;
    assert_eq!(objects_of(&harness, &key).await, ["new"]);
    // The object goes, and the mirror's takes its place; the ticket stays.
    harness.delete::<JiraIssue>("new").await;
    harness
        .until_object::<JiraIssue>("new", "deleted", |object| object.is_none())
        .await;
    harness.request("acme").await;
    let name = format!("acme-{}", key.to_lowercase());
    harness
        .until_mirrored("with the issue", |mirrored| mirrored.contains_key(&key))
        .await;
    assert_eq!(objects_of(&harness, &key).await, std::slice::from_ref(&name));
    // Applied again, it finds its ticket, and the mirror's goes once more.
    harness.apply_ticket("new", bug("New")).await;
    assert_eq!(harness.until_created("new").await.key, key);
    harness.request("acme").await;
    harness
        .until_object::<JiraIssue>(&name, "removed", |object| object.is_none())
        .await;
    assert_eq!(objects_of(&harness, &key).await, ["new"]);
    assert_eq!(harness.written_tickets(Operation::Create).len(), 1);
    assert!(
        harness.written_tickets(Operation::Delete).is_empty(),
        "the ticket stays"
    );
    harness.close().await;
}
