//! The demo's last scene belongs to its reader: an integration that nobody has connected yet, and the link that does it.

use serde_json::json;

use super::cluster::Error;
use super::narrator::{paragraph, say};
use super::processes::Processes;

const SITE: &str = "https://acme.atlassian.net";
/// The dedicated account in the sandbox.
const ACCOUNT: &str = "jira-bot@acme.example";

/// Applies the integration, waits for its link, and says what to do with it.
pub(super) async fn show(demo: &Processes) -> Result<(), Error> {
    say("Now you: the Secret of this integration has an app's credentials and no token. Connect it in your browser.");
    apply(demo).await?;
    let object = "jiraintegration/yours";
    demo.cluster
        .wait_for_reason(object, "Authorized", "NotConnected")
        .await?;
    demo.cluster
        .wait(&["--for=jsonpath={.status.authorizationURL}", object])
        .await?;
    // So short that the line fits.
    let words = [
        "get",
        "-n",
        "demo",
        "ji/yours",
        "-o",
        "jsonpath={.status.authorizationURL}",
    ];
    println!("$ kubectl {}", words.join(" "));
    let link = demo.cluster.kubectl(&words).await?;
    if !link.starts_with(&format!("{}/connect/demo/yours?", demo.pages)) {
        return Err(Error::Unexpected(format!(
            "the link to connect leads elsewhere: {link}"
        )));
    }
    println!("{link}\n");
    paragraph(
        3,
        &format!(
            "Open it, press Connect, log in as {ACCOUNT} (the sandbox knows no passwords), choose {SITE}, and accept. The \
             page then shows how it becomes Ready. Log in as somebody else, or choose the other site, to see it refused."
        ),
    );
    println!();
    Ok(())
}

async fn apply(demo: &Processes) -> Result<(), Error> {
    let app = demo.sandbox.create_app();
    let app = app.map_err(|error| Error::Start(error.to_string()))?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "yours-oauth"},
        "stringData": {"client-id": app.client_id, "client-secret": app.client_secret},
    });
    let integration = json!({
        "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration", "metadata": {"name": "yours"},
        "spec": {"site": SITE, "secretRef": {"name": "yours-oauth"}, "account": {"email": ACCOUNT}},
    });
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [secret, integration]});
    demo.cluster.apply(Some("demo"), &list.to_string()).await
}
