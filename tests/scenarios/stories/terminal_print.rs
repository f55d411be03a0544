//! A grant for elsewhere: `connect --print` gives the Secret, and no cluster is written.

use std::{fs, fs::File, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use jira_operator::api::integration::JiraIntegration;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::{Story, story, terminal::unconnected};
use crate::{
    plane::Plane,
    stage::{
        BOT, Setup, Stage,
        browser::Choice,
        look::is_ready,
        manifest,
        terminal::{CommandLine, Ran},
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("terminal::print_to_a_file_a_pipe_and_standard_output", print),
        story("terminal::print_is_refused_on_a_terminal", refused_on_a_terminal),
        story("terminal::print_needs_no_cluster", without_a_cluster),
        story("terminal::what_cannot_be_printed_is_kept", not_printed),
    ]
}

async fn connected(stage: &Stage, typed: CommandLine) -> Ran {
    let mut connect = typed.start();
    let link = connect.link().await;
    stage.follow(&link, Choice::default()).await.claim(200, &["Connected"]);
    stage.ended(connect).await
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// Claims that this is the Secret with a refresh token, and gives it.
fn is_the_secret(stage: &Stage, text: &str) -> Value {
    let secret: Value = serde_saphyr::from_str(text).expect("YAML");
    assert_eq!(secret["kind"], "Secret");
    assert_eq!(secret["metadata"]["name"], "acme-oauth");
    assert_eq!(secret["metadata"]["namespace"], stage.namespace);
    let data = secret["stringData"].as_object().unwrap();
    let keys: Vec<&str> = data.keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(
        stage
            .sandbox
            .secrets()
            .contains(&data["refresh-token"].as_str().unwrap().to_owned())
    );
    secret
}

async fn print(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "print").await;
    let ran = connected(&stage, stage.connects(port, &["--print=token.yaml"])).await;
    let named = [
        "Connected as Jira Bot",
        "The Secret with the refresh token is in token.yaml, readable by you alone.",
    ];
    ran.claim(0, &named).fits();
    let file = stage.path("token.yaml");
    assert_eq!((mode(&file), ran.out.as_str()), (0o600, ""));
    is_the_secret(&stage, &fs::read_to_string(&file).unwrap());

    let ran = connected(&stage, stage.connects(port, &["--print"])).await;
    ran.claim(0, &["went to standard output"]);
    is_the_secret(&stage, &ran.out);

    let redirected = stage.path("redirected.yaml");
    let out = File::create(&redirected).unwrap();
    fs::set_permissions(&redirected, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = connected(&stage, stage.connects(port, &["--print"]).into_file(out)).await;
    ran.claim(0, &["went to standard output"]);
    assert_eq!(mode(&redirected), 0o600);
    let text = fs::read_to_string(&redirected).unwrap();
    is_the_secret(&stage, &text);
    assert!(
        stage.secret("acme-oauth-grant").await.is_none(),
        "the cluster is as before"
    );

    stage.plane.apply(&text).await.expect("it is applied");
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 4, "adopted once");
    stage.close().await;
}

async fn refused_on_a_terminal(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "print-tty").await;
    // Before anything is asked: not even a cluster is needed to be told.
    let typed = stage.connects(port, &["--print"]).with(&stage.path("absent"));
    let ran = stage.ended(typed.start_on_terminal()).await;
    ran.claim(
        2,
        &[
            "--print shows a secret, and standard output is a terminal",
            "--print=FILE",
        ],
    );
    assert!(!ran.err.contains("/authorize"));

    let theirs = stage.path("theirs.yaml");
    fs::write(&theirs, "kind: Secret\n").unwrap();
    let typed = stage.connects(port, &["--print=theirs.yaml"]);
    stage
        .ended(typed.start())
        .await
        .claim(2, &["was not written by this program"]);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "kind: Secret\n");
    let typed = stage.connects(port, &["--print=absent/token.yaml"]);
    stage
        .ended(typed.start())
        .await
        .claim(2, &["cannot be written", "Nothing was spent"]);
    assert!(stage.sandbox.requests().is_empty());

    // On a terminal with its standard output elsewhere it is as good as in a script.
    let file = stage.path("out.yaml");
    let typed = stage.connects(port, &["--no-browser", "--print"]);
    let mut connect = typed.into_file(File::create(&file).unwrap()).start_on_terminal();
    let link = connect.link().await;
    stage.follow(&link, Choice::default()).await.claim(200, &["Connected"]);
    stage.ended(connect).await.claim(0, &["went to standard output"]);
    is_the_secret(&stage, &fs::read_to_string(&file).unwrap());
    stage.close().await;
}

