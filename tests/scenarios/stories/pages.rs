//! People connect in the browser: the link, the consent, what came of it.

use std::sync::Arc;

use axum::http::Method;
use devkit::{
    proxy::Rule,
    sandbox::{Command, FaultAction, FaultRule, When},
};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        BOT, SITE, Setup, Stage,
        fleet::refusal,
        look::condition,
        visitor::{Visitor, link_of},
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("pages::a_link_a_consent_and_it_is_ready", connects),
        story("pages::another_account_is_not_taken_over", another_account),
        story("pages::a_managed_service_account_is_not_taken_over", service_account),
        story("pages::a_declined_consent_changes_nothing", declined),
        story("pages::fewer_scopes_are_not_enough", fewer_scopes),
        story("pages::another_site_is_named", another_site),
        story("pages::a_dead_grant_is_connected_again", connected_again),
        story("pages::an_app_that_is_not_as_it_should_be_is_explained", wrong_app),
        story(
            "pages::the_link_outlives_the_operator_and_goes_with_the_need",
            lasting_link,
        ),
        story("pages::an_outage_says_nothing_against_the_grant", outage),
        story("pages::a_grant_of_another_account_is_replaced", replaced),
        story("pages::a_suspended_integration_offers_no_link", suspended),
    ]
}

/// A stage with pages, an app, and an integration that waits to be connected.
pub async fn waiting(plane: &Arc<Plane>, name: &str, spec: Value) -> Stage {
    let setup = Setup {
        pages: true,
        ..Setup::default()
    };
    waiting_as(plane, name, setup, spec).await
}

async fn waiting_as(plane: &Arc<Plane>, name: &str, setup: Setup, spec: Value) -> Stage {
    let stage = Stage::set_up(plane, name, setup).await;
    stage.register("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", spec).await;
    stage
}

/// What most stories declare.
pub fn dedicated() -> Value {
    json!({"account": {"email": BOT}})
}

/// No secret of Atlassian's or of ours stood on a page.
pub fn nothing_leaked(stage: &Stage, visitor: &Visitor) {
    let secrets = stage.sandbox.secrets();
    let leaked = secrets.iter().filter(|secret| visitor.shown.contains(secret.as_str()));
    assert_eq!(leaked.count(), 0, "secrets show on pages");
}

async fn connects(plane: Arc<Plane>) {
    let stage = waiting(&plane, "pages", dedicated()).await;
    let link = stage.link("acme").await;
    assert!(link.starts_with(&format!("{}/connect/{}/acme?key=", stage.pages, stage.namespace)));
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
    let result = visitor.come_back(&stage.accept(&authorize)).await;
    result.says(&["Connected"]);
    let ready = stage.until_ready("acme").await;
    assert_eq!(link_of(&ready), None, "nobody is needed any more");
    assert_eq!(condition(&ready, "Authorized").reason, "TokenFresh");
    assert!(stage.secret("acme-jira-token").await.is_some());
    assert_eq!(visitor.open(&link).await.status, 404, "the link did its work");
    nothing_leaked(&stage, &visitor);
    stage.close().await;
}

async fn another_account(plane: Arc<Plane>) {
    let stage = waiting(&plane, "pages-account", dedicated()).await;
    let link = stage.link("acme").await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&link).await;
    let refused = visitor
        .come_back(&stage.consent(&authorize, "dana@acme.example", "acme"))
        .await;
    refused.says(&["was not taken over", "WrongAccount", "Dana Developer", "Try again"]);
    let grant = stage.secret("acme-oauth-grant").await.unwrap_or_default();
    assert!(!grant.contains_key("refresh-token"), "nothing of it is kept");
    assert!(stage.secret("acme-jira-token").await.is_none());
    assert_eq!(stage.link("acme").await, link, "the link is as good as before");

    // As the right account, by the page's own button.
    let again = visitor.press(&link).await;
    visitor.come_back(&stage.accept(&again)).await.says(&["Connected"]);
    stage.until_ready("acme").await;
    nothing_leaked(&stage, &visitor);
    stage.close().await;
}

async fn service_account(plane: Arc<Plane>) {
    let service = "348c658682ae8701d3e9@serviceaccount.atlassian.com";
    let stage = waiting(&plane, "pages-service", json!({"account": {"email": service}})).await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&stage.link("acme").await).await;
    stage.jira(Command::GrantProductAccess {
        site: None,
        account: Some(service.to_owned()),
        agent: false,
    });
    let callback = stage.click(Command::MintCode {
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
    stage.close().await;
}

async fn declined(plane: Arc<Plane>) {
    let stage = waiting(&plane, "pages-declined", dedicated()).await;
    let link = stage.link("acme").await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&link).await;
    let page = visitor.come_back(&stage.decline(&authorize)).await;
    page.says(&["Access was declined", "nothing was changed", "Try again"]);
    assert_eq!(stage.exchanges(), 0, "there was nothing to exchange");
    assert_eq!(stage.link("acme").await, link);
    stage.close().await;
}

