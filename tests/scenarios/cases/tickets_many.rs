//! Many tickets at once: what they cost in calls, and that Jira never has to ask to slow down.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use devkit::{
    control_plane::{AuditEntry, AuditTail, Stage},
    sandbox::{Mark, Operation},
};
use futures::{StreamExt, stream};
use jira_operator::api::{
    condition::{
        ConditionType::{Created, PhaseReached},
        find,
    },
    issue::JiraIssue,
};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::{Cluster, RELEASE},
    harness::{Harness, actions::connected, tickets::ticket},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "tickets::an_object_is_read_once_and_what_tickets_share_is_asked_once",
            cost,
        ),
        scenario("tickets::many_that_are_applied_again_share_their_look_ups", few),
        scenario("tickets::a_storm_ends_at_the_limit_of_an_hour", short_storm),
        scenario("tickets::a_hundred_are_moved_at_once_each_in_its_order", moved),
        waiting("long::a_storm_of_ten_thousand_ends_at_the_limit_of_an_hour", long_storm),
        waiting("long::a_thousand_tickets_are_created_and_found_again", thousand),
    ]
}

async fn few(cluster: Arc<Cluster>) {
    many(cluster, "tickets-many", 200, 14).await;
}

async fn short_storm(cluster: Arc<Cluster>) {
    storm(cluster, "tickets-storm", 100, 10).await;
}

async fn long_storm(cluster: Arc<Cluster>) {
    storm(cluster, "tickets-long-storm", 10_000, 60).await;
}

async fn thousand(cluster: Arc<Cluster>) {
    many(cluster, "tickets-thousand", 1000, 25).await;
}

/// What the n-th ticket is to be.
fn wanted(n: usize) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": format!("Number {n}"), "labels": ["storm"]})
}

/// Applies the objects, some at once.
async fn apply(harness: &Harness, count: usize, wanted: fn(usize) -> Value) {
    let issues = harness.issues();
    let objects = (0..count).map(|n| {
        let spec = wanted(n);
        let object: JiraIssue = serde_json::from_value(ticket(&format!("many-{n}"), spec)).expect("an object");
        let issues = issues.clone();
        async move { issues.create(&PostParams::default(), &object).await }
    });
    let applied: Vec<_> = stream::iter(objects).buffer_unordered(16).collect().await;
    for applied in applied {
        applied.expect("it is accepted");
    }
}

