//! Which site it is: not granted, not found, down, closed to the app, renamed, replaced; and two
//! sites of one grant.

use std::sync::Arc;

use devkit::sandbox::{Answer, Command};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness, SITE, Setup,
        actions::{connected, connected_with_app, opened},
        assertions::assert_condition,
        commands::{block_app, let_in, site_down},
        observe::{condition, observed},
    },
};

const GLOBEX: &str = "https://globex.atlassian.net";
const RENAMED: &str = "https://acme-group.atlassian.net";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("site::the_grant_reaches_another_site", reaches_another),
        scenario("site::the_grant_reaches_no_site", reaches_none),
        scenario("site::nobody_answers_at_the_address", not_found),
        scenario("site::the_site_blocks_the_app", blocks_the_app),
        scenario("site::the_site_is_renamed", renamed),
        scenario("site::another_site_takes_the_address", replaced),
        scenario("site::one_grant_reaches_two_sites", two_sites),
    ]
}

async fn reaches_another(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "another-site").await;
    let app = harness.connect_to("acme-oauth", Some(&["globex"]), None).await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_reason("acme", "SiteReachable", "SiteNotGranted").await;
    let wrong = harness.integration("acme").await;
    assert_condition(
        &wrong,
        "SiteReachable",
        "False",
        "SiteNotGranted",
        &[SITE, GLOBEX, "choose this site"],
    );
    assert_condition(&wrong, "Stalled", "True", "SiteNotGranted", &[]);
    assert_condition(
        &wrong,
        "ScopesGranted",
        "Unknown",
        "SkippedAfterSiteReachable",
        &["SiteReachable"],
    );
    assert!(!harness.is_published().await);

    let site = "acme".to_owned();
    harness.jira(Command::AddSiteToGrant {
        client_id: Some(app.client_id),
        account: None,
        site,
    });
    let ready = harness.request("acme").await;
    assert_condition(&ready, "Ready", "True", "Connected", &[]);
    assert!(harness.is_published().await);
    coverage::caused("site-not-granted");
    harness.close().await;
}

async fn reaches_none(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "no-site", json!({})).await;
    let before = harness.project_versions().await;
    harness.jira(Command::RemoveProductAccess {
        site: None,
        account: None,
        status: None,
        unlisted: true,
    });
    let none = harness.request("acme").await;
    let causes = [SITE, "no site at all", "scopes", "product access", "blocks the app"];
    assert_condition(&none, "SiteReachable", "False", "SiteNotGranted", &causes);
    assert!(
        !harness.is_published().await,
        "a token that opens nothing stays published"
    );
    assert_eq!(harness.project_versions().await, before, "projects were touched");

    harness.jira(let_in(None, None, true));
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    assert!(harness.is_published().await);
    harness
        .until_events("acme", &["Connected", "SiteNotGranted", "SiteFound"])
        .await;
    coverage::caused("no-site-granted");
    harness.close().await;
}

async fn not_found(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "not-found", Setup::default()).await;
    harness
        .integrate("acme", "acme-oauth", json!({"site": "https://acne.atlassian.net"}))
        .await;
    harness.until_reason("acme", "SiteReachable", "SiteNotFound").await;
    let typo = harness.integration("acme").await;
    // What the grant reaches is the likeliest correction.
    assert_condition(
        &typo,
        "SiteReachable",
        "False",
        "SiteNotFound",
        &["https://acne.atlassian.net", SITE, "spec.site"],
    );
    assert_condition(&typo, "Stalled", "True", "SiteNotFound", &[]);
    harness.change("acme", json!({"site": SITE})).await;
    let ready = harness.until_ready("acme").await;
    assert_eq!(ready.status.unwrap().site.unwrap().url, SITE);

    // A typo later on neither empties the projects nor takes another site for this one.
    let before = harness.project_versions().await;
    harness
        .change("acme", json!({"site": "https://acne.atlassian.net"}))
        .await;
    harness.until_reason("acme", "SiteReachable", "SiteNotFound").await;
    assert_eq!(harness.project_versions().await, before);
    harness.change("acme", json!({"site": SITE})).await;
    harness.until_ready("acme").await;
    coverage::caused("site-name-wrong");
    harness.close().await;
}

async fn blocks_the_app(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(&cluster, "app-blocked", Setup::default(), json!({})).await;
    harness.jira(block_app(&app.client_id, true));
    let blocked = harness.request("acme").await;
    assert_condition(
        &blocked,
        "SiteReachable",
        "False",
        "SiteNotGranted",
        &["the site blocks the app"],
    );
    harness.jira(block_app(&app.client_id, false));
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    coverage::caused("site-restricts-apps");
    harness.close().await;
}

