//! People connect in the browser: the link, the consent, what came of it.

use std::sync::Arc;

use axum::http::Method;
use devkit::{
    proxy::Rule,
    sandbox::{Command, FaultAction, FaultRule, When},
};
use jira_operator::api::integration::JiraIntegration;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Harness, SITE, Setup,
        commands::{let_in, revoke},
        fleet::refusal,
        observe::condition,
        visitor::{Visitor, link_of},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("pages::a_link_a_consent_and_it_is_ready", connects),
        scenario("pages::another_account_is_not_taken_over", another_account),
        scenario("pages::a_managed_service_account_is_not_taken_over", service_account),
        scenario("pages::a_declined_consent_changes_nothing", declined),
        scenario("pages::fewer_scopes_are_not_enough", fewer_scopes),
        scenario("pages::another_site_is_named", another_site),
        scenario("pages::a_dead_grant_is_connected_again", connected_again),
        scenario("pages::an_app_that_is_not_as_it_should_be_is_explained", wrong_app),
        scenario(
            "pages::the_link_outlives_the_operator_and_goes_with_the_need",
            lasting_link,
        ),
        scenario("pages::an_outage_says_nothing_against_the_grant", outage),
        scenario("pages::a_grant_of_another_account_is_replaced", replaced),
        scenario("pages::a_suspended_integration_offers_no_link", suspended),
    ]
}

/// A harness with pages, an app, and an integration that waits to be connected.
pub async fn waiting(cluster: &Arc<Cluster>, name: &str, spec: Value) -> Harness {
    let setup = Setup {
        pages: true,
        ..Setup::default()
    };
    waiting_as(cluster, name, setup, spec).await
}

async fn waiting_as(cluster: &Arc<Cluster>, name: &str, setup: Setup, spec: Value) -> Harness {
    let harness = Harness::set_up(cluster, name, setup).await;
    harness.register("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", spec).await;
    harness
}

/// What most scenarios declare.
pub fn dedicated() -> Value {
    json!({"account": {"email": BOT}})
}

/// No secret of Atlassian's or of ours stood on a page.
pub fn nothing_leaked(harness: &Harness, visitor: &Visitor) {
    let secrets = harness.sandbox.secrets();
    let leaked = secrets.iter().filter(|secret| visitor.shown.contains(secret.as_str()));
    assert_eq!(leaked.count(), 0, "secrets show on pages");
}

/// A person connects by the link, and it becomes Ready.
async fn connect_by(harness: &Harness, visitor: &mut Visitor, link: &str) {
    let callback = harness.accept(&visitor.press(link).await);
    visitor.come_back(&callback).await.says(&["Connected"]);
    harness.until_ready("acme").await;
}

async fn connects(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages", dedicated()).await;
    let link = harness.link("acme").await;
    assert!(link.starts_with(&format!("{}/connect/{}/acme?key=", harness.pages, harness.namespace)));
    let mut visitor = Visitor::default();
    let page = visitor.open(&link).await;
    page.says(&[
        SITE,
        BOT,
        "not your own",
        "private window",
        "read:jira-work",
        "offline_access",
    ]);
    let authorize = visitor.press(&link).await;
    for part in [
        "prompt=consent",
        "response_type=code",
        "offline_access",
        "manage%3Ajira-webhook",
    ] {
        assert!(authorize.contains(part), "{part}");
    }
    let result = visitor.come_back(&harness.accept(&authorize)).await;
    result.says(&["Connected"]);
    let ready = harness.until_ready("acme").await;
    assert_eq!(link_of(&ready), None, "nobody is needed any more");
    assert_eq!(condition(&ready, "Authorized").reason, "TokenFresh");
    assert!(harness.secret("acme-jira-token").await.is_some());
    assert_eq!(visitor.open(&link).await.status, 404, "the link did its work");
    nothing_leaked(&harness, &visitor);
    harness.close().await;
}

async fn another_account(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-account", dedicated()).await;
    let link = harness.link("acme").await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&link).await;
    let refused = visitor
        .come_back(&harness.consent(&authorize, "dana@acme.example", "acme"))
        .await;
    refused.says(&["was not taken over", "WrongAccount", "Dana Developer", "Try again"]);
    let grant = harness.secret("acme-oauth-grant").await.unwrap_or_default();
    assert!(!grant.contains_key("refresh-token"), "nothing of it is kept");
    assert!(harness.secret("acme-jira-token").await.is_none());
    assert_eq!(harness.link("acme").await, link, "the link is as good as before");

    // As the right account, by the page's own button.
    connect_by(&harness, &mut visitor, &link).await;
    nothing_leaked(&harness, &visitor);
    harness.close().await;
}

