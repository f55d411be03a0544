//! A grant for elsewhere: `connect --print` gives the Secret, and no cluster is written.

use std::{fs, fs::File, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use jira_operator::api::integration::JiraIntegration;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::{Scenario, scenario, terminal::unconnected};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Harness, Setup,
        browser::Choice,
        manifest,
        observe::is_ready,
        terminal::{CommandLine, Ran},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("terminal::print_to_a_file_a_pipe_and_standard_output", print),
        scenario("terminal::print_is_refused_on_a_terminal", refused_on_a_terminal),
        scenario("terminal::print_needs_no_cluster", without_a_cluster),
        scenario("terminal::what_cannot_be_printed_is_kept", not_printed),
    ]
}

async fn connected(harness: &Harness, typed: CommandLine) -> Ran {
    let mut connect = typed.start();
    let link = connect.link().await;
    harness
        .follow(&link, Choice::default())
        .await
        .assert_says(200, &["Connected"]);
    harness.ended(connect).await
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// Asserts that this is the Secret with a refresh token, and gives it.
fn is_the_secret(harness: &Harness, text: &str) -> Value {
    let secret: Value = serde_saphyr::from_str(text).expect("YAML");
    assert_eq!(secret["kind"], "Secret");
    assert_eq!(secret["metadata"]["name"], "acme-oauth");
    assert_eq!(secret["metadata"]["namespace"], harness.namespace);
    let data = secret["stringData"].as_object().unwrap();
    let keys: Vec<&str> = data.keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(
        harness
            .sandbox
            .secrets()
            .contains(&data["refresh-token"].as_str().unwrap().to_owned())
    );
    secret
}

async fn print(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "print").await;
    let ran = connected(&harness, harness.connects(port, &["--print=token.yaml"])).await;
    let named = [
        "Connected as Jira Bot",
        "The Secret with the refresh token is in token.yaml, readable by you alone.",
    ];
    ran.assert_exit(0, &named).fits();
    let file = harness.path("token.yaml");
    assert_eq!((mode(&file), ran.out.as_str()), (0o600, ""));
    is_the_secret(&harness, &fs::read_to_string(&file).unwrap());

    let ran = connected(&harness, harness.connects(port, &["--print"])).await;
    ran.assert_exit(0, &["went to standard output"]);
    is_the_secret(&harness, &ran.out);

    let redirected = harness.path("redirected.yaml");
    let out = File::create(&redirected).unwrap();
    fs::set_permissions(&redirected, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = connected(&harness, harness.connects(port, &["--print"]).into_file(out)).await;
    ran.assert_exit(0, &["went to standard output"]);
    assert_eq!(mode(&redirected), 0o600);
    let text = fs::read_to_string(&redirected).unwrap();
    is_the_secret(&harness, &text);
    assert!(
        harness.secret("acme-oauth-grant").await.is_none(),
        "the cluster is as before"
    );

    harness.cluster.apply(&text).await.expect("it is applied");
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 4, "adopted once");
    harness.close().await;
}

async fn refused_on_a_terminal(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "print-tty").await;
    // Before anything is asked: not even a cluster is needed for it.
    let typed = harness.connects(port, &["--print"]).with(&harness.path("absent"));
    let ran = harness.ended(typed.start_on_terminal()).await;
    ran.assert_exit(
        2,
        &[
            "--print shows a secret, and standard output is a terminal",
            "--print=FILE",
        ],
    );
    assert!(!ran.err.contains("/authorize"));

    let theirs = harness.path("theirs.yaml");
    fs::write(&theirs, "kind: Secret\n").unwrap();
    let typed = harness.connects(port, &["--print=theirs.yaml"]);
    harness
        .ended(typed.start())
        .await
        .assert_exit(2, &["was not written by this program"]);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "kind: Secret\n");
    let typed = harness.connects(port, &["--print=absent/token.yaml"]);
    harness
        .ended(typed.start())
        .await
        .assert_exit(2, &["cannot be written", "Nothing was changed"]);
    assert!(harness.sandbox.requests().is_empty());

    // On a terminal with its standard output elsewhere it is as good as in a script.
    let file = harness.path("out.yaml");
    let typed = harness.connects(port, &["--no-browser", "--print"]);
    let mut connect = typed.into_file(File::create(&file).unwrap()).start_on_terminal();
    let link = connect.link().await;
    harness
        .follow(&link, Choice::default())
        .await
        .assert_says(200, &["Connected"]);
    harness
        .ended(connect)
        .await
        .assert_exit(0, &["went to standard output"]);
    is_the_secret(&harness, &fs::read_to_string(&file).unwrap());
    harness.close().await;
}

