//! Connecting from the terminal into a cluster in trouble: it refuses, or the operator is
//! refreshing the same grant.

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use devkit::proxy::{Proxy, Rule};
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::{Scenario, scenario, terminal::unconnected, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        browser::{Choice, visit},
        fleet::refusal,
        observe::is_ready,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("terminal::who_may_not_write_learns_it_before_anything", may_not_write),
        waiting(
            "terminal::a_grant_that_cannot_be_stored_is_kept_in_a_file",
            kept_in_a_file,
        ),
        scenario("terminal::a_write_that_fails_for_a_moment", stored_after_all),
        scenario("terminal::a_cluster_that_changes_its_mind_spends_nothing", refused_mark),
        scenario("terminal::while_the_operator_is_refreshing", while_refreshing),
        scenario("terminal::what_is_missing_is_reported", missing),
    ]
}

const READS: &str = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}, \
     {apiGroups: [''], resources: [secrets], verbs: [get]}]";
const WRITES: &str = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}, \
     {apiGroups: [''], resources: [secrets], verbs: [get, create, update]}]";

async fn may_not_write(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "reader").await;
    let reader = harness.person("reader", READS, None).await;
    let ran = harness.ended(harness.connects(port, &[]).with(&reader).start()).await;
    let named = [
        "Secret acme-oauth-grant could not be written",
        "403",
        "Nobody was asked to consent, and nothing was changed",
    ];
    ran.assert_exit(2, &named);
    assert!(!ran.err.contains("/authorize") && harness.sandbox.requests().is_empty());

    let theirs = [("password", "somebody else's")];
    harness
        .put_secret(&harness.namespace, "acme-oauth-grant", &theirs)
        .await;
    let ran = harness.ended(harness.connects(port, &[]).start()).await;
    ran.assert_exit(
        2,
        &[
            "Secret acme-oauth-grant exists and is not the operator's",
            "nothing was changed",
        ],
    );
    assert!(harness.sandbox.requests().is_empty());
    harness.close().await;
}

/// A person whose way to the API server can be broken, while the operator's cannot.
async fn behind_a_proxy(harness: &Harness) -> (Proxy, std::path::PathBuf) {
    let proxy = Proxy::start(&harness.cluster.control).await.expect("a proxy");
    let writer = harness.person("writer", WRITES, Some(proxy.url())).await;
    (proxy, writer)
}

/// Writes of a grant Secret that stay, and not those that are only tried.
fn real_writes(rule: Rule) -> Rule {
    rule.writes()
        .when(|_, path| path.contains("/secrets") && !path.contains("dryRun"))
}

async fn kept_in_a_file(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "unsaved").await;
    let (proxy, writer) = behind_a_proxy(&harness).await;
    // The mark is written, the grant is not.
    let refused = proxy.add(real_writes(Rule::new(refusal(403))).skip(1));
    let mut connect = harness.connects(port, &[]).with(&writer).start();
    let link = connect.link().await;
    let page = harness.follow(&link, Choice::default()).await;
    page.assert_says(200, &["The grant is not stored yet", "acme-connected.yaml"]);
    assert!(!page.text.contains("The operator keeps it"), "{}", page.text);
    let ran = harness.ended(connect).await;
    let named = [
        "it could not be stored: the API server answered 403: a policy forbids it",
        "So that it is not lost, the Secret with it is in acme-connected.yaml, readable by you alone.",
        "Once the cluster takes it, kubectl apply it, and delete the file.",
    ];
    ran.assert_exit(2, &named).fits();
    refused.remove();
    assert_eq!(harness.exchanges(), 1, "and nothing was spent twice");

    let file = harness.path("acme-connected.yaml");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    harness
        .cluster
        .apply(&std::fs::read_to_string(&file).unwrap())
        .await
        .expect("it is applied");
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 2, "what is in the file is adopted once");
    harness.close().await;
}

async fn stored_after_all(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "moment").await;
    let (proxy, writer) = behind_a_proxy(&harness).await;
    let refused = proxy.add(real_writes(Rule::new(refusal(500))).skip(1).times(2));
    let mut connect = harness.connects(port, &[]).with(&writer).start();
    let link = connect.link().await;
    let page = harness.follow(&link, Choice::default()).await;
    page.assert_says(200, &["Connected", "acme-oauth-grant"]);
    let ran = harness.ended(connect).await;
    ran.assert_exit(0, &["it could not be stored", "Trying again.", "Connected as Jira Bot"]);
    assert_eq!(refused.hits(), 2);
    assert!(!harness.path("acme-connected.yaml").exists());
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

