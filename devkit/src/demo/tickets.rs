//! The scene of two tickets: one for a person whom the site knows, one for somebody without an account, each as `kubectl`
//! and as an agent of the service project see it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::cluster::Error;
use super::narrator::{paragraph, print_broken, say, show, tell};
use super::processes::Processes;

/// An agent of the service project.
pub(super) const AGENT: &str = "alex@acme.example";
/// A customer of it.
pub(super) const CUSTOMER: &str = "dana@acme.example";
/// The tickets, by the names of their objects.
pub(super) const KNOWN: &str = "laptop-for-dana";
pub(super) const UNKNOWN: &str = "laptop-for-kim";
/// How long an event may take that follows a ticket.
const EVENTS_WITHIN: Duration = Duration::from_secs(30);

const MANIFESTS: [(&str, &str); 2] = [
    (
        KNOWN,
        "apiVersion: jira-operator.dev/v1alpha1
kind: JiraIssue
metadata: {name: laptop-for-dana}
spec:
  integration: acme
  project: SUP
  requestType: Ask a question
  summary: Laptop for Dana
  reporter: {email: dana@acme.example}
",
    ),
    (
        UNKNOWN,
        "apiVersion: jira-operator.dev/v1alpha1
kind: JiraIssue
metadata: {name: laptop-for-kim}
spec:
  integration: acme
  project: SUP
  requestType: Ask a question
  summary: Laptop for Kim
  description: Kim starts on Monday and needs **a laptop**.
  reporter: {email: kim@ext.example}   # has no Atlassian account
",
    ),
];

/// Applies both tickets, and shows them.
pub(super) async fn show_tickets(demo: &Processes) -> Result<(), Error> {
    say(
        "3. The cluster speaks to Jira. With spec.tickets, a JiraIssue that somebody applies becomes a ticket, created \
         once: here one for Dana, whom the site knows, and this one for Kim, who has no account there:",
    );
    let patch = r#"{"spec": {"tickets": {"projects": ["SUP"]}}}"#;
    let patch = [
        "patch",
        "jiraintegration",
        "acme",
        "-n",
        "demo",
        "--type",
        "merge",
        "-p",
        patch,
    ];
    demo.cluster.kubectl(&patch).await?;
    for (name, manifest) in MANIFESTS {
        if name == UNKNOWN {
            println!("{manifest}");
        }
        demo.cluster.apply(Some("demo"), manifest).await?;
    }
    for name in [KNOWN, UNKNOWN] {
        let object = format!("jiraissue/{name}");
        demo.cluster.wait_for_reason(&object, "Ready", "InSync").await?;
    }
    let noted = "--for=jsonpath={.status.people.reporter.note}";
    demo.cluster.wait(&[noted, &format!("jiraissue/{UNKNOWN}")]).await?;
    show(demo, &["get", "jissue", "-n", "demo", KNOWN, UNKNOWN]).await?;
    say("Kim's says what was done, in its conditions and events:");
    describe(demo).await?;
    say("And this is what an agent of SUP sees in Jira:");
    for name in [KNOWN, UNKNOWN] {
        let are_public = as_agent(demo, name).await?;
        if (are_public.first() == Some(&false)) != (name == UNKNOWN) {
            return Err(Error::Unexpected(format!(
                "an internal note was to be on Kim's ticket alone, and {name} has {}",
                are_public.len()
            )));
        }
    }
    Ok(())
}

/// What `kubectl describe` says of the person and of what was written.
async fn describe(demo: &Processes) -> Result<(), Error> {
    let command = ["describe", "jissue", "-n", "demo", UNKNOWN];
    let started = Instant::now();
    let text = loop {
        let text = demo.cluster.kubectl(&command).await?;
        if text.contains("CommentAdded") {
            break text;
        }
        if started.elapsed() > EVENTS_WITHIN {
            return Err(Error::Unexpected(format!(
                "no event tells of the comment on {UNKNOWN}:\n{text}"
            )));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    println!("$ kubectl {}\n…", command.join(" "));
    print_broken(&condition(&text, "PeopleMatched"));
    println!("…");
    print_broken(
        text.split_once("\nEvents:")
            .map(|(_, events)| format!("Events:{events}"))
            .unwrap_or_default()
            .as_str(),
    );
    Ok(())
}

/// The lines that describe a condition, without its time.
fn condition(description: &str, type_: &str) -> String {
    let begins = "    Last Transition Time:";
    let blocks = description.split(begins).skip(1);
    let lines = |block: &str| -> Vec<String> {
        let own = block.lines().skip(1).take_while(|line| line.starts_with("    "));
        own.map(str::to_owned).collect()
    };
    let is_it = |lines: &Vec<String>| lines.iter().any(|line| line.split_whitespace().eq(["Type:", type_]));
    blocks.map(lines).find(is_it).unwrap_or_default().join("\n")
}

/// Shows the request as an agent sees it, through Jira's own API. Answers of each comment whether it is public.
pub(super) async fn as_agent(demo: &Processes, name: &str) -> Result<Vec<bool>, Error> {
    let key = ["get", "jissue", "-n", "demo", name, "-o", "jsonpath={.status.key}"];
    let key = demo.cluster.kubectl(&key).await?;
    let issue = ask(
        (demo, AGENT),
        &format!("/rest/api/3/issue/{key}?fields=summary,status,reporter,assignee"),
    )
    .await?;
    let of_issue = |path: &str| issue.pointer(path).and_then(Value::as_str);
    let assignee = of_issue("/fields/assignee/displayName").unwrap_or("nobody");
    tell(
        &format!("{key}  {}", of_issue("/fields/summary").unwrap_or_default()),
        &format!(
            "{}, reported by {}, assigned to {assignee}",
            of_issue("/fields/status/name").unwrap_or_default(),
            of_issue("/fields/reporter/displayName").unwrap_or_default(),
        ),
    );
    show_thread(demo, AGENT, &key).await
}

/// Shows the comments of a request as somebody reads them. Answers of each whether it is public.
pub(super) async fn show_thread(demo: &Processes, account: &str, key: &str) -> Result<Vec<bool>, Error> {
    let comments = ask((demo, account), &format!("/rest/servicedeskapi/request/{key}/comment")).await?;
    let mut are_public = Vec::new();
    for comment in comments
        .pointer("/values")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |path: &str| comment.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let is_public = comment.pointer("/public").and_then(Value::as_bool) == Some(true);
        let kind = if is_public { "comment" } else { "internal note" };
        paragraph(5, &format!("{}, {kind}:", text("/author/displayName")));
        paragraph(7, text("/body"));
        are_public.push(is_public);
    }
    println!();
    Ok(are_public)
}

async fn ask((demo, account): (&Processes, &str), path: &str) -> Result<Value, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Start(format!("Jira could not be asked for {path}: {error}"));
    let app = demo.sandbox.app(None).map_err(|error| failed(&error))?;
    let token = demo
        .sandbox
        .mint(&app.client_id, Some(account))
        .map_err(|error| failed(&error))?
        .access_token;
    let site = demo
        .sandbox
        .state(|world| world.site("acme").map(|site| site.cloud_id.clone()));
    let url = format!("{}/ex/jira/{}{path}", demo.sandbox.url(), site.unwrap_or_default());
    let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await;
    let answer = answer
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| failed(&error))?;
    answer.json().await.map_err(|error| failed(&error))
}
