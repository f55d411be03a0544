//! Faults take effect before or after the request does, and everything is logged.

use std::time::Duration;

use devkit::sandbox::{FaultAction, FaultRule, RateLimitReason, When};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::client::{Bench, answer};

const SOON: Duration = Duration::from_secs(20);

fn uses(bench: &Bench) -> u32 {
    let token = &bench.tokens.refresh_token;
    bench.sandbox.state(|world| world.oauth.uses_of(token)).unwrap().uses
}

/// Holds a refresh, and drops the client while it is held. Reports how often the token was used then.
async fn abandoned_while_held(when: When) -> (Bench, u32) {
    let bench = Bench::new().await;
    let fault = bench.sandbox.fault(FaultRule::token_endpoint(when, FaultAction::Hold));
    let request = bench.refresh_request(&bench.tokens.refresh_token);
    let client = tokio::spawn(request.send());
    assert!(timeout(SOON, bench.sandbox.wait_for_hits(fault, 1)).await.unwrap());
    client.abort();
    assert!(timeout(SOON, bench.sandbox.wait_until_idle(fault)).await.unwrap());
    let used = uses(&bench);
    bench.sandbox.release(fault).unwrap();
    (bench, used)
}

#[tokio::test]
async fn a_client_killed_before_the_rotation_loses_nothing() {
    let (bench, used) = abandoned_while_held(When::Before).await;
    assert_eq!(used, 0);
    bench.run(json!({"command": "advanceClock", "seconds": 3600}));
    bench.rotated(&bench.tokens.refresh_token).await;
}

#[tokio::test]
async fn a_client_killed_after_the_rotation_has_the_leeway_and_no_longer() {
    let (bench, used) = abandoned_while_held(When::After).await;
    assert_eq!(used, 1);
    bench.rotated(&bench.tokens.refresh_token).await;
    let (bench, _) = abandoned_while_held(When::After).await;
    bench.run(json!({"command": "advanceClock", "seconds": 601}));
    assert_eq!(bench.refresh(&bench.tokens.refresh_token).await.0, 403);
}

/// The second write is met, whatever is read in between, by a GET or a POST.
#[tokio::test]
async fn writes_are_numbered() {
    let bench = Bench::new().await;
    let rule = FaultRule::writes(When::After, FaultAction::Html { code: 504 });
    let fault = bench.sandbox.fault(rule.skip(1).times(1));
    let second = bench.rotated(&bench.tokens.refresh_token).await;
    assert_eq!(answer(bench.get("/rest/api/3/myself")).await.0, 200);
    let query = json!({"jql": "project = ENG"});
    assert_eq!(answer(bench.post("/rest/api/3/search/jql", &query)).await.0, 200);
    assert_eq!(bench.refresh(&second).await.0, 504);
    let uses = bench.sandbox.state(|world| world.oauth.uses_of(&second)).unwrap();
    assert!(uses.retired, "it took effect");
    bench.rotated(&second).await;
    let writes: Vec<_> = bench
        .sandbox
        .requests()
        .into_iter()
        .filter(devkit::sandbox::Request::is_write)
        .collect();
    let met: Vec<bool> = writes.iter().map(|write| write.faults == [fault]).collect();
    assert_eq!(met, [false, true, false]);
}

#[tokio::test]
async fn a_held_answer_arrives_when_released() {
    let bench = Bench::new().await;
    let rule = FaultRule::token_endpoint(When::After, FaultAction::Hold).times(1);
    let fault = bench.sandbox.fault(rule);
    let client = tokio::spawn(bench.refresh_request(&bench.tokens.refresh_token).send());
    assert!(timeout(SOON, bench.sandbox.wait_for_hits(fault, 1)).await.unwrap());
    let entry = bench.sandbox.requests().pop().unwrap();
    assert_eq!((entry.status, entry.faults.as_slice()), (None, [fault].as_slice()));
    bench.sandbox.release(fault).unwrap();
    let response = timeout(SOON, client).await.unwrap().unwrap().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(bench.sandbox.requests().pop().unwrap().status, Some(200));
}

