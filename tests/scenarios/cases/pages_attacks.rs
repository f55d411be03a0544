//! What people must not be able to do with the connect pages: every one of these fails closed, with a page
//! that says so.

use std::sync::Arc;

use serde_json::json;

use super::{
    Scenario,
    pages::{dedicated, nothing_leaked, waiting},
    scenario,
};
use crate::{
    cluster::Cluster,
    harness::{BOT, Harness, visitor::Visitor},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("pages::a_state_that_is_changed_or_made_up_is_refused", tampered),
        scenario("pages::a_consent_ends_in_the_browser_that_began", other_browser),
        scenario("pages::a_callback_works_once", replayed),
        scenario("pages::two_integrations_are_not_mixed_up", mixed_up),
        scenario("pages::two_tabs_connect_once", two_tabs),
        scenario("pages::nobody_binds_an_account_that_the_spec_does_not_name", no_account),
        scenario("pages::guessing_is_stopped_and_stops_nobody_else", guessing),
        scenario("pages::made_up_codes_are_not_all_tried", made_up_codes),
        scenario("pages::the_listener_has_the_pages_and_nothing_else", nothing_else),
    ]
}

/// Asserts that nothing was exchanged and nothing stored.
async fn untouched(harness: &Harness) {
    assert_eq!(harness.exchanges(), 0, "no code was exchanged");
    assert!(harness.secret("acme-oauth-grant").await.is_none());
}

/// The callback's address with another value for a parameter.
fn with(callback: &str, name: &str, value: &str) -> String {
    let (address, query) = callback.split_once('?').expect("a query");
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if key == name => format!("{key}={value}"),
        _ => pair.to_owned(),
    });
    format!("{address}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn state_of(callback: &str) -> &str {
    let (_, state) = callback.split_once("state=").expect("a state");
    state.split('&').next().unwrap_or_default()
}

async fn tampered(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-state", dedicated()).await;
    let mut visitor = Visitor::default();
    let authorize = visitor.press(&harness.link("acme").await).await;
    let callback = harness.accept(&authorize);
    let issued = state_of(&callback).to_owned();
    let flipped = if issued.starts_with('0') { "1" } else { "0" };
    let made_up = [
        String::new(),
        "x".repeat(40),
        format!("{flipped}{}", &issued[1..]),
        "0".repeat(32),
        format!("{issued}0"),
        format!("{issued}%00"),
    ];
    for wrong in made_up {
        let page = visitor.open(&with(&callback, "state", &wrong)).await;
        assert_eq!(page.status, 400, "{wrong}");
        page.says(&["was not begun here", "nothing was taken over"]);
    }
    // Without one, with two, and with two codes.
    for odd in [
        format!("{}/connect/callback", harness.pages),
        callback.replace("state=", "other="),
        format!("{callback}&state={issued}"),
        format!("{callback}&code=another"),
    ] {
        assert_eq!(visitor.open(&odd).await.status, 400, "{odd}");
    }
    untouched(&harness).await;
    visitor.come_back(&callback).await.says(&["Connected"]);
    harness.close().await;
}

async fn other_browser(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-browser", dedicated()).await;
    let link = harness.link("acme").await;
    let mut visitor = Visitor::default();
    let callback = harness.accept(&visitor.press(&link).await);
    // An attacker's consent is pushed into another person's browser, one without and one with a cookie of its own.
    let mut victim = Visitor::default();
    let page = victim.open(&callback).await;
    assert_eq!(page.status, 403);
    page.says(&["another browser", "Nothing was taken over"]);
    victim.press(&link).await;
    assert_eq!(victim.open(&callback).await.status, 403);
    untouched(&harness).await;
    let result = visitor.come_back(&callback).await;
    result.says(&["Connected"]);
    harness.until_ready("acme").await;
    nothing_leaked(&harness, &victim);
    harness.close().await;
}

