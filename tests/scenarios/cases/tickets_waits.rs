//! Jira asks to slow down while tickets are written: nothing goes to that endpoint before the time, whatever wakes them.

use std::sync::Arc;

use devkit::sandbox::{FaultAction, FaultRule, RateLimitReason, Request, When};
use futures::StreamExt;
use jira_operator::api::{
    condition::{
        ConditionType::{Created, FieldsApplied, PhaseReached},
        find,
    },
    issue::{JiraIssue, JiraIssueStatus},
};
use kube::{
    ResourceExt,
    runtime::{WatchStreamExt, watcher},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, fleet::until_hit, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::a_creation_waits_as_long_as_jira_asks", creation),
        scenario("tickets::notes_links_and_edits_wait_as_long_as_jira_asks", afterwards),
        scenario("tickets::a_move_waits_as_long_as_jira_asks_and_writes_nothing", moved),
    ]
}

/// An endpoint: the method, the end of its path, and part of a body by which its calls are known.
type Endpoint = (&'static str, &'static str, &'static str);

const CREATE: Endpoint = ("POST", "/rest/api/3/issue", "\"Slow\"");
const COMMENT: Endpoint = ("POST", "/comment", "");
const LINK: Endpoint = ("POST", "/remotelink", "");
const MOVE: Endpoint = ("POST", "/transitions", "");
const EDIT: Endpoint = ("PUT", "/rest/api/3/issue/", "historyMetadata");

/// The next call of an endpoint is answered with a 429 that asks to wait for six seconds.
fn slow(harness: &Harness, (method, path, body): Endpoint) -> u64 {
    let asks = FaultAction::RateLimit {
        reason: RateLimitReason::JiraBurstBased,
        retry_after_seconds: Some(6),
    };
    let rule = FaultRule {
        method: Some(method.to_owned()),
        body: body.to_owned(),
        ..FaultRule::path(path, When::Before, asks)
    };
    harness.sandbox.fault(rule.times(1))
}

/// How often an endpoint was called since its 429, and not before the time.
fn calls_after_the_wait(harness: &Harness, (method, path, _): Endpoint) -> usize {
    let is_of_it = |request: &Request| {
        let named = request.path.trim_end_matches(|c: char| c.is_ascii_digit());
        request.method == method && named.ends_with(path)
    };
    let all = harness.sandbox.requests().into_iter().filter(is_of_it);
    let since: Vec<Request> = all.skip_while(|request| request.status != Some(429)).collect();
    let again = since.iter().skip(1);
    for later in again.clone() {
        assert!(later.status.is_some_and(|status| status < 300), "{later:?}");
        let apart = later.at.duration_since(since[0].at).as_millis();
        assert!(apart >= 6_000, "{apart} ms: {later:?}");
    }
    again.len()
}

/// Whatever an integration says anew wakes its tickets.
async fn wake(harness: &Harness, most: u32) {
    harness.change("acme", json!({"tickets": {"maxPerHour": most}})).await;
}

fn bug(summary: &str) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": summary})
}

/// Nothing was created, which the object says.
async fn creation(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-slowed").await;
    slow(&harness, CREATE);
    harness.apply_ticket("slow", bug("Slow")).await;
    let is_told = |status: &JiraIssueStatus| {
        find(&status.conditions, Created).is_some_and(|created| created.message.contains("slow down"))
    };
    let status = harness.until_ticket("slow", "asked to wait", is_told).await;
    assert!(status.creation.is_none(), "{status:?}");
    wake(&harness, 61).await;
    harness.apply_ticket("next", bug("Next")).await;
    for name in ["slow", "next"] {
        harness.until_created(name).await;
    }
    assert_eq!(calls_after_the_wait(&harness, CREATE), 2);
    harness.close().await;
}

/// The same of what is written to tickets that are there.
async fn afterwards(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-slowed-afterwards").await;
    let links = json!([{"url": "https://acme.example/kim"}]);
    let slowed = [COMMENT, LINK].map(|endpoint| slow(&harness, endpoint));
    let laptop = json!({
        "project": "SUP", "requestType": "Ask a question", "summary": "Laptop",
        "reporter": {"email": "kim@ext.example"}, "links": links,
    });
    harness.apply_ticket("laptop", laptop).await;
    until_hit(&harness, &slowed).await;
    wake(&harness, 61).await;
    let mut other = bug("Other");
    other["links"] = links;
    harness.apply_ticket("other", other).await;
    harness.until_noted("laptop").await;
    for name in ["laptop", "other"] {
        harness.until_ticket_reason(name, FieldsApplied, "AsWritten").await;
    }
    let slowed = [slow(&harness, EDIT)];
    harness.apply_ticket("taken", json!({"ticket": "ENG-1"})).await;
    until_hit(&harness, &slowed).await;
    wake(&harness, 62).await;
    harness.until_created("taken").await;
    for (endpoint, least) in [(COMMENT, 1), (LINK, 2), (EDIT, 1)] {
        let calls = calls_after_the_wait(&harness, endpoint);
        assert!(calls >= least, "{endpoint:?}: {calls}");
    }
    harness.close().await;
}

/// Counts from now on how often it is written down that a ticket is about to be moved, until it is where it is wanted.
async fn begun_moves(harness: &Harness, name: &'static str) -> JoinHandle<usize> {
    let objects = watcher(harness.issues(), watcher::Config::default());
    let mut objects = objects.default_backoff().applied_objects().boxed();
    objects.next().await.expect("the watch goes on").expect("an object");
    tokio::spawn(async move {
        let (mut begun, mut was_moving) = (0, false);
        while let Some(object) = objects.next().await {
            let is_it = |object: &JiraIssue| object.name_any() == name;
            let object = object.ok().filter(is_it);
            let Some(status) = object.and_then(|object| object.status) else {
                continue;
            };
            begun += usize::from(status.moving.is_some() && !was_moving);
            was_moving = status.moving.is_some();
            if find(&status.conditions, PhaseReached).is_some_and(|reached| reached.reason == "Reached") {
                break;
            }
        }
        begun
    })
}

/// A ticket that is woken while its move waits is read, and nothing is written of it.
async fn moved(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-slowed-moves").await;
    harness.apply_ticket("slow", bug("Slow")).await;
    harness.until_created("slow").await;
    let begun = begun_moves(&harness, "slow").await;
    let slowed = [slow(&harness, MOVE)];
    let mut wanted = bug("Slow");
    wanted["phase"] = json!("InProgress");
    harness.apply_ticket("slow", wanted).await;
    until_hit(&harness, &slowed).await;
    harness
        .until_ticket("slow", "not being moved", |status| status.moving.is_none())
        .await;
    wake(&harness, 61).await;
    wake(&harness, 62).await;
    harness.until_ticket_reason("slow", PhaseReached, "Reached").await;
    assert_eq!(calls_after_the_wait(&harness, MOVE), 1);
    assert_eq!(begun.await.expect("a count"), 2, "once for each time that it was sent");
    harness.close().await;
}
