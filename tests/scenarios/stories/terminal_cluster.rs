//! Connecting from the terminal into a cluster that is in the way: it refuses, or the operator is
//! refreshing the same grant.

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use devkit::proxy::{Proxy, Rule};
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::{Story, lasting, story, terminal::unconnected};
use crate::{
    plane::Plane,
    stage::{
        Setup, Stage,
        browser::{Choice, visit},
        fleet::refusal,
        look::is_ready,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("terminal::who_may_not_write_is_told_before_anything", may_not_write),
        lasting(
            "terminal::a_grant_that_cannot_be_stored_is_kept_in_a_file",
            kept_in_a_file,
        ),
        story("terminal::a_write_that_fails_for_a_moment", stored_after_all),
        story("terminal::a_cluster_that_changes_its_mind_spends_nothing", refused_mark),
        story("terminal::while_the_operator_is_refreshing", while_refreshing),
        story("terminal::what_is_missing_is_told", missing),
    ]
}

const READS: &str = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}, \
     {apiGroups: [''], resources: [secrets], verbs: [get]}]";
const WRITES: &str = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}, \
     {apiGroups: [''], resources: [secrets], verbs: [get, create, update]}]";

async fn may_not_write(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "reader").await;
    let reader = stage.person("reader", READS, None).await;
    let ran = stage.ended(stage.connects(port, &[]).with(&reader).start()).await;
    let named = [
        "Secret acme-oauth-grant could not be written",
        "403",
        "Nobody was asked to consent, and nothing was changed",
    ];
    ran.claim(2, &named);
    assert!(!ran.err.contains("/authorize") && stage.sandbox.requests().is_empty());

    let theirs = [("password", "somebody else's")];
    stage.put_secret(&stage.namespace, "acme-oauth-grant", &theirs).await;
    let ran = stage.ended(stage.connects(port, &[]).start()).await;
    ran.claim(
        2,
        &[
            "Secret acme-oauth-grant exists and is not the operator's",
            "nothing was changed",
        ],
    );
    assert!(stage.sandbox.requests().is_empty());
    stage.close().await;
}

/// A person whose way to the API server can be broken, while the operator's cannot.
async fn behind_a_proxy(stage: &Stage) -> (Proxy, std::path::PathBuf) {
    let proxy = Proxy::start(&stage.plane.control).await.expect("a proxy");
    let writer = stage.person("writer", WRITES, Some(proxy.url())).await;
    (proxy, writer)
}

/// Writes of a grant Secret that stay, and not those that are only tried.
fn real_writes(rule: Rule) -> Rule {
    rule.writes()
        .when(|_, path| path.contains("/secrets") && !path.contains("dryRun"))
}

async fn kept_in_a_file(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "unsaved").await;
    let (proxy, writer) = behind_a_proxy(&stage).await;
    // The mark is written, the grant is not.
    let refused = proxy.add(real_writes(Rule::new(refusal(403))).skip(1));
    let mut connect = stage.connects(port, &[]).with(&writer).start();
    let link = connect.link().await;
    let page = stage.follow(&link, Choice::default()).await;
    page.claim(200, &["The grant is not stored yet", "acme-connected.yaml"]);
    assert!(!page.text.contains("The operator keeps it"), "{}", page.text);
    let ran = stage.ended(connect).await;
    let named = [
        "it could not be stored: the API server answered 403: a policy forbids it",
        "So that it is not lost, the Secret with it is in acme-connected.yaml, readable by you alone.",
        "Once the cluster takes it, kubectl apply it, and delete the file.",
    ];
    ran.claim(2, &named).fits();
    refused.remove();
    assert_eq!(stage.exchanges(), 1, "and nothing was spent twice");

    let file = stage.path("acme-connected.yaml");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    stage
        .plane
        .apply(&std::fs::read_to_string(&file).unwrap())
        .await
        .expect("it is applied");
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 2, "what is in the file is adopted once");
    stage.close().await;
}

async fn stored_after_all(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "moment").await;
    let (proxy, writer) = behind_a_proxy(&stage).await;
    let refused = proxy.add(real_writes(Rule::new(refusal(500))).skip(1).times(2));
    let mut connect = stage.connects(port, &[]).with(&writer).start();
    let link = connect.link().await;
    let page = stage.follow(&link, Choice::default()).await;
    page.claim(200, &["Connected", "acme-oauth-grant"]);
    let ran = stage.ended(connect).await;
    ran.claim(0, &["it could not be stored", "Trying again.", "Connected as Jira Bot"]);
    assert_eq!(refused.hits(), 2);
    assert!(!stage.path("acme-connected.yaml").exists());
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}

