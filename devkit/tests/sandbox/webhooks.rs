//! Dynamic webhooks are registered, listed, refreshed and deleted as documented, in five slots and under one URL.

use serde_json::{Value, json};

use crate::client::{Bench, answer, text};
use crate::receiver::{OF_ISSUES, WEBHOOK, listen, register, register_as};

const URL: &str = "https://hooks.acme.example/webhooks/jira";
const ANOTHER: &str = "https://other.acme.example/webhooks/jira";
const DAY: u64 = 24 * 3600;

fn one(filter: &str) -> Value {
    json!({"events": ["jira:issue_updated"], "jqlFilter": filter})
}

fn many(count: usize) -> Value {
    vec![one("project = ENG"); count].into()
}

async fn list(bench: &Bench) -> Vec<Value> {
    let (status, body) = answer(bench.get(WEBHOOK)).await;
    assert_eq!(status, 200, "{body}");
    body["values"].as_array().unwrap().clone()
}

async fn ids(bench: &Bench) -> Vec<u64> {
    let all = list(bench).await;
    all.iter().map(|webhook| webhook["id"].as_u64().unwrap()).collect()
}

fn errors(result: &Value) -> String {
    text(&result["errors"][0])
}

#[tokio::test]
async fn webhooks_are_listed_as_they_were_registered_page_by_page() {
    let bench = Bench::new().await;
    let webhooks = json!([
        {"events": OF_ISSUES, "jqlFilter": "project = ENG", "fieldIdsFilter": ["summary"]},
        {"events": ["issue_property_set"], "jqlFilter": "project IN (ENG, OPS)", "issuePropertyKeysFilter": ["a"]},
    ]);
    let (status, results) = register(&bench, URL, webhooks).await;
    assert_eq!(
        (status, results),
        (200, json!([{"createdWebhookId": 1}, {"createdWebhookId": 2}]))
    );
    let (_, body) = answer(bench.get(&format!("{WEBHOOK}?maxResults=1"))).await;
    assert_eq!(
        (&body["total"], &body["isLast"], &body["startAt"], &body["maxResults"]),
        (&json!(2), &json!(false), &json!(0), &json!(1))
    );
    let first = &body["values"][0];
    assert_eq!(
        (&first["url"], &first["jqlFilter"], &first["events"]),
        (&json!(URL), &json!("project = ENG"), &json!(OF_ISSUES))
    );
    assert_eq!(first["fieldIdsFilter"], json!(["summary"]));
    assert!(first.get("issuePropertyKeysFilter").is_none());
    let next = text(&body["nextPage"]);
    let path = next.split("/rest/").nth(1).unwrap();
    let (_, body) = answer(bench.get(&format!("/rest/{path}"))).await;
    assert_eq!(
        (&body["values"][0]["id"], &body["isLast"], body.get("nextPage")),
        (&json!(2), &json!(true), None)
    );
}

#[tokio::test]
async fn each_webhook_is_registered_or_refused_by_itself_under_a_200() {
    let bench = Bench::new().await;
    let webhooks = json!([
        one("project is not EMPTY"),
        one("watchCount > 3"),
        one("project != null"),
        one(""),
        one("project ="),
        {"events": [], "jqlFilter": "project = ENG"},
        one("issueKey != NULL-5 AND project NOT IN (NOPE)"),
    ]);
    let (status, results) = register(&bench, URL, webhooks).await;
    assert_eq!(status, 200);
    assert_eq!(errors(&results[0]), "Operator is not is unsupported");
    assert_eq!(
        results[1]["errors"],
        json!(["The clause watchcount is unsupported", "Operator > is unsupported"])
    );
    for refused in [3, 4, 5] {
        assert!(!errors(&results[refused]).is_empty(), "{results}");
    }
    assert_eq!(
        (&results[2], &results[6]),
        (&json!({"createdWebhookId": 1}), &json!({"createdWebhookId": 2}))
    );
    assert_eq!(ids(&bench).await, [1, 2]);
}

