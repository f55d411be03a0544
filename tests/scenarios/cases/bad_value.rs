//! What people get wrong and the API server cannot see: reported by a reason that names it, recovered by
//! mending it; and nothing is sent, spent or lost meanwhile.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::{integration::JiraIntegration, project::JiraProject};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Harness, SITE,
        assertions::{assert_absent, assert_condition, assert_is, project_condition},
        observe::is_ready,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "bad_input::a_host_that_is_no_jira_site_gets_no_request",
            no_request_leaves,
        ),
        scenario("bad_input::a_project_nobody_can_see_blocks_itself_alone", ghost_project),
        scenario(
            "bad_input::a_mistyped_project_goes_when_it_is_corrected",
            mistyped_project,
        ),
        scenario(
            "bad_input::flaws_in_the_credentials_are_distinguished",
            flawed_credentials,
        ),
    ]
}

async fn no_request_leaves(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "no-site").await;
    harness.connect("acme-oauth").await;
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
    harness
        .integrate("acme", "acme-oauth", json!({"site": cases[0].0}))
        .await;
    for (site, reported) in cases {
        harness.change("acme", json!({"site": site})).await;
        let found = harness.until_message("acme", "SiteReachable", site).await;
        assert_condition(
            &found,
            "SiteReachable",
            "False",
            "SiteNotAllowed",
            &[site, reported, "https://your-site.atlassian.net"],
        );
        assert_condition(&found, "Ready", "False", "SiteNotAllowed", &[site]);
        assert_condition(&found, "Stalled", "True", "SiteNotAllowed", &[]);
        assert_condition(&found, "Authorized", "Unknown", "SkippedAfterSiteReachable", &[]);
        assert_condition(&found, "Synced", "Unknown", "NeverSynced", &["SiteReachable"]);
    }
    harness.request("acme").await;
    assert!(harness.sandbox.requests().is_empty(), "no request may leave");
    assert!(harness.secret("acme-jira-token").await.is_none());

    harness.change("acme", json!({"site": SITE})).await;
    let fixed = harness.until_ready("acme").await;
    assert_absent(&fixed, "Stalled");

    // The same mistake on an integration that works takes the token back, and gives it again.
    harness.change("acme", json!({"site": "https://10.0.0.1"})).await;
    harness.until_reason("acme", "SiteReachable", "SiteNotAllowed").await;
    harness
        .until_secret("acme-jira-token", "empty", std::collections::BTreeMap::is_empty)
        .await;
    harness.change("acme", json!({"site": SITE})).await;
    harness.until_ready("acme").await;
    harness
        .until_secret("acme-jira-token", "published", |data| data.len() == 4)
        .await;
    assert_eq!(harness.exchanges(), 1, "nothing was spent on it");
    harness.close().await;
}

async fn ghost_project(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "ghost").await;
    harness.connect("acme-oauth").await;
    let spec = json!({"account": {"email": BOT}, "projects": [{"key": "SUP"}, {"key": "GHOST"}]});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness
        .until_reason("acme", "ProjectsAccessible", "SomeProjectsBlocked")
        .await;
    let blocked = harness.integration("acme").await;
    let reported = [
        "1 of 2 projects",
        "GHOST (ProjectNotVisible)",
        "Jira shows the account no project",
    ];
    assert_condition(
        &blocked,
        "ProjectsAccessible",
        "False",
        "SomeProjectsBlocked",
        &reported,
    );
    assert_condition(&blocked, "Ready", "False", "SomeProjectsBlocked", &["GHOST"]);
    assert_condition(&blocked, "Synced", "True", "SyncSucceeded", &[]);
    let reported = ["GHOST", "Add the account to the project in Jira, or correct the key"];
    let ghost = harness.project("acme-ghost").await;
    assert_is(
        project_condition(&ghost, "Accessible"),
        "False",
        "ProjectNotVisible",
        &reported,
    );
    assert_is(
        project_condition(&ghost, "Permitted"),
        "Unknown",
        "SkippedAfterAccessible",
        &[],
    );
    assert_eq!(
        harness.project_reasons().await["acme-sup"],
        "Usable",
        "the other goes on"
    );
    let published = harness.secret("acme-jira-token").await.map(|data| data.len());
    assert_eq!(published, Some(4), "the token is published");

    harness.jira(Command::CreateProject {
        site: None,
        key: "GHOST".into(),
        name: None,
        template: None,
    });
    let fixed = harness.request("acme").await;
    assert!(is_ready(&fixed), "it appeared in Jira, and that was noticed");
    assert_eq!(harness.project_reasons().await["acme-ghost"], "Usable");
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

async fn mistyped_project(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "mistyped").await;
    harness.connect("acme-oauth").await;
    let spec = json!({"projects": [{"key": "SUP"}, {"key": "GHOST"}]});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness
        .until_project_reason("acme-ghost", "Accessible", "ProjectNotVisible")
        .await;
    harness
        .change("acme", json!({"projects": [{"key": "SUP"}, {"key": "SPOOK"}]}))
        .await;
    harness
        .until_project_reason("acme-spook", "Accessible", "ProjectNotVisible")
        .await;
    harness
        .until_object::<JiraProject>("acme-ghost", "removed", |project| project.is_none())
        .await;
    harness.change("acme", json!({"projects": [{"key": "SUP"}]})).await;
    harness.until_ready("acme").await;
    harness
        .until_object::<JiraProject>("acme-spook", "removed", |project| project.is_none())
        .await;
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

/// What the conditions are while the credentials are flawed: nothing to act on at Atlassian, so
/// neither Stalled nor Reconciling.
fn waits_for_credentials(object: &JiraIntegration, reason: &str, named: &[&str]) {
    assert_condition(object, "Authorized", "False", reason, named);
    assert_condition(object, "Ready", "False", reason, named);
    assert_condition(object, "SiteReachable", "Unknown", "SkippedAfterAuthorized", &[]);
    assert_absent(object, "Stalled");
    assert_absent(object, "Reconciling");
}

/// Changes of a Secret's data, one after another, each with what is then reported. `//4=` is 0xff 0xfe,
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

async fn flawed_credentials(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "flawed").await;
    let app = harness.sandbox.create_app().unwrap();
    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    let (id, secret) = (app.client_id.as_str(), app.client_secret.as_str());
    harness
        .put_secret(&harness.namespace, "acme-oauth", &[("client-id", id)])
        .await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    let found = harness
        .until_message("acme", "Authorized", "lacks the key client-secret")
        .await;
    waits_for_credentials(&found, "CredentialsIncomplete", &["Secret acme-oauth", "client-secret"]);

    for (data, reported) in FLAWS {
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        harness.patch_secret("acme-oauth", json!({"data": data})).await;
        let found = harness.until_message("acme", "Authorized", reported).await;
        waits_for_credentials(
            &found,
            "CredentialsIncomplete",
            &["Secret acme-oauth", "as text", "noticed at once"],
        );
    }
    assert!(
        harness.sandbox.requests().is_empty(),
        "nothing was asked with flawed credentials"
    );

    // White space around the values is what editors leave, and harmless.
    let fixed = json!({"client-id": format!("{id}\n"), "client-secret": format!(" {secret}\n"), "refresh-token": tokens.refresh_token});
    harness.patch_secret("acme-oauth", json!({"stringData": fixed})).await;
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}
