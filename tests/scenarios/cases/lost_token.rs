//! No refresh token is lost, whenever the operator is killed and whatever the API server answers:
//! sixteen grants at a time, all in flight together, when they are adopted and when they rotate.

use std::{sync::Arc, time::Duration};

use devkit::{
    proxy::{Action, Rule, RuleHandle},
    sandbox::{Command, FaultAction, FaultRule, When},
};
use futures::{future::join_all, join};

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        assertions::assert_condition,
        fleet::{Fleet, let_go, refusal, release, until_hit},
        observe::has,
    },
};

/// Grants that are in flight together.
const SIZE: usize = 16;

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting(
            "lost_token::the_operator_is_killed_at_every_moment_of_an_exchange",
            killed,
        ),
        scenario("lost_token::the_grant_cannot_be_stored", not_stored),
        scenario("lost_token::the_api_server_never_answers_the_write", never_answered),
        waiting(
            "lost_token::the_operator_is_killed_before_a_frozen_api_server",
            killed_while_frozen,
        ),
        waiting(
            "lost_token::an_interrupted_refresh_is_taken_up_after_the_leeway",
            after_the_leeway,
        ),
    ]
}

fn hold(when: When) -> FaultRule {
    FaultRule::token_endpoint(when, FaultAction::Hold)
}

/// Breaks every write of a grant Secret in a namespace.
fn break_writes(harness: &Harness, namespace: &str, action: Action) -> RuleHandle {
    let secrets = format!("/namespaces/{namespace}/secrets");
    let rule = Rule::new(action)
        .writes()
        .path_contains(secrets)
        .path_contains("-grant");
    harness.proxy.as_ref().expect("it is proxied").add(rule)
}

async fn three_fleets(harness: &Harness, expires_in: u64) -> [Fleet; 3] {
    let [second, third] = [&harness.further[0], &harness.further[1]];
    let fleets = join!(
        Fleet::prepare(harness, &harness.namespace, SIZE, expires_in),
        Fleet::prepare(harness, second, SIZE, expires_in),
        Fleet::prepare(harness, third, SIZE, expires_in)
    );
    fleets.into()
}

async fn integrate(harness: &Harness, fleets: &[Fleet]) {
    join_all(
        fleets
            .iter()
            .flat_map(|fleet| (0..SIZE).map(|n| fleet.integrate(harness, n))),
    )
    .await;
}

async fn assert_alive(harness: &Harness, fleets: &[Fleet]) {
    join_all(fleets.iter().map(|fleet| fleet.assert_alive(harness))).await;
}

/// One operator with three times sixteen grants: Atlassian holds its answer before it rotates
/// the first sixteen tokens, and after it rotated the second, and the API server has not taken
/// the third yet.
async fn killed(cluster: Arc<Cluster>) {
    let setup = Setup {
        further_namespaces: 2,
        proxied: true,
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&cluster, "killed", setup).await;
    let fleets = three_fleets(&harness, 20).await;
    for round in ["adoption", "rotation"] {
        let [before, after, storing] = [
            fleets[0].fault(&harness, &hold(When::Before)),
            fleets[1].fault(&harness, &hold(When::After)),
            fleets[2].fault(&harness, &hold(When::After)),
        ];
        if round == "adoption" {
            integrate(&harness, &fleets).await;
        }
        for faults in [&before, &after, &storing] {
            until_hit(&harness, faults).await;
        }
        let writes = break_writes(&harness, &fleets[2].namespace, Action::HoldRequest);
        release(&harness, &storing);
        writes
            .wait_for_hits(SIZE, Duration::from_secs(10))
            .await
            .expect("the writes are in flight");
        harness.kill_operators().await;
        let_go(&harness, &before).await;
        let_go(&harness, &after).await;
        writes.remove();
        harness.start_operator();
        assert_alive(&harness, &fleets).await;
    }
    harness.close().await;
}

/// The API server refuses the Secret with the new token, in three ways. Healed, the operator
/// stores what it kept in memory; killed before that, its successor uses the old token again.
async fn not_stored(cluster: Arc<Cluster>) {
    let setup = Setup {
        further_namespaces: 2,
        proxied: true,
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&cluster, "refused", setup).await;
    let fleets = three_fleets(&harness, 60).await;
    for (round, answered) in [("adoption", SIZE), ("rotation", 2 * SIZE)] {
        let mut held = Vec::new();
        for fleet in &fleets {
            held.extend(fleet.fault(&harness, &hold(When::After)));
        }
        if round == "adoption" {
            integrate(&harness, &fleets).await;
        }
        until_hit(&harness, &held).await;
        let codes = [409, 403, 500];
        let refused = [0, 1, 2].map(|n| break_writes(&harness, &fleets[n].namespace, refusal(codes[n])));
        release(&harness, &held);
        for fleet in &fleets {
            fleet
                .until(&harness, "refused", |o| has(o, "Authorized", "SecretNotWritable"))
                .await;
            assert_eq!(
                fleet.exchanges(&harness).len(),
                answered,
                "nothing is spent that cannot be stored"
            );
        }
        assert_refusals(&harness, &fleets).await;
        if round == "rotation" {
            harness.kill_operators().await;
        }
        refused.into_iter().for_each(RuleHandle::remove);
        if round == "rotation" {
            harness.start_operator();
            assert_alive(&harness, &fleets).await;
            break;
        }
        for fleet in &fleets {
            fleet.until_ready(&harness).await;
            assert_eq!(
                fleet.exchanges(&harness).len(),
                answered,
                "what was in memory is stored, not asked for again"
            );
        }
    }
    harness.close().await;
}

