//! What people get wrong in a manifest: refused at apply where the API server can see it, else told
//! by a reason; and nothing is lost or spent meanwhile.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::{integration::JiraIntegration, project::JiraProject};
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        BOT, SITE, Stage,
        claim::{claim, claim_absent, claim_of, project_condition},
        look::is_ready,
        manifest,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story(
            "bad_input::what_the_schema_forbids_is_refused_at_apply",
            refused_at_apply,
        ),
        story("bad_input::a_bad_change_leaves_what_runs_as_it_is", bad_change),
        story(
            "bad_input::a_host_that_is_no_jira_site_gets_no_request",
            no_request_leaves,
        ),
        story("bad_input::a_project_nobody_can_see_blocks_itself_alone", ghost_project),
        story("bad_input::flaws_in_the_credentials_are_told_apart", flawed_credentials),
        story("bad_input::kubectl_explains_and_lists", kubectl_explains_and_lists),
    ]
}

/// Specs that the API server refuses, each with a part of what kubectl then says.
fn forbidden() -> Vec<(&'static str, Value, &'static str)> {
    let many: Vec<Value> = (1..=501).map(|n| json!({"key": format!("P{n}")})).collect();
    vec![
        (
            "http",
            json!({"site": "http://acme.atlassian.net"}),
            "spec.site must begin with https://",
        ),
        (
            "path",
            json!({"site": "https://acme.atlassian.net/jira"}),
            "without a path, query or user",
        ),
        (
            "query",
            json!({"site": "https://acme.atlassian.net?a=b"}),
            "without a path, query or user",
        ),
        (
            "user",
            json!({"site": "https://me@acme.atlassian.net"}),
            "without a path, query or user",
        ),
        ("no-site", json!({"site": null}), "spec.site: Required value"),
        (
            "abc",
            json!({"syncInterval": "abc"}),
            "spec.syncInterval must be a duration such as 5m",
        ),
        (
            "short",
            json!({"syncInterval": "5s"}),
            "spec.syncInterval must be between 1m and 24h",
        ),
        (
            "long",
            json!({"syncInterval": "48h"}),
            "spec.syncInterval must be between 1m and 24h",
        ),
        (
            "no-secret",
            json!({"secretRef": {}}),
            "spec.secretRef.name: Required value",
        ),
        (
            "empty-secret",
            json!({"secretRef": {"name": ""}}),
            "spec.secretRef.name must be the name of a Secret",
        ),
        (
            "lower",
            json!({"projects": [{"key": "sup"}]}),
            "spec.projects[].key must be a Jira project key such as SUP",
        ),
        (
            "digit",
            json!({"projects": [{"key": "1AB"}]}),
            "spec.projects[].key must be a Jira project key such as SUP",
        ),
        (
            "twice",
            json!({"projects": [{"key": "SUP"}, {"key": "SUP"}]}),
            "Duplicate value",
        ),
        ("none", json!({"projects": []}), "spec.projects"),
        ("many", json!({"projects": many}), "must have at most 500 items"),
        (
            "mode",
            json!({"mode": "Watch"}),
            "supported values: \"Enforce\", \"Observe\"",
        ),
        (
            "nobody",
            json!({"account": {}}),
            "spec.account needs an email or an accountId",
        ),
        (
            "mail",
            json!({"account": {"email": "bot"}}),
            "spec.account.email must be an e-mail address",
        ),
        (
            "own",
            json!({"tokenSecretName": "acme-oauth"}),
            "spec.tokenSecretName must differ from spec.secretRef.name",
        ),
        (
            "grant",
            json!({"tokenSecretName": "acme-oauth-grant"}),
            "spec.tokenSecretName must differ from spec.secretRef.name",
        ),
        (
            "caps",
            json!({"tokenSecretName": "Token"}),
            "spec.tokenSecretName must be a valid name of a Secret",
        ),
    ]
}

async fn refused_at_apply(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "refused").await;
    stage.connect("acme-oauth").await;
    for (name, spec, told) in forbidden() {
        let said = stage.apply_refused(&manifest(name, "acme-oauth", spec)).await;
        assert!(
            said.contains(told),
            "{name}: \"{told}\" is not in what kubectl says: {said}"
        );
    }
    let said = stage
        .apply_refused(&manifest(&"a".repeat(64), "acme-oauth", json!({})))
        .await;
    assert!(said.contains("metadata.name must have at most 63 characters"), "{said}");
    let said = stage
        .apply_refused(&manifest("default", "default-jira-token", json!({})))
        .await;
    assert!(
        said.contains("spec.tokenSecretName must differ"),
        "the default name of the token Secret counts too: {said}"
    );
    assert!(stage.sandbox.requests().is_empty(), "nothing of it reached Atlassian");

    let longest = "a".repeat(63);
    for name in ["abc", longest.as_str()] {
        let mended = manifest(
            name,
            "acme-oauth",
            json!({"syncInterval": "1h30m", "projects": [{"key": "SUP"}]}),
        );
        stage.apply(&mended).await.expect("the mended manifest is accepted");
        stage.until_ready(name).await;
    }
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}

