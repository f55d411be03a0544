//! Many tickets at once: what they cost in calls, and that Jira never has to ask to slow down.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use devkit::sandbox::{Mark, Operation};
use futures::{StreamExt, stream};
use jira_operator::api::issue::JiraIssue;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{Harness, actions::connected, tickets::ticket},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::many_that_are_applied_again_share_their_look_ups", few),
        waiting("long::a_thousand_tickets_are_created_and_found_again", thousand),
    ]
}

async fn few(cluster: Arc<Cluster>) {
    many(cluster, "tickets-many", 200, 14).await;
}

async fn thousand(cluster: Arc<Cluster>) {
    many(cluster, "tickets-thousand", 1000, 25).await;
}

/// Applies the objects, some at once.
async fn apply(harness: &Harness, count: usize) {
    let issues = harness.issues();
    let objects = (0..count).map(|n| {
        let spec = json!({"project": "ENG", "type": "Bug", "summary": format!("Number {n}"), "labels": ["storm"]});
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

async fn many(cluster: Arc<Cluster>, name: &str, count: usize, most: usize) {
    let spec = json!({"projects": [{"key": "ENG"}], "syncInterval": "1h", "tickets": {"maxPerHour": 10_000}});
    let mut harness = connected(&cluster, name, spec).await;
    let mark = harness.sandbox.mark();
    apply(&harness, count).await;
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
    apply(&harness, count).await;
    let again = until_bound(&harness, count).await;
    assert_eq!(first, again);
    let asked = calls(&harness, mark);
    let sum: usize = asked.values().sum();
    assert!(sum <= most, "{sum} calls for {count} tickets: {asked:?}");
    assert_eq!(harness.written_tickets(Operation::Create).len(), count);
    harness.close().await;
}
