//! No refresh token is lost, whenever the operator is killed and whatever the API server answers:
//! sixteen grants at a time, all in flight together, when they are adopted and when they rotate.

use std::{sync::Arc, time::Duration};

use devkit::{
    proxy::{Action, Rule, RuleHandle},
    sandbox::{Command, FaultAction, FaultRule, When},
};
use futures::{future::join_all, join};

use super::{Story, lasting, story};
use crate::{
    plane::Plane,
    stage::{
        Setup, Stage,
        claim::claim,
        fleet::{Fleet, let_go, refusal, release, until_hit},
        look::has,
    },
};

/// Grants that are in flight together.
const SIZE: usize = 16;

pub fn stories() -> Vec<Story> {
    vec![
        lasting(
            "lost_token::the_operator_is_killed_at_every_moment_of_an_exchange",
            killed,
        ),
        story("lost_token::the_grant_cannot_be_stored", not_stored),
        story("lost_token::the_api_server_never_answers_the_write", never_answered),
        lasting(
            "lost_token::the_operator_is_killed_before_a_frozen_api_server",
            killed_while_frozen,
        ),
        lasting(
            "lost_token::an_interrupted_refresh_is_taken_up_after_the_leeway",
            after_the_leeway,
        ),
    ]
}

fn hold(when: When) -> FaultRule {
    FaultRule::token_endpoint(when, FaultAction::Hold)
}

/// Breaks every write of a grant Secret in a namespace.
fn break_writes(stage: &Stage, namespace: &str, action: Action) -> RuleHandle {
    let secrets = format!("/namespaces/{namespace}/secrets");
    let rule = Rule::new(action)
        .writes()
        .path_contains(secrets)
        .path_contains("-grant");
    stage.proxy.as_ref().expect("it is proxied").add(rule)
}

async fn three_fleets(stage: &Stage, expires_in: u64) -> [Fleet; 3] {
    let [second, third] = [&stage.further[0], &stage.further[1]];
    let fleets = join!(
        Fleet::prepare(stage, &stage.namespace, SIZE, expires_in),
        Fleet::prepare(stage, second, SIZE, expires_in),
        Fleet::prepare(stage, third, SIZE, expires_in)
    );
    fleets.into()
}

async fn integrate(stage: &Stage, fleets: &[Fleet]) {
    join_all(
        fleets
            .iter()
            .flat_map(|fleet| (0..SIZE).map(|n| fleet.integrate(stage, n))),
    )
    .await;
}

async fn claim_alive(stage: &Stage, fleets: &[Fleet]) {
    join_all(fleets.iter().map(|fleet| fleet.claim_alive(stage))).await;
}

/// One operator with three times sixteen grants: Atlassian holds its answer before it rotates
/// the first sixteen tokens, and after it rotated the second, and the API server has not taken
/// the third yet.
async fn killed(plane: Arc<Plane>) {
    let setup = Setup {
        further_namespaces: 2,
        proxied: true,
        ..Setup::default()
    };
    let mut stage = Stage::set_up(&plane, "killed", setup).await;
    let fleets = three_fleets(&stage, 20).await;
    for round in ["adoption", "rotation"] {
        let [before, after, storing] = [
            fleets[0].fault(&stage, &hold(When::Before)),
            fleets[1].fault(&stage, &hold(When::After)),
            fleets[2].fault(&stage, &hold(When::After)),
        ];
        if round == "adoption" {
            integrate(&stage, &fleets).await;
        }
        for faults in [&before, &after, &storing] {
            until_hit(&stage, faults).await;
        }
        let writes = break_writes(&stage, &fleets[2].namespace, Action::HoldRequest);
        release(&stage, &storing);
        writes
            .wait_for_hits(SIZE, Duration::from_secs(10))
            .await
            .expect("the writes are in flight");
        stage.kill_operators().await;
        let_go(&stage, &before).await;
        let_go(&stage, &after).await;
        writes.remove();
        stage.start_operator();
        claim_alive(&stage, &fleets).await;
    }
    stage.close().await;
}

