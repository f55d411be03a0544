//! Connecting from the terminal with a grant that is not the right one: nothing of it is stored, and
//! an earlier one goes on.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, FaultAction, FaultRule, When};

use super::{Story, story, terminal::unconnected};
use crate::{
    plane::Plane,
    stage::{Stage, browser::Choice, browser::visit, look::is_ready, terminal::Ran},
};

pub fn stories() -> Vec<Story> {
    vec![
        story("terminal::what_is_not_the_right_grant_is_refused", refused),
        story("terminal::a_refused_grant_leaves_the_earlier_one", earlier_stays),
    ]
}

/// Runs the command to its end with a browser that comes back from here.
async fn connect(stage: &Stage, port: u16, consent: impl Fn(&str) -> String) -> (Ran, String) {
    let mut connect = stage.connects(port, &[]).start();
    let link = connect.link().await;
    let page = visit(&consent(&link)).await;
    let ran = stage.ended(connect).await;
    ran.fits();
    (ran, page.text)
}

/// The person is somebody else, or does not want to. Told in the terminal and in the browser.
async fn wrong_person(stage: &Stage, port: u16) {
    let other = Choice {
        account: Some("dana@acme.example"),
        declines: false,
    };
    let (ran, page) = connect(stage, port, |link| stage.decide(link, other)).await;
    ran.claim(1, &["× AccountEligible WrongAccount", "The grant was not taken over"]);
    assert!(
        page.contains("The grant was not taken over") && page.contains("WrongAccount"),
        "{page}"
    );

    let declining = Choice {
        account: None,
        declines: true,
    };
    let (ran, page) = connect(stage, port, |link| stage.decide(link, declining)).await;
    ran.claim(2, &["Access was declined.", "Try again and choose Accept"]);
    assert!(page.contains("Access was declined"), "{page}");
}

/// The grant is for another site, or lacks scopes. An account has one grant to an app, to which consents add:
/// so there must be none that reaches more.
async fn wrong_grant(stage: &Stage, port: u16) {
    let (ran, page) = connect(stage, port, |link| stage.grant_sites(link, &["globex"])).await;
    ran.claim(1, &["× SiteReachable SiteNotGranted", "The grant was not taken over"]);
    assert!(page.contains("SiteNotGranted"), "{page}");

    let client_id = stage.secret("acme-oauth").await.unwrap()["client-id"].clone();
    let withhold = |scopes: &[&str]| {
        stage.jira(Command::WithholdScopes {
            client_id: Some(client_id.clone()),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        });
    };
    withhold(&["write:jira-work"]);
    let (ran, page) = connect(stage, port, |link| stage.decide(link, Choice::default())).await;
    ran.claim(1, &["× ScopesGranted ScopesMissing", "write:jira-work"]);
    assert!(page.contains("write:jira-work"), "{page}");
    withhold(&["offline_access"]);
    let (ran, _) = connect(stage, port, |link| stage.decide(link, Choice::default())).await;
    ran.claim(1, &["OfflineAccessMissing", "no refresh token"]);
    withhold(&[]);
}

async fn refused(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "not-right").await;
    wrong_person(&stage, port).await;
    wrong_grant(&stage, port).await;
    let grant = stage.secret("acme-oauth-grant").await.unwrap_or_default();
    assert!(!grant.keys().any(|key| key.contains("token")), "{:?}", grant.keys());

    // A code that Atlassian no longer honours, and a token endpoint that does not work.
    let (ran, page) = connect(&stage, port, |link| {
        let location = stage.decide(link, Choice::default());
        stage.jira(Command::AdvanceClock { seconds: 3600 });
        location
    })
    .await;
    ran.claim(2, &["Atlassian did not honour the consent.", "Try again."]);
    assert!(page.contains("Atlassian did not honour the consent"), "{page}");
    let broken = stage
        .sandbox
        .fault(FaultRule::token_endpoint(When::Before, FaultAction::Html { code: 503 }));
    let (ran, _) = connect(&stage, port, |link| stage.decide(link, Choice::default())).await;
    ran.claim(
        2,
        &["‼ Authorized AuthServerUnavailable", "The grant was not taken over"],
    );
    stage.sandbox.release(broken).unwrap();

    let (ran, _) = connect(&stage, port, |link| stage.decide(link, Choice::default())).await;
    ran.claim(0, &["Connected as Jira Bot"]);
    stage.until_ready("acme").await;
    stage.close().await;
}

async fn earlier_stays(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "earlier").await;
    connect(&stage, port, |link| stage.decide(link, Choice::default()))
        .await
        .0
        .claim(0, &[]);
    stage.until_ready("acme").await;
    let tokens = |grant: BTreeMap<String, String>| {
        let mut tokens = grant;
        tokens.retain(|key, _| key.contains("token"));
        tokens
    };
    let before = tokens(stage.secret("acme-oauth-grant").await.unwrap());
    wrong_person(&stage, port).await;
    assert_eq!(tokens(stage.secret("acme-oauth-grant").await.unwrap()), before);
    assert!(is_ready(&stage.request("acme").await), "the earlier grant goes on");
    stage.close().await;
}
