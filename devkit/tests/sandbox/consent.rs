//! The consent page: it shows who is logged in, and grants what it showed.

use devkit::sandbox::Answer;
use serde_json::{Value, json};
use url::Url;

use crate::client::{Bench, answer, text};
use crate::login::{Browser, Page};
use crate::oauth::{authorize_url, exchange, parameter};

const SCOPES: &str = "read:jira-work write:jira-work read:jira-user read:me offline_access";

/// The consent page of the seed's app as this person sees it.
async fn consent_page(bench: &Bench, email: &str) -> (Browser, Page) {
    let mut browser = Browser::new(bench);
    browser.log_in(email, None).await;
    let page = browser.open(authorize_url(bench, SCOPES).as_str()).await;
    (browser, page)
}

fn redirect(answer: Answer) -> String {
    let Answer::Redirect { location } = answer else {
        panic!("the command answers with a redirect");
    };
    location
}

#[tokio::test]
async fn a_person_consents_in_the_browser_and_the_code_works_once() {
    let bench = Bench::new().await;
    let (mut browser, page) = consent_page(&bench, "dana@acme.example").await;
    assert_eq!(page.status, 200);
    assert!(page.says("Jira operator (sandbox) is requesting access"));
    assert!(page.says("Logged in as <strong>Dana Developer (dana@acme.example)</strong>"));
    // Where Dana has no access, she can let nobody in.
    assert!(page.says("https://acme.atlassian.net") && !page.says("https://globex.atlassian.net"));
    assert!(SCOPES.split(' ').all(|scope| page.says(&format!("<li>{scope}</li>"))));

    let cloud_id = bench.cloud_id("acme");
    let answered = browser
        .submit(&page, &[("site", &cloud_id), ("decision", "accept")])
        .await;
    assert!(answered.location.starts_with("http://localhost:8080/connect/callback?"));
    assert_eq!(parameter(&answered.location, "state").unwrap(), "st&te");
    let code = parameter(&answered.location, "code").unwrap();

    let (status, tokens) = exchange(&bench, &code).await;
    assert_eq!(status, 200);
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(
        tokens["scope"],
        "offline_access read:jira-user read:jira-work read:me write:jira-work"
    );
    let token = text(&tokens["access_token"]);
    let (status, me) = answer(bench.get_as(&token, "/rest/api/3/myself")).await;
    assert_eq!((status, &me["emailAddress"]), (200, &json!("dana@acme.example")));
    let (status, again) = exchange(&bench, &code).await;
    assert_eq!((status, &again["error"]), (403, &json!("invalid_grant")));
}

#[tokio::test]
async fn accepting_without_a_site_grants_nothing() {
    let bench = Bench::new().await;
    let (mut browser, page) = consent_page(&bench, "jira-bot@acme.example").await;
    assert!(page.says("<option value=\"\">Choose a site</option>") && page.says("https://globex.atlassian.net"));
    let answered = browser.submit(&page, &[("site", ""), ("decision", "accept")]).await;
    assert_eq!(answered.status, 400);
    assert!(answered.says("no access to the chosen site, or none was chosen"));
}

#[tokio::test]
async fn cancelling_goes_back_to_the_app_with_an_error() {
    let bench = Bench::new().await;
    let (mut browser, page) = consent_page(&bench, "dana@acme.example").await;
    let answered = browser.submit(&page, &[("decision", "deny")]).await;
    assert_eq!(parameter(&answered.location, "error").unwrap(), "access_denied");
    assert_eq!(parameter(&answered.location, "state").unwrap(), "st&te");
    assert!(parameter(&answered.location, "code").is_none());
}

#[tokio::test]
async fn what_was_shown_is_granted_whoever_logs_in_meanwhile() {
    let bench = Bench::new().await;
    let (mut browser, page) = consent_page(&bench, "dana@acme.example").await;
    browser.log_in("alex@acme.example", None).await;
    let cloud_id = bench.cloud_id("acme");
    let answered = browser
        .submit(&page, &[("site", &cloud_id), ("decision", "accept")])
        .await;
    let (_, tokens) = exchange(&bench, &parameter(&answered.location, "code").unwrap()).await;
    let me = bench.get_as(&text(&tokens["access_token"]), "/rest/api/3/myself");
    assert_eq!(answer(me).await.1["displayName"], "Dana Developer");
}