async fn bad_change(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "bad-change").await;
    stage.connect("acme-oauth").await;
    let good = manifest("acme", "acme-oauth", json!({"projects": [{"key": "SUP"}]}));
    stage.apply(&good).await.expect("the first manifest is accepted");
    let before = stage.until_ready("acme").await;
    let published = stage.secret("acme-jira-token").await;

    for (_, spec, told) in forbidden() {
        let said = stage.apply_refused(&manifest("acme", "acme-oauth", spec)).await;
        assert!(said.contains(told), "{said}");
    }
    let after = stage.request("acme").await;
    assert_eq!(
        (&after.spec, after.metadata.generation),
        (&before.spec, before.metadata.generation)
    );
    assert!(is_ready(&after));
    assert_eq!(stage.secret("acme-jira-token").await, published);
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
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
        .until_secret("acme-jira-token", "empty", |data| data.is_empty())
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
    let found = stage
        .until_reason("acme", "ProjectsAccessible", "SomeProjectsBlocked")
        .await;
    claim_of(
        &found,
        "False",
        "SomeProjectsBlocked",
        &[
            "1 of 2 projects",
            "GHOST (ProjectNotVisible)",
            "kubectl get jiraprojects",
        ],
    );
    let blocked = stage.integration("acme").await;
    claim(&blocked, "Ready", "False", "SomeProjectsBlocked", &["GHOST"]);
    claim(&blocked, "Synced", "True", "SyncSucceeded", &[]);
    let ghost = stage
        .until_project_reason("acme-ghost", "Accessible", "ProjectNotVisible")
        .await;
    claim_of(
        &ghost,
        "False",
        "ProjectNotVisible",
        &["GHOST", "Add the account to the project in Jira, or correct the key"],
    );
    let ghost = stage.project("acme-ghost").await;
    claim_of(
        project_condition(&ghost, "Permitted"),
        "Unknown",
        "SkippedAfterAccessible",
        &[],
    );
    assert_eq!(stage.project_reasons().await["acme-sup"], "Usable", "the other goes on");
    assert_eq!(
        stage.secret("acme-jira-token").await.map(|data| data.len()),
        Some(4),
        "the token is published"
    );

    stage.jira(Command::CreateProject {
        site: None,
        key: "GHOST".into(),
        name: None,
        template: None,
    });
    let mended = stage.request("acme").await;
    assert!(is_ready(&mended), "it appeared in Jira, and that was noticed");
    assert_eq!(stage.project_reasons().await["acme-ghost"], "Usable");

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

    // 0xff 0xfe is no text in UTF-8; "a\0b" is, but no person means it.
    let flaws = [
        (
            json!({"client-secret": "", "client-id": null}),
            "lacks the key client-id",
        ),
        (
            json!({"client-secret": "", "client-id": "aWQ="}),
            "an empty value for the key client-secret",
        ),
        (
            json!({"client-secret": "IAo="}),
            "an empty value for the key client-secret",
        ),
        (
            json!({"client-secret": "//4="}),
            "a value for the key client-secret that is not text",
        ),
        (
            json!({"client-secret": "YQBi"}),
            "a value for the key client-secret that is not text",
        ),
        (
            json!({"client-secret": "eA==", "client-id": ""}),
            "an empty value for the key client-id",
        ),
        (
            json!({"client-id": "//4="}),
            "a value for the key client-id that is not text",
        ),
        (
            json!({"client-id": "aWQ=", "refresh-token": "//4="}),
            "a value for the key refresh-token that is not text",
        ),
    ];
    for (data, told) in flaws {
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

async fn kubectl_explains_and_lists(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "kubectl").await;
    stage.connect("acme-oauth").await;
    stage
        .integrate("acme", "acme-oauth", json!({"projects": [{"key": "SUP"}]}))
        .await;
    stage.until_ready("acme").await;

    let site = plane
        .kubectl(&["explain", "ji.spec.site"])
        .await
        .expect("kubectl explains");
    let site = site.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        site.contains("Address of the Jira Cloud site, such as https://your-site.atlassian.net"),
        "{site}"
    );
    assert!(
        site.contains("a renamed site is followed, another site is refused"),
        "{site}"
    );
    let all = plane
        .kubectl(&["explain", "jiraintegration", "--recursive"])
        .await
        .expect("kubectl explains");
    for field in [
        "secretRef",
        "syncInterval",
        "tokenSecretName",
        "suspend",
        "grantIdleExpiresAt",
        "lastSyncTime",
    ] {
        assert!(all.contains(field), "{field} is not explained:\n{all}");
    }
    for field in ["ji.spec", "ji.status", "jp.spec", "jp.status"] {
        let explained = plane.kubectl(&["explain", field]).await.expect("kubectl explains");
        assert!(!explained.contains("<no description>"), "{explained}");
    }

    let columns = |table: &str| {
        table
            .lines()
            .next()
            .unwrap_or_default()
            .split("  ")
            .map(str::trim)
            .filter(|c| !c.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let listed = stage.kubectl(&["get", "ji"]).await.expect("kubectl lists");
    assert_eq!(
        columns(&listed),
        ["NAME", "READY", "REASON", "SITE", "PROJECTS", "LAST SYNC", "AGE"]
    );
    let row: Vec<&str> = listed.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    assert_eq!(row[..5], ["acme", "True", "Connected", SITE, "1"]);
    let wide = stage
        .kubectl(&["get", "ji", "-o", "wide"])
        .await
        .expect("kubectl lists");
    assert!(
        wide.contains("ACCOUNT") && wide.contains("NEXT SYNC") && wide.contains("Jira Bot"),
        "{wide}"
    );
    let listed = stage.kubectl(&["get", "jp"]).await.expect("kubectl lists");
    assert_eq!(
        columns(&listed),
        ["NAME", "KEY", "NAME", "TYPE", "READY", "REASON", "AGE"]
    );
    let all = stage
        .kubectl(&["get", "jira"])
        .await
        .expect("the category lists all kinds");
    assert!(
        all.contains("jiraintegration.jira-operator.dev/acme")
            && all.contains("jiraproject.jira-operator.dev/acme-sup"),
        "{all}"
    );
    stage.close().await;
}