/// For a cluster that this machine does not reach: manifests in, a manifest out, which connects there.
async fn without_a_cluster(cluster: Arc<Cluster>) {
    let harness = Harness::set_up(&cluster, "no-cluster", Setup::default()).await;
    let app = harness.sandbox.create_app().unwrap();
    let port = harness.callback_on_free_port(&app.client_id).to_string();
    let mut integration = manifest("acme", "acme-oauth", json!({"account": {"email": BOT}}));
    integration["metadata"]["namespace"] = json!(harness.namespace);
    fs::write(harness.path("acme.yaml"), integration.to_string()).unwrap();
    let data = json!({"client-id": app.client_id, "client-secret": app.client_secret});
    let metadata = json!({"name": "acme-oauth", "namespace": harness.namespace});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data});
    fs::write(harness.path("secret.yaml"), secret.to_string()).unwrap();

    let files = ["connect", "-f", "acme.yaml", "-f", "secret.yaml", "--port", &port];
    let nowhere = |more: &[&str]| harness.types(&[&files, more].concat()).with(&harness.path("absent"));
    let ran = connected(&harness, nowhere(&["--print=connected.yaml"])).await;
    ran.assert_exit(0, &["Log in as jira-bot@acme.example", "Connected as Jira Bot"])
        .fits();
    let text = fs::read_to_string(harness.path("connected.yaml")).unwrap();
    is_the_secret(&harness, &text);

    harness.ended(nowhere(&[]).start()).await.assert_exit(2, &["--print"]);
    let other = harness.ended(nowhere(&["--print=x.yaml", "other"]).start()).await;
    other.assert_exit(2, &["none of that name"]);
    let lacking = harness.types(&["connect", "-f", "acme.yaml", "--print=x.yaml", "--port", &port]);
    harness
        .ended(lacking.start())
        .await
        .assert_exit(2, &["the files lack the Secret acme-oauth"]);

    harness
        .cluster
        .apply(&integration.to_string())
        .await
        .expect("it is applied");
    harness.cluster.apply(&text).await.expect("it is applied");
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 2, "adopted once");
    harness.cluster.apply(&text).await.expect("it is applied again");
    assert!(is_ready(&harness.request("acme").await));
    assert_eq!(harness.exchanges(), 2, "and not again");
    assert!(harness.all::<JiraIntegration>().get("acme").await.is_ok());
    assert!(harness.all::<Secret>().get("acme-oauth-grant").await.is_ok());
    harness.close().await;
}

/// The reader of the pipe is gone when the grant is there.
async fn not_printed(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "no-reader").await;
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("a device that takes nothing");
    let mut connect = harness.connects(port, &["--print"]).into_file(full).start();
    let link = connect.link().await;
    let page = harness.follow(&link, Choice::default()).await;
    page.assert_says(200, &["The grant is not stored yet", "acme-connected.yaml"]);
    let ran = harness.ended(connect).await;
    let named = [
        "it could not be stored: standard output",
        "is in acme-connected.yaml, readable by you alone",
    ];
    ran.assert_exit(2, &named);
    let file = harness.path("acme-connected.yaml");
    assert_eq!(mode(&file), 0o600);
    let text = fs::read_to_string(&file).unwrap();
    is_the_secret(&harness, &text);
    harness.cluster.apply(&text).await.expect("it is applied");
    harness.until_ready("acme").await;
    harness.close().await;
}