#[tokio::test]
async fn an_app_cannot_decide_in_the_persons_place() {
    let bench = Bench::new().await;
    let mut browser = Browser::new(&bench);
    browser.log_in("dana@acme.example", None).await;
    let mut url = authorize_url(&bench, SCOPES);
    url.query_pairs_mut()
        .append_pair("account", "somebody")
        .append_pair("decision", "accept");
    let page = browser.open(url.as_str()).await;
    let named = |name: &str| {
        page.fields()
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    assert!(named("account").is_some_and(|account| account != "somebody"));
    assert_eq!(named("decision"), None);
}

#[tokio::test]
async fn an_account_without_a_site_can_only_cancel() {
    let bench = Bench::new().await;
    let add = json!({"command": "addAccount", "email": "new@acme.example", "sites": []});
    bench.run(add);
    let (_, page) = consent_page(&bench, "new@acme.example").await;
    assert!(page.says("can use no site") && !page.says(">Accept<") && page.says(">Cancel<"));
}

#[tokio::test]
async fn a_private_app_is_shown_to_its_owner_only() {
    let bench = Bench::new().await;
    let Answer::App { client_id, .. } = bench.run(json!({"command": "createApp", "private": true})) else {
        panic!("an app answers with its credentials");
    };
    let url = authorize_url(&bench, "read:jira-work");
    let url = url.as_str().replace(&bench.app.client_id, &client_id);
    let mut browser = Browser::new(&bench);
    browser.log_in("dana@acme.example", None).await;
    let page = browser.open(&url).await;
    assert_eq!(page.status, 400);
    assert!(page.says("only its owner may authorise it") && page.says("Switch account"));
    browser.log_in("admin@acme.example", None).await;
    assert_eq!(browser.open(&url).await.status, 200);
}

/// The scopes that an exchange of the code at this location says were granted.
async fn granted(bench: &Bench, location: &str) -> Value {
    let (status, tokens) = exchange(bench, &parameter(location, "code").unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(
        tokens.get("refresh_token").is_some(),
        text(&tokens["scope"]).contains("offline_access")
    );
    tokens["scope"].clone()
}

#[tokio::test]
async fn fewer_scopes_are_granted_where_they_are_unticked_on_the_sandboxs_page() {
    let bench = Bench::new().await;
    let (mut browser, page) = consent_page(&bench, "dana@acme.example").await;
    assert!(page.says("Sandbox only"));
    let cloud_id = bench.cloud_id("acme");
    // A browser sends the boxes that are ticked. One that was not asked for is no wider grant.
    let ticked = [
        ("site", cloud_id.as_str()),
        ("chosen", "read:jira-work"),
        ("chosen", "manage:jira-project"),
        ("decision", "accept"),
    ];
    let answered = browser.submit(&page, &ticked).await;
    assert_eq!(granted(&bench, &answered.location).await, "read:jira-work");
}

#[tokio::test]
async fn withheld_scopes_are_in_no_grant_until_they_are_let_go() {
    let bench = Bench::new().await;
    let withhold = |scopes: Value| json!({"command": "withholdScopes", "scopes": scopes});
    bench.run(withhold(json!(["write:jira-work", "offline_access"])));
    let url = authorize_url(&bench, SCOPES);
    let consent = json!({"command": "consent", "authorizeUrl": url.as_str(), "account": "dana@acme.example"});
    let location = redirect(bench.run(consent.clone()));
    assert_eq!(
        granted(&bench, &location).await,
        "read:jira-user read:jira-work read:me"
    );
    bench.run(withhold(json!([])));
    let location = redirect(bench.run(consent));
    let all = "offline_access read:jira-user read:jira-work read:me write:jira-work";
    assert_eq!(granted(&bench, &location).await, all);
}

#[tokio::test]
async fn a_code_can_be_minted_for_an_account_that_cannot_log_in() {
    let bench = Bench::new().await;
    let service = "348c658682ae8701d3e9@serviceaccount.atlassian.com";
    let url = authorize_url(&bench, SCOPES);
    let mint = json!({"command": "mintCode", "authorizeUrl": url.as_str(), "account": service});
    let location = redirect(bench.run(mint));
    assert_eq!(parameter(&location, "state").unwrap(), "st&te");
    let (_, tokens) = exchange(&bench, &parameter(&location, "code").unwrap()).await;
    let me = bench.get_as(&text(&tokens["access_token"]), "/rest/api/3/myself");
    assert_eq!(answer(me).await.1["emailAddress"], service);
}

#[tokio::test]
async fn an_app_is_sent_back_to_the_callback_it_has_now() {
    let bench = Bench::new().await;
    let callback = "http://localhost:49152/connect/callback";
    bench.run(json!({"command": "setCallback", "callbackUrl": callback}));
    let mut browser = Browser::new(&bench);
    browser.log_in("dana@acme.example", None).await;
    let stale = browser.open(authorize_url(&bench, SCOPES).as_str()).await;
    assert_eq!(stale.status, 400);
    assert!(stale.says("redirect_uri is not the callback URL of the app"));

    let url = authorize_url(&bench, SCOPES).as_str().replace("8080", "49152");
    let consent = json!({"command": "consent", "authorizeUrl": url});
    let location = redirect(bench.run(consent));
    assert!(Url::parse(&location).unwrap().as_str().starts_with(callback));
}