/// It could be written when the person was asked, and cannot when the browser is back.
async fn refused_mark(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "mind").await;
    let (proxy, writer) = behind_a_proxy(&stage).await;
    let refused = proxy.add(real_writes(Rule::new(refusal(403))));
    let mut connect = stage.connects(port, &[]).with(&writer).start();
    let link = connect.link().await;
    let page = stage.follow(&link, Choice::default()).await;
    page.claim(200, &["The grant was not taken over", "SecretNotWritable"]);
    let ran = stage.ended(connect).await;
    ran.claim(
        2,
        &[
            "‼ Authorized SecretNotWritable",
            "a policy forbids it",
            "nothing of it is kept",
        ],
    )
    .fits();
    assert_eq!(stage.exchanges(), 0, "the code is not spent");
    assert_eq!(refused.hits(), 1);
    assert!(stage.secret("acme-oauth-grant").await.is_none());
    stage.close().await;
}

/// The operator's exchange is under way when the browser comes back: the consent waits for it, and its
/// grant takes the place of what the operator just stored.
async fn while_refreshing(plane: Arc<Plane>) {
    let setup = Setup {
        without_operator: true,
        ..Setup::default()
    };
    let mut stage = Stage::set_up(&plane, "refreshing", setup).await;
    let app = stage.connect("acme-oauth").await;
    let port = stage.callback_on_free_port(&app.client_id);
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.start_operator();
    stage.until_ready("acme").await;

    let held = stage.hold_refresh().await;

    let mark = stage.sandbox.mark();
    let mut connect = stage.connects(port, &[]).start();
    let link = connect.link().await;
    let location = stage.decide(&link, Choice::default());
    let page = tokio::spawn(async move { visit(&location).await });
    connect.until_said("The browser came back.").await;
    let spent = |requests: &[devkit::sandbox::Request]| {
        let codes = requests
            .iter()
            .filter(|r| r.grant_type.as_deref() == Some("authorization_code"));
        codes.count()
    };
    assert_eq!(spent(&stage.sandbox.requests_since(mark)), 0, "it waits for the mark");
    stage.sandbox.release(held).unwrap();
    page.await.unwrap().claim(200, &["Connected"]);
    let ran = stage.ended(connect).await;
    ran.claim(0, &["Connected as Jira Bot"]);
    assert_eq!(spent(&stage.sandbox.requests_since(mark)), 1);

    assert!(is_ready(&stage.request("acme").await));
    let grant = stage.secret("acme-oauth-grant").await.unwrap();
    let published = stage
        .until_secret("acme-jira-token", "that of the new grant", |data| {
            data.get("access-token") == grant.get("access-token")
        })
        .await;
    assert_eq!(published["access-token"], grant["access-token"]);
    stage.age_token("acme-oauth-grant").await;
    assert!(is_ready(&stage.request("acme").await), "and the new grant is refreshed");
    let refused = stage.sandbox.requests().into_iter();
    let refused = refused.filter(|r| r.path == "/oauth/token" && r.status != Some(200));
    assert_eq!(refused.count(), 0);
    stage.close().await;
}

async fn missing(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "missing").await;
    let nobody = stage.runs(&["connect", "nobody"]).await;
    nobody.claim(
        2,
        &[&format!(
            "there is no JiraIntegration nobody in namespace {}",
            stage.namespace
        )],
    );
    let nowhere = stage.connects(port, &[]).with(&stage.path("absent")).start();
    let nowhere = stage.ended(nowhere).await;
    nowhere.claim(2, &["no cluster to talk to", "KUBECONFIG", "-f"]);
    stage
        .patch_secret("acme-oauth", json!({"data": {"client-secret": null}}))
        .await;
    let incomplete = stage.ended(stage.connects(port, &[]).start()).await;
    incomplete.claim(
        2,
        &["client-secret", "Put the OAuth app's client-id and client-secret there"],
    );
    stage.delete::<Secret>("acme-oauth").await;
    let absent = stage.ended(stage.connects(port, &[]).start()).await;
    absent.claim(
        2,
        &[
            "Secret acme-oauth",
            "Put the OAuth app's client-id and client-secret there",
        ],
    );
    assert!(stage.sandbox.requests().is_empty());
    stage.close().await;
}
