//! What people get wrong and the API server cannot see: told by a reason that names it, healed by
//! mending it; and nothing is sent, spent or lost meanwhile.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::{integration::JiraIntegration, project::JiraProject};
use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        BOT, SITE, Stage,
        claim::{claim, claim_absent, claim_of, project_condition},
        look::is_ready,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story(
            "bad_input::a_host_that_is_no_jira_site_gets_no_request",
            no_request_leaves,
        ),
        story("bad_input::a_project_nobody_can_see_blocks_itself_alone", ghost_project),
        story(
            "bad_input::a_mistyped_project_goes_when_it_is_corrected",
            mistyped_project,
        ),
        story("bad_input::flaws_in_the_credentials_are_told_apart", flawed_credentials),
    ]
}

async fn no_request_leaves(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "no-site").await;
    stage.connect("acme-oauth").await;
    let cases = [
        ("https://10.0.0.1", "is an IP address"),
        ("https://[::1]", "is an IP address"),
        ("https://2130706433", "is an IP address"),
        (
            "https://jira.corp.example",
            "is not under *.atlassian.net or *.jira.com",
        ),
        ("https://acme.atlassian.net.evil.example", "--allow-site-suffix"),
        ("https://acme.atlassian.net:8443", "names a port"),
    ];
    stage.integrate("acme", "acme-oauth", json!({"site": cases[0].0})).await;
    for (site, told) in cases {
        stage.change("acme", json!({"site": site})).await;
        let found = stage.until_message("acme", "SiteReachable", site).await;
        claim(
            &found,
            "SiteReachable",
            "False",
            "SiteNotAllowed",
            &[site, told, "https://your-site.atlassian.net"],
        );
        claim(&found, "Ready", "False", "SiteNotAllowed", &[site]);
        claim(&found, "Stalled", "True", "SiteNotAllowed", &[]);
        claim(&found, "Authorized", "Unknown", "SkippedAfterSiteReachable", &[]);
        claim(&found, "Synced", "Unknown", "NeverSynced", &["SiteReachable"]);
    }
    stage.request("acme").await;
    assert!(stage.sandbox.requests().is_empty(), "no request may leave");
    assert!(stage.secret("acme-jira-token").await.is_none());

    stage.change("acme", json!({"site": SITE})).await;
    let mended = stage.until_ready("acme").await;
    claim_absent(&mended, "Stalled");

    // The same mistake on an integration that works takes the token back, and gives it again.
    stage.change("acme", json!({"site": "https://10.0.0.1"})).await;
    stage.until_reason("acme", "SiteReachable", "SiteNotAllowed").await;
    stage
        .until_secret("acme-jira-token", "empty", std::collections::BTreeMap::is_empty)
        .await;
    stage.change("acme", json!({"site": SITE})).await;
    stage.until_ready("acme").await;
    stage
        .until_secret("acme-jira-token", "published", |data| data.len() == 4)
        .await;
    assert_eq!(stage.exchanges(), 1, "nothing was spent on it");
    stage.close().await;
}

async fn ghost_project(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "ghost").await;
    stage.connect("acme-oauth").await;
    let spec = json!({"account": {"email": BOT}, "projects": [{"key": "SUP"}, {"key": "GHOST"}]});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage
        .until_reason("acme", "ProjectsAccessible", "SomeProjectsBlocked")
        .await;
    let blocked = stage.integration("acme").await;
    let told = [
        "1 of 2 projects",
        "GHOST (ProjectNotVisible)",
        "Jira shows the account no project",
    ];
    claim(&blocked, "ProjectsAccessible", "False", "SomeProjectsBlocked", &told);
    claim(&blocked, "Ready", "False", "SomeProjectsBlocked", &["GHOST"]);
    claim(&blocked, "Synced", "True", "SyncSucceeded", &[]);
    let told = ["GHOST", "Add the account to the project in Jira, or correct the key"];
    let ghost = stage.project("acme-ghost").await;
    claim_of(
        project_condition(&ghost, "Accessible"),
        "False",
        "ProjectNotVisible",
        &told,
    );
    claim_of(
        project_condition(&ghost, "Permitted"),
        "Unknown",
        "SkippedAfterAccessible",
        &[],
    );
    assert_eq!(stage.project_reasons().await["acme-sup"], "Usable", "the other goes on");
    let published = stage.secret("acme-jira-token").await.map(|data| data.len());
    assert_eq!(published, Some(4), "the token is published");

    stage.jira(Command::CreateProject {
        site: None,
        key: "GHOST".into(),
        name: None,
        template: None,
    });
    let mended = stage.request("acme").await;
    assert!(is_ready(&mended), "it appeared in Jira, and that was noticed");
    assert_eq!(stage.project_reasons().await["acme-ghost"], "Usable");
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}

