//! What happens in Jira is delivered to those whose webhooks match it, signed.

use devkit::sandbox::{Flow, Outcome};
use serde_json::{Value, json};

use crate::client::{Bench, answer, id_of, text};
use crate::receiver::{OF_ISSUES, Receiver, WEBHOOK, listen, over, register, register_as};

const ALL: [&str; 8] = [
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
    "issue_property_set",
    "issue_property_deleted",
];

fn edit(issue: &str, summary: &str) -> Value {
    json!({"command": "editIssue", "issue": issue, "account": "dana@acme.example", "fields": {"summary": summary}})
}

#[tokio::test]
async fn a_change_is_delivered_with_a_token_and_headers() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    let url = format!("{}/secret-path?token=lost", receiver.url());
    let id = listen(&bench, &url, &OF_ISSUES).await;
    bench.run(edit("ENG-1", "Anew"));
    let got = receiver.wait(1).await.remove(0);
    assert_eq!(got.uri, "/webhooks/jira/secret-path", "the query is dropped");
    let (header, claims, is_signed) = got.token(&bench.app.client_secret);
    assert!(is_signed && !got.token("another").2);
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
    let lived = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!((lived, claims.as_object().unwrap().len()), (900, 2));
    assert_eq!(got.header("x-atlassian-webhook-flow"), Some("Primary"));
    assert_eq!(got.header("x-atlassian-webhook-retry"), None);
    assert_eq!(got.header("content-type"), Some("application/json; charset=utf-8"));
    let delivery = over(&bench, 1).await.remove(0);
    assert_eq!(
        got.header("x-atlassian-webhook-identifier"),
        Some(delivery.identifier.as_str())
    );
    assert_eq!(
        (delivery.attempts[0].status, delivery.outcome, delivery.webhook_ids),
        (Some(200), Outcome::Delivered, vec![id])
    );
}

#[tokio::test]
async fn a_delivery_tells_what_changed_by_whom_and_on_which_site() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    let id = listen(&bench, &receiver.url(), &OF_ISSUES).await;
    bench.run(edit("ENG-1", "Anew"));
    let got = receiver.wait(1).await.remove(0);
    let body = &got.body;
    assert_eq!(body["matchedWebhookIds"], json!([id]));
    assert_eq!(
        (got.event(), &body["issue_event_type_name"]),
        ("jira:issue_updated", &json!("issue_updated"))
    );
    let issue = id_of(&bench, "ENG-1");
    assert_eq!(
        (&body["issue"]["id"], &body["issue"]["fields"]["summary"]),
        (&json!(issue.to_string()), &json!("Anew"))
    );
    // The site is known by its address alone.
    assert_eq!(
        text(&body["issue"]["self"]),
        format!("https://acme.atlassian.net/rest/api/2/issue/{issue}")
    );
    assert!(!body.to_string().contains("api.atlassian.com"));
    assert!(body["timestamp"].as_i64().unwrap() > 1_600_000_000_000);
    let item = &body["changelog"]["items"][0];
    assert_eq!(
        (&item["field"], &item["toString"], &item["fieldId"]),
        (&json!("summary"), &json!("Anew"), &json!("summary"))
    );
    assert_eq!(body["user"]["accountId"], json!(bench.account("dana@acme.example")));
    assert!(body["user"].get("emailAddress").is_none() && body["user"].get("locale").is_none());
}

/// Commands, each with the event that it is told by, and its finer name.
fn changes() -> Vec<(Value, &'static str, &'static str)> {
    let commented = json!({"command": "commentOnIssue", "issue": "ENG-1", "text": "Hello"});
    let property = json!({"command": "setIssueProperty", "issue": "ENG-1", "key": "p", "value": {"a": 1}});
    vec![
        (
            json!({"command": "createIssue", "project": "ENG", "summary": "New"}),
            "jira:issue_created",
            "issue_created",
        ),
        (
            json!({"command": "transitionIssue", "issue": "ENG-1", "to": "Done"}),
            "jira:issue_updated",
            "issue_generic",
        ),
        (
            json!({"command": "updateIssue", "issue": "ENG-1", "labels": ["a"]}),
            "jira:issue_updated",
            "issue_updated",
        ),
        (
            json!({"command": "editIssue", "issue": "ENG-1", "fields": {"assignee": "dana@acme.example"}}),
            "jira:issue_updated",
            "issue_assigned",
        ),
        (
            json!({"command": "moveIssue", "issue": "ENG-2", "project": "OPS"}),
            "jira:issue_updated",
            "issue_moved",
        ),
        (commented, "comment_created", ""),
        (property, "issue_property_set", ""),
        (
            json!({"command": "setIssueProperty", "issue": "ENG-1", "key": "p"}),
            "issue_property_deleted",
            "",
        ),
        (
            json!({"command": "deleteIssue", "issue": "ENG-3"}),
            "jira:issue_deleted",
            "issue_deleted",
        ),
    ]
}

