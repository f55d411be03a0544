//! Sites: discovery without a token, renaming, replacement, outage, and what the gateway refuses.

use serde_json::{Value, json};

use crate::client::{Bench, answer, read};

async fn tenant_info(bench: &Bench, host: &str) -> (u16, Value, Option<String>) {
    let request = bench.http.get(bench.url("/_edge/tenant_info"));
    let response = request.header("host", host).send().await.unwrap();
    let location = response.headers().get("location").cloned();
    let location = location.map(|value| value.to_str().unwrap().to_owned());
    let (status, body) = read(response).await;
    (status, body, location)
}

async fn listed(bench: &Bench) -> Vec<Value> {
    let request = bench.http.get(bench.url("/oauth/token/accessible-resources"));
    let (status, body) = answer(request.bearer_auth(&bench.tokens.access_token)).await;
    assert_eq!(status, 200);
    body.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_site_is_found_by_its_host_and_follows_a_renaming() {
    let bench = Bench::new().await;
    let cloud_id = bench.cloud_id("acme");
    let (status, body, _) = tenant_info(&bench, "acme.atlassian.net").await;
    assert_eq!((status, body), (200, json!({"cloudId": cloud_id})));
    assert_eq!(tenant_info(&bench, "nobody.atlassian.net").await.0, 404);

    bench.run(json!({"command": "renameSite", "host": "apex.atlassian.net"}));
    let (status, _, location) = tenant_info(&bench, "acme.atlassian.net").await;
    assert_eq!(status, 302);
    assert_eq!(location.unwrap(), "https://apex.atlassian.net/_edge/tenant_info");
    let (_, body, _) = tenant_info(&bench, "apex.atlassian.net").await;
    assert_eq!(body["cloudId"], cloud_id);
    assert_eq!(listed(&bench).await[0]["url"], "https://apex.atlassian.net");
}

#[tokio::test]
async fn another_site_can_take_the_same_address_and_give_it_back() {
    let bench = Bench::new().await;
    let before = bench.cloud_id("acme");
    bench.run(json!({"command": "replaceSite"}));
    let after = bench.cloud_id("acme");
    assert_ne!(before, after);
    let (_, body, _) = tenant_info(&bench, "acme.atlassian.net").await;
    assert_eq!(body["cloudId"], after);
    let sites = listed(&bench).await;
    assert_eq!((sites.len(), &sites[0]["id"]), (1, &json!(after)));
    bench.run(json!({"command": "replaceSite", "with": before}));
    assert_eq!(bench.cloud_id("acme"), before);
}

#[tokio::test]
async fn the_gateway_tells_token_site_scope_and_access_apart() {
    let bench = Bench::new().await;
    let unauthorized = json!({"code": 401, "message": "Unauthorized"});
    let refused = answer(bench.get_as("made-up", "/rest/api/3/myself")).await;
    assert_eq!(refused, (401, unauthorized));

    let other = format!("/ex/jira/{}/rest/api/3/myself", bench.cloud_id("globex"));
    let request = bench.http.get(bench.url(&other));
    let (status, body) = answer(request.bearer_auth(&bench.tokens.access_token)).await;
    assert_eq!((status, &body["code"]), (403, &json!(403)));

    bench.run(json!({"command": "dropScope", "scope": "read:jira-user"}));
    let mismatch = json!({"code": 401, "message": "Unauthorized; scope does not match"});
    assert_eq!(answer(bench.get("/rest/api/3/myself")).await, (401, mismatch));
    assert_eq!(answer(bench.get("/rest/api/3/project/search")).await.0, 200);
    bench.run(json!({"command": "addScope", "scope": "read:jira-user"}));

    for status in [403, 401] {
        bench.run(json!({"command": "removeProductAccess", "status": status}));
        let (given, body) = answer(bench.get("/rest/api/3/myself")).await;
        assert_eq!(given, status);
        assert!(!body.to_string().contains("scope"));
    }
    bench.run(json!({"command": "grantProductAccess", "agent": true}));
    assert_eq!(answer(bench.get("/rest/api/3/myself")).await.0, 200);

    bench.run(json!({"command": "blockApp", "blocked": true}));
    assert_eq!(answer(bench.get("/rest/api/3/myself")).await.0, 403);
    assert!(listed(&bench).await.is_empty());
}

#[tokio::test]
async fn unknown_endpoints_other_methods_and_the_site_itself_refuse() {
    let bench = Bench::new().await;
    let (status, body) = answer(bench.get("/rest/api/3/nothing/here")).await;
    assert_eq!((status, &body["status-code"]), (404, &json!(404)));
    assert_eq!(answer(bench.post("/rest/api/3/myself", &json!({}))).await.0, 405);
    let direct = bench.http.get(bench.url("/rest/api/3/myself"));
    let direct = direct.header("host", "acme.atlassian.net");
    let direct = direct.bearer_auth(&bench.tokens.access_token);
    assert_eq!(answer(direct).await.0, 401);
}

#[tokio::test]
async fn a_site_that_is_down_answers_a_page() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setSiteDown", "down": true}));
    let response = bench.get("/rest/api/3/myself").send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(tenant_info(&bench, "acme.atlassian.net").await.0, 503);
    bench.run(json!({"command": "setSiteDown", "down": false}));
    assert_eq!(answer(bench.get("/rest/api/3/myself")).await.0, 200);
}

#[tokio::test]
async fn accounts_show_what_kind_they_are() {
    let bench = Bench::new().await;
    let (_, me) = answer(bench.get("/rest/api/3/myself")).await;
    assert_eq!(me["accountType"], "atlassian");
    assert_eq!(me["emailAddress"], "jira-bot@acme.example");
    assert_eq!((&me["active"], me.get("appType")), (&json!(true), None));
    let link = format!("https://api.atlassian.com/ex/jira/{}/rest", bench.cloud_id("acme"));
    assert!(me["self"].as_str().unwrap().starts_with(&link));

    bench.run(json!({"command": "hideEmail", "hidden": true}));
    bench.run(json!({"command": "setAccountType", "accountType": "app", "appType": "service"}));
    let (_, me) = answer(bench.get("/rest/api/3/myself")).await;
    assert_eq!(me.get("emailAddress"), None);
    assert_eq!((&me["accountType"], &me["appType"]), (&json!("app"), &json!("service")));
    bench.run(json!({"command": "setEmail", "email": "b1@serviceaccount.atlassian.com"}));
    let (_, me) = answer(bench.get("/rest/api/3/myself")).await;
    assert_eq!(me["emailAddress"], "b1@serviceaccount.atlassian.com");

    let customer = bench.mint(json!({"command": "mintGrant", "account": "casey@customer.example"}));
    let (status, me) = answer(bench.get_as(&customer.access_token, "/rest/api/3/myself")).await;
    assert_eq!((status, &me["accountType"]), (200, &json!("customer")));
    let projects = bench.get_as(&customer.access_token, "/rest/api/3/project/search");
    assert_eq!(answer(projects).await.0, 403);
}