async fn service_account(cluster: Arc<Cluster>) {
    let service = "348c658682ae8701d3e9@serviceaccount.atlassian.com";
    let harness = waiting(&cluster, "pages-service", json!({"account": {"email": service}})).await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&harness.link("acme").await).await;
    harness.jira(let_in(None, Some(service), false));
    let callback = harness.click(Command::MintCode {
        authorize_url: authorize,
        account: Some(service.to_owned()),
        sites: Some(vec!["acme".to_owned()]),
    });
    let refused = visitor.come_back(&callback).await;
    refused.says(&[
        "was not taken over",
        "ManagedServiceAccount",
        "ordinary Atlassian account",
    ]);
    harness.close().await;
}

async fn declined(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-declined", dedicated()).await;
    let link = harness.link("acme").await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&link).await;
    let page = visitor.come_back(&harness.decline(&authorize)).await;
    page.says(&["Access was declined", "nothing was changed", "Try again"]);
    assert_eq!(harness.exchanges(), 0, "there was nothing to exchange");
    assert_eq!(harness.link("acme").await, link);
    harness.close().await;
}

async fn fewer_scopes(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-scopes", dedicated()).await;
    let mut visitor = Visitor::default();
    for (name, scope, reason) in [
        ("writing", "write%3Ajira-work", "ScopesMissing"),
        ("webhooks", "manage%3Ajira-webhook", "ScopesMissing"),
        ("offline", "offline_access", "OfflineAccessMissing"),
    ] {
        // With an app of its own: what one consent gave an app stays with it.
        harness.register(name).await;
        harness.integrate(name, name, dedicated()).await;
        let authorize = visitor.press(&harness.link(name).await).await;
        let fewer = authorize.replace(&format!("+{scope}"), "");
        assert_ne!(fewer, authorize, "{scope}");
        let page = visitor.come_back(&harness.accept(&fewer)).await;
        page.says(&["was not taken over", reason, "Try again"]);
        let grant = harness.secret(&format!("{name}-grant")).await.unwrap_or_default();
        assert!(!grant.contains_key("refresh-token"), "{scope}");
    }
    harness.close().await;
}

async fn another_site(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-site", dedicated()).await;
    harness.jira(let_in(Some("globex"), Some(BOT), false));
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&harness.link("acme").await).await;
    let page = visitor.come_back(&harness.consent(&authorize, BOT, "globex")).await;
    page.says(&[
        "was not taken over",
        "SiteNotGranted",
        "globex.atlassian.net",
        "choose this site",
    ]);
    harness.close().await;
}

/// A grant that was revoked: the link comes back, another one, and the old one stays dead.
async fn connected_again(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-again", dedicated()).await;
    let first = harness.link("acme").await;
    let mut visitor = Visitor::default();
    connect_by(&harness, &mut visitor, &first).await;
    let credentials = harness.secret("acme-oauth").await.expect("credentials");
    harness.jira(revoke(&credentials["client-id"]));
    harness.request("acme").await;
    harness.until_reason("acme", "Authorized", "ReconnectRequired").await;
    let second = harness.link("acme").await;
    assert_ne!(first, second);
    assert_eq!(visitor.open(&first).await.status, 404);
    connect_by(&harness, &mut visitor, &second).await;
    harness.close().await;
}

async fn wrong_app(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-app", dedicated()).await;
    let link = harness.link("acme").await;
    let mut visitor = Visitor::default();

    // The client secret is another one than the app's.
    let app = harness.sandbox.create_app().expect("another app");
    let good = harness.secret("acme-oauth").await.expect("credentials");
    let authorize = visitor.press(&link).await;
    let callback = harness.accept(&authorize);
    let pair = [
        ("client-id", good["client-id"].as_str()),
        ("client-secret", app.client_secret.as_str()),
    ];
    harness.put_secret(&harness.namespace, "acme-oauth", &pair).await;
    visitor
        .come_back(&callback)
        .await
        .says(&["ClientSecretRejected", "developer console"]);

    // Credentials that are not complete: nobody is sent to Atlassian.
    harness.put_secret(&harness.namespace, "acme-oauth", &pair[..1]).await;
    harness
        .until_reason("acme", "Authorized", "CredentialsIncomplete")
        .await;
    let gone = harness.until("acme", "without a link", |o| link_of(o).is_none()).await;
    assert_eq!(link_of(&gone), None, "a person who consents cannot fix that");
    harness.close().await;
}

