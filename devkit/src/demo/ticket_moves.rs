//! The scene of two tickets that go on living: one is moved in Jira and seen here, one is closed from the cluster.

use super::cluster::Error;
use super::narrator::{change, say, show, tell};
use super::processes::Processes;
use super::tickets::{AGENT, KNOWN, UNKNOWN, as_agent};
use crate::sandbox::Command;

/// Moves both, and shows them.
pub(super) async fn show_moves(demo: &Processes) -> Result<(), Error> {
    say(
        "Tickets go on living on both sides. The agent resolves Kim's in Jira. A program that waits for it here goes on, \
         at the next look at Jira, which is asked for now:",
    );
    let key = ["get", "jissue", "-n", "demo", UNKNOWN, "-o", "jsonpath={.status.key}"];
    let key = demo.cluster.kubectl(&key).await?;
    let resolve = Command::TransitionIssue {
        site: None,
        issue: key,
        account: Some(AGENT.to_owned()),
        to: "Resolved".to_owned(),
    };
    change(demo, resolve)?;
    demo.cluster.request("acme").await?;
    let unknown = format!("jissue/{UNKNOWN}");
    let done = "--for=jsonpath={.status.phase}=Done";
    show(demo, &["wait", &unknown, "-n", "demo", done, "--timeout=60s"]).await?;
    say("Dana's is closed from the cluster, and in Jira it is:");
    let known = format!("jissue/{KNOWN}");
    let patch = r#"{"spec": {"phase": "Done"}}"#;
    show(demo, &["patch", &known, "-n", "demo", "--type", "merge", "-p", patch]).await?;
    let reached = "--for=condition=PhaseReached";
    show(demo, &["wait", &known, "-n", "demo", reached, "--timeout=60s"]).await?;
    as_agent(demo, KNOWN).await?;
    say(
        "Where no way leads, the condition says which ones there are. Here a phase is wanted that no status stands for:",
    );
    let patch = r#"{"spec": {"phase": "Todo"}}"#;
    demo.cluster
        .kubectl(&["patch", &known, "-n", "demo", "--type", "merge", "-p", patch])
        .await?;
    let message = demo
        .cluster
        .wait_for_reason(&known, "PhaseReached", "PhaseUnknown")
        .await?;
    tell(
        &format!("{KNOWN}: PhaseReached is not True, reason PhaseUnknown:"),
        &message,
    );
    println!();
    show(demo, &["get", "jissue", "-n", "demo", KNOWN, UNKNOWN]).await
}