/// Waits until all have their ticket, and returns the ids by the names of the objects.
async fn until_bound(harness: &Harness, count: usize) -> BTreeMap<String, String> {
    for _ in 0..600 {
        let all = harness.issues().list(&ListParams::default()).await.expect("the issues");
        let with_id = |object: JiraIssue| {
            let id = object.status.map(|status| status.id).filter(|id| !id.is_empty())?;
            Some((object.metadata.name?, id))
        };
        let bound: BTreeMap<String, String> = all.items.into_iter().filter_map(with_id).collect();
        if bound.len() == count {
            return bound;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("not all were created\n{}", harness.log_tail());
}

/// How often each endpoint was called.
fn calls(harness: &Harness, since: Mark) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in harness.sandbox.requests_since(since) {
        let path = call
            .path
            .split_once("/rest/")
            .map_or(call.path.as_str(), |(_, path)| path);
        *counts.entry(format!("{} {path}", call.method)).or_insert(0) += 1;
    }
    counts
}

/// What the operator did with single objects since this was asked last.
fn own_calls(harness: &Harness, audit: &mut AuditTail) -> Vec<AuditEntry> {
    let mut calls = audit.read().expect("the audit log can be read");
    let is_own = |call: &AuditEntry| call.is_by_service_account(&harness.namespace, RELEASE);
    calls.retain(|call| call.stage == Stage::ResponseComplete && call.name.is_some() && is_own(call));
    calls
}

/// How often each ticket was read until its status was written three times: marked, bound and told. The wakes that follow
/// read it again, and their number depends on the machine.
fn reads_until_told(calls: &[AuditEntry]) -> BTreeMap<&str, usize> {
    let (mut reads, mut writes) = (BTreeMap::new(), BTreeMap::<&str, usize>::new());
    let of_tickets = calls
        .iter()
        .filter(|call| call.resource.as_deref() == Some("jiraissues"));
    for (name, call) in of_tickets.filter_map(|call| Some((call.name.as_deref()?, call))) {
        let written = writes.entry(name).or_default();
        if call.subresource.is_some() {
            *written += 1;
        } else if call.verb == "get" && *written < 3 {
            *reads.entry(name).or_insert(0) += 1;
        }
    }
    reads
}

/// Tickets of one reporter, applied together: what one costs, and what all share.
async fn cost(cluster: Arc<Cluster>) {
    const COUNT: usize = 20;
    let reported = |n| {
        let mut spec = wanted(n);
        spec["reporter"] = json!({"email": "dana@acme.example"});
        spec["assignee"] = json!({"email": "dana@acme.example"});
        spec
    };
    let spec = json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "tickets": {}});
    let harness = connected(&cluster, "tickets-cost", spec).await;
    let mut audit = cluster.control.audit().tail().expect("the audit log can be read");
    let mark = harness.sandbox.mark();
    apply(&harness, COUNT, reported).await;
    for n in 0..COUNT {
        let status = harness.until_created(&format!("many-{n}")).await;
        assert!(status.reporter.is_some() && status.assignee.is_some(), "{status:?}");
    }
    let own = own_calls(&harness, &mut audit);
    // Here and there one waits for what another asks, and is reconciled twice for it.
    let reads = reads_until_told(&own);
    let once = reads.values().filter(|reads| **reads == 1).count();
    assert!(reads.len() == COUNT && once > COUNT / 2, "{reads:?}");
    let is_secret = |call: &&AuditEntry| call.verb == "get" && call.resource.as_deref() == Some("secrets");
    let of_secrets = own.iter().filter(is_secret).count();
    assert!(
        of_secrets < COUNT / 2,
        "each ticket read credentials or grant: {of_secrets}"
    );
    let asked = calls(&harness, mark);
    for (path, expected) in [
        ("GET api/3/user/search", 1),
        ("GET api/3/user/assignable/search", 1),
        ("POST api/3/issue", COUNT),
    ] {
        assert_eq!(asked.get(path), Some(&expected), "{path}: {asked:?}");
    }
    harness.close().await;
}

async fn many(cluster: Arc<Cluster>, name: &str, count: usize, most: usize) {
    let spec = json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "tickets": {"maxPerHour": 10_000}});
    let mut harness = connected(&cluster, name, spec).await;
    let mark = harness.sandbox.mark();
    apply(&harness, count, wanted).await;
    let first = until_bound(&harness, count).await;
    let refused = harness
        .sandbox
        .requests_since(mark)
        .into_iter()
        .filter(|call| call.status == Some(429));
    assert_eq!(refused.count(), 0, "Jira had to ask to slow down");
    assert_eq!(harness.written_tickets(Operation::Create).len(), count);
    let asked = calls(&harness, mark);
    assert_eq!(asked.get("POST api/3/search/approximate-count"), Some(&1), "{asked:?}");
    // Long after that the cluster is rebuilt.
    harness.command(json!({"command": "advanceClock", "seconds": 1200}));
    harness.kill_operators().await;
    let (all, params) = (ListParams::default(), DeleteParams::default());
    harness
        .issues()
        .delete_collection(&params, &all)
        .await
        .expect("they are deleted");
    harness.start_operator();
    harness.request("acme").await;
    let mark = harness.sandbox.mark();
    apply(&harness, count, wanted).await;
    let again = until_bound(&harness, count).await;
    assert_eq!(first, again);
    let asked = calls(&harness, mark);
    let sum: usize = asked.values().sum();
    println!("{sum} calls for {count} tickets that are applied again: {asked:?}");
    assert!(sum <= most, "{sum} calls for {count} tickets: {asked:?}");
    assert_eq!(harness.written_tickets(Operation::Create).len(), count);
    harness.close().await;
}

