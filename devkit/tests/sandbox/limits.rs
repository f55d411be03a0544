//! Rate limits: points of the hour, bursts, storms, and the headers about them.

use std::time::{Duration, Instant};

use devkit::sandbox::Spent;
use reqwest::Response;
use serde_json::json;

use crate::client::Bench;

/// Asks for one issue by search.
async fn ask(bench: &Bench) -> Response {
    let body = json!({"jql": "project = ENG", "fields": ["summary"]});
    bench.post("/rest/api/3/search/jql", &body).send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn points_are_counted_in_both_readings() {
    let bench = Bench::new().await;
    let before = bench.sandbox.spent(None);
    assert_eq!(before, Spent::default());
    ask(&bench).await;
    assert_eq!(
        (bench.sandbox.spent(None).flat, bench.sandbox.spent(None).per_object),
        (1, 4)
    );
    // A list of people is dear: one, and two for each.
    let people = bench.get("/rest/api/3/users/search?maxResults=5").send().await.unwrap();
    assert_eq!(people.status(), 200);
    bench.get("/rest/api/3/issue/ENG-1").send().await.unwrap();
    bench.get("/rest/api/3/issue/NOPE-1").send().await.unwrap();
    bench
        .get("/rest/api/3/project/search?maxResults=2")
        .send()
        .await
        .unwrap();
    let spent = bench.sandbox.spent(None);
    assert_eq!(
        (spent.calls, spent.flat, spent.per_object),
        (5, 1 + 11 + 2 + 1 + 3, 4 + 11 + 2 + 1 + 3)
    );
}

#[tokio::test]
async fn an_app_without_points_is_refused_on_all_sites_until_the_hour_turns() {
    let bench = Bench::new().await;
    let other = bench.mint(json!({"command": "mintGrant", "account": "dana@acme.example"}));
    bench.run(json!({"command": "addSiteToGrant", "site": "globex"}));
    bench.run(json!({"command": "setQuota", "points": 10, "postReads": "perObject"}));
    let well = ask(&bench).await;
    assert_eq!(
        header(&well, "ratelimit-policy"),
        Some("\"global-app-quota\";q=10;w=3600")
    );
    assert!(header(&well, "ratelimit").is_some_and(|text| text.starts_with("\"global-app-quota\";r=6;t=")));
    assert_eq!(header(&well, "x-ratelimit-nearlimit"), None);
    ask(&bench).await;
    assert_eq!(header(&ask(&bench).await, "x-ratelimit-nearlimit"), Some("true"));
    // Another account's grant to the same app shares the pool, on this site and on the other.
    let path = format!("/ex/jira/{}/rest/api/3/myself", bench.cloud_id("globex"));
    for (token, path) in [
        (&bench.tokens.access_token, path),
        (
            &other.access_token,
            format!("/ex/jira/{}/rest/api/3/myself", bench.cloud_id("acme")),
        ),
    ] {
        let refused = bench
            .http
            .get(bench.url(&path))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (refused.status().as_u16(), header(&refused, "ratelimit-reason")),
            (429, Some("jira-quota-global-based"))
        );
        let wait: u64 = header(&refused, "retry-after").unwrap().parse().unwrap();
        let now = bench.sandbox.state(|world| world.now().as_second());
        assert!(
            (now + i64::try_from(wait).unwrap()) % 3600 <= 1,
            "the wait ends with the hour"
        );
        assert!(header(&refused, "x-ratelimit-reset").unwrap().ends_with(":00Z"));
        assert_eq!(header(&refused, "x-ratelimit-remaining"), Some("0"));
    }
    let stranger = bench.sandbox.create_app().unwrap();
    let tokens = bench.sandbox.mint(&stranger.client_id, None).unwrap();
    let free = bench
        .get_as(&tokens.access_token, "/rest/api/3/myself")
        .send()
        .await
        .unwrap();
    assert_eq!(free.status(), 200);
    bench.run(json!({"command": "setExpiresIn", "seconds": 7200}));
    let long = bench.mint(json!({"command": "mintGrant"}));
    bench.run(json!({"command": "advanceClock", "seconds": 3600}));
    let free = bench
        .get_as(&long.access_token, "/rest/api/3/myself")
        .send()
        .await
        .unwrap();
    assert_eq!(free.status(), 200);
    assert_eq!(bench.sandbox.spent(None).refused, 2);
}