async fn replayed(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-replay", dedicated()).await;
    let mut visitor = Visitor::default();
    let callback = harness.accept(&visitor.press(&harness.link("acme").await).await);
    visitor.come_back(&callback).await.says(&["Connected"]);
    harness.until_ready("acme").await;
    let spent = harness.exchanges();
    // The browser's own reload shows the result again; anybody else learns nothing.
    let reload = visitor.open(&callback).await;
    assert_eq!(reload.status, 303);
    let result = visitor.open(&format!("{}{}", harness.pages, reload.location)).await;
    result.says(&["Connected and ready"]);
    let mut other = Visitor::default();
    assert_eq!(other.open(&callback).await.status, 403);
    assert_eq!(
        other
            .open(&format!("{}{}", harness.pages, reload.location))
            .await
            .status,
        404
    );
    assert_eq!(harness.exchanges(), spent, "nothing was exchanged again");
    harness.close().await;
}

/// One browser connects two integrations at once, and what comes back for one is given to the other.
async fn mixed_up(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-mixed", dedicated()).await;
    harness.register("other-oauth").await;
    harness.integrate("other", "other-oauth", dedicated()).await;
    let (acme, other) = (harness.link("acme").await, harness.link("other").await);
    let mut visitor = Visitor::default();
    let (first, second) = (visitor.press(&acme).await, visitor.press(&other).await);
    let (first, second) = (harness.accept(&first), harness.accept(&second));
    // The link of one does not open the other.
    let key = acme.split_once("key=").expect("a key").1;
    let crossed = format!("{}?key={key}", other.split('?').next().unwrap_or_default());
    assert_eq!(visitor.open(&crossed).await.status, 404);
    // The code of one app is worth nothing to the other integration.
    let crossed = with(&second, "state", state_of(&first));
    let page = visitor.come_back(&crossed).await;
    page.says(&["did not honour the consent", "Try again"]);
    assert!(
        !harness
            .secret("acme-oauth-grant")
            .await
            .unwrap_or_default()
            .contains_key("refresh-token")
    );
    // The other goes on, and the first can be begun anew.
    visitor.come_back(&second).await.says(&["Connected"]);
    let again = harness.accept(&visitor.press(&acme).await);
    visitor.come_back(&again).await.says(&["Connected"]);
    harness.until_ready("acme").await;
    harness.until_ready("other").await;
    harness.close().await;
}

async fn two_tabs(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-tabs", dedicated()).await;
    let link = harness.link("acme").await;
    let mut visitor = Visitor::default();
    let (first, second) = (visitor.press(&link).await, visitor.press(&link).await);
    let (first, second) = (harness.accept(&first), harness.accept(&second));
    visitor.come_back(&first).await.says(&["Connected"]);
    harness.until_ready("acme").await;
    let grant = harness.secret("acme-oauth-grant").await.expect("a grant");
    visitor.come_back(&second).await.says(&["Connected and ready"]);
    let after = harness.secret("acme-oauth-grant").await.expect("a grant");
    assert_eq!(
        after["refresh-token"], grant["refresh-token"],
        "the second tab replaced nothing"
    );
    harness.close().await;
}

async fn no_account(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-nobody", json!({})).await;
    let link = harness.link("acme").await;
    let mut visitor = Visitor::default();
    let page = visitor.open(&link).await;
    page.says(&["Name the account first", "spec:", "email:"]);
    assert!(!page.text.contains("class=\"button\""), "there is no button");
    let page = visitor.open(&link.replace("?key", "/start?key")).await;
    assert_eq!(page.status, 403);
    page.says(&["Name the account first"]);
    untouched(&harness).await;
    harness.change("acme", json!({"account": {"email": BOT}})).await;
    let callback = harness.accept(&visitor.press(&link).await);
    visitor.come_back(&callback).await.says(&["Connected"]);
    harness.close().await;
}

async fn guessing(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-guess", dedicated()).await;
    let link = harness.link("acme").await;
    let address = link.split('?').next().unwrap_or_default();
    let mut attacker = Visitor::default();
    let mut answers = Vec::new();
    for guess in 0..80 {
        answers.push(attacker.open(&format!("{address}?key={guess:0128x}")).await.status);
    }
    assert_eq!(answers.first(), Some(&404));
    assert!(answers.contains(&429), "{answers:?}");
    let stopped = attacker.open(&format!("{address}?key={:0128x}", 0)).await;
    assert_eq!(stopped.headers.get("retry-after").map(String::as_str), Some("10"));
    // What does not exist looks like what does, and who has the link is not held up.
    assert!([404, 429].contains(&attacker.open(&address.replace("/acme", "/nothing")).await.status));
    assert_eq!(Visitor::default().open(&link).await.status, 200);
    harness.close().await;
}