/// The API server refuses the Secret with the new token, in three ways. Healed, the operator
/// stores what it kept in memory; killed before that, its successor uses the old token again.
async fn not_stored(plane: Arc<Plane>) {
    let setup = Setup {
        further_namespaces: 2,
        proxied: true,
        ..Setup::default()
    };
    let mut stage = Stage::set_up(&plane, "refused", setup).await;
    let fleets = three_fleets(&stage, 60).await;
    for (round, answered) in [("adoption", SIZE), ("rotation", 2 * SIZE)] {
        let mut held = Vec::new();
        for fleet in &fleets {
            held.extend(fleet.fault(&stage, &hold(When::After)));
        }
        if round == "adoption" {
            integrate(&stage, &fleets).await;
        }
        until_hit(&stage, &held).await;
        let codes = [409, 403, 500];
        let refused = [0, 1, 2].map(|n| break_writes(&stage, &fleets[n].namespace, refusal(codes[n])));
        release(&stage, &held);
        for fleet in &fleets {
            fleet
                .until(&stage, "refused", |o| has(o, "Authorized", "SecretNotWritable"))
                .await;
            assert_eq!(
                fleet.exchanges(&stage).len(),
                answered,
                "nothing is spent that cannot be stored"
            );
        }
        claim_refusals(&stage, &fleets).await;
        if round == "rotation" {
            stage.kill_operators().await;
        }
        refused.into_iter().for_each(RuleHandle::remove);
        if round == "rotation" {
            stage.start_operator();
            claim_alive(&stage, &fleets).await;
            break;
        }
        for fleet in &fleets {
            fleet.until_ready(&stage).await;
            assert_eq!(
                fleet.exchanges(&stage).len(),
                answered,
                "what was in memory is stored, not asked for again"
            );
        }
    }
    stage.close().await;
}

/// The condition says which Secret, and what the API server said.
async fn claim_refusals(stage: &Stage, fleets: &[Fleet]) {
    let words = [
        "changed by others",
        "403: a policy forbids it",
        "500: etcd is in trouble",
    ];
    for (fleet, words) in fleets.iter().zip(words) {
        let refused = |o: &_| has(o, "Authorized", "SecretNotWritable");
        let found = stage
            .until_in(&fleet.namespace, &Fleet::name(0), "refused", refused)
            .await;
        claim(
            &found,
            "Authorized",
            "Unknown",
            "SecretNotWritable",
            &["acme-0-oauth-grant", words],
        );
        claim(&found, "Ready", "Unknown", "SecretNotWritable", &[]);
    }
}

/// The connection to the API server swallows the Secret with the new token. The operator does not
/// wait for ever, says so, and stores what it kept in memory when it can.
async fn never_answered(plane: Arc<Plane>) {
    let setup = Setup {
        proxied: true,
        ..Setup::default()
    };
    let stage = Stage::set_up(&plane, "swallowed", setup).await;
    let held = stage.sandbox.fault(hold(When::After));
    let fleet = Fleet::launch(&stage, &stage.namespace, 2, 3600).await;
    let both = tokio::time::timeout(Duration::from_secs(30), stage.sandbox.wait_for_hits(held, 2)).await;
    both.expect("both exchanges are in flight");
    let writes = break_writes(&stage, &stage.namespace, Action::HoldRequest);
    release(&stage, &[held]);
    for n in 0..2 {
        let refused = |o: &_| has(o, "Authorized", "SecretNotWritable");
        let found = stage.until(&Fleet::name(n), "refused", refused).await;
        claim(
            &found,
            "Authorized",
            "Unknown",
            "SecretNotWritable",
            &["-grant", "did not answer within"],
        );
    }
    writes.remove();
    fleet.until_ready(&stage).await;
    assert_eq!(
        fleet.exchanges(&stage),
        [Some(200), Some(200)],
        "nothing is exchanged again"
    );
    stage.close().await;
}

