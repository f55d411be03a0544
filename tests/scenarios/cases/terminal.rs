//! Connecting from the terminal: the link, the browser that comes back or does not, and the callback.

use std::{net::TcpListener, os::unix::fs::PermissionsExt, sync::Arc};

use devkit::sandbox::{FaultAction, FaultRule, When};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Harness,
        actions::written,
        assertions::assert_condition,
        browser::{Choice, visit},
        terminal::Running,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "terminal::a_script_prints_the_link_and_the_operator_becomes_ready",
            script,
        ),
        scenario("terminal::on_a_terminal_the_browser_is_opened", on_a_terminal),
        scenario("terminal::the_port_is_taken", port_taken),
        scenario("terminal::ctrl_c_before_the_browser_comes", interrupted),
        scenario("terminal::ctrl_c_during_the_exchange_keeps_the_grant", interrupted_late),
        scenario("terminal::a_browser_that_never_comes", never_comes),
        scenario("terminal::a_wrong_state_and_a_second_visit", strange_visits),
    ]
}

/// An integration that nobody has connected yet, and the port of its app's callback.
pub async fn unconnected(cluster: &Arc<Cluster>, name: &str) -> (Harness, u16) {
    let harness = Harness::open(cluster, name).await;
    let (port, _) = harness.app_on_free_port("acme-oauth").await;
    let spec = json!({"account": {"email": BOT}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_reason("acme", "Authorized", "NotConnected").await;
    (harness, port)
}

async fn script(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "script").await;
    let mut connect = harness.connects(port, &[]).start();
    let link = connect.link().await;
    let page = harness.follow(&link, Choice::default()).await;
    page.assert_says(200, &["Connected", "Jira Bot", "acme-oauth-grant", "AccountEligible"]);
    let ran = harness.ended(connect).await;
    let callback = format!("http://localhost:{port}/connect/callback");
    let named = [
        "Log in as jira-bot@acme.example, not as yourself",
        "private window",
        callback.as_str(),
        "√ ScopesGranted",
        "√ AccountEligible",
        "3 fine.",
        "Connected as Jira Bot (712020:e8875729-e406-41c9-a289-bc386a496ff9).",
        "The grant is in Secret acme-oauth-grant",
    ];
    ran.assert_exit(0, &named).fits();
    assert_eq!(ran.out, "", "standard output is for what is asked for");
    assert!(!ran.err.contains('\x1b'), "no colours without a terminal");
    harness.until_ready("acme").await;
    assert_eq!(
        harness.exchanges(),
        1,
        "the access token that came with the consent is used"
    );
    let person = harness.secret("acme-oauth").await.unwrap();
    assert!(
        !person.contains_key("refresh-token"),
        "the person's Secret is only read"
    );
    harness.close().await;
}

/// The browser is what `BROWSER` names: a program that leaves the link where the scenario finds it.
async fn on_a_terminal(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "on-terminal").await;
    let (opened, browser) = (harness.path("opened"), harness.path("browser"));
    let script = format!(
        "#!/bin/sh\nprintf %s \"$1\" >{0}.part && mv {0}.part {0}\n",
        opened.display()
    );
    std::fs::write(&browser, script).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut connect = harness.connects(port, &[]).env("BROWSER", &browser).start_on_terminal();
    let link = connect.link().await;
    let page = harness.follow(&link, Choice::default()).await;
    page.assert_says(200, &["Connected"]);
    let ran = harness.ended(connect).await;
    ran.assert_exit(0, &["The link was opened in the browser.", "Connected as Jira Bot"])
        .fits();
    assert!(ran.err.contains("\x1b[32m√\x1b[0m AccountEligible"), "{}", ran.err);
    assert_eq!(written(&opened).await, link);
    harness.until_ready("acme").await;

    // Not where nobody wants it, nor where another person's account would be taken.
    std::fs::remove_file(&opened).unwrap();
    for (arguments, account) in [
        (&["--no-browser"][..], json!({"email": BOT})),
        (&[], serde_json::Value::Null),
    ] {
        harness.change("acme", json!({"account": account})).await;
        let command = harness.connects(port, arguments).env("BROWSER", &browser);
        let mut again = command.start_on_terminal();
        let link = again.link().await;
        harness
            .follow(&link, Choice::default())
            .await
            .assert_says(200, &["Connected"]);
        let ran = harness.ended(again).await;
        ran.assert_exit(0, &["Connected as Jira Bot"]);
        assert!(!ran.err.contains("was opened") && !opened.exists());
        harness.until_ready("acme").await;
    }
    harness.close().await;
}