/// For a cluster that this machine does not reach: manifests in, a manifest out, which connects there.
async fn without_a_cluster(plane: Arc<Plane>) {
    let stage = Stage::set_up(&plane, "no-cluster", Setup::default()).await;
    let app = stage.sandbox.create_app().unwrap();
    let port = stage.callback_on_free_port(&app.client_id).to_string();
    let mut integration = manifest("acme", "acme-oauth", json!({"account": {"email": BOT}}));
    integration["metadata"]["namespace"] = json!(stage.namespace);
    fs::write(stage.path("acme.yaml"), integration.to_string()).unwrap();
    let data = json!({"client-id": app.client_id, "client-secret": app.client_secret});
    let metadata = json!({"name": "acme-oauth", "namespace": stage.namespace});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data});
    fs::write(stage.path("secret.yaml"), secret.to_string()).unwrap();

    let files = ["connect", "-f", "acme.yaml", "-f", "secret.yaml", "--port", &port];
    let nowhere = |more: &[&str]| stage.types(&[&files, more].concat()).with(&stage.path("absent"));
    let ran = connected(&stage, nowhere(&["--print=connected.yaml"])).await;
    ran.claim(0, &["Log in as jira-bot@acme.example", "Connected as Jira Bot"])
        .fits();
    let text = fs::read_to_string(stage.path("connected.yaml")).unwrap();
    is_the_secret(&stage, &text);

    stage.ended(nowhere(&[]).start()).await.claim(2, &["--print"]);
    let other = stage.ended(nowhere(&["--print=x.yaml", "other"]).start()).await;
    other.claim(2, &["none of that name"]);
    let lacking = stage.types(&["connect", "-f", "acme.yaml", "--print=x.yaml", "--port", &port]);
    stage
        .ended(lacking.start())
        .await
        .claim(2, &["the files lack the Secret acme-oauth"]);

    stage
        .plane
        .apply(&integration.to_string())
        .await
        .expect("it is applied");
    stage.plane.apply(&text).await.expect("it is applied");
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 2, "adopted once");
    stage.plane.apply(&text).await.expect("it is applied again");
    assert!(is_ready(&stage.request("acme").await));
    assert_eq!(stage.exchanges(), 2, "and not again");
    assert!(stage.all::<JiraIntegration>().get("acme").await.is_ok());
    assert!(stage.all::<Secret>().get("acme-oauth-grant").await.is_ok());
    stage.close().await;
}

/// The reader of the pipe is gone when the grant is there.
async fn not_printed(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "no-reader").await;
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("a device that takes nothing");
    let mut connect = stage.connects(port, &["--print"]).into_file(full).start();
    let link = connect.link().await;
    let page = stage.follow(&link, Choice::default()).await;
    page.claim(200, &["The grant is not stored yet", "acme-connected.yaml"]);
    let ran = stage.ended(connect).await;
    let named = [
        "it could not be stored: standard output",
        "is in acme-connected.yaml, readable by you alone",
    ];
    ran.claim(2, &named);
    let file = stage.path("acme-connected.yaml");
    assert_eq!(mode(&file), 0o600);
    let text = fs::read_to_string(&file).unwrap();
    is_the_secret(&stage, &text);
    stage.plane.apply(&text).await.expect("it is applied");
    stage.until_ready("acme").await;
    stage.close().await;
}
