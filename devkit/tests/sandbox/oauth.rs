//! The authorization server: consent, exchange, rotation, leeway, reuse, expiry, refusals.

use devkit::sandbox::Answer;
use serde_json::{Value, json};
use url::Url;

use crate::client::{Bench, answer, read, text};

pub(crate) fn authorize_url(bench: &Bench, scope: &str) -> Url {
    let mut url = Url::parse(&bench.url("/authorize")).unwrap();
    url.query_pairs_mut()
        .append_pair("audience", "api.atlassian.com")
        .append_pair("client_id", &bench.app.client_id)
        .append_pair("scope", scope)
        .append_pair("redirect_uri", &bench.app.callback_url)
        .append_pair("state", "st&te")
        .append_pair("response_type", "code")
        .append_pair("prompt", "consent");
    url
}

pub(crate) fn parameter(location: &str, name: &str) -> Option<String> {
    let url = Url::parse(location).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

pub(crate) async fn exchange(bench: &Bench, code: &str) -> (u16, Value) {
    let body = [
        ("grant_type", "authorization_code"),
        ("client_id", &bench.app.client_id),
        ("client_secret", &bench.app.client_secret),
        ("redirect_uri", &bench.app.callback_url),
        ("code", code),
    ];
    answer(bench.http.post(bench.url("/oauth/token")).form(&body)).await
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let bench = Bench::new().await;
    let url = authorize_url(&bench, "read:jira-work");
    let Answer::Redirect { location } = bench.run(json!({"command": "consent", "authorizeUrl": url.as_str()})) else {
        panic!("a consent answers with a redirect");
    };
    let (status, tokens) = exchange(&bench, &parameter(&location, "code").unwrap()).await;
    assert_eq!(status, 200);
    assert!(tokens.get("refresh_token").is_none() && tokens.get("access_token").is_some());
}

#[tokio::test]
async fn the_consent_page_refuses_as_oauth_says() {
    let bench = Bench::new().await;
    let wrong_scope = authorize_url(&bench, "read:jira-work delete:everything");
    let response = bench.http.get(wrong_scope).send().await.unwrap();
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(parameter(&location, "error").unwrap(), "invalid_scope");

    let mut elsewhere = authorize_url(&bench, "read:jira-work");
    let query = elsewhere.query().unwrap().replace("8080", "8086");
    elsewhere.set_query(Some(&query));
    let response = bench.http.get(elsewhere).send().await.unwrap();
    assert_eq!(response.status(), 400);

    let url = authorize_url(&bench, "read:jira-work");
    let deny = json!({"command": "consent", "authorizeUrl": url.as_str(), "deny": true});
    let Answer::Redirect { location } = bench.run(deny) else {
        panic!("a consent answers with a redirect");
    };
    assert_eq!(parameter(&location, "error").unwrap(), "access_denied");
    let elsewhere = json!({"command": "consent", "authorizeUrl": url.as_str(), "account": "dana@acme.example", "sites": ["globex"]});
    let refused = bench.sandbox.command(crate::client::command(elsewhere));
    assert!(refused.is_err(), "nobody grants access to a site without having it");
    let service = bench.sandbox.state(|world| {
        let mut accounts = world.accounts.values();
        let found = accounts.find(|account| account.app_type.as_deref() == Some("service"));
        found.unwrap().account_id.clone()
    });
    let consent = json!({"command": "consent", "authorizeUrl": url.as_str(), "account": service});
    let refused = bench.sandbox.command(crate::client::command(consent));
    assert!(refused.is_err(), "a managed service account cannot log in");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_the_old_one_works_within_the_leeway() {
    let bench = Bench::new().await;
    let first = bench.tokens.refresh_token.clone();
    let second = bench.rotated(&first).await;
    assert_ne!(first, second);
    bench.run(json!({"command": "advanceClock", "seconds": 590}));
    let third = bench.rotated(&first).await;
    assert_ne!(second, third);
    // Both successors live: the leeway forgives a lost answer.
    bench.rotated(&second).await;
    bench.rotated(&third).await;
    let uses = bench.sandbox.state(|world| world.oauth.uses_of(&first)).unwrap();
    assert_eq!((uses.uses, uses.retired, uses.revoked), (2, true, false));
}

#[tokio::test]
async fn reuse_after_the_leeway_revokes_the_whole_family() {
    let bench = Bench::new().await;
    let first = bench.tokens.refresh_token.clone();
    let second = bench.rotated(&first).await;
    bench.run(json!({"command": "advanceClock", "seconds": 601}));
    let refusal = json!({"error": "unauthorized_client", "error_description": "refresh_token is invalid"});
    assert_eq!(bench.refresh(&first).await, (403, refusal.clone()));
    assert_eq!(bench.refresh(&second).await, (403, refusal));
    assert_eq!(bench.sandbox.state(|world| world.oauth.live_families().len()), 0);
}

#[tokio::test]
async fn ninety_idle_days_end_a_family_and_each_refresh_begins_them_anew() {
    let bench = Bench::new().await;
    let days = |days: u64| json!({"command": "advanceClock", "seconds": days * 86_400});
    bench.run(days(89));
    let second = bench.rotated(&bench.tokens.refresh_token).await;
    bench.run(days(89));
    let third = bench.rotated(&second).await;
    bench.run(days(91));
    bench.run(json!({"command": "setRefusal", "kind": "invalid_grant"}));
    let (status, body) = bench.refresh(&third).await;
    assert_eq!((status, &body["error"]), (403, &json!("invalid_grant")));
    assert_eq!(body["error_description"], "Unknown or invalid refresh token.");
}

#[tokio::test]
async fn a_wrong_secret_is_told_apart_from_a_dead_grant() {
    let mut bench = Bench::new().await;
    let right = std::mem::replace(&mut bench.app.client_secret, "wrong".to_owned());
    let (status, body) = bench.refresh(&bench.tokens.refresh_token).await;
    assert_eq!((status, &body["error"]), (401, &json!("access_denied")));
    bench.app.client_secret = right;
    bench.rotated(&bench.tokens.refresh_token).await;
}

#[tokio::test]
async fn what_kills_a_grant_kills_its_access_tokens_too() {
    for text in [
        json!({"command": "revokeGrant"}),
        json!({"command": "changePassword"}),
        json!({"command": "deactivateAccount"}),
    ] {
        let bench = Bench::new().await;
        bench.run(text.clone());
        assert_eq!(bench.refresh(&bench.tokens.refresh_token).await.0, 403, "{text}");
        let response = bench.get("/rest/api/3/myself").send().await.unwrap();
        let unauthorized = json!({"code": 401, "message": "Unauthorized"});
        assert_eq!(read(response).await, (401, unauthorized), "{text}");
    }
}

#[tokio::test]
async fn access_tokens_expire_after_the_lifetime_that_was_set() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setExpiresIn", "seconds": 8}));
    let (_, body) = bench.refresh(&bench.tokens.refresh_token).await;
    assert_eq!(body["expires_in"], 8);
    let token = text(&body["access_token"]);
    assert_eq!(answer(bench.get_as(&token, "/rest/api/3/myself")).await.0, 200);
    bench.run(json!({"command": "advanceClock", "seconds": 9}));
    assert_eq!(answer(bench.get_as(&token, "/rest/api/3/myself")).await.0, 401);
}

#[tokio::test]
async fn a_second_consent_adds_its_site_to_the_same_grant() {
    let bench = Bench::new().await;
    let old_token = bench.tokens.access_token.clone();
    let tokens = bench.mint(json!({"command": "mintGrant", "sites": ["globex"], "scopes": ["read:jira-work"]}));
    assert_eq!(tokens.grant, bench.tokens.grant);
    assert_ne!(tokens.family, bench.tokens.family);
    let request = bench.http.get(bench.url("/oauth/token/accessible-resources"));
    let (status, sites) = answer(request.bearer_auth(old_token)).await;
    assert_eq!(status, 200);
    let mut urls: Vec<_> = sites
        .as_array()
        .unwrap()
        .iter()
        .map(|site| text(&site["url"]))
        .collect();
    urls.sort();
    assert_eq!(urls, ["https://acme.atlassian.net", "https://globex.atlassian.net"]);
    let globex = sites.as_array().unwrap().iter().find(|site| site["name"] == "Globex");
    assert_eq!(globex.unwrap()["scopes"], json!(["read:jira-work"]));
}

#[tokio::test]
async fn a_private_app_is_for_its_owner_only() {
    let bench = Bench::new().await;
    let create = json!({"command": "createApp", "private": true});
    let Answer::App { client_id, .. } = bench.run(create) else {
        panic!("an app answers with its credentials");
    };
    let url = authorize_url(&bench, "read:jira-work");
    let url = url.as_str().replace(&bench.app.client_id, &client_id);
    let consent = |account: &str| {
        let text = json!({"command": "consent", "authorizeUrl": url, "account": account});
        bench.sandbox.command(crate::client::command(text))
    };
    assert!(consent("dana@acme.example").is_err());
    assert!(consent("admin@acme.example").is_ok());
}
