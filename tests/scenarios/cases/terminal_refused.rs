//! Connecting from the terminal with a grant that is not the right one: nothing of it is stored, and
//! an earlier one goes on.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, FaultAction, FaultRule, When};

use super::{Scenario, scenario, terminal::unconnected};
use crate::{
    cluster::Cluster,
    harness::{Harness, browser::Choice, browser::visit, observe::is_ready, terminal::Ran},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("terminal::what_is_not_the_right_grant_is_refused", refused),
        scenario("terminal::a_refused_grant_leaves_the_earlier_one", earlier_stays),
    ]
}

/// Runs the command to its end with a browser that comes back from here.
async fn connect(harness: &Harness, port: u16, consent: impl Fn(&str) -> String) -> (Ran, String) {
    let mut connect = harness.connects(port, &[]).start();
    let link = connect.link().await;
    let page = visit(&consent(&link)).await;
    let ran = harness.ended(connect).await;
    ran.fits();
    (ran, page.text)
}

/// The person is another one, or does not want to. Expectation in the terminal and in the browser.
async fn wrong_person(harness: &Harness, port: u16) {
    let other = Choice {
        account: Some("dana@acme.example"),
        declines: false,
    };
    let (ran, page) = connect(harness, port, |link| harness.decide(link, other)).await;
    ran.assert_exit(1, &["× AccountEligible WrongAccount", "The grant was not taken over"]);
    assert!(
        page.contains("The grant was not taken over") && page.contains("WrongAccount"),
        "{page}"
    );

    let declining = Choice {
        account: None,
        declines: true,
    };
    let (ran, page) = connect(harness, port, |link| harness.decide(link, declining)).await;
    ran.assert_exit(2, &["Access was declined.", "Try again and choose Accept"]);
    assert!(page.contains("Access was declined"), "{page}");
}

/// The grant is for another site, or lacks scopes. An account has one grant to an app, to which consents add:
/// so there must be none that reaches more.
async fn wrong_grant(harness: &Harness, port: u16) {
    let (ran, page) = connect(harness, port, |link| harness.grant_sites(link, &["globex"])).await;
    ran.assert_exit(1, &["× SiteReachable SiteNotGranted", "The grant was not taken over"]);
    assert!(page.contains("SiteNotGranted"), "{page}");

    let client_id = harness.secret("acme-oauth").await.unwrap()["client-id"].clone();
    let withhold = |scopes: &[&str]| {
        harness.jira(Command::WithholdScopes {
            client_id: Some(client_id.clone()),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        });
    };
    withhold(&["read:jira-work"]);
    let (ran, page) = connect(harness, port, |link| harness.decide(link, Choice::default())).await;
    ran.assert_exit(1, &["× ScopesGranted ScopesMissing", "read:jira-work"]);
    assert!(page.contains("read:jira-work"), "{page}");
    withhold(&["offline_access"]);
    let (ran, _) = connect(harness, port, |link| harness.decide(link, Choice::default())).await;
    ran.assert_exit(1, &["OfflineAccessMissing", "no refresh token"]);
    withhold(&[]);
}

async fn refused(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "not-right").await;
    wrong_person(&harness, port).await;
    wrong_grant(&harness, port).await;
    let grant = harness.secret("acme-oauth-grant").await.unwrap_or_default();
    assert!(!grant.keys().any(|key| key.contains("token")), "{:?}", grant.keys());

    // A code that Atlassian no longer honours, and a token endpoint that does not work.
    let (ran, page) = connect(&harness, port, |link| {
        let location = harness.decide(link, Choice::default());
        harness.jira(Command::AdvanceClock { seconds: 3600 });
        location
    })
    .await;
    ran.assert_exit(2, &["Atlassian did not honour the consent.", "Try again."]);
    assert!(page.contains("Atlassian did not honour the consent"), "{page}");
    let broken = harness
        .sandbox
        .fault(FaultRule::token_endpoint(When::Before, FaultAction::Html { code: 503 }));
    let (ran, _) = connect(&harness, port, |link| harness.decide(link, Choice::default())).await;
    ran.assert_exit(
        2,
        &["‼ Authorized AuthServerUnavailable", "The grant was not taken over"],
    );
    harness.sandbox.release(broken).unwrap();

    let (ran, _) = connect(&harness, port, |link| harness.decide(link, Choice::default())).await;
    ran.assert_exit(0, &["Connected as Jira Bot"]);
    harness.until_ready("acme").await;
    harness.close().await;
}

async fn earlier_stays(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "earlier").await;
    connect(&harness, port, |link| harness.decide(link, Choice::default()))
        .await
        .0
        .assert_exit(0, &[]);
    harness.until_ready("acme").await;
    let tokens = |grant: BTreeMap<String, String>| {
        let mut tokens = grant;
        tokens.retain(|key, _| key.contains("token"));
        tokens
    };
    let before = tokens(harness.secret("acme-oauth-grant").await.unwrap());
    wrong_person(&harness, port).await;
    assert_eq!(tokens(harness.secret("acme-oauth-grant").await.unwrap()), before);
    assert!(is_ready(&harness.request("acme").await), "the earlier grant goes on");
    harness.close().await;
}
