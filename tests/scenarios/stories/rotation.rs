//! Tokens are replaced in time and one at a time: over many lifetimes, by two processes at once,
//! and by one that is told to stop.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use devkit::sandbox::{FaultAction, FaultRule, When};
use futures::{StreamExt, future::join_all};
use jiff::{SignedDuration, Timestamp};
use kube::{
    api::{Patch, PatchParams},
    runtime::{WatchStreamExt, watcher},
};
use serde_json::json;

use super::{Story, lasting, story};
use crate::{
    plane::Plane,
    stage::{
        Setup, Stage,
        fleet::{Fleet, release},
        look::{PATIENCE, text},
    },
};

/// Lifetimes that are watched.
const LIFETIMES: usize = 10;
/// Grants that are made at once.
const MANY: usize = 100;

pub fn stories() -> Vec<Story> {
    vec![
        story(
            "lost_token::a_token_of_sixteen_seconds_is_replaced_before_it_expires",
            sixteen_seconds,
        ),
        story("lost_token::two_processes_share_a_hundred_new_grants", two_processes),
        lasting(
            "lost_token::two_processes_start_on_a_grant_that_is_due",
            started_together,
        ),
        story("lost_token::told_to_stop_it_stores_the_token_first", told_to_stop),
    ]
}

/// Every token that is published is good when it comes and replaced before it expires, and every
/// refresh token is used once.
async fn sixteen_seconds(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "sixteen").await;
    let fleet = Fleet::launch(&stage, &stage.namespace, 1, 16).await;
    stage.until_ready("acme-0").await;
    let one = watcher::Config::default().fields("metadata.name=acme-0-jira-token");
    let mut versions = watcher(stage.secrets(), one).applied_objects().boxed();
    let mut published: Vec<(String, Timestamp)> = Vec::new();
    while published.len() <= LIFETIMES {
        let next = tokio::time::timeout(PATIENCE, versions.next()).await;
        let next = next.unwrap_or_else(|_| panic!("no further token\n{}", stage.log_tail()));
        let data = text(&next.expect("the watch goes on").expect("it answers"));
        let (token, expires) = expiry(&data);
        let now = Timestamp::now();
        assert!(
            now < expires,
            "what is published expired {:#} ago",
            now.duration_since(expires)
        );
        match published.last() {
            Some((before, _)) if *before == token => continue,
            Some((_, until)) => assert!(
                now < *until,
                "it was replaced {:#} too late",
                now.duration_since(*until)
            ),
            None => {}
        }
        let url = format!("{}/rest/api/3/myself", data["base-url"]);
        let answer = reqwest::Client::new().get(url).bearer_auth(&token).send().await;
        assert_eq!(answer.expect("the gateway answers").status(), 200, "the token opens it");
        published.push((token, expires));
    }
    let uses = stage.sandbox.state(|world| world.ledger.token_uses());
    let ours = uses.iter().filter(|u| u.client_id == fleet.apps[0].client_id);
    let (spent, fresh): (Vec<_>, Vec<_>) = ours.partition(|token| token.retired);
    assert!(spent.len() > LIFETIMES && fresh.len() == 1);
    assert!(
        spent.iter().all(|token| token.uses == 1),
        "each was used once: {spent:?}"
    );
    stage.close().await;
}

fn expiry(data: &BTreeMap<String, String>) -> (String, Timestamp) {
    let expires = data["expires-at"].parse().expect("a time");
    (data["access-token"].clone(), expires)
}

/// A hundred exchanges for two hundred integrations and two processes, not one more.
async fn two_processes(plane: Arc<Plane>) {
    let mut stage = Stage::open(&plane, "hundred").await;
    stage.start_operator();
    let fleet = Fleet::prepare(&stage, &stage.namespace, MANY, 3600).await;
    let twins = |n: usize| {
        let (stage, fleet) = (&stage, &fleet);
        async move {
            let (twin, secret) = (format!("twin-{n}"), Fleet::credentials(n));
            let spec = json!({"projects": [{"key": "ENG"}]});
            futures::join!(fleet.integrate(stage, n), stage.integrate(&twin, &secret, spec));
        }
    };
    join_all((0..MANY).map(twins)).await;
    fleet.until_ready(&stage).await;
    for n in 0..MANY {
        stage.until_ready(&format!("twin-{n}")).await;
    }
    assert_eq!(fleet.exchanges(&stage), vec![Some(200); MANY]);
    stage.close().await;
}