async fn renamed(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "renamed", json!({})).await;
    let before = harness.project_versions().await;
    let cloud_id = |o: &jira_operator::api::integration::JiraIntegration| {
        let site = o.status.as_ref().and_then(|s| s.site.clone()).expect("a site");
        (site.cloud_id, site.url)
    };
    let (bound, _) = cloud_id(&harness.integration("acme").await);
    harness.jira(Command::RenameSite {
        site: None,
        host: "acme-group.atlassian.net".into(),
    });
    let followed = harness.request("acme").await;
    assert_condition(
        &followed,
        "SiteReachable",
        "True",
        "SiteFound",
        &["renamed", RENAMED, "spec.site"],
    );
    assert_condition(&followed, "Ready", "True", "Connected", &[]);
    assert_eq!(cloud_id(&followed), (bound.clone(), RENAMED.to_owned()));
    assert_eq!(harness.secret("acme-jira-token").await.unwrap()["site-url"], RENAMED);

    harness.change("acme", json!({"site": RENAMED})).await;
    let settled = harness.until("acme", "judged under its new address", observed).await;
    assert_condition(&settled, "Ready", "True", "Connected", &[]);
    let message = &condition(&settled, "SiteReachable").message;
    assert!(message.contains(RENAMED) && !message.contains("renamed"), "{message}");
    assert_eq!(cloud_id(&settled), (bound, RENAMED.to_owned()));
    assert_eq!(harness.project_versions().await, before, "projects were rewritten");
    harness.close().await;
}

async fn replaced(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "replaced", json!({})).await;
    let before = harness.project_versions().await;
    let bound = harness.integration("acme").await.status.unwrap().site.unwrap().cloud_id;
    let replace = |with: Option<String>| Command::ReplaceSite { site: None, with };
    let Ok(Answer::Site { cloud_id }) = harness.sandbox.command(replace(None)) else {
        panic!("another site")
    };
    assert_ne!(cloud_id, bound);
    let changed = harness.request("acme").await;
    assert_condition(
        &changed,
        "SiteReachable",
        "False",
        "SiteChanged",
        &[SITE, &bound, "spec.site"],
    );
    assert_condition(&changed, "Ready", "False", "SiteChanged", &[]);
    assert_condition(&changed, "Stalled", "True", "SiteChanged", &[]);
    assert!(!harness.is_published().await, "the token was not taken back");
    assert_eq!(harness.project_versions().await, before, "projects were touched");
    assert_eq!(
        changed.status.unwrap().site.unwrap().cloud_id,
        bound,
        "the binding was given up"
    );

    harness.jira(replace(Some(bound)));
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    assert!(harness.is_published().await);
    assert_eq!(harness.project_versions().await, before, "projects were rewritten");
    harness
        .until_events("acme", &["Connected", "SiteChanged", "SiteFound"])
        .await;
    harness.close().await;
}

async fn two_sites(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "two-sites").await;
    harness.integrate("acme", "both-oauth", json!({})).await;
    harness.integrate("globex", "both-oauth", json!({"site": GLOBEX})).await;
    let sites = ["acme", "globex"];
    harness.connect_to("both-oauth", Some(&sites), None).await;
    harness.until_ready("acme").await;
    harness.until_ready("globex").await;
    assert_eq!(harness.exchanges(), 1, "one grant, one exchange");

    let acme = harness.secret("acme-jira-token").await.expect("a Secret");
    let globex = harness.secret("globex-jira-token").await.expect("a Secret");
    assert_eq!(acme["access-token"], globex["access-token"]);
    assert_eq!((acme["site-url"].as_str(), globex["site-url"].as_str()), (SITE, GLOBEX));
    assert_ne!(acme["base-url"], globex["base-url"]);
    let names: Vec<String> = harness.project_reasons().await.into_keys().collect();
    assert_eq!(
        names,
        [
            "acme-eng",
            "acme-its",
            "acme-ops",
            "acme-sup",
            "globex-help",
            "globex-web"
        ]
    );

    // One site's trouble is not the other's.
    harness.jira(site_down(Some("globex"), true));
    let broken: Value = json!(condition(&harness.request("globex").await, "Ready").status);
    assert_eq!(broken, "Unknown");
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    harness.jira(site_down(Some("globex"), false));
    harness.until_ready("globex").await;
    harness.close().await;
}