#[tokio::test]
async fn every_kind_of_change_is_told_by_its_event() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    listen(&bench, &receiver.url(), &ALL).await;
    let mut seen = 0;
    for (command, event, kind) in changes() {
        bench.run(command);
        seen += 1;
        let got = receiver.wait(seen).await.pop().unwrap();
        let told = got.body["issue_event_type_name"].as_str().unwrap_or_default();
        assert_eq!((got.event(), told), (event, kind));
    }
    let all = receiver.all();
    assert_eq!(all[4].key(), "OPS-3");
    let fields: Vec<&Value> = all[4].body["changelog"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["field"])
        .collect();
    assert!(
        fields.contains(&&json!("Key")) && fields.contains(&&json!("project")),
        "{fields:?}"
    );
    let commented = &all[5].body;
    assert_eq!(
        (&commented["comment"]["body"], &commented["comment"]["jsdPublic"]),
        (&json!("Hello"), &json!(true))
    );
    let shown = commented["issue"]["fields"].as_object().unwrap();
    assert!(
        shown.contains_key("summary") && !shown.contains_key("description"),
        "a reduced issue"
    );
    assert_eq!(all[6].body["property"], json!({"key": "p", "value": {"a": 1}}));
    // A deletion tells what there was.
    assert_eq!(all[8].key(), "ENG-3");
    assert_eq!(receiver.all().len(), seen);
}

#[tokio::test]
async fn what_the_app_itself_writes_comes_back() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    listen(&bench, &receiver.url(), &ALL).await;
    let body =
        json!({"fields": {"summary": "By the app", "description": null}, "properties": [{"key": "q", "value": 1}]});
    answer(bench.send("PUT", "/rest/api/3/issue/ENG-1", &body)).await;
    let document = json!({"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "One"}]},
    ]});
    let comment = json!({"body": document});
    let (_, made) = answer(bench.send("POST", "/rest/api/3/issue/ENG-1/comment", &comment)).await;
    let path = format!("/rest/api/3/issue/ENG-1/comment/{}", text(&made["id"]));
    answer(bench.send("PUT", &path, &comment)).await;
    answer(bench.send("DELETE", &path, &Value::Null)).await;
    let all = over(&bench, 5).await;
    let events: Vec<&str> = all.iter().map(|delivery| delivery.event.as_str()).collect();
    assert_eq!(
        events,
        [
            "jira:issue_updated",
            "issue_property_set",
            "comment_created",
            "comment_updated",
            "comment_deleted"
        ]
    );
    let me = bench.account("jira-bot@acme.example");
    let updates = receiver.wait(5).await;
    let update = updates.iter().find(|got| got.event() == "jira:issue_updated").unwrap();
    assert_eq!(update.body["user"]["accountId"], json!(me));
    let ids: Vec<Option<u64>> = all.iter().skip(2).map(|delivery| delivery.comment_id).collect();
    assert_eq!(ids, vec![text(&made["id"]).parse().ok(); 3]);
    // A read, and a write that is refused, tell nothing.
    answer(bench.get("/rest/api/3/issue/ENG-1")).await;
    answer(bench.send("PUT", "/rest/api/3/issue/ENG-1", &json!({"fields": {"nonsense": 1}}))).await;
    assert_eq!(bench.sandbox.deliveries().len(), 5);
}

#[tokio::test]
async fn one_delivery_names_every_webhook_that_matches() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    let webhooks = json!([
        {"events": OF_ISSUES, "jqlFilter": "project = ENG"},
        {"events": OF_ISSUES, "jqlFilter": "project = OPS"},
        {"events": OF_ISSUES, "jqlFilter": "status = Done or project != NOPE"},
        {"events": ["comment_created"], "jqlFilter": "project = ENG"},
        {"events": OF_ISSUES, "jqlFilter": "project = ENG", "fieldIdsFilter": ["labels", "status"]},
    ]);
    register(&bench, &receiver.url(), webhooks).await;
    bench.run(edit("ENG-1", "a"));
    bench.run(edit("OPS-1", "b"));
    bench.run(json!({"command": "labelIssue", "issue": "ENG-1", "add": ["x"]}));
    bench.run(json!({"command": "commentOnIssue", "issue": "OPS-1", "text": "unheard"}));
    let all = over(&bench, 3).await;
    let matched: Vec<&[u64]> = all.iter().map(|delivery| delivery.webhook_ids.as_slice()).collect();
    assert_eq!(matched, [&[1, 3][..], &[2, 3], &[1, 3, 5]]);
    // Another user of the app is told apart, under ids of its own.
    let dana = bench.token_of("dana@acme.example");
    let webhook = json!([{"events": OF_ISSUES, "jqlFilter": "project = OPS"}]);
    register_as(&bench, &dana, &receiver.url(), webhook).await;
    bench.run(edit("OPS-1", "c"));
    let all = over(&bench, 5).await;
    let matched: Vec<(&str, &[u64])> = all[3..]
        .iter()
        .map(|delivery| (delivery.account_id.as_str(), delivery.webhook_ids.as_slice()))
        .collect();
    let (bot, dana) = (
        bench.account("jira-bot@acme.example"),
        bench.account("dana@acme.example"),
    );
    assert!(matched.contains(&(bot.as_str(), &[2, 3])) && matched.contains(&(dana.as_str(), &[1])));
}

