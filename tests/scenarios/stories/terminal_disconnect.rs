//! Disconnecting from the terminal: the tokens go, nothing brings them back by accident, and a new
//! consent does.

use std::{collections::BTreeMap, sync::Arc};

use devkit::proxy::Rule;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::{Story, lasting, story};
use crate::{
    plane::Plane,
    stage::{Setup, Stage, browser::Choice, claim::claim, fleet::refusal, hands::connected},
};

pub fn stories() -> Vec<Story> {
    vec![
        story("terminal::disconnected_until_somebody_connects_anew", disconnected),
        story("terminal::disconnected_while_a_refresh_is_in_flight", while_refreshing),
        lasting(
            "terminal::disconnected_while_a_new_token_waits_in_memory",
            while_unsaved,
        ),
        story(
            "terminal::disconnected_for_good_though_the_grant_secret_is_deleted",
            deleted_afterwards,
        ),
        story("terminal::what_cannot_be_disconnected_is_told", nothing_to_end),
    ]
}

fn tokens(secret: &BTreeMap<String, String>) -> Vec<&str> {
    let keys = secret.keys().map(String::as_str);
    keys.filter(|key| key.ends_with("-token")).collect()
}

/// Waits until an integration says that it was disconnected, and workloads have no token any more.
async fn until_disconnected(stage: &Stage, name: &str) {
    stage.until_reason(name, "Authorized", "NotConnected").await;
    let found = stage.request(name).await;
    let told = ["disconnected on request", "connect"];
    claim(&found, "Authorized", "False", "NotConnected", &told);
    let published = format!("{name}-jira-token");
    stage
        .until_object::<Secret>(&published, "without a token", |secret| {
            secret.is_none_or(|s| !crate::stage::look::text(s).contains_key("access-token"))
        })
        .await;
    let grant = stage.secret("acme-oauth-grant").await.expect("the tombstone");
    assert!(tokens(&grant).is_empty(), "{:?}", grant.keys());
}

async fn disconnected(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "disconnect").await;
    let app = stage.connect("acme-oauth").await;
    let port = stage.callback_on_free_port(&app.client_id);
    let first = stage.secret("acme-oauth").await.unwrap()["refresh-token"].clone();
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.integrate("twin", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    stage.until_ready("twin").await;
    let second = stage.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    stage.hand_over("acme-oauth", &second).await;
    stage.request("acme").await;
    let spent = stage.exchanges();
    assert_eq!(spent, 2);

    let ran = stage.runs(&["disconnect", "acme"]).await;
    let again = format!("To connect anew: jira-operator connect acme -n {}", stage.namespace);
    let named = [
        "Disconnected: the tokens in Secret acme-oauth-grant are gone",
        again.as_str(),
        "https://id.atlassian.com/manage-profile/apps",
        "The same grant is used by twin: disconnected with it.",
    ];
    ran.claim(0, &named).fits();
    until_disconnected(&stage, "acme").await;
    until_disconnected(&stage, "twin").await;

    // A revert in Git, and what stood there all the time.
    for seen in [&first, &second] {
        stage.hand_over("acme-oauth", seen).await;
        until_disconnected(&stage, "acme").await;
    }
    assert_eq!(stage.exchanges(), spent, "what was seen before is not spent");
    let ran = stage.runs(&["disconnect", "acme"]).await;
    ran.claim(0, &["There was no grant in Secret acme-oauth-grant"]).fits();

    // What stands in a Secret that lacks the rest is seen as well, and not adopted once it is complete.
    let third = stage.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    let pair = [("client-id", app.client_id.as_str()), ("refresh-token", third.as_str())];
    stage.put_secret(&stage.namespace, "acme-oauth", &pair).await;
    let ran = stage.runs(&["disconnect", "acme"]).await;
    ran.claim(0, &["No refresh-token that was seen before is adopted again."]);
    stage
        .put_credentials(&stage.namespace, "acme-oauth", &app, Some(&third))
        .await;
    until_disconnected(&stage, "acme").await;
    assert_eq!(stage.exchanges(), spent, "what a Secret had at the end is not spent");

    let mut connect = stage.connects(port, &[]).start();
    let link = connect.link().await;
    stage.follow(&link, Choice::default()).await.claim(200, &["Connected"]);
    stage.ended(connect).await.claim(0, &["Connected as Jira Bot"]);
    stage.until_ready("acme").await;
    stage.until_ready("twin").await;

    // The other way back: a token that nobody has seen.
    stage.runs(&["disconnect", "twin"]).await.claim(0, &["is used by acme"]);
    until_disconnected(&stage, "acme").await;
    let fresh = stage.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    stage.hand_over("acme-oauth", &fresh).await;
    stage.until_ready("acme").await;
    stage.close().await;
}