/// It could be written when the person was asked, and cannot when the browser is back.
async fn refused_mark(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "mind").await;
    let (proxy, writer) = behind_a_proxy(&harness).await;
    let refused = proxy.add(real_writes(Rule::new(refusal(403))));
    let mut connect = harness.connects(port, &[]).with(&writer).start();
    let link = connect.link().await;
    let page = harness.follow(&link, Choice::default()).await;
    page.assert_says(200, &["The grant was not taken over", "SecretNotWritable"]);
    let ran = harness.ended(connect).await;
    ran.assert_exit(
        2,
        &[
            "‼ Authorized SecretNotWritable",
            "a policy forbids it",
            "nothing of it is kept",
        ],
    )
    .fits();
    assert_eq!(harness.exchanges(), 0, "the code is not spent");
    assert_eq!(refused.hits(), 1);
    assert!(harness.secret("acme-oauth-grant").await.is_none());
    harness.close().await;
}

/// The operator's exchange is under way when the browser comes back: the consent waits for it, and its
/// grant takes the place of what the operator just stored.
async fn while_refreshing(cluster: Arc<Cluster>) {
    let setup = Setup {
        without_operator: true,
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&cluster, "refreshing", setup).await;
    let app = harness.connect("acme-oauth").await;
    let port = harness.callback_on_free_port(&app.client_id);
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.start_operator();
    harness.until_ready("acme").await;

    let held = harness.hold_refresh().await;

    let mark = harness.sandbox.mark();
    let mut connect = harness.connects(port, &[]).start();
    let link = connect.link().await;
    let location = harness.decide(&link, Choice::default());
    let page = tokio::spawn(async move { visit(&location).await });
    connect.until_said("The browser came back.").await;
    let spent = |requests: &[devkit::sandbox::Request]| {
        let codes = requests
            .iter()
            .filter(|r| r.grant_type.as_deref() == Some("authorization_code"));
        codes.count()
    };
    assert_eq!(spent(&harness.sandbox.requests_since(mark)), 0, "it waits for the mark");
    harness.sandbox.release(held).unwrap();
    page.await.unwrap().assert_says(200, &["Connected"]);
    let ran = harness.ended(connect).await;
    ran.assert_exit(0, &["Connected as Jira Bot"]);
    assert_eq!(spent(&harness.sandbox.requests_since(mark)), 1);

    assert!(is_ready(&harness.request("acme").await));
    let grant = harness.secret("acme-oauth-grant").await.unwrap();
    let published = harness
        .until_secret("acme-jira-token", "that of the new grant", |data| {
            data.get("access-token") == grant.get("access-token")
        })
        .await;
    assert_eq!(published["access-token"], grant["access-token"]);
    harness.age_token("acme-oauth-grant").await;
    assert!(
        is_ready(&harness.request("acme").await),
        "and the new grant is refreshed"
    );
    let refused = harness.sandbox.requests().into_iter();
    let refused = refused.filter(|r| r.path == "/oauth/token" && r.status != Some(200));
    assert_eq!(refused.count(), 0);
    harness.close().await;
}

async fn missing(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "missing").await;
    let nobody = harness.runs(&["connect", "nobody"]).await;
    nobody.assert_exit(
        2,
        &[&format!(
            "there is no JiraIntegration nobody in namespace {}",
            harness.namespace
        )],
    );
    let nowhere = harness.connects(port, &[]).with(&harness.path("absent")).start();
    let nowhere = harness.ended(nowhere).await;
    nowhere.assert_exit(2, &["no cluster to talk to", "KUBECONFIG", "-f"]);
    harness
        .patch_secret("acme-oauth", json!({"data": {"client-secret": null}}))
        .await;
    let incomplete = harness.ended(harness.connects(port, &[]).start()).await;
    incomplete.assert_exit(
        2,
        &["client-secret", "Put the OAuth app's client-id and client-secret there"],
    );
    harness.delete::<Secret>("acme-oauth").await;
    let absent = harness.ended(harness.connects(port, &[]).start()).await;
    absent.assert_exit(
        2,
        &[
            "Secret acme-oauth",
            "Put the OAuth app's client-id and client-secret there",
        ],
    );
    assert!(harness.sandbox.requests().is_empty());
    harness.close().await;
}