/// All are wanted done at once, each by way of another status.
async fn moved(cluster: Arc<Cluster>) {
    const COUNT: usize = 100;
    let spec = json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "tickets": {"maxPerHour": 1000}});
    let harness = connected(&cluster, "tickets-hundred-moves", spec).await;
    let transitions = json!([
        {"name": "Start", "to": "In Progress", "from": ["To Do"]}, {"name": "Finish", "to": "Done", "from": ["In Progress"]},
    ]);
    harness.command(json!({"command": "setTransitions", "project": "ENG", "transitions": transitions}));
    apply(&harness, COUNT, wanted).await;
    until_bound(&harness, COUNT).await;
    let mark = harness.sandbox.mark();
    let issues = harness.issues();
    let done = (0..COUNT).map(|n| {
        let issues = issues.clone();
        async move {
            let patch = Patch::Merge(json!({"spec": {"phase": "Done", "via": ["In Progress"]}}));
            issues
                .patch(&format!("many-{n}"), &PatchParams::default(), &patch)
                .await
        }
    });
    let patched: Vec<_> = stream::iter(done).buffer_unordered(16).collect().await;
    assert!(patched.iter().all(Result::is_ok), "{patched:?}");
    until_waiting(&harness, COUNT, |object| {
        let status = object.status.as_ref();
        let reached = status.and_then(|status| find(&status.conditions, PhaseReached));
        reached.is_some_and(|reached| reached.reason == "Reached")
    })
    .await;
    let calls = harness.sandbox.requests_since(mark);
    let refused = calls.iter().filter(|call| call.status == Some(429));
    assert_eq!(refused.count(), 0, "Jira had to ask to slow down");
    let mut moves: BTreeMap<u64, Vec<bool>> = BTreeMap::new();
    for effect in harness.written_tickets(Operation::Transition) {
        let is_done = effect.changed.iter().any(|changed| changed == "resolution");
        moves.entry(effect.issue_id).or_default().push(is_done);
    }
    assert!(
        moves.len() == COUNT && moves.values().all(|moves| *moves == [false, true]),
        "{moves:?}"
    );
    harness.close().await;
}

/// Something creates object after object, each under a name of its own.
async fn storm(cluster: Arc<Cluster>, name: &str, count: usize, most: usize) {
    let spec = json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "tickets": {"maxPerHour": most}});
    let mut harness = connected(&cluster, name, spec).await;
    let issues = harness.issues();
    let generate = |n: usize| {
        let mut object = ticket(
            "",
            json!({"project": "ENG", "type": "Bug", "summary": format!("Loop {n}")}),
        );
        object["metadata"] = json!({"generateName": "loop-"});
        let object: JiraIssue = serde_json::from_value(object).expect("an object");
        let issues = issues.clone();
        async move {
            issues
                .create(&PostParams::default(), &object)
                .await
                .expect("it is accepted")
        }
    };
    let mark = harness.sandbox.mark();
    stream::iter((0..count).map(generate))
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await;
    let waits = |object: &&JiraIssue| {
        let status = object.status.as_ref();
        let created = status.and_then(|status| find(&status.conditions, Created));
        created.is_some_and(|created| created.reason == "TicketLimitReached" && created.message.contains("goes on in"))
    };
    until_waiting(&harness, count - most, waits).await;
    // The others have their place in the hour, and may still be sent.
    until_bound(&harness, most).await;
    let made = || harness.written_tickets(Operation::Create).len();
    assert_eq!(made(), most);
    // What waits costs no call of its own: some look-ups are shared by all. On a busy machine there are more of them, since
    // an answer is good for a time only.
    let shared = (count / 5).max(100);
    let asked: usize = calls(&harness, mark).values().sum();
    assert!(asked <= 6 * most + shared, "{asked} calls: {:?}", calls(&harness, mark));
    // Neither a new process nor objects that are deleted make room.
    harness.kill_operators().await;
    for object in harness.issues().list(&ListParams::default()).await.expect("the issues") {
        if object.status.as_ref().is_some_and(|status| !status.id.is_empty()) {
            harness
                .delete::<JiraIssue>(&object.metadata.name.unwrap_or_default())
                .await;
        }
    }
    harness.start_operator();
    generate(count).await;
    until_waiting(&harness, count - most + 1, waits).await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), most);
    harness.close().await;
}

async fn until_waiting(harness: &Harness, count: usize, waits: impl Fn(&&JiraIssue) -> bool) {
    for _ in 0..600 {
        let all = harness.issues().list(&ListParams::default()).await.expect("the issues");
        if all.items.iter().filter(&waits).count() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("never {count} wait\n{}", harness.log_tail());
}
