//! Tokens are replaced in time and one at a time: over many lifetimes, by two processes at once,
//! and by one that is asked to stop.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use devkit::sandbox::{FaultAction, FaultRule, RateLimitReason, When};
use futures::{StreamExt, future::join_all};
use jiff::{SignedDuration, Timestamp};
use kube::{
    api::{Patch, PatchParams},
    runtime::{WatchStreamExt, watcher},
};
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        fleet::{Fleet, release},
        observe::{PATIENCE, text},
    },
};

/// Lifetimes that are watched.
const LIFETIMES: usize = 10;
/// Grants that are made at once.
const MANY: usize = 100;

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting(
            "lost_token::a_token_of_half_a_minute_is_replaced_before_it_expires",
            half_a_minute,
        ),
        scenario("lost_token::two_processes_share_a_hundred_new_grants", two_processes),
        waiting(
            "lost_token::two_processes_start_on_a_grant_that_is_due",
            started_together,
        ),
        scenario("lost_token::asked_to_stop_it_stores_the_token_first", asked_to_stop),
        scenario(
            "lost_token::one_that_is_renewed_before_a_wait_is_published",
            renewed_before_a_wait,
        ),
    ]
}

/// Every token that is published is good when it comes and replaced before it expires, and every
/// refresh token is used once.
async fn half_a_minute(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "half-a-minute").await;
    let fleet = Fleet::launch(&harness, &harness.namespace, 1, 30).await;
    harness.until_ready("acme-0").await;
    let one = watcher::Config::default().fields("metadata.name=acme-0-jira-token");
    let mut versions = watcher(harness.secrets(), one).applied_objects().boxed();
    let mut published: Vec<(String, Timestamp)> = Vec::new();
    while published.len() <= LIFETIMES {
        let next = tokio::time::timeout(PATIENCE, versions.next()).await;
        let next = next.unwrap_or_else(|_| panic!("no further token\n{}", harness.log_tail()));
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
    let uses = harness.sandbox.state(|world| world.oauth.token_uses());
    let ours = uses.iter().filter(|u| u.client_id == fleet.apps[0].client_id);
    let (spent, fresh): (Vec<_>, Vec<_>) = ours.partition(|token| token.retired);
    assert!(spent.len() > LIFETIMES && fresh.len() == 1);
    assert!(
        spent.iter().all(|token| token.uses == 1),
        "each was used once: {spent:?}"
    );
    harness.close().await;
}

fn expiry(data: &BTreeMap<String, String>) -> (String, Timestamp) {
    let expires = data["expires-at"].parse().expect("a time");
    (data["access-token"].clone(), expires)
}

/// Atlassian refuses the access token, it is renewed, and then Jira asks to slow down: workloads get the renewed token at
/// once, and not the refused one until the wait is over.
async fn renewed_before_a_wait(cluster: Arc<Cluster>) {
    let harness = Harness::set_up(&cluster, "renewed", Setup::default()).await;
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    let (refused, _) = expiry(&harness.secret("acme-jira-token").await.expect("a Secret"));
    let unauthorized = FaultAction::Status {
        code: 401,
        headers: BTreeMap::new(),
        body: json!({"code": 401, "message": "Unauthorized"}).to_string(),
    };
    let slow_down = FaultAction::RateLimit {
        reason: RateLimitReason::JiraQuotaGlobalBased,
        retry_after_seconds: Some(900),
    };
    for (path, action) in [("/accessible-resources", unauthorized), ("/ex/jira/", slow_down)] {
        let rule = FaultRule::path(path, When::Before, action).times(1);
        let _ = harness.sandbox.fault(rule);
    }
    harness.ask("acme").await;
    harness.until_reason("acme", "Synced", "QuotaExhausted").await;
    let data = harness.secret("acme-jira-token").await.expect("a Secret");
    let (published, expires) = expiry(&data);
    assert_ne!(published, refused, "the refused token is what workloads have");
    assert!(expires > Timestamp::now());
    let url = format!("{}/rest/api/3/myself", data["base-url"]);
    let answer = reqwest::Client::new().get(url).bearer_auth(&published).send().await;
    assert_eq!(answer.expect("the gateway answers").status(), 200, "the token opens it");
    harness.close().await;
}

