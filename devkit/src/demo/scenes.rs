//! What the demo shows, in order.

use serde_json::json;

use super::cluster::Error;
use super::narrator::{change, say, show, tell};
use super::processes::Processes;
use super::{ticket_comments, ticket_moves, tickets};
use crate::sandbox::{AppCredentials, Command};

/// The manifests that a person would apply.
const EXAMPLES: [&str; 3] = [
    include_str!("../../../examples/all-projects.yaml"),
    include_str!("../../../examples/named-projects.yaml"),
    include_str!("../../../examples/observe.yaml"),
];

/// Runs the scenes; every claim is waited for.
pub(super) async fn run(demo: &Processes) -> Result<(), Error> {
    demo.cluster.kubectl(&["create", "namespace", "demo"]).await?;
    healthy(demo).await?;
    issues(demo).await?;
    tickets::show_tickets(demo).await?;
    ticket_comments::show_comments(demo).await?;
    ticket_moves::show_moves(demo).await?;
    lacking_permission(demo).await?;
    missing_scope(demo).await?;
    revoked(demo).await?;
    say("That is all: one healthy site, two tickets, three troubles, each named with its remedy.");
    show(demo, &["get", "jiraintegrations", "-n", "demo"]).await
}

async fn healthy(demo: &Processes) -> Result<(), Error> {
    say(
        "1. A person puts an OAuth app's credentials into a Secret and applies examples/: \
         the site acme.atlassian.net, once with all its projects, once with two of them, once for reading only.",
    );
    let app = register(demo, "acme-oauth", grant(None, None)).await?;
    let reading = [
        "read:jira-work",
        "read:jira-user",
        "read:servicedesk-request",
        "offline_access",
    ]
    .map(str::to_owned);
    register(demo, "acme-reader-oauth", grant(None, Some(reading.to_vec()))).await?;
    drop(app);
    for example in EXAMPLES {
        demo.cluster.apply(Some("demo"), example).await?;
    }
    for name in ["acme", "acme-support", "acme-reports"] {
        demo.cluster
            .wait_for_reason(&format!("jiraintegration/{name}"), "Ready", "Connected")
            .await?;
    }
    show(demo, &["get", "jiraintegrations", "-n", "demo"]).await?;
    say("Its projects are objects, and workloads find an access token in a Secret, kept fresh:");
    show(
        demo,
        &[
            "get",
            "jiraprojects",
            "-n",
            "demo",
            "-l",
            "jira-operator.dev/integration=acme",
        ],
    )
    .await?;
    show(demo, &["get", "secret", "acme-jira-token", "-n", "demo"]).await
}

async fn issues(demo: &Processes) -> Result<(), Error> {
    say("2. Issues come into the cluster where the spec asks for it: open ones, as JiraIssue objects.");
    let mirror = r#"{"spec": {"issues": {"mirror": "Open"}, "syncInterval": "1m"}}"#;
    let patch = [
        "patch",
        "jiraintegration",
        "acme",
        "-n",
        "demo",
        "--type",
        "merge",
        "-p",
        mirror,
    ];
    demo.cluster.kubectl(&patch).await?;
    demo.cluster.wait(&["--for=create", "jiraissue/acme-eng-1"]).await?;
    let issues = [
        "get",
        "jissue",
        "-n",
        "demo",
        "-l",
        "jira-operator.dev/integration=acme",
    ];
    show(demo, &issues).await?;
    say(
        "Somebody starts to work on ENG-1 in Jira and deletes ENG-2. A pass that is asked for brings both here, where \
         a missing issue is looked up a second later. By default a change shows within the interval, and a deletion within \
         about 70 minutes, or five after a request:",
    );
    let update =
        json!({"command": "updateIssue", "issue": "ENG-1", "status": "In Progress", "assignee": "dana@acme.example"});
    for command in [update, json!({"command": "deleteIssue", "issue": "ENG-2"})] {
        let command = serde_json::from_value(command).map_err(|error| Error::Start(error.to_string()))?;
        change(demo, command)?;
    }
    demo.cluster.request("acme").await?;
    let started = "--for=jsonpath={.status.phase}=InProgress";
    demo.cluster.wait(&[started, "jiraissue/acme-eng-1"]).await?;
    demo.cluster.wait(&["--for=delete", "jiraissue/acme-eng-2"]).await?;
    show(demo, &issues).await
}