#[tokio::test]
async fn a_pool_may_belong_to_a_site_and_others_may_spend_it() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "addSiteToGrant", "site": "globex"}));
    bench.run(json!({"command": "setQuota", "points": 100, "perTenant": true}));
    bench.run(json!({"command": "spendPoints", "site": "globex", "points": 100}));
    assert_eq!(ask(&bench).await.status(), 200);
    let path = format!("/ex/jira/{}/rest/api/3/myself", bench.cloud_id("globex"));
    let refused = bench.http.get(bench.url(&path)).bearer_auth(&bench.tokens.access_token);
    let refused = refused.send().await.unwrap();
    assert_eq!(header(&refused, "ratelimit-reason"), Some("jira-quota-tenant-based"));
    let reported = bench.run(json!({"command": "describeQuota", "site": "globex"}));
    let reported = serde_json::to_value(reported).unwrap();
    assert_eq!(
        (&reported["spent"], &reported["pool"], &reported["thisHour"]["refused"]),
        (&json!(100), &json!(100), &json!(1))
    );
    bench.run(json!({"command": "setQuota", "off": true}));
    let free = ask(&bench).await;
    assert_eq!((free.status().as_u16(), header(&free, "ratelimit")), (200, None));
}

#[tokio::test]
async fn bursts_are_refused_by_endpoint_and_method_and_last_a_second() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setBurst", "endpoint": "search/jql", "method": "POST", "perSecond": 3}));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = ask(&bench).await;
        if answer.status() == 429 {
            assert_eq!(header(&answer, "ratelimit-reason"), Some("jira-burst-based"));
            assert_eq!(
                (header(&answer, "retry-after"), header(&answer, "x-ratelimit-limit")),
                (Some("1"), Some("3"))
            );
            assert_eq!(header(&answer, "ratelimit"), None);
        }
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses[..3], [200, 200, 200]);
    assert!(statuses.contains(&429));
    let by_get = bench
        .get("/rest/api/3/search/jql?jql=project%3DENG")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (by_get.status().as_u16(), header(&by_get, "x-ratelimit-limit")),
        (200, Some("100"))
    );
    bench.run(json!({"command": "advanceClock", "seconds": 1}));
    assert_eq!(ask(&bench).await.status(), 200);
    bench.run(json!({"command": "setBurst", "off": true}));
    for _ in 0..6 {
        assert_eq!(ask(&bench).await.status(), 200);
    }
    bench.run(json!({"command": "setBurst"}));
    let issue = bench.get("/rest/api/3/issue/ENG-1").send().await.unwrap();
    assert_eq!(
        (
            header(&issue, "x-ratelimit-limit"),
            header(&issue, "x-ratelimit-remaining")
        ),
        (Some("150"), Some("149"))
    );
}

#[tokio::test]
async fn a_storm_refuses_everything_or_an_endpoint_until_it_is_over() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "startStorm", "seconds": 600, "reason": "jira-quota-global-based"}));
    let refused = ask(&bench).await;
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "ratelimit-reason")),
        (429, Some("jira-quota-global-based"))
    );
    let wait: u64 = header(&refused, "retry-after").unwrap().parse().unwrap();
    assert!((590..=600).contains(&wait), "{wait}");
    bench.run(json!({"command": "advanceClock", "seconds": 601}));
    assert_eq!(ask(&bench).await.status(), 200);
    bench.run(json!({"command": "startStorm", "seconds": 60, "path": "search/jql", "retryAfterSeconds": 1800}));
    assert_eq!(header(&ask(&bench).await, "retry-after"), Some("1800"));
    assert_eq!(bench.get("/rest/api/3/myself").send().await.unwrap().status(), 200);
    bench.run(json!({"command": "endStorm"}));
    assert_eq!(ask(&bench).await.status(), 200);
}

#[tokio::test]
async fn headers_may_be_missing_or_marked_as_beta_and_survive_another_language() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setLimitHeaders", "omit": ["Retry-After", "RateLimit-Reason"], "beta": true}));
    bench.run(json!({"command": "setQuota", "points": 1}));
    bench.run(json!({"command": "setLocale", "locale": "de_DE"}));
    let well = ask(&bench).await;
    assert!(header(&well, "beta-ratelimit").is_some() && header(&well, "ratelimit-policy").is_none());
    let refused = ask(&bench).await;
    assert_eq!(
        (
            refused.status().as_u16(),
            header(&refused, "retry-after"),
            header(&refused, "ratelimit-reason")
        ),
        (429, None, None)
    );
    assert!(header(&refused, "x-ratelimit-reset").is_some());
}

#[tokio::test]
async fn slow_answers_do_not_wait_for_one_another() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setLatency", "milliseconds": 300}));
    let begin = Instant::now();
    let calls = (0..10).map(|_| ask(&bench));
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.status(), 200);
    }
    let taken = begin.elapsed();
    assert!(
        taken >= Duration::from_millis(300) && taken < Duration::from_secs(2),
        "{taken:?}"
    );
}
