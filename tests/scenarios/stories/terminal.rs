//! Connecting from the terminal: the link, the browser that comes back or does not, and the callback.

use std::{net::TcpListener, os::unix::fs::PermissionsExt, sync::Arc};

use devkit::sandbox::{FaultAction, FaultRule, When};
use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        BOT, Stage,
        browser::{Choice, visit},
        claim::claim,
        hands::written,
        terminal::Running,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story(
            "terminal::a_script_prints_the_link_and_the_operator_becomes_ready",
            script,
        ),
        story("terminal::on_a_terminal_the_browser_is_opened", on_a_terminal),
        story("terminal::the_port_is_taken", port_taken),
        story("terminal::ctrl_c_before_the_browser_comes", interrupted),
        story("terminal::ctrl_c_during_the_exchange_keeps_the_grant", interrupted_late),
        story("terminal::a_browser_that_never_comes", never_comes),
        story("terminal::a_wrong_state_and_a_second_visit", strange_visits),
    ]
}

/// An integration that nobody has connected yet, and the port of its app's callback.
pub async fn unconnected(plane: &Arc<Plane>, name: &str) -> (Stage, u16) {
    let stage = Stage::open(plane, name).await;
    let (port, _) = stage.app_on_free_port("acme-oauth").await;
    let spec = json!({"account": {"email": BOT}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_reason("acme", "Authorized", "NotConnected").await;
    (stage, port)
}

async fn script(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "script").await;
    let mut connect = stage.connects(port, &[]).start();
    let link = connect.link().await;
    let page = stage.follow(&link, Choice::default()).await;
    page.claim(200, &["Connected", "Jira Bot", "acme-oauth-grant", "AccountEligible"]);
    let ran = stage.ended(connect).await;
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
    ran.claim(0, &named).fits();
    assert_eq!(ran.out, "", "standard output is for what is asked for");
    assert!(!ran.err.contains('\x1b'), "no colours without a terminal");
    stage.until_ready("acme").await;
    assert_eq!(
        stage.exchanges(),
        1,
        "the access token that came with the consent is used"
    );
    let person = stage.secret("acme-oauth").await.unwrap();
    assert!(
        !person.contains_key("refresh-token"),
        "the person's Secret is only read"
    );
    stage.close().await;
}

/// The browser is what `BROWSER` names: a program that leaves the link where the scenario finds it.
async fn on_a_terminal(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "on-terminal").await;
    let (opened, browser) = (stage.path("opened"), stage.path("browser"));
    let script = format!(
        "#!/bin/sh\nprintf %s \"$1\" >{0}.part && mv {0}.part {0}\n",
        opened.display()
    );
    std::fs::write(&browser, script).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut connect = stage.connects(port, &[]).env("BROWSER", &browser).start_on_terminal();
    let link = connect.link().await;
    let page = stage.follow(&link, Choice::default()).await;
    page.claim(200, &["Connected"]);
    let ran = stage.ended(connect).await;
    ran.claim(0, &["The link was opened in the browser.", "Connected as Jira Bot"])
        .fits();
    assert!(ran.err.contains("\x1b[32m√\x1b[0m AccountEligible"), "{}", ran.err);
    assert_eq!(written(&opened).await, link);
    stage.until_ready("acme").await;

    // Not where nobody wants it, nor where an account of somebody else's would be taken.
    std::fs::remove_file(&opened).unwrap();
    for (arguments, account) in [
        (&["--no-browser"][..], json!({"email": BOT})),
        (&[], serde_json::Value::Null),
    ] {
        stage.change("acme", json!({"account": account})).await;
        let command = stage.connects(port, arguments).env("BROWSER", &browser);
        let mut again = command.start_on_terminal();
        let link = again.link().await;
        stage.follow(&link, Choice::default()).await.claim(200, &["Connected"]);
        let ran = stage.ended(again).await;
        ran.claim(0, &["Connected as Jira Bot"]);
        assert!(!ran.err.contains("was opened") && !opened.exists());
        stage.until_ready("acme").await;
    }
    stage.close().await;
}

async fn port_taken(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "port").await;
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
        let ran = stage.ended(stage.connects(port, &[]).start()).await;
        ran.claim(2, &named);
        assert!(!ran.err.contains("/authorize"), "nobody is invited in vain");
        drop(taken);
    }
    assert_eq!(stage.exchanges(), 0);
    stage.close().await;
}

async fn interrupted(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "ctrl-c").await;
    for on_terminal in [true, false] {
        let line = stage.connects(port, &["--no-browser"]);
        let mut connect: Running = if on_terminal {
            line.start_on_terminal()
        } else {
            line.start()
        };
        connect.link().await;
        connect.interrupt();
        let ran = stage.ended(connect).await;
        ran.claim(130, &["Interrupted before the browser came back; nothing was changed."]);
    }
    assert_eq!(stage.exchanges(), 0);
    assert!(stage.secret("acme-oauth-grant").await.is_none(), "nothing was written");
    stage.close().await;
}

/// Atlassian answers late, and the person loses patience. The grant is kept all the same.
async fn interrupted_late(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "ctrl-c-late").await;
    let held = stage
        .sandbox
        .fault(FaultRule::token_endpoint(When::After, FaultAction::Hold));
    let mut connect = stage.connects(port, &["--no-browser"]).start_on_terminal();
    let link = connect.link().await;
    let location = stage.decide(&link, Choice::default());
    let page = tokio::spawn(async move { visit(&location).await });
    assert!(stage.sandbox.wait_for_hits(held, 1).await);
    connect.interrupt();
    connect
        .until_said("what was granted is brought to its place first")
        .await;
    stage.sandbox.release(held).unwrap();
    page.await.unwrap().claim(200, &["Connected"]);
    stage.ended(connect).await.claim(0, &["Connected as Jira Bot"]);
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}

async fn never_comes(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "nobody").await;
    let ran = stage.ended(stage.connects(port, &["--timeout", "2s"]).start()).await;
    let named = [
        "the browser did not come back within 2 seconds, so nothing was changed",
        &format!("it must be http://localhost:{port}/connect/callback"),
    ];
    ran.claim(2, &named);
    assert!(stage.secret("acme-oauth-grant").await.is_none());
    stage.close().await;
}

/// Who knows the port and not the state learns and changes nothing; a second visit spends nothing.
async fn strange_visits(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "strange").await;
    let mut connect = stage.connects(port, &[]).start();
    let link = connect.link().await;
    let location = stage.decide(&link, Choice::default());
    let (address, query) = location.split_once('?').unwrap();
    for wrong in [
        "code=stolen&state=guessed".to_owned(),
        "error=access_denied&state=guessed".to_owned(),
        format!("{query}0"),
        format!("{query}&code=another"),
        String::new(),
    ] {
        let page = visit(&format!("{address}?{wrong}")).await;
        page.claim(400, &["This consent was not begun here"]);
    }
    let held = stage
        .sandbox
        .fault(FaultRule::token_endpoint(When::Before, FaultAction::Hold));
    let first = location.clone();
    let page = tokio::spawn(async move { visit(&first).await });
    assert!(stage.sandbox.wait_for_hits(held, 1).await);
    visit(&location).await.claim(400, &["was used already"]);
    stage.sandbox.release(held).unwrap();
    page.await.unwrap().claim(200, &["Connected"]);
    stage.ended(connect).await.claim(0, &["Connected as Jira Bot"]);
    let ready = stage.until_ready("acme").await;
    claim(&ready, "Authorized", "True", "TokenFresh", &["acme-oauth-grant"]);
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}
