//! Which site it is: not granted, not found, down, closed to the app, renamed, replaced; and two
//! sites of one grant.

use std::sync::Arc;

use devkit::sandbox::{Answer, Command};
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        SITE, Stage,
        claim::claim,
        look::{condition, observed},
    },
};

const GLOBEX: &str = "https://globex.atlassian.net";
const RENAMED: &str = "https://acme-group.atlassian.net";

pub fn stories() -> Vec<Story> {
    vec![
        story("site::the_grant_reaches_another_site", reaches_another),
        story("site::the_grant_reaches_no_site", reaches_none),
        story("site::nobody_answers_at_the_address", not_found),
        story("site::the_site_blocks_the_app", blocks_the_app),
        story("site::the_site_is_renamed", renamed),
        story("site::another_site_takes_the_address", replaced),
        story("site::one_grant_reaches_two_sites", two_sites),
    ]
}

async fn connected(plane: &Arc<Plane>, name: &str) -> (Stage, String) {
    let stage = Stage::open(plane, name).await;
    let app = stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    (stage, app.client_id)
}

/// Whether a token is published.
async fn published(stage: &Stage) -> bool {
    let data = stage.secret("acme-jira-token").await.unwrap_or_default();
    data.contains_key("access-token")
}

async fn reaches_another(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "another-site").await;
    let app = stage.sandbox.create_app().unwrap();
    let command = Command::MintGrant {
        client_id: Some(app.client_id.clone()),
        account: None,
        sites: Some(vec!["globex".into()]),
        scopes: None,
        online: false,
    };
    let tokens = stage.sandbox.mint_as(command).unwrap();
    let namespace = &stage.namespace;
    stage
        .put_credentials(namespace, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_reason("acme", "SiteReachable", "SiteNotGranted").await;
    let wrong = stage.integration("acme").await;
    claim(
        &wrong,
        "SiteReachable",
        "False",
        "SiteNotGranted",
        &[SITE, GLOBEX, "choose this site"],
    );
    claim(&wrong, "Stalled", "True", "SiteNotGranted", &[]);
    claim(
        &wrong,
        "ScopesGranted",
        "Unknown",
        "SkippedAfterSiteReachable",
        &["SiteReachable"],
    );
    assert!(!published(&stage).await);

    let site = "acme".to_owned();
    stage.jira(Command::AddSiteToGrant {
        client_id: Some(app.client_id),
        account: None,
        site,
    });
    let ready = stage.request("acme").await;
    claim(&ready, "Ready", "True", "Connected", &[]);
    assert!(published(&stage).await);
    ledger::caused("site-not-granted");
    stage.close().await;
}

async fn reaches_none(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "no-site").await;
    let before = stage.project_versions().await;
    stage.jira(Command::RemoveProductAccess {
        site: None,
        account: None,
        status: None,
        unlisted: true,
    });
    let none = stage.request("acme").await;
    let causes = [SITE, "no site at all", "scopes", "product access", "blocks the app"];
    claim(&none, "SiteReachable", "False", "SiteNotGranted", &causes);
    assert!(!published(&stage).await, "a token that opens nothing stays published");
    assert_eq!(stage.project_versions().await, before, "projects were touched");

    stage.jira(Command::GrantProductAccess {
        site: None,
        account: None,
        agent: true,
    });
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    assert!(published(&stage).await);
    stage
        .until_events("acme", &["Connected", "SiteNotGranted", "SiteFound"])
        .await;
    ledger::caused("no-site-granted");
    stage.close().await;
}

async fn not_found(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "not-found").await;
    stage.connect("acme-oauth").await;
    stage
        .integrate("acme", "acme-oauth", json!({"site": "https://acne.atlassian.net"}))
        .await;
    stage.until_reason("acme", "SiteReachable", "SiteNotFound").await;
    let typo = stage.integration("acme").await;
    // What the grant reaches is the likeliest correction.
    claim(
        &typo,
        "SiteReachable",
        "False",
        "SiteNotFound",
        &["https://acne.atlassian.net", SITE, "spec.site"],
    );
    claim(&typo, "Stalled", "True", "SiteNotFound", &[]);
    stage.change("acme", json!({"site": SITE})).await;
    let ready = stage.until_ready("acme").await;
    assert_eq!(ready.status.unwrap().site.unwrap().url, SITE);

    // A typo later on neither empties the projects nor takes another site for this one.
    let before = stage.project_versions().await;
    stage
        .change("acme", json!({"site": "https://acne.atlassian.net"}))
        .await;
    stage.until_reason("acme", "SiteReachable", "SiteNotFound").await;
    assert_eq!(stage.project_versions().await, before);
    stage.change("acme", json!({"site": SITE})).await;
    stage.until_ready("acme").await;
    ledger::caused("site-name-wrong");
    stage.close().await;
}