/// Both processes find the same grant due at the same moment, ten times.
async fn started_together(plane: Arc<Plane>) {
    let setup = Setup {
        without_operator: true,
        ..Setup::default()
    };
    let mut stage = Stage::set_up(&plane, "together", setup).await;
    let fleet = Fleet::launch(&stage, &stage.namespace, 1, 3600).await;
    for round in 1..=10 {
        stage.start_operator();
        stage.start_operator();
        let good =
            |data: &BTreeMap<String, String>| data.contains_key("access-token") && expiry(data).1 > Timestamp::now();
        stage.until_secret("acme-0-jira-token", "fresh", good).await;
        while !stage.operators.is_empty() {
            stage
                .until_served("/metrics", |_, text| text.contains("jira_operator_reconciles_total{"))
                .await;
            let operator = stage.operators.pop().expect("it runs");
            assert!(operator.terminate().await, "it ends well\n{}", stage.log_tail());
        }
        assert_eq!(fleet.exchanges(&stage), vec![Some(200); round], "one exchange a round");
        make_due(&stage, "acme-0-oauth-grant").await;
        make_due(&stage, "acme-0-jira-token").await;
    }
    let uses = stage.sandbox.state(|world| world.ledger.token_uses());
    assert!(
        uses.iter().all(|token| token.uses <= 1),
        "none was used twice: {uses:?}"
    );
    stage.close().await;
}

/// As if nobody had run for two hours.
async fn make_due(stage: &Stage, secret: &str) {
    let ago = |hours| Timestamp::now() - SignedDuration::from_hours(hours);
    let mut times = json!({"expires-at": ago(1).to_string()});
    if secret.ends_with("-grant") {
        times["refreshed-at"] = ago(2).to_string().into();
    }
    let patch = json!({"stringData": times});
    let patched = stage
        .secrets()
        .patch(secret, &PatchParams::default(), &Patch::Merge(patch))
        .await;
    patched.expect("the Secret is changed");
}

/// SIGTERM comes while Atlassian holds its answer: the operator waits for it, stores the token and
/// ends well. Its successor has nothing to exchange.
async fn told_to_stop(plane: Arc<Plane>) {
    let mut stage = Stage::open(&plane, "stopped").await;
    let held = stage
        .sandbox
        .fault(FaultRule::token_endpoint(When::After, FaultAction::Hold));
    let fleet = Fleet::launch(&stage, &stage.namespace.clone(), 4, 3600).await;
    let four = tokio::time::timeout(PATIENCE, stage.sandbox.wait_for_hits(held, 4)).await;
    assert!(four.expect("four exchanges are in flight"));
    stage.operators[0].ask_to_stop();
    stage.until_served("/readyz", |status, _| status == 503).await;
    let early = tokio::time::timeout(Duration::from_secs(2), stage.operators[0].ended()).await;
    assert!(
        early.is_err(),
        "it ended without waiting for the answers\n{}",
        stage.log_tail()
    );
    release(&stage, &[held]);
    let ended = tokio::time::timeout(PATIENCE, stage.operators[0].ended()).await;
    assert!(ended.expect("it ends"), "it ends well\n{}", stage.log_tail());
    stage.operators.clear();
    for n in 0..4 {
        let grant = stage
            .secret(&format!("{}-grant", Fleet::credentials(n)))
            .await
            .expect("the grant");
        let token = grant.get("refresh-token").expect("it is stored");
        let uses = stage
            .sandbox
            .state(|world| world.ledger.uses_of(token))
            .expect("the sandbox knows it");
        assert_eq!((uses.sequence, uses.uses), (2, 0), "the new token is stored");
        assert!(!grant.contains_key("exchange-holder"), "and the lock is given back");
    }
    stage.start_operator();
    fleet.until_ready(&stage).await;
    assert_eq!(
        fleet.exchanges(&stage),
        vec![Some(200); 4],
        "nothing is exchanged again"
    );
    stage.close().await;
}