#[tokio::test]
async fn a_dropped_connection_gives_no_answer_before_or_after_the_effect() {
    for (when, expected) in [(When::Before, 0), (When::After, 1)] {
        let bench = Bench::new().await;
        let rule = FaultRule::token_endpoint(when, FaultAction::DropConnection).times(1);
        let fault = bench.sandbox.fault(rule);
        let request = bench.refresh_request(&bench.tokens.refresh_token);
        let lost = timeout(SOON, request.send()).await.unwrap();
        assert!(lost.is_err());
        assert_eq!(uses(&bench), expected);
        assert!(bench.sandbox.wait_for_hits(fault, 1).await);
        bench.rotated(&bench.tokens.refresh_token).await;
        let statuses: Vec<_> = bench.sandbox.requests().iter().map(|r| r.status).collect();
        assert_eq!(statuses, [None, Some(200)]);
    }
}

#[tokio::test]
async fn an_answer_can_lack_its_refresh_token_or_its_end() {
    let bench = Bench::new().await;
    let after = |action| FaultRule::token_endpoint(When::After, action).times(1);
    let _ = bench.sandbox.fault(after(FaultAction::OmitRefreshToken));
    let (status, body) = bench.refresh(&bench.tokens.refresh_token).await;
    assert_eq!(status, 200);
    assert!(body.get("refresh_token").is_none() && body.get("access_token").is_some());

    let _ = bench.sandbox.fault(after(FaultAction::GarbledBody));
    let request = bench.refresh_request(&bench.tokens.refresh_token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&body).is_err());
    assert!(body.contains("\"refresh_token\":\"rt-") && body.contains("\"access_token\":\"at-"));
}

#[tokio::test]
async fn statuses_pages_and_rate_limits_take_the_place_of_answers() {
    let bench = Bench::new().await;
    let before = |action| FaultRule::path("/myself", When::Before, action).times(1);
    let _ = bench.sandbox.fault(before(FaultAction::Html { code: 502 }));
    let response = bench.get("/rest/api/3/myself").send().await.unwrap();
    assert_eq!(response.status(), 502);
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );

    let _ = bench.sandbox.fault(before(FaultAction::RateLimit {
        reason: RateLimitReason::JiraQuotaGlobalBased,
        retry_after_seconds: Some(1847),
    }));
    let response = bench.get("/rest/api/3/myself").send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["ratelimit-reason"], "jira-quota-global-based");
    assert_eq!(response.headers()["retry-after"], "1847");

    let rule = json!({
        "path": "/myself", "times": 1,
        "action": {"kind": "status", "code": 500, "headers": {"X-Test": "yes"}, "body": "{}"},
    });
    bench.run(json!({"command": "addFault", "rule": rule}));
    let response = bench.get("/rest/api/3/myself").send().await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["x-test"], "yes");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(answer(bench.get("/rest/api/3/myself")).await.0, 200);
}

#[tokio::test]
async fn a_fault_can_meet_one_app_only() {
    let bench = Bench::new().await;
    let other = bench.sandbox.create_app().unwrap();
    let tokens = bench.sandbox.mint(&other.client_id, None).unwrap();
    let rule = FaultRule::path("/rest/api/3/", When::Before, FaultAction::Html { code: 503 });
    let _ = bench.sandbox.fault(rule.for_client(&other.client_id));
    assert_eq!(answer(bench.get("/rest/api/3/myself")).await.0, 200);
    assert_eq!(
        answer(bench.get_as(&tokens.access_token, "/rest/api/3/myself")).await.0,
        503
    );
    bench.run(json!({"command": "clearFaults"}));
    let dana = bench.mint(json!({"command": "mintGrant", "account": "dana@acme.example"}));
    let id = bench
        .sandbox
        .state(|w| w.account("dana@acme.example").unwrap().account_id.clone());
    let rule = FaultRule::token_endpoint(When::Before, FaultAction::Html { code: 503 });
    let _ = bench.sandbox.fault(rule.for_account(&id));
    assert_eq!(bench.refresh(&dana.refresh_token).await.0, 503);
    assert_eq!(bench.refresh(&bench.tokens.refresh_token).await.0, 200);
    // The whole path counts: the list of sites has the token endpoint's path as its beginning.
    let sites = bench.http.get(bench.url("/oauth/token/accessible-resources"));
    assert_eq!(answer(sites.bearer_auth(&dana.access_token)).await.0, 200);
    assert_eq!(
        answer(bench.get_as(&tokens.access_token, "/rest/api/3/myself")).await.0,
        200
    );
}