/// Nothing can be stored because the API server does not answer at all; then the operator dies.
async fn killed_while_frozen(plane: Arc<Plane>) {
    let own = plane.another().await;
    let mut stage = Stage::open(&own, "frozen").await;
    let fleet = Fleet::prepare(&stage, &stage.namespace, SIZE, 20).await;
    for round in ["adoption", "rotation"] {
        let mark = stage.sandbox.mark();
        let held = fleet.fault(&stage, &hold(When::After));
        if round == "adoption" {
            integrate(&stage, std::slice::from_ref(&fleet)).await;
        }
        until_hit(&stage, &held).await;
        own.control.freeze_api_server().expect("it freezes");
        release(&stage, &held);
        let rotated = |all: &[devkit::sandbox::Request]| {
            all.iter()
                .filter(|r| r.path == "/oauth/token" && r.status == Some(200))
                .count()
                >= SIZE
        };
        let answered =
            tokio::time::timeout(Duration::from_secs(10), stage.sandbox.wait_for_requests(mark, rotated)).await;
        answered.expect("every token is rotated");
        stage.kill_operators().await;
        own.control.thaw_api_server().expect("it goes on");
        stage.start_operator();
        fleet.claim_alive(&stage).await;
    }
    stage.close().await;
    crate::ledger::close(&own.control).await;
    Arc::try_unwrap(own).ok().unwrap().stop().await;
}

/// Nobody looked for more than ten minutes. Killed before Atlassian rotated, the stored token is
/// still the one; killed after it, the grant is lost, and the message says when and how.
async fn after_the_leeway(plane: Arc<Plane>) {
    let mut stage = Stage::open(&plane, "leeway").await;
    let fleet = Fleet::launch(&stage, &stage.namespace.clone(), 2, 20).await;
    fleet.until_ready(&stage).await;
    let [kept, lost] = [&fleet.apps[0].client_id, &fleet.apps[1].client_id];
    let before = stage.sandbox.fault(hold(When::Before).for_client(kept));
    let after = stage.sandbox.fault(hold(When::After).for_client(lost));
    until_hit(&stage, &[before, after]).await;
    stage.kill_operators().await;
    let_go(&stage, &[before, after]).await;
    stage.jira(Command::AdvanceClock { seconds: 700 });
    stage.start_operator();

    let dead = stage
        .until("acme-1", "dead", |o| has(o, "Authorized", "ReconnectRequired"))
        .await;
    claim(
        &dead,
        "Authorized",
        "False",
        "ReconnectRequired",
        &["interrupted", "Connect again"],
    );
    claim(&dead, "Stalled", "True", "ReconnectRequired", &[]);
    let asked = |client: &str| -> Vec<Option<u16>> {
        let all = stage.sandbox.requests().into_iter();
        let of = all.filter(|r| r.path == "/oauth/token" && r.client_id.as_deref() == Some(client));
        of.map(|r| r.status).collect()
    };
    let spent = asked(lost).len();
    let request = stage.request("acme-1").await;
    claim(&request, "Authorized", "False", "ReconnectRequired", &["interrupted"]);
    assert_eq!(
        asked(lost).len(),
        spent + 1,
        "it is tried once more, because a person asked, and not by itself"
    );

    stage.until_reason("acme-0", "Authorized", "TokenFresh").await;
    stage.until_ready("acme-0").await;
    let refused = asked(kept)
        .into_iter()
        .flatten()
        .filter(|status| *status != 200)
        .count();
    assert_eq!(refused, 0, "the token that was not rotated is as good as ever");
    let tokens = stage.sandbox.mint(lost, None).expect("a grant");
    stage
        .put_credentials(
            &stage.namespace,
            "acme-1-oauth",
            &fleet.apps[1],
            Some(&tokens.refresh_token),
        )
        .await;
    stage.until_ready("acme-1").await;
    stage.close().await;
}