#[tokio::test]
async fn an_app_has_five_slots_for_each_user_and_site() {
    let bench = Bench::new().await;
    let (_, results) = register(&bench, URL, many(4)).await;
    assert_eq!(results[3], json!({"createdWebhookId": 4}));
    let (status, results) = register(&bench, URL, many(2)).await;
    assert_eq!((status, &results[0]), (200, &json!({"createdWebhookId": 5})));
    assert!(errors(&results[1]).contains("maximum of 5"), "{results}");
    // Another user of the app counts apart, with ids that are the same.
    let dana = bench.token_of("dana@acme.example");
    let (_, results) = register_as(&bench, &dana, URL, many(5)).await;
    assert_eq!(results[4], json!({"createdWebhookId": 5}));
    answer(bench.send("DELETE", WEBHOOK, &json!({"webhookIds": [2]}))).await;
    let (_, results) = register(&bench, URL, many(1)).await;
    assert_eq!(results[0], json!({"createdWebhookId": 6}), "no id comes back");
    assert_eq!(ids(&bench).await, [1, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_second_url_of_the_app_is_refused() {
    let bench = Bench::new().await;
    listen(&bench, URL, &["jira:issue_updated"]).await;
    let dana = bench.token_of("dana@acme.example");
    for token in [&bench.tokens.access_token, &dana] {
        let (status, results) = register_as(&bench, token, ANOTHER, many(2)).await;
        assert_eq!(status, 200);
        assert!(
            errors(&results[0]).contains(URL) && errors(&results[1]).contains(URL),
            "{results}"
        );
    }
    // How it is refused is not documented.
    bench.run(json!({"command": "setWebhookRules", "set": {"refusal": 400}}));
    let (status, body) = register(&bench, ANOTHER, many(1)).await;
    assert_eq!(status, 400);
    assert!(text(&body["errorMessages"][0]).contains(URL), "{body}");
    assert_eq!(register(&bench, URL, many(5)).await.0, 400, "too few slots");
    // Another app has its own.
    let app = bench.sandbox.create_app().unwrap();
    let other = bench.sandbox.mint(&app.client_id, None).unwrap();
    let (_, results) = register_as(&bench, &other.access_token, ANOTHER, many(1)).await;
    assert_eq!(results[0], json!({"createdWebhookId": 1}));
    // Once none stands any more, another one is taken.
    answer(bench.send("DELETE", WEBHOOK, &json!({"webhookIds": [1]}))).await;
    assert_eq!(register(&bench, ANOTHER, many(1)).await.0, 200);
}

#[tokio::test]
async fn one_url_for_all_sites_or_one_for_each() {
    let bench = Bench::new().await;
    listen(&bench, URL, &["jira:issue_updated"]).await;
    let admin = "admin@acme.example";
    bench.run(json!({"command": "createSite", "name": "Third", "host": "third.atlassian.net", "account": admin}));
    let minted = json!({"command": "mintGrant", "account": admin, "sites": ["third"]});
    let token = bench.mint(minted).access_token;
    let url = bench.url(&format!("/ex/jira/{}{WEBHOOK}", bench.cloud_id("third")));
    let body = json!({"url": ANOTHER, "webhooks": many(1)});
    let post = || bench.http.post(&url).bearer_auth(&token).json(&body);
    let (_, results) = answer(post()).await;
    assert!(errors(&results["webhookRegistrationResult"][0]).contains(URL));
    bench.run(json!({"command": "setWebhookRules", "site": "third", "set": {"urlPerSite": true}}));
    let (_, results) = answer(post()).await;
    assert_eq!(results["webhookRegistrationResult"][0], json!({"createdWebhookId": 1}));
}

#[tokio::test]
async fn webhooks_of_others_are_neither_listed_nor_refreshed_nor_deleted() {
    let bench = Bench::new().await;
    register(&bench, URL, many(2)).await;
    let dana = bench.token_of("dana@acme.example");
    let (_, body) = answer(bench.get_as(&dana, WEBHOOK)).await;
    assert_eq!(body["total"], 0);
    let named = json!({"webhookIds": [1, 99]});
    let (status, body) = answer(bench.send_as(&dana, "DELETE", WEBHOOK, &named)).await;
    assert_eq!((status, body), (202, Value::Null));
    let before = list(&bench).await;
    let (status, body) = answer(bench.send_as(&dana, "PUT", &format!("{WEBHOOK}/refresh"), &named)).await;
    assert_eq!(status, 200);
    assert!(body["expirationDate"].is_i64() || body["expirationDate"].is_u64());
    assert_eq!(list(&bench).await, before);
}

#[tokio::test]
async fn a_webhook_ends_after_thirty_days_unless_it_is_refreshed() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setExpiresIn", "seconds": 365 * DAY}));
    let tokens = bench.sandbox.mint(&bench.app.client_id, None).unwrap();
    let bench = Bench { tokens, ..bench };
    bench.run(json!({"command": "stopClock", "stopped": true}));
    register(&bench, URL, many(2)).await;
    let expires = |webhook: &Value| webhook["expirationDate"].as_i64().unwrap();
    let began = expires(&list(&bench).await[0]);
    bench.run(json!({"command": "advanceClock", "seconds": 20 * DAY}));
    let refresh = json!({"webhookIds": [2, 77]});
    let (status, body) = answer(bench.send("PUT", &format!("{WEBHOOK}/refresh"), &refresh)).await;
    let later = began + i64::try_from(20 * DAY * 1000).unwrap();
    assert_eq!((status, body), (200, json!({"expirationDate": later})));
    assert_eq!(expires(&list(&bench).await[1]), later);
    bench.run(json!({"command": "advanceClock", "seconds": 10 * DAY - 1}));
    assert_eq!(ids(&bench).await, [1, 2]);
    bench.run(json!({"command": "advanceClock", "seconds": 1}));
    assert_eq!(ids(&bench).await, [2]);
    // What has ended cannot be refreshed back, and leaves its slot.
    answer(bench.send("PUT", &format!("{WEBHOOK}/refresh"), &json!({"webhookIds": [1]}))).await;
    assert_eq!(ids(&bench).await, [2]);
    let (_, results) = register(&bench, URL, many(4)).await;
    assert_eq!(results[3], json!({"createdWebhookId": 6}));
    bench.run(json!({"command": "advanceClock", "seconds": 30 * DAY}));
    assert!(bench.sandbox.webhooks().is_empty());
    let (_, results) = register(&bench, ANOTHER, many(1)).await;
    assert_eq!(
        results[0],
        json!({"createdWebhookId": 7}),
        "another URL once all have ended"
    );
}

#[tokio::test]
async fn dates_may_be_text_as_in_the_examples() {
    let bench = Bench::new().await;
    register(&bench, URL, many(1)).await;
    bench.run(json!({"command": "setWebhookRules", "set": {"datesAsText": true}}));
    assert!(text(&list(&bench).await[0]["expirationDate"]).ends_with("+0000"));
    let body = json!({"webhookIds": [1]});
    let (_, body) = answer(bench.send("PUT", &format!("{WEBHOOK}/refresh"), &body)).await;
    assert!(text(&body["expirationDate"]).ends_with("+0000"));
}

#[tokio::test]
async fn both_scopes_are_needed() {
    let bench = Bench::new().await;
    for scope in ["manage:jira-webhook", "read:jira-work"] {
        bench.run(json!({"command": "dropScope", "scope": scope}));
        for (method, path, body) in [
            ("GET", WEBHOOK.to_owned(), Value::Null),
            ("POST", WEBHOOK.to_owned(), json!({"url": URL, "webhooks": many(1)})),
            ("PUT", format!("{WEBHOOK}/refresh"), json!({"webhookIds": [1]})),
            ("DELETE", WEBHOOK.to_owned(), json!({"webhookIds": [1]})),
        ] {
            let (status, body) = answer(bench.send(method, &path, &body)).await;
            assert_eq!(
                (status, &body["message"]),
                (401, &json!("Unauthorized; scope does not match")),
                "{method}"
            );
        }
        bench.run(json!({"command": "addScope", "scope": scope}));
    }
    assert_eq!(answer(bench.get(WEBHOOK)).await.0, 200);
}

#[tokio::test]
async fn what_is_not_valid_is_refused_as_a_whole() {
    let bench = Bench::new().await;
    for body in [
        json!({"webhooks": many(1)}),
        json!({"url": URL}),
        json!({"url": URL, "webhooks": []}),
        json!({"url": URL, "webhooks": [{"events": ["jira:issue_updated"]}]}),
        json!({"url": URL, "webhooks": [{"events": ["project_created"], "jqlFilter": "project = ENG"}]}),
        json!({"url": "hooks.acme.example", "webhooks": many(1)}),
        json!({"url": "http://hooks.acme.example/", "webhooks": many(1)}),
    ] {
        let (status, answered) = answer(bench.send("POST", WEBHOOK, &body)).await;
        assert_eq!(status, 400, "{body}");
        assert!(!text(&answered["errorMessages"][0]).is_empty());
    }
    for (method, path) in [("DELETE", WEBHOOK.to_owned()), ("PUT", format!("{WEBHOOK}/refresh"))] {
        assert_eq!(answer(bench.send(method, &path, &json!({}))).await.0, 400, "{method}");
    }
    assert!(list(&bench).await.is_empty());
    // Failed deliveries are told to Connect apps alone.
    assert_eq!(answer(bench.get(&format!("{WEBHOOK}/failed"))).await.0, 403);
}

#[tokio::test]
async fn jira_may_lose_webhooks_without_a_word() {
    let bench = Bench::new().await;
    register(&bench, URL, many(3)).await;
    bench.run(json!({"command": "forgetWebhooks", "ids": [2]}));
    assert_eq!(ids(&bench).await, [1, 3]);
    bench.run(json!({"command": "forgetWebhooks"}));
    assert!(list(&bench).await.is_empty());
}