async fn lacking_permission(demo: &Processes) -> Result<(), Error> {
    say("4. Another site, where an administrator has taken Edit issues away from the account in project HELP:");
    let permission = |held: bool| {
        let (site, project, name) = (Some("globex".to_owned()), "HELP".to_owned(), "EDIT_ISSUES".to_owned());
        if held {
            Command::GrantPermission {
                site,
                project,
                permission: name,
                account: None,
                holder: None,
            }
        } else {
            Command::RevokePermission {
                site,
                project,
                permission: name,
                account: None,
                holder: None,
            }
        }
    };
    change(demo, permission(false))?;
    register(demo, "globex-oauth", grant(Some("globex"), None)).await?;
    integrate(
        demo,
        "globex",
        "https://globex.atlassian.net",
        "globex-oauth",
        "projects: [{key: HELP}, {key: WEB}]\n  tickets: {}",
    )
    .await?;
    explain(demo, "globex", "ProjectsAccessible", "SomeProjectsBlocked").await?;
    let message = demo
        .cluster
        .wait_for_reason("jiraproject/globex-help", "Permitted", "EditDenied")
        .await?;
    tell("and JiraProject globex-help says:", &message);
    say("The administrator gives it back; the next look sees it, and nobody restarts anything:");
    change(demo, permission(true))?;
    demo.cluster.request("globex").await?;
    demo.cluster
        .wait_for_reason("jiraintegration/globex", "Ready", "Connected")
        .await?;
    show(
        demo,
        &[
            "get",
            "jiraprojects",
            "-n",
            "demo",
            "-l",
            "jira-operator.dev/integration=globex",
        ],
    )
    .await
}

async fn missing_scope(demo: &Processes) -> Result<(), Error> {
    say("5. A grant without the scope for writing, while the integration is to write:");
    let reading = [
        "read:jira-work",
        "read:jira-user",
        "read:servicedesk-request",
        "offline_access",
    ]
    .map(str::to_owned);
    register(demo, "narrow-oauth", grant(None, Some(reading.to_vec()))).await?;
    integrate(
        demo,
        "narrow",
        "https://acme.atlassian.net",
        "narrow-oauth",
        "tickets: {}",
    )
    .await?;
    explain(demo, "narrow", "ScopesGranted", "ScopesMissing").await
}

async fn revoked(demo: &Processes) -> Result<(), Error> {
    say("6. A grant that its owner revokes under the account's connected apps:");
    let app = register(demo, "revoked-oauth", grant(None, None)).await?;
    integrate(
        demo,
        "revoked",
        "https://acme.atlassian.net",
        "revoked-oauth",
        "tickets: {}",
    )
    .await?;
    demo.cluster
        .wait_for_reason("jiraintegration/revoked", "Ready", "Connected")
        .await?;
    change(
        demo,
        Command::RevokeGrant {
            client_id: Some(app.client_id.clone()),
            account: None,
        },
    )?;
    demo.cluster.request("revoked").await?;
    explain(demo, "revoked", "Authorized", "ReconnectRequired").await?;
    say("The person connects again and puts the new refresh token into the Secret; it is noticed at once:");
    put_credentials(demo, "revoked-oauth", &app, grant(None, None)).await?;
    let message = demo
        .cluster
        .wait_for_reason("jiraintegration/revoked", "Ready", "Connected")
        .await?;
    tell("revoked is Ready again:", &message);
    Ok(())
}

async fn explain(demo: &Processes, name: &str, condition: &str, reason: &str) -> Result<(), Error> {
    let message = demo
        .cluster
        .wait_for_reason(&format!("jiraintegration/{name}"), condition, reason)
        .await?;
    tell(&format!("{name}: {condition} is not True, reason {reason}:"), &message);
    Ok(())
}

fn grant(site: Option<&str>, scopes: Option<Vec<String>>) -> Command {
    Command::MintGrant {
        client_id: None,
        account: None,
        sites: site.map(|site| vec![site.to_owned()]),
        scopes,
        online: false,
    }
}

/// An OAuth app of its own, with a grant of the dedicated account, in a Secret.
async fn register(demo: &Processes, secret: &str, grant: Command) -> Result<AppCredentials, Error> {
    let app = demo
        .sandbox
        .create_app()
        .map_err(|error| Error::Start(error.to_string()))?;
    put_credentials(demo, secret, &app, grant).await?;
    Ok(app)
}

async fn put_credentials(demo: &Processes, secret: &str, app: &AppCredentials, grant: Command) -> Result<(), Error> {
    let grant = match grant {
        Command::MintGrant {
            account,
            sites,
            scopes,
            online,
            ..
        } => Command::MintGrant {
            client_id: Some(app.client_id.clone()),
            account,
            sites,
            scopes,
            online,
        },
        other => other,
    };
    let tokens = demo
        .sandbox
        .mint_as(grant)
        .map_err(|error| Error::Start(error.to_string()))?;
    let manifest = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret},
        "stringData": {
            "client-id": app.client_id, "client-secret": app.client_secret, "refresh-token": tokens.refresh_token,
        },
    });
    demo.cluster.apply(Some("demo"), &manifest.to_string()).await
}

async fn integrate(demo: &Processes, name: &str, site: &str, secret: &str, further: &str) -> Result<(), Error> {
    let manifest = format!(
        "apiVersion: jira-operator.dev/v1alpha1\nkind: JiraIntegration\nmetadata: {{name: {name}}}\nspec:\n  site: {site}\n  secretRef: {{name: {secret}}}\n  {further}\n"
    );
    demo.cluster.apply(Some("demo"), &manifest).await
}