async fn fewer_scopes(plane: Arc<Plane>) {
    let stage = waiting(&plane, "pages-scopes", dedicated()).await;
    let mut visitor = Visitor::default();
    for (name, scope, reason) in [
        ("writing", "write%3Ajira-work", "ScopesMissing"),
        ("webhooks", "manage%3Ajira-webhook", "ScopesMissing"),
        ("offline", "offline_access", "OfflineAccessMissing"),
    ] {
        // With an app of its own: what one consent gave an app stays with it.
        stage.register(name).await;
        stage.integrate(name, name, dedicated()).await;
        let authorize = visitor.press(&stage.link(name).await).await;
        let fewer = authorize.replace(&format!("+{scope}"), "");
        assert_ne!(fewer, authorize, "{scope}");
        let page = visitor.come_back(&stage.accept(&fewer)).await;
        page.says(&["was not taken over", reason, "Try again"]);
        let grant = stage.secret(&format!("{name}-grant")).await.unwrap_or_default();
        assert!(!grant.contains_key("refresh-token"), "{scope}");
    }
    stage.close().await;
}

async fn another_site(plane: Arc<Plane>) {
    let stage = waiting(&plane, "pages-site", dedicated()).await;
    stage.jira(Command::GrantProductAccess {
        site: Some("globex".to_owned()),
        account: Some(BOT.to_owned()),
        agent: false,
    });
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&stage.link("acme").await).await;
    let page = visitor.come_back(&stage.consent(&authorize, BOT, "globex")).await;
    page.says(&[
        "was not taken over",
        "SiteNotGranted",
        "globex.atlassian.net",
        "choose this site",
    ]);
    stage.close().await;
}

/// A grant that was revoked: the link comes back, another one, and the old one stays dead.
async fn connected_again(plane: Arc<Plane>) {
    let stage = waiting(&plane, "pages-again", dedicated()).await;
    let first = stage.link("acme").await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&first).await;
    visitor.come_back(&stage.accept(&authorize)).await;
    stage.until_ready("acme").await;
    let credentials = stage.secret("acme-oauth").await.expect("credentials");
    stage.jira(Command::RevokeGrant {
        client_id: credentials.get("client-id").cloned(),
        account: Some(BOT.to_owned()),
    });
    stage.request("acme").await;
    stage.until_reason("acme", "Authorized", "ReconnectRequired").await;
    let second = stage.link("acme").await;
    assert_ne!(first, second);
    assert_eq!(visitor.open(&first).await.status, 404);
    let authorize = visitor.press(&second).await;
    visitor.come_back(&stage.accept(&authorize)).await.says(&["Connected"]);
    stage.until_ready("acme").await;
    stage.close().await;
}

async fn wrong_app(plane: Arc<Plane>) {
    let stage = waiting(&plane, "pages-app", dedicated()).await;
    let link = stage.link("acme").await;
    let mut visitor = Visitor::default();

    // The client secret is another one than the app's.
    let app = stage.sandbox.create_app().expect("another app");
    let good = stage.secret("acme-oauth").await.expect("credentials");
    let authorize = visitor.press(&link).await;
    let callback = stage.accept(&authorize);
    let pair = [
        ("client-id", good["client-id"].as_str()),
        ("client-secret", app.client_secret.as_str()),
    ];
    stage.put_secret(&stage.namespace, "acme-oauth", &pair).await;
    visitor
        .come_back(&callback)
        .await
        .says(&["ClientSecretRejected", "developer console"]);

    // Credentials that are not complete: nobody is sent to Atlassian.
    stage
        .put_secret(
            &stage.namespace,
            "acme-oauth",
            &[("client-id", good["client-id"].as_str())],
        )
        .await;
    stage.until_reason("acme", "Authorized", "CredentialsIncomplete").await;
    let gone = stage.until("acme", "without a link", |o| link_of(o).is_none()).await;
    assert_eq!(link_of(&gone), None, "a person who consents cannot mend that");
    stage.close().await;
}

