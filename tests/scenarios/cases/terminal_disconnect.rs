//! Disconnecting from the terminal: the tokens go, nothing brings them back by accident, and a new
//! consent does.

use std::{collections::BTreeMap, sync::Arc};

use devkit::proxy::Rule;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{Harness, Setup, actions::connected, assertions::assert_condition, browser::Choice, fleet::refusal},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("terminal::disconnected_until_somebody_connects_anew", disconnected),
        scenario("terminal::disconnected_while_a_refresh_is_in_flight", while_refreshing),
        waiting(
            "terminal::disconnected_while_a_new_token_waits_in_memory",
            while_unsaved,
        ),
        scenario(
            "terminal::disconnected_for_good_though_the_grant_secret_is_deleted",
            deleted_afterwards,
        ),
        scenario("terminal::what_cannot_be_disconnected_is_reported", nothing_to_end),
    ]
}

fn tokens(secret: &BTreeMap<String, String>) -> Vec<&str> {
    let keys = secret.keys().map(String::as_str);
    keys.filter(|key| key.ends_with("-token")).collect()
}

/// Waits until an integration says that it was disconnected, and workloads have no token any more.
async fn until_disconnected(harness: &Harness, name: &str) {
    harness.until_reason(name, "Authorized", "NotConnected").await;
    let found = harness.request(name).await;
    let reported = ["disconnected on request", "connect"];
    assert_condition(&found, "Authorized", "False", "NotConnected", &reported);
    let published = format!("{name}-jira-token");
    harness
        .until_object::<Secret>(&published, "without a token", |secret| {
            secret.is_none_or(|s| !crate::harness::observe::text(s).contains_key("access-token"))
        })
        .await;
    let grant = harness.secret("acme-oauth-grant").await.expect("the tombstone");
    assert!(tokens(&grant).is_empty(), "{:?}", grant.keys());
}

async fn disconnected(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "disconnect").await;
    let app = harness.connect("acme-oauth").await;
    let port = harness.callback_on_free_port(&app.client_id);
    let first = harness.secret("acme-oauth").await.unwrap()["refresh-token"].clone();
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.integrate("twin", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    harness.until_ready("twin").await;
    let second = harness.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    harness.hand_over("acme-oauth", &second).await;
    harness.request("acme").await;
    let spent = harness.exchanges();
    assert_eq!(spent, 2);

    let ran = harness.runs(&["disconnect", "acme"]).await;
    let again = format!("To connect anew: jira-operator connect acme -n {}", harness.namespace);
    let named = [
        "Disconnected: the tokens in Secret acme-oauth-grant are gone",
        again.as_str(),
        "https://id.atlassian.com/manage-profile/apps",
        "The same grant is used by twin: disconnected with it.",
    ];
    ran.assert_exit(0, &named).fits();
    until_disconnected(&harness, "acme").await;
    until_disconnected(&harness, "twin").await;

    // A revert in Git, and what stood there all the time.
    for seen in [&first, &second] {
        harness.hand_over("acme-oauth", seen).await;
        until_disconnected(&harness, "acme").await;
    }
    assert_eq!(harness.exchanges(), spent, "what was seen before is not spent");
    let ran = harness.runs(&["disconnect", "acme"]).await;
    ran.assert_exit(0, &["There was no grant in Secret acme-oauth-grant"])
        .fits();

    // What stands in a Secret that lacks the rest is seen as well, and not adopted once it is complete.
    let third = harness.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    let pair = [("client-id", app.client_id.as_str()), ("refresh-token", third.as_str())];
    harness.put_secret(&harness.namespace, "acme-oauth", &pair).await;
    let ran = harness.runs(&["disconnect", "acme"]).await;
    ran.assert_exit(0, &["No refresh-token that was seen before is imported again."]);
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, Some(&third))
        .await;
    until_disconnected(&harness, "acme").await;
    assert_eq!(harness.exchanges(), spent, "what a Secret had at the end is not spent");

    let mut connect = harness.connects(port, &[]).start();
    let link = connect.link().await;
    harness
        .follow(&link, Choice::default())
        .await
        .assert_says(200, &["Connected"]);
    harness.ended(connect).await.assert_exit(0, &["Connected as Jira Bot"]);
    harness.until_ready("acme").await;
    harness.until_ready("twin").await;

    // The other way back: a token that nobody has seen.
    harness
        .runs(&["disconnect", "twin"])
        .await
        .assert_exit(0, &["is used by acme"]);
    until_disconnected(&harness, "acme").await;
    let fresh = harness.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    harness.hand_over("acme-oauth", &fresh).await;
    harness.until_ready("acme").await;
    harness.close().await;
}