async fn blocks_the_app(plane: Arc<Plane>) {
    let (stage, client_id) = connected(&plane, "app-blocked").await;
    let client_id = Some(client_id);
    stage.jira(Command::BlockApp {
        site: None,
        client_id: client_id.clone(),
        blocked: true,
    });
    let blocked = stage.request("acme").await;
    claim(
        &blocked,
        "SiteReachable",
        "False",
        "SiteNotGranted",
        &["the site blocks the app"],
    );
    stage.jira(Command::BlockApp {
        site: None,
        client_id,
        blocked: false,
    });
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    ledger::caused("site-restricts-apps");
    stage.close().await;
}

async fn renamed(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "renamed").await;
    let before = stage.project_versions().await;
    let cloud_id = |o: &jira_operator::api::integration::JiraIntegration| {
        let site = o.status.as_ref().and_then(|s| s.site.clone()).expect("a site");
        (site.cloud_id, site.url)
    };
    let (bound, _) = cloud_id(&stage.integration("acme").await);
    stage.jira(Command::RenameSite {
        site: None,
        host: "acme-group.atlassian.net".into(),
    });
    let followed = stage.request("acme").await;
    claim(
        &followed,
        "SiteReachable",
        "True",
        "SiteFound",
        &["renamed", RENAMED, "spec.site"],
    );
    claim(&followed, "Ready", "True", "Connected", &[]);
    assert_eq!(cloud_id(&followed), (bound.clone(), RENAMED.to_owned()));
    assert_eq!(stage.secret("acme-jira-token").await.unwrap()["site-url"], RENAMED);

    stage.change("acme", json!({"site": RENAMED})).await;
    let settled = stage.until("acme", "judged under its new address", observed).await;
    claim(&settled, "Ready", "True", "Connected", &[]);
    let message = &condition(&settled, "SiteReachable").message;
    assert!(message.contains(RENAMED) && !message.contains("renamed"), "{message}");
    assert_eq!(cloud_id(&settled), (bound, RENAMED.to_owned()));
    assert_eq!(stage.project_versions().await, before, "projects were rewritten");
    stage.close().await;
}

async fn replaced(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "replaced").await;
    let before = stage.project_versions().await;
    let bound = stage.integration("acme").await.status.unwrap().site.unwrap().cloud_id;
    let replace = |with: Option<String>| Command::ReplaceSite { site: None, with };
    let Ok(Answer::Site { cloud_id }) = stage.sandbox.command(replace(None)) else {
        panic!("another site")
    };
    assert_ne!(cloud_id, bound);
    let changed = stage.request("acme").await;
    claim(
        &changed,
        "SiteReachable",
        "False",
        "SiteChanged",
        &[SITE, &bound, "spec.site"],
    );
    claim(&changed, "Ready", "False", "SiteChanged", &[]);
    claim(&changed, "Stalled", "True", "SiteChanged", &[]);
    assert!(!published(&stage).await, "the token was not taken back");
    assert_eq!(stage.project_versions().await, before, "projects were touched");
    assert_eq!(
        changed.status.unwrap().site.unwrap().cloud_id,
        bound,
        "the binding was given up"
    );

    stage.jira(replace(Some(bound)));
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    assert!(published(&stage).await);
    assert_eq!(stage.project_versions().await, before, "projects were rewritten");
    stage
        .until_events("acme", &["Connected", "SiteChanged", "SiteFound"])
        .await;
    stage.close().await;
}

async fn two_sites(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "two-sites").await;
    let app = stage.sandbox.create_app().unwrap();
    let command = Command::MintGrant {
        client_id: Some(app.client_id.clone()),
        account: None,
        sites: Some(vec!["acme".into(), "globex".into()]),
        scopes: None,
        online: false,
    };
    let tokens = stage.sandbox.mint_as(command).unwrap();
    stage.integrate("acme", "both-oauth", json!({})).await;
    stage.integrate("globex", "both-oauth", json!({"site": GLOBEX})).await;
    let namespace = &stage.namespace;
    stage
        .put_credentials(namespace, "both-oauth", &app, Some(&tokens.refresh_token))
        .await;
    stage.until_ready("acme").await;
    stage.until_ready("globex").await;
    assert_eq!(stage.exchanges(), 1, "one grant, one exchange");

    let of = |name: &'static str| {
        let stage = &stage;
        async move { stage.secret(name).await.expect("a Secret") }
    };
    let (acme, globex) = (of("acme-jira-token").await, of("globex-jira-token").await);
    assert_eq!(acme["access-token"], globex["access-token"]);
    assert_eq!((acme["site-url"].as_str(), globex["site-url"].as_str()), (SITE, GLOBEX));
    assert_ne!(acme["base-url"], globex["base-url"]);
    let names: Vec<String> = stage.project_reasons().await.into_keys().collect();
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
    let site = Some("globex".to_owned());
    stage.jira(Command::SetSiteDown {
        site: site.clone(),
        down: true,
        status: None,
    });
    let broken: Value = json!(condition(&stage.request("globex").await, "Ready").status);
    assert_eq!(broken, "Unknown");
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    stage.jira(Command::SetSiteDown {
        site,
        down: false,
        status: None,
    });
    stage.until_ready("globex").await;
    stage.close().await;
}