async fn lasting_link(plane: Arc<Plane>) {
    let mut stage = waiting(&plane, "pages-lasting", dedicated()).await;
    let link = stage.link("acme").await;
    stage.kill_operators().await;
    stage.start_operator();
    stage.request("acme").await;
    assert_eq!(stage.link("acme").await, link, "the key is in the cluster");
    // Connected on another way, the link is worthless.
    let app = stage.secret("acme-oauth").await.expect("credentials");
    let tokens = stage.sandbox.mint(&app["client-id"], None).expect("a grant");
    stage
        .patch_secret(
            "acme-oauth",
            json!({"stringData": {"refresh-token": tokens.refresh_token}}),
        )
        .await;
    let ready = stage.until_ready("acme").await;
    assert_eq!(link_of(&ready), None);
    assert_eq!(Visitor::default().open(&link).await.status, 404);
    // With the last integration goes the key.
    stage
        .delete::<jira_operator::api::integration::JiraIntegration>("acme")
        .await;
    stage
        .until_object::<Secret>("jira-operator-connect", "absent", |found| found.is_none())
        .await;
    stage.close().await;
}

/// The token endpoint, Jira and the cluster fail in the middle of a consent: the person is told to try again, and of
/// nothing else.
async fn outage(plane: Arc<Plane>) {
    let setup = Setup {
        pages: true,
        proxied: true,
        ..Setup::default()
    };
    let stage = waiting_as(&plane, "pages-outage", setup, dedicated()).await;
    let link = stage.link("acme").await;
    let mut visitor = Visitor::default();
    for fault in [
        FaultRule::token_endpoint(When::Before, FaultAction::Html { code: 503 }),
        FaultRule::path("/myself", When::Before, FaultAction::Html { code: 503 }),
        // A proxy on the way to Atlassian refuses, and not Jira.
        FaultRule::path("/myself", When::Before, FaultAction::Html { code: 403 }),
    ] {
        let callback = stage.accept(&visitor.press(&link).await);
        let broken = stage.sandbox.fault(fault);
        let page = visitor.come_back(&callback).await;
        page.says(&["says nothing against it", "try again in a moment", "Try again"]);
        assert!(!page.text.contains("not the right one"), "{}", page.text);
        stage.sandbox.release(broken).expect("it was put up");
    }
    for path in ["/jiraintegrations?&fieldSelector=", "/secrets/acme-oauth?"] {
        let callback = stage.accept(&visitor.press(&link).await);
        let asked = move |method: &Method, asked: &str| {
            let asked = format!("{asked}?").replace("?fieldSelector", "?&fieldSelector");
            *method == Method::GET && asked.contains(path)
        };
        let rule = Rule::new(refusal(500)).when(asked);
        let spent = stage.exchanges();
        let refused = stage.proxy.as_ref().expect("a proxy").add(rule);
        let back = visitor.open(&callback).await;
        assert_eq!(back.status, 303, "{}", back.text);
        refused.remove();
        let page = visitor.open(&format!("{}{}", stage.pages, back.location)).await;
        page.says(&["The cluster did not answer", "the consent was not used", "Try again"]);
        assert!(!page.text.contains("changed meanwhile"), "{path}: {}", page.text);
        assert_eq!(stage.exchanges(), spent, "{path}: the code was spent");
    }
    let callback = stage.accept(&visitor.press(&link).await);
    visitor.come_back(&callback).await.says(&["Connected"]);
    stage.until_ready("acme").await;
    stage.close().await;
}

/// The account of the spec is another one than the grant's: the link leads to a new consent, and its page
/// does not show what held against the old one.
async fn replaced(plane: Arc<Plane>) {
    let stage = waiting(
        &plane,
        "pages-replaced",
        json!({"account": {"email": "dana@acme.example"}}),
    )
    .await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&stage.link("acme").await).await;
    let callback = stage.consent(&authorize, "dana@acme.example", "acme");
    visitor.come_back(&callback).await.says(&["Connected"]);
    stage.until("acme", "connected", |o| link_of(o).is_none()).await;
    stage.change("acme", dedicated()).await;
    stage.until_reason("acme", "AccountEligible", "WrongAccount").await;
    let callback = stage.accept(&visitor.press(&stage.link("acme").await).await);
    let page = visitor.come_back(&callback).await;
    page.says(&["Connected", "StandardAccount"]);
    assert!(!page.text.contains("WrongAccount"), "{}", page.text);
    stage.until_ready("acme").await;
    stage.close().await;
}

async fn suspended(plane: Arc<Plane>) {
    let stage = waiting(&plane, "pages-suspended", dedicated()).await;
    let link = stage.link("acme").await;
    stage.change("acme", json!({"suspend": true})).await;
    stage.until("acme", "without a link", |o| link_of(o).is_none()).await;
    let page = Visitor::default().open(&link.replace("?key", "/start?key")).await;
    assert_ne!(page.status, 303, "nobody is sent to Atlassian");
    stage.change("acme", json!({"suspend": false})).await;
    assert_eq!(stage.link("acme").await, link);
    stage.close().await;
}