/// A stage whose operator is refreshing the grant: Atlassian holds the answer of this fault.
async fn refreshing(plane: &Arc<Plane>, name: &str, setup: Setup) -> (Stage, u64) {
    let stage = Stage::set_up(plane, name, setup).await;
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    let held = stage.hold_refresh().await;
    (stage, held)
}

async fn while_refreshing(plane: Arc<Plane>) {
    let (stage, held) = refreshing(&plane, "end-refresh", Setup::default()).await;
    let mut disconnect = stage.types(&["disconnect", "acme", "-n", &stage.namespace]).start();
    disconnect
        .until_said("The grant is being refreshed just now; waiting for that.")
        .await;
    let grant = stage.secret("acme-oauth-grant").await.unwrap();
    assert_eq!(tokens(&grant).len(), 2, "nothing is taken from under an exchange");
    stage.sandbox.release(held).unwrap();
    stage.ended(disconnect).await.claim(0, &["Disconnected: the tokens"]);
    until_disconnected(&stage, "acme").await;
    assert_eq!(stage.exchanges(), 2);
    stage.close().await;
}

/// The operator could not store what it exchanged, and would write it as soon as it can: not over the
/// wish of a person.
async fn while_unsaved(plane: Arc<Plane>) {
    let setup = Setup {
        proxied: true,
        ..Setup::default()
    };
    let (stage, held) = refreshing(&plane, "end-unsaved", setup).await;
    let refused = stage.proxy.as_ref().unwrap().add(
        Rule::new(refusal(403))
            .writes()
            .path_contains("/secrets/acme-oauth-grant"),
    );
    stage.sandbox.release(held).unwrap();
    stage.until_reason("acme", "Authorized", "SecretNotWritable").await;
    // Its mark is respected for 45 s.
    let ran = stage.runs(&["disconnect", "acme"]).await;
    ran.claim(0, &["waiting for that", "Disconnected: the tokens"]);
    refused.remove();
    until_disconnected(&stage, "acme").await;
    assert_eq!(stage.exchanges(), 2);
    stage.close().await;
}

/// The operator remembers the tokens of before, and is not to write them back when the tombstone is tidied away.
async fn deleted_afterwards(plane: Arc<Plane>) {
    let stage = connected(&plane, "end-tidied", json!({})).await;
    for suspended in [true, false] {
        stage.change("acme", json!({"suspend": suspended})).await;
        if suspended {
            stage.until_message("acme", "Ready", "Suspended since").await;
            stage.runs(&["disconnect", "acme"]).await.claim(0, &["Disconnected"]);
            stage.delete::<Secret>("acme-oauth-grant").await;
        }
    }
    until_disconnected(&stage, "acme").await;
    // Deleted once more while a pass may be under way, the tombstone comes back.
    stage.ask("acme").await;
    stage.delete::<Secret>("acme-oauth-grant").await;
    stage
        .until_secret("acme-oauth-grant", "the tombstone again", |data| {
            data.contains_key("disconnected-at")
        })
        .await;
    until_disconnected(&stage, "acme").await;
    assert_eq!(stage.exchanges(), 1, "nothing is spent");
    stage.close().await;
}

async fn nothing_to_end(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "no-end").await;
    let nobody = stage.runs(&["disconnect", "nobody"]).await;
    nobody.claim(1, &["there is no JiraIntegration nobody in namespace"]);
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    let rules = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}, \
         {apiGroups: [''], resources: [secrets], verbs: [get]}]";
    let reader = stage.person("reader", rules, None).await;
    let refused = stage.types(&["disconnect", "acme"]).with(&reader).start();
    let refused = stage.ended(refused).await;
    refused.claim(1, &["Secret acme-oauth-grant could not be written", "403"]);
    let blind = stage.person("blind", "[]", None).await;
    let refused = stage
        .ended(stage.types(&["disconnect", "acme"]).with(&blind).start())
        .await;
    refused.claim(1, &["could not be read", "403"]);
    let grant = stage.secret("acme-oauth-grant").await.unwrap();
    assert_eq!(tokens(&grant).len(), 2, "the grant goes on");
    stage.close().await;
}