#[tokio::test]
async fn the_log_names_callers_and_holds_no_secret() {
    let bench = Bench::new().await;
    let mark = bench.sandbox.mark();
    bench.rotated(&bench.tokens.refresh_token).await;
    answer(bench.get("/rest/api/3/project/search?maxResults=1")).await;
    let requests = bench
        .sandbox
        .wait_for_requests(mark, |requests| requests.len() == 2)
        .await;
    let [token, search] = requests.as_slice() else {
        panic!("two requests were made");
    };
    assert_eq!((token.method.as_str(), token.path.as_str()), ("POST", "/oauth/token"));
    assert_eq!(token.grant_type.as_deref(), Some("refresh_token"));
    assert_eq!(token.client_id.as_deref(), Some(bench.app.client_id.as_str()));
    assert_eq!(search.query.as_deref(), Some("maxResults=1"));
    assert!(search.account_id.is_some() && search.at >= token.at);

    let over_http = bench.http.get(bench.url("/_sandbox/requests")).send().await.unwrap();
    let over_http = over_http.text().await.unwrap();
    let tokens = bench.http.get(bench.url("/_sandbox/tokens")).send().await.unwrap();
    let tokens = tokens.text().await.unwrap();
    for secret in bench.sandbox.secrets() {
        assert!(!over_http.contains(&secret) && !tokens.contains(&secret));
    }
    bench.sandbox.clear_requests();
    assert!(bench.sandbox.requests().is_empty());
}

#[tokio::test]
async fn an_endpoint_may_be_gone_or_ask_for_half_an_hour_after_it_answered_twice() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "addFault", "rule": {
        "method": "POST", "path": "/search/jql", "skip": 2, "times": 1,
        "action": {"kind": "rateLimit", "reason": "jira-quota-tenant-based", "retryAfterSeconds": 1800},
    }}));
    bench.run(json!({"command": "addFault", "rule": {
        "path": "/search/jql", "skip": 3,
        "action": {"kind": "status", "code": 410, "body": "{\"errorMessages\":[\"The API has been removed.\"]}"},
    }}));
    let query = json!({"jql": "project = ENG"});
    let mark = bench.sandbox.mark();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let response = bench.post("/rest/api/3/search/jql", &query).send().await.unwrap();
        let wait = response.headers().get("retry-after").cloned();
        assert_eq!(
            wait.is_some_and(|wait| wait == "1800"),
            response.status() == 429,
            "{response:?}"
        );
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429, 410, 410]);
    // What was asked stands in the log; what the authorization server was sent does not.
    bench.rotated(&bench.tokens.refresh_token).await;
    let bodies: Vec<_> = bench.sandbox.requests_since(mark);
    assert_eq!(bodies[0].body.as_deref(), Some(query.to_string().as_str()));
    assert_eq!(bodies[5].body, None);
}

#[tokio::test]
async fn commands_come_over_http_too_and_say_what_is_wrong() {
    let bench = Bench::new().await;
    let send = async |body: Value| answer(bench.http.post(bench.url("/_sandbox/commands")).json(&body)).await;
    let (status, body) = send(json!({"command": "createProject", "key": "NEW"})).await;
    assert_eq!(
        (status, &body["answer"], &body["keys"]),
        (200, &json!("projects"), &json!(["NEW"]))
    );
    let (status, body) = send(json!({"command": "archiveProject", "project": "NOPE"})).await;
    assert_eq!(
        (status, &body["error"]),
        (400, &json!("the sandbox has no project `NOPE`"))
    );
    let (status, _) = send(json!({"command": "noSuchCommand"})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn the_port_closes_when_the_sandbox_is_dropped() {
    let bench = Bench::new().await;
    let rule = FaultRule::path("/myself", When::Before, FaultAction::Hold);
    let fault = bench.sandbox.fault(rule);
    let held = tokio::spawn(bench.get("/rest/api/3/myself").send());
    assert!(timeout(SOON, bench.sandbox.wait_for_hits(fault, 1)).await.unwrap());
    let Bench { sandbox, .. } = bench;
    drop(sandbox);
    assert!(timeout(SOON, held).await.unwrap().unwrap().is_err());
}