/// The condition says which Secret, and what the API server said.
async fn assert_refusals(harness: &Harness, fleets: &[Fleet]) {
    let words = [
        "changed by others",
        "403: a policy forbids it",
        "500: etcd is in trouble",
    ];
    for (fleet, words) in fleets.iter().zip(words) {
        let refused = |o: &_| has(o, "Authorized", "SecretNotWritable");
        let found = harness
            .until_in(&fleet.namespace, &Fleet::name(0), "refused", refused)
            .await;
        assert_condition(
            &found,
            "Authorized",
            "Unknown",
            "SecretNotWritable",
            &["acme-0-oauth-grant", words],
        );
        assert_condition(&found, "Ready", "Unknown", "SecretNotWritable", &[]);
    }
}

/// The connection to the API server swallows the Secret with the new token. The operator does not
/// wait for ever, says so, and stores what it kept in memory when it can.
async fn never_answered(cluster: Arc<Cluster>) {
    let setup = Setup::proxied(true);
    let harness = Harness::set_up(&cluster, "swallowed", setup).await;
    let held = harness.sandbox.fault(hold(When::After));
    let fleet = Fleet::launch(&harness, &harness.namespace, 2, 3600).await;
    let both = tokio::time::timeout(Duration::from_secs(30), harness.sandbox.wait_for_hits(held, 2)).await;
    both.expect("both exchanges are in flight");
    let writes = break_writes(&harness, &harness.namespace, Action::HoldRequest);
    release(&harness, &[held]);
    for n in 0..2 {
        let refused = |o: &_| has(o, "Authorized", "SecretNotWritable");
        let found = harness.until(&Fleet::name(n), "refused", refused).await;
        assert_condition(
            &found,
            "Authorized",
            "Unknown",
            "SecretNotWritable",
            &["-grant", "did not answer within"],
        );
    }
    writes.remove();
    fleet.until_ready(&harness).await;
    assert_eq!(
        fleet.exchanges(&harness),
        [Some(200), Some(200)],
        "nothing is exchanged again"
    );
    harness.close().await;
}

/// Nothing can be stored because the API server does not answer at all; then the operator dies.
async fn killed_while_frozen(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let mut harness = Harness::open(&own, "frozen").await;
    let fleet = Fleet::prepare(&harness, &harness.namespace, SIZE, 20).await;
    for round in ["adoption", "rotation"] {
        let mark = harness.sandbox.mark();
        let held = fleet.fault(&harness, &hold(When::After));
        if round == "adoption" {
            integrate(&harness, std::slice::from_ref(&fleet)).await;
        }
        until_hit(&harness, &held).await;
        own.control.freeze_api_server().expect("it freezes");
        release(&harness, &held);
        let rotated = |all: &[devkit::sandbox::Request]| {
            all.iter()
                .filter(|r| r.path == "/oauth/token" && r.status == Some(200))
                .count()
                >= SIZE
        };
        let answered = tokio::time::timeout(
            Duration::from_secs(10),
            harness.sandbox.wait_for_requests(mark, rotated),
        )
        .await;
        answered.expect("every token is rotated");
        harness.kill_operators().await;
        own.control.thaw_api_server().expect("it goes on");
        harness.start_operator();
        fleet.assert_alive(&harness).await;
    }
    harness.close().await;
    crate::coverage::end(own).await;
}

/// Nothing ran for more than ten minutes. Killed before Atlassian rotated, the stored token is
/// still the one; killed after it, the grant is lost, and the message says when and how.
async fn after_the_leeway(cluster: Arc<Cluster>) {
    let mut harness = Harness::open(&cluster, "leeway").await;
    let fleet = Fleet::launch(&harness, &harness.namespace.clone(), 2, 20).await;
    fleet.until_ready(&harness).await;
    let [kept, lost] = [&fleet.apps[0].client_id, &fleet.apps[1].client_id];
    let before = harness.sandbox.fault(hold(When::Before).for_client(kept));
    let after = harness.sandbox.fault(hold(When::After).for_client(lost));
    until_hit(&harness, &[before, after]).await;
    harness.kill_operators().await;
    let_go(&harness, &[before, after]).await;
    harness.jira(Command::AdvanceClock { seconds: 700 });
    harness.start_operator();

    let dead = harness
        .until("acme-1", "dead", |o| has(o, "Authorized", "ReconnectRequired"))
        .await;
    assert_condition(
        &dead,
        "Authorized",
        "False",
        "ReconnectRequired",
        &["interrupted", "Connect again"],
    );
    assert_condition(&dead, "Stalled", "True", "ReconnectRequired", &[]);
    let asked = |client: &str| -> Vec<Option<u16>> {
        let all = harness.sandbox.requests().into_iter();
        let of = all.filter(|r| r.path == "/oauth/token" && r.client_id.as_deref() == Some(client));
        of.map(|r| r.status).collect()
    };
    let spent = asked(lost).len();
    let request = harness.request("acme-1").await;
    assert_condition(&request, "Authorized", "False", "ReconnectRequired", &["interrupted"]);
    assert_eq!(
        asked(lost).len(),
        spent + 1,
        "it is tried once more, because a person asked, and not by itself"
    );

    harness.until_reason("acme-0", "Authorized", "TokenFresh").await;
    harness.until_ready("acme-0").await;
    let refused = asked(kept)
        .into_iter()
        .flatten()
        .filter(|status| *status != 200)
        .count();
    assert_eq!(refused, 0, "the token that was not rotated is as good as ever");
    let tokens = harness.sandbox.mint(lost, None).expect("a grant");
    harness
        .put_credentials(
            &harness.namespace,
            "acme-1-oauth",
            &fleet.apps[1],
            Some(&tokens.refresh_token),
        )
        .await;
    harness.until_ready("acme-1").await;
    harness.close().await;
}