/// A hundred exchanges for two hundred integrations and two processes, not one more.
async fn two_processes(cluster: Arc<Cluster>) {
    let mut harness = Harness::open(&cluster, "hundred").await;
    harness.start_operator();
    let fleet = Fleet::prepare(&harness, &harness.namespace, MANY, 3600).await;
    let twins = |n: usize| {
        let (harness, fleet) = (&harness, &fleet);
        async move {
            let (twin, secret) = (format!("twin-{n}"), Fleet::credentials(n));
            let spec = json!({"projects": [{"key": "ENG"}]});
            futures::join!(fleet.integrate(harness, n), harness.integrate(&twin, &secret, spec));
        }
    };
    join_all((0..MANY).map(twins)).await;
    fleet.until_ready(&harness).await;
    for n in 0..MANY {
        harness.until_ready(&format!("twin-{n}")).await;
    }
    assert_eq!(fleet.exchanges(&harness), vec![Some(200); MANY]);
    harness.close().await;
}

/// Both processes find the same grant due at the same moment, ten times.
async fn started_together(cluster: Arc<Cluster>) {
    let setup = Setup {
        without_operator: true,
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&cluster, "together", setup).await;
    let fleet = Fleet::launch(&harness, &harness.namespace, 1, 3600).await;
    for round in 1..=10 {
        harness.start_operator();
        harness.start_operator();
        let good =
            |data: &BTreeMap<String, String>| data.contains_key("access-token") && expiry(data).1 > Timestamp::now();
        harness.until_secret("acme-0-jira-token", "fresh", good).await;
        while !harness.operators.is_empty() {
            harness
                .until_served("/metrics", |_, text| text.contains("jira_operator_reconciles_total{"))
                .await;
            let operator = harness.operators.pop().expect("it runs");
            assert!(operator.terminate().await, "it ends well\n{}", harness.log_tail());
        }
        assert_eq!(
            fleet.exchanges(&harness),
            vec![Some(200); round],
            "one exchange a round"
        );
        make_due(&harness, "acme-0-oauth-grant").await;
        make_due(&harness, "acme-0-jira-token").await;
    }
    let uses = harness.sandbox.state(|world| world.oauth.token_uses());
    assert!(
        uses.iter().all(|token| token.uses <= 1),
        "none was used twice: {uses:?}"
    );
    harness.close().await;
}

/// As if nobody had run for two hours.
async fn make_due(harness: &Harness, secret: &str) {
    let ago = |hours| Timestamp::now() - SignedDuration::from_hours(hours);
    let mut times = json!({"expires-at": ago(1).to_string()});
    if secret.ends_with("-grant") {
        times["refreshed-at"] = ago(2).to_string().into();
    }
    let patch = json!({"stringData": times});
    let patched = harness
        .secrets()
        .patch(secret, &PatchParams::default(), &Patch::Merge(patch))
        .await;
    patched.expect("the Secret is changed");
}

/// SIGTERM comes while Atlassian holds its answer: the operator waits for it, stores the token and
/// ends well. Its successor has nothing to exchange.
async fn asked_to_stop(cluster: Arc<Cluster>) {
    let mut harness = Harness::open(&cluster, "stopped").await;
    let held = harness
        .sandbox
        .fault(FaultRule::token_endpoint(When::After, FaultAction::Hold));
    let fleet = Fleet::launch(&harness, &harness.namespace.clone(), 4, 3600).await;
    let four = tokio::time::timeout(PATIENCE, harness.sandbox.wait_for_hits(held, 4)).await;
    assert!(four.expect("four exchanges are in flight"));
    harness.operators[0].ask_to_stop();
    harness.until_served("/readyz", |status, _| status == 503).await;
    let early = tokio::time::timeout(Duration::from_secs(2), harness.operators[0].ended()).await;
    assert!(
        early.is_err(),
        "it ended without waiting for the answers\n{}",
        harness.log_tail()
    );
    release(&harness, &[held]);
    let ended = tokio::time::timeout(PATIENCE, harness.operators[0].ended()).await;
    assert!(ended.expect("it ends"), "it ends well\n{}", harness.log_tail());
    harness.operators.clear();
    for n in 0..4 {
        let grant = harness
            .secret(&format!("{}-grant", Fleet::credentials(n)))
            .await
            .expect("the grant");
        let token = grant.get("refresh-token").expect("it is stored");
        let uses = harness
            .sandbox
            .state(|world| world.oauth.uses_of(token))
            .expect("the sandbox knows it");
        assert_eq!((uses.sequence, uses.uses), (2, 0), "the new token is stored");
        assert!(!grant.contains_key("exchange-holder"), "and the lock is given back");
    }
    harness.start_operator();
    fleet.until_ready(&harness).await;
    assert_eq!(
        fleet.exchanges(&harness),
        vec![Some(200); 4],
        "nothing is exchanged again"
    );
    harness.close().await;
}