async fn mistyped_project(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "mistyped").await;
    stage.connect("acme-oauth").await;
    let spec = json!({"projects": [{"key": "SUP"}, {"key": "GHOST"}]});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage
        .until_project_reason("acme-ghost", "Accessible", "ProjectNotVisible")
        .await;
    stage
        .change("acme", json!({"projects": [{"key": "SUP"}, {"key": "SPOOK"}]}))
        .await;
    stage
        .until_project_reason("acme-spook", "Accessible", "ProjectNotVisible")
        .await;
    stage
        .until_object::<JiraProject>("acme-ghost", "removed", |project| project.is_none())
        .await;
    stage.change("acme", json!({"projects": [{"key": "SUP"}]})).await;
    stage.until_ready("acme").await;
    stage
        .until_object::<JiraProject>("acme-spook", "removed", |project| project.is_none())
        .await;
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}

/// What the conditions are while the credentials are flawed: nothing to act on at Atlassian, so
/// neither Stalled nor Reconciling.
fn waits_for_credentials(object: &JiraIntegration, reason: &str, named: &[&str]) {
    claim(object, "Authorized", "False", reason, named);
    claim(object, "Ready", "False", reason, named);
    claim(object, "SiteReachable", "Unknown", "SkippedAfterAuthorized", &[]);
    claim_absent(object, "Stalled");
    claim_absent(object, "Reconciling");
}

/// Changes of a Secret's data, one after another, each with what is then told. `//4=` is 0xff 0xfe,
/// no text in UTF-8; `YQBi` is "a\0b", which no person means.
const FLAWS: &[(&str, &str)] = &[
    (r#"{"client-secret": "", "client-id": null}"#, "lacks the key client-id"),
    (
        r#"{"client-secret": "", "client-id": "aWQ="}"#,
        "an empty value for the key client-secret",
    ),
    (
        r#"{"client-secret": "IAo="}"#,
        "an empty value for the key client-secret",
    ),
    (
        r#"{"client-secret": "//4="}"#,
        "a value for the key client-secret that is not text",
    ),
    (
        r#"{"client-secret": "YQBi"}"#,
        "a value for the key client-secret that is not text",
    ),
    (
        r#"{"client-secret": "eA==", "client-id": ""}"#,
        "an empty value for the key client-id",
    ),
    (
        r#"{"client-id": "//4="}"#,
        "a value for the key client-id that is not text",
    ),
    (
        r#"{"client-id": "aWQ=", "refresh-token": "//4="}"#,
        "a value for the key refresh-token that is not text",
    ),
];

async fn flawed_credentials(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "flawed").await;
    let app = stage.sandbox.create_app().unwrap();
    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    let (id, secret) = (app.client_id.as_str(), app.client_secret.as_str());
    stage
        .put_secret(&stage.namespace, "acme-oauth", &[("client-id", id)])
        .await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    let found = stage
        .until_message("acme", "Authorized", "lacks the key client-secret")
        .await;
    waits_for_credentials(&found, "CredentialsIncomplete", &["Secret acme-oauth", "client-secret"]);

    for (data, told) in FLAWS {
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        stage.patch_secret("acme-oauth", json!({"data": data})).await;
        let found = stage.until_message("acme", "Authorized", told).await;
        waits_for_credentials(
            &found,
            "CredentialsIncomplete",
            &["Secret acme-oauth", "as text", "noticed at once"],
        );
    }
    assert!(
        stage.sandbox.requests().is_empty(),
        "nothing was asked with flawed credentials"
    );

    // White space around the values is what editors leave, and harmless.
    let mended = json!({"client-id": format!("{id}\n"), "client-secret": format!(" {secret}\n"), "refresh-token": tokens.refresh_token});
    stage.patch_secret("acme-oauth", json!({"stringData": mended})).await;
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}