#[tokio::test]
async fn properties_are_filtered_by_their_keys() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    let events = ["issue_property_set", "issue_property_deleted", "jira:issue_updated"];
    let webhook = json!([{"events": events, "jqlFilter": "project = ENG", "issuePropertyKeysFilter": ["mine"]}]);
    register(&bench, &receiver.url(), webhook).await;
    for key in ["other", "mine"] {
        bench.run(json!({"command": "setIssueProperty", "issue": "ENG-1", "key": key, "value": 1}));
    }
    bench.run(edit("ENG-1", "x"));
    let all = over(&bench, 2).await;
    let events: Vec<&str> = all.iter().map(|delivery| delivery.event.as_str()).collect();
    assert_eq!(events, ["issue_property_set", "jira:issue_updated"]);
}

#[tokio::test]
async fn an_app_that_is_not_shared_tells_only_its_owner_and_says_so_to_nobody() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    bench.run(json!({"command": "shareApp", "shared": false}));
    listen(&bench, &receiver.url(), &OF_ISSUES).await;
    bench.run(edit("ENG-1", "unheard"));
    assert!(bench.sandbox.deliveries().is_empty());
    bench.run(json!({"command": "shareApp", "shared": false, "owner": "jira-bot@acme.example"}));
    bench.run(edit("ENG-1", "heard"));
    let got = receiver.wait(1).await;
    assert_eq!(got[0].body["issue"]["fields"]["summary"], json!("heard"));
    bench.run(json!({"command": "shareApp", "shared": true, "owner": "admin@acme.example"}));
    bench.run(edit("ENG-1", "again"));
    receiver.wait(2).await;
}

#[tokio::test]
async fn nothing_is_told_of_what_the_account_may_not_read_or_without_its_grant() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    listen(&bench, &receiver.url(), &ALL).await;
    bench.run(json!({"command": "setProjectPrivate", "project": "ENG", "private": true}));
    bench.run(json!({"command": "hideIssue", "issue": "OPS-1", "hidden": true}));
    for issue in ["ENG-1", "OPS-1"] {
        bench.run(edit(issue, "unheard"));
    }
    bench.run(json!({"command": "blockApp", "blocked": true}));
    bench.run(edit("OPS-2", "unheard"));
    bench.run(json!({"command": "blockApp", "blocked": false}));
    bench.run(edit("OPS-2", "heard"));
    bench.run(json!({"command": "revokeGrant"}));
    bench.run(edit("OPS-2", "unheard"));
    let all = over(&bench, 1).await;
    assert_eq!((all.len(), all[0].issue_id), (1, Some(id_of(&bench, "OPS-2"))));
    // The registration stands all the same.
    assert_eq!(bench.sandbox.webhooks().len(), 1);
}

#[tokio::test]
async fn a_deletion_is_primary_and_what_goes_with_it_secondary_as_are_bulk_changes() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    listen(&bench, &receiver.url(), &ALL).await;
    bench.run(json!({"command": "commentOnIssue", "issue": "ENG-1", "text": "one"}));
    bench.run(json!({"command": "deleteIssue", "issue": "ENG-1"}));
    bench.run(json!({"command": "changeIssues", "project": "OPS"}));
    let all = over(&bench, 5).await;
    let flows: Vec<(&str, Flow)> = all
        .iter()
        .map(|delivery| (delivery.event.as_str(), delivery.flow))
        .collect();
    assert_eq!(
        flows,
        [
            ("comment_created", Flow::Primary),
            ("jira:issue_deleted", Flow::Primary),
            ("comment_deleted", Flow::Secondary),
            ("jira:issue_updated", Flow::Secondary),
            ("jira:issue_updated", Flow::Secondary),
        ]
    );
    let sent = receiver.wait(5).await;
    let late = sent
        .iter()
        .filter(|got| got.header("x-atlassian-webhook-flow") == Some("Secondary"));
    assert_eq!(late.count(), 3);
}

#[tokio::test]
async fn after_its_end_or_its_deletion_a_webhook_tells_nothing() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    let id = listen(&bench, &receiver.url(), &OF_ISSUES).await;
    answer(bench.send("DELETE", WEBHOOK, &json!({"webhookIds": [id]}))).await;
    bench.run(edit("ENG-1", "unheard"));
    listen(&bench, &receiver.url(), &OF_ISSUES).await;
    bench.run(edit("ENG-1", "heard"));
    bench.run(json!({"command": "advanceClock", "seconds": 30 * 24 * 3600}));
    bench.run(edit("ENG-1", "too late"));
    assert_eq!(over(&bench, 1).await.len(), 1);
}