async fn lasting_link(cluster: Arc<Cluster>) {
    let mut harness = waiting(&cluster, "pages-lasting", dedicated()).await;
    let link = harness.link("acme").await;
    harness.kill_operators().await;
    harness.start_operator();
    harness.request("acme").await;
    assert_eq!(harness.link("acme").await, link, "the key is in the cluster");
    // Connected on another way, the link is worthless.
    let app = harness.secret("acme-oauth").await.expect("credentials");
    let tokens = harness.sandbox.mint(&app["client-id"], None).expect("a grant");
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
    let ready = harness.until_ready("acme").await;
    assert_eq!(link_of(&ready), None);
    assert_eq!(Visitor::default().open(&link).await.status, 404);
    // With the last integration goes the key.
    harness.delete::<JiraIntegration>("acme").await;
    harness.until_secret_gone("jira-operator-connect").await;
    harness.close().await;
}

/// The token endpoint, Jira and the cluster fail in the middle of a consent: the person is asked to try again, and of
/// nothing else.
async fn outage(cluster: Arc<Cluster>) {
    let setup = Setup {
        pages: true,
        proxied: true,
        ..Setup::default()
    };
    let harness = waiting_as(&cluster, "pages-outage", setup, dedicated()).await;
    let link = harness.link("acme").await;
    let mut visitor = Visitor::default();
    for fault in [
        FaultRule::token_endpoint(When::Before, FaultAction::Html { code: 503 }),
        FaultRule::path("/myself", When::Before, FaultAction::Html { code: 503 }),
        // A proxy before Atlassian refuses, and not Jira.
        FaultRule::path("/myself", When::Before, FaultAction::Html { code: 403 }),
    ] {
        let callback = harness.accept(&visitor.press(&link).await);
        let broken = harness.sandbox.fault(fault);
        let page = visitor.come_back(&callback).await;
        page.says(&["says nothing against it", "try again in a moment", "Try again"]);
        assert!(!page.text.contains("not the right one"), "{}", page.text);
        harness.sandbox.release(broken).expect("it was put up");
    }
    for path in ["/jiraintegrations?&fieldSelector=", "/secrets/acme-oauth?"] {
        let callback = harness.accept(&visitor.press(&link).await);
        let asked = move |method: &Method, asked: &str| {
            let asked = format!("{asked}?").replace("?fieldSelector", "?&fieldSelector");
            *method == Method::GET && asked.contains(path)
        };
        let rule = Rule::new(refusal(500)).when(asked);
        let spent = harness.exchanges();
        let refused = harness.proxy.as_ref().expect("a proxy").add(rule);
        let back = visitor.open(&callback).await;
        assert_eq!(back.status, 303, "{}", back.text);
        refused.remove();
        let page = visitor.open(&format!("{}{}", harness.pages, back.location)).await;
        page.says(&["The cluster did not answer", "the consent was not used", "Try again"]);
        assert!(!page.text.contains("changed meanwhile"), "{path}: {}", page.text);
        assert_eq!(harness.exchanges(), spent, "{path}: the code was spent");
    }
    connect_by(&harness, &mut visitor, &link).await;
    harness.close().await;
}

/// The account of the spec is another one than the grant's: the link leads to a new consent, and its page
/// does not show what held against the old one.
async fn replaced(cluster: Arc<Cluster>) {
    let dana = json!({"account": {"email": "dana@acme.example"}});
    let harness = waiting(&cluster, "pages-replaced", dana).await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&harness.link("acme").await).await;
    let callback = harness.consent(&authorize, "dana@acme.example", "acme");
    visitor.come_back(&callback).await.says(&["Connected"]);
    harness.until("acme", "connected", |o| link_of(o).is_none()).await;
    harness.change("acme", dedicated()).await;
    harness.until_reason("acme", "AccountEligible", "WrongAccount").await;
    let callback = harness.accept(&visitor.press(&harness.link("acme").await).await);
    let page = visitor.come_back(&callback).await;
    page.says(&["Connected", "StandardAccount"]);
    assert!(!page.text.contains("WrongAccount"), "{}", page.text);
    harness.until_ready("acme").await;
    harness.close().await;
}

async fn suspended(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-suspended", dedicated()).await;
    let link = harness.link("acme").await;
    harness.change("acme", json!({"suspend": true})).await;
    harness.until("acme", "without a link", |o| link_of(o).is_none()).await;
    let page = Visitor::default().open(&link.replace("?key", "/start?key")).await;
    assert_ne!(page.status, 303, "nobody is sent to Atlassian");
    harness.change("acme", json!({"suspend": false})).await;
    assert_eq!(harness.link("acme").await, link);
    harness.close().await;
}