/// A harness whose operator is refreshing the grant: Atlassian holds the answer of this fault.
async fn refreshing(cluster: &Arc<Cluster>, name: &str, setup: Setup) -> (Harness, u64) {
    let harness = Harness::set_up(cluster, name, setup).await;
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    let held = harness.hold_refresh().await;
    (harness, held)
}

async fn while_refreshing(cluster: Arc<Cluster>) {
    let (harness, held) = refreshing(&cluster, "end-refresh", Setup::default()).await;
    let mut disconnect = harness.types(&["disconnect", "acme", "-n", &harness.namespace]).start();
    disconnect
        .until_said("The grant is being refreshed just now; waiting for that.")
        .await;
    let grant = harness.secret("acme-oauth-grant").await.unwrap();
    assert_eq!(tokens(&grant).len(), 2, "nothing is taken from under an exchange");
    harness.sandbox.release(held).unwrap();
    harness
        .ended(disconnect)
        .await
        .assert_exit(0, &["Disconnected: the tokens"]);
    until_disconnected(&harness, "acme").await;
    assert_eq!(harness.exchanges(), 2);
    harness.close().await;
}

/// The operator could not store what it exchanged, and would write it as soon as it can: not over the
/// wish of a person.
async fn while_unsaved(cluster: Arc<Cluster>) {
    let setup = Setup::proxied(true);
    let (harness, held) = refreshing(&cluster, "end-unsaved", setup).await;
    let refused = harness.proxy.as_ref().unwrap().add(
        Rule::new(refusal(403))
            .writes()
            .path_contains("/secrets/acme-oauth-grant"),
    );
    harness.sandbox.release(held).unwrap();
    harness.until_reason("acme", "Authorized", "SecretNotWritable").await;
    // Its mark is respected for 45 s.
    let ran = harness.runs(&["disconnect", "acme"]).await;
    ran.assert_exit(0, &["waiting for that", "Disconnected: the tokens"]);
    refused.remove();
    until_disconnected(&harness, "acme").await;
    assert_eq!(harness.exchanges(), 2);
    harness.close().await;
}

/// The operator remembers the tokens of before, and is not to write them back when the tombstone is tidied away.
async fn deleted_afterwards(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "end-tidied", json!({})).await;
    for suspended in [true, false] {
        harness.change("acme", json!({"suspend": suspended})).await;
        if suspended {
            harness.until_message("acme", "Ready", "Suspended since").await;
            harness
                .runs(&["disconnect", "acme"])
                .await
                .assert_exit(0, &["Disconnected"]);
            harness.delete::<Secret>("acme-oauth-grant").await;
        }
    }
    until_disconnected(&harness, "acme").await;
    // Deleted once more while a reconciliation may be under way, the tombstone comes back.
    harness.ask("acme").await;
    harness.delete::<Secret>("acme-oauth-grant").await;
    harness
        .until_secret("acme-oauth-grant", "the tombstone again", |data| {
            data.contains_key("disconnected-at")
        })
        .await;
    until_disconnected(&harness, "acme").await;
    assert_eq!(harness.exchanges(), 1, "nothing is spent");
    harness.close().await;
}

async fn nothing_to_end(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "no-end").await;
    let nobody = harness.runs(&["disconnect", "nobody"]).await;
    nobody.assert_exit(1, &["there is no JiraIntegration nobody in namespace"]);
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    let rules = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}, \
         {apiGroups: [''], resources: [secrets], verbs: [get]}]";
    let reader = harness.person("reader", rules, None).await;
    let refused = harness.types(&["disconnect", "acme"]).with(&reader).start();
    let refused = harness.ended(refused).await;
    refused.assert_exit(1, &["Secret acme-oauth-grant could not be written", "403"]);
    let blind = harness.person("blind", "[]", None).await;
    let refused = harness
        .ended(harness.types(&["disconnect", "acme"]).with(&blind).start())
        .await;
    refused.assert_exit(1, &["could not be read", "403"]);
    let grant = harness.secret("acme-oauth-grant").await.unwrap();
    assert_eq!(tokens(&grant).len(), 2, "the grant goes on");
    harness.close().await;
}
