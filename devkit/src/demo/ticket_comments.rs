//! The scene of comments both ways: what the spec says is read by agents and by customers, and the answer is read here.

use super::cluster::Error;
use super::narrator::{change, paragraph, say, show};
use super::processes::Processes;
use super::tickets::{CUSTOMER, KNOWN, as_agent, show_thread};
use crate::sandbox::Command;

const COMMENTS: &str = "spec:
  comments:
    - {name: stock, body: \"In stock, **room 12**.\"}
    - {name: answer, body: It is on its way., visibility: Public}
";

/// Comments from the cluster, lets the customer answer, and shows both.
pub(super) async fn show_comments(demo: &Processes) -> Result<(), Error> {
    say("Comments go both ways. The spec has two for Dana's; they are internal unless it says otherwise:");
    let object = format!("jissue/{KNOWN}");
    println!("{COMMENTS}");
    demo.cluster
        .kubectl(&["patch", &object, "-n", "demo", "--type", "merge", "-p", COMMENTS])
        .await?;
    demo.cluster.wait_for_reason(&object, "CommentsSent", "AllSent").await?;
    say("An agent reads both, and Dana, who is the customer, the public one:");
    let key = ["get", &object, "-n", "demo", "-o", "jsonpath={.status.key}"];
    let key = demo.cluster.kubectl(&key).await?;
    let of_agent = as_agent(demo, KNOWN).await?;
    paragraph(3, &format!("{key}  as Dana reads it"));
    let of_customer = show_thread(demo, CUSTOMER, &key).await?;
    if (of_agent.as_slice(), of_customer.as_slice()) != (&[false, true], &[true]) {
        return Err(Error::Unexpected(format!(
            "an agent was to read two comments and the customer one, not {of_agent:?} and {of_customer:?}"
        )));
    }
    say("Dana answers in Jira. Here it is seen at the next look at Jira, which is asked for now:");
    let answer = Command::CommentOnIssue {
        site: None,
        issue: key,
        account: Some(CUSTOMER.to_owned()),
        text: "Thank you, I am in room 14.".to_owned(),
        internal: false,
    };
    change(demo, answer)?;
    demo.cluster.request("acme").await?;
    let answered = "--for=jsonpath={.status.comments.latest[0].text}=Thank you, I am in room 14.";
    demo.cluster.wait(&[answered, &object]).await?;
    let latest = r#"jsonpath={range .status.comments.latest[*]}{.author}: {.text}{"\n"}{end}"#;
    show(demo, &["get", &object, "-n", "demo", "-o", latest]).await
}