/// Who has a link comes back with one made-up code after the other: Atlassian is not asked for each, and the link
/// of another integration is as good as ever.
async fn made_up_codes(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-codes", dedicated()).await;
    harness.register("other-oauth").await;
    harness.integrate("other", "other-oauth", dedicated()).await;
    let (acme, other) = (harness.link("acme").await, harness.link("other").await);
    let mut attacker = Visitor::default();
    let mut refused = None;
    for _ in 0..30 {
        let authorize = attacker.press(&acme).await;
        let issued = state_of(&authorize).to_owned();
        let page = attacker
            .open(&format!(
                "{}/connect/callback?code=made-up&state={issued}",
                harness.pages
            ))
            .await;
        if page.status == 429 {
            refused = Some((page, issued));
            break;
        }
        assert_eq!(page.status, 303, "{}", page.text);
    }
    let (page, issued) = refused.expect("made-up codes come to an end");
    page.says(&["Too many consents come back", "was not used"]);
    assert!(
        harness.exchanges() <= 15,
        "{} codes were sent to Atlassian",
        harness.exchanges()
    );
    let mut visitor = Visitor::default();
    let callback = harness.accept(&visitor.press(&other).await);
    visitor.come_back(&callback).await.says(&["Connected"]);
    // What was refused is not used up.
    let callback = format!("{}/connect/callback?error=access_denied&state={issued}", harness.pages);
    let later = attacker.until(&callback, "a result", |page| page.status == 303).await;
    let result = attacker.open(&format!("{}{}", harness.pages, later.location)).await;
    result.says(&["Access was declined"]);
    // What came of it is not looked up as often as anybody likes, either.
    let result = format!("{}{}", harness.pages, later.location);
    let mut looks = 0;
    while !attacker.open(&result).await.text.contains("One moment") {
        looks += 1;
        assert!(looks < 200, "each look at a result asks the cluster");
    }
    harness.close().await;
}

async fn nothing_else(cluster: Arc<Cluster>) {
    let harness = waiting(&cluster, "pages-only", dedicated()).await;
    let link = harness.link("acme").await;
    let mut visitor = Visitor::default();
    for path in [
        "/metrics",
        "/healthz",
        "/readyz",
        "/",
        "/connect",
        "/connect/-/result/x",
        "/connect/a,b/c",
    ] {
        let page = visitor.open(&format!("{}{path}", harness.pages)).await;
        assert_eq!(page.status, 404, "{path}");
    }
    for path in [
        link.clone(),
        format!("{}/connect/-/style.css", harness.pages),
        format!("{}/nothing", harness.pages),
    ] {
        let page = visitor.open(&path).await;
        let header = |name: &str| page.headers.get(name).cloned().unwrap_or_default();
        assert!(
            header("content-security-policy").starts_with("default-src 'none'"),
            "{path}"
        );
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
    let page = visitor.open(&link).await;
    assert_eq!(page.headers.get("cache-control").map(String::as_str), Some("no-store"));
    assert!(page.text.len() < 50_000 && !page.text.contains("<script") && !page.text.contains("http://www"));
    // No address in a request leads the browser elsewhere.
    let page = visitor
        .open(&format!("{link}&redirect_uri=https://evil.example&next=//evil.example"))
        .await;
    assert!(!page.text.contains("evil.example"));
    let start = link.replace("?key", "/start?key");
    let left = visitor
        .open(&format!("{start}&redirect_uri=https%3A%2F%2Fevil.example"))
        .await;
    assert!(left.location.starts_with(harness.sandbox.url()) && !left.location.contains("evil"));
    let cookie = left.headers.get("set-cookie").cloned().unwrap_or_default();
    assert!(
        cookie.contains("HttpOnly; SameSite=Lax") && !cookie.contains("Secure"),
        "{cookie}"
    );
    harness.close().await;
}