async fn port_taken(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "port").await;
    let named = [
        format!("port {port} of this machine cannot be used"),
        "jira-operator run".to_owned(),
        "--port N".to_owned(),
        "http://localhost:N/connect/callback as the callback URL of the app".to_owned(),
    ];
    let named = named.each_ref().map(String::as_str);
    for address in ["127.0.0.1", "[::1]"] {
        // A machine without IPv6 has nothing to be taken there.
        let Ok(taken) = TcpListener::bind(format!("{address}:{port}")) else {
            continue;
        };
        let ran = harness.ended(harness.connects(port, &[]).start()).await;
        ran.assert_exit(2, &named);
        assert!(!ran.err.contains("/authorize"), "nobody is invited in vain");
        drop(taken);
    }
    assert_eq!(harness.exchanges(), 0);
    harness.close().await;
}

async fn interrupted(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "ctrl-c").await;
    for on_terminal in [true, false] {
        let line = harness.connects(port, &["--no-browser"]);
        let mut connect: Running = if on_terminal {
            line.start_on_terminal()
        } else {
            line.start()
        };
        connect.link().await;
        connect.interrupt();
        let ran = harness.ended(connect).await;
        ran.assert_exit(130, &["Interrupted before the browser came back; nothing was changed."]);
    }
    assert_eq!(harness.exchanges(), 0);
    assert!(
        harness.secret("acme-oauth-grant").await.is_none(),
        "nothing was written"
    );
    harness.close().await;
}

/// Atlassian answers late, and the person loses patience. The grant is kept all the same.
async fn interrupted_late(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "ctrl-c-late").await;
    let held = harness
        .sandbox
        .fault(FaultRule::token_endpoint(When::After, FaultAction::Hold));
    let mut connect = harness.connects(port, &["--no-browser"]).start_on_terminal();
    let link = connect.link().await;
    let location = harness.decide(&link, Choice::default());
    let page = tokio::spawn(async move { visit(&location).await });
    assert!(harness.sandbox.wait_for_hits(held, 1).await);
    connect.interrupt();
    connect
        .until_said("what was granted is brought to its place first")
        .await;
    harness.sandbox.release(held).unwrap();
    page.await.unwrap().assert_says(200, &["Connected"]);
    harness.ended(connect).await.assert_exit(0, &["Connected as Jira Bot"]);
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

async fn never_comes(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "nobody").await;
    let ran = harness
        .ended(harness.connects(port, &["--timeout", "2s"]).start())
        .await;
    let named = [
        "the browser did not come back within 2 seconds, so nothing was changed",
        &format!("it must be http://localhost:{port}/connect/callback"),
    ];
    ran.assert_exit(2, &named);
    assert!(harness.secret("acme-oauth-grant").await.is_none());
    harness.close().await;
}

/// Who knows the port and not the state learns and changes nothing; a second visit spends nothing.
async fn strange_visits(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "strange").await;
    let mut connect = harness.connects(port, &[]).start();
    let link = connect.link().await;
    let location = harness.decide(&link, Choice::default());
    let (address, query) = location.split_once('?').unwrap();
    for wrong in [
        "code=stolen&state=guessed".to_owned(),
        "error=access_denied&state=guessed".to_owned(),
        format!("{query}0"),
        format!("{query}&code=another"),
        String::new(),
    ] {
        let page = visit(&format!("{address}?{wrong}")).await;
        page.assert_says(400, &["This consent was not begun here"]);
    }
    let held = harness
        .sandbox
        .fault(FaultRule::token_endpoint(When::Before, FaultAction::Hold));
    let first = location.clone();
    let page = tokio::spawn(async move { visit(&first).await });
    assert!(harness.sandbox.wait_for_hits(held, 1).await);
    visit(&location).await.assert_says(400, &["was used already"]);
    harness.sandbox.release(held).unwrap();
    page.await.unwrap().assert_says(200, &["Connected"]);
    harness.ended(connect).await.assert_exit(0, &["Connected as Jira Bot"]);
    let ready = harness.until_ready("acme").await;
    assert_condition(&ready, "Authorized", "True", "TokenFresh", &["acme-oauth-grant"]);
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}
