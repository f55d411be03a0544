//! Deliveries get lost, doubled, late and out of order, and strangers send what looks like one.

use devkit::sandbox::{Answer, Delivery, Outcome};
use serde_json::{Value, json};

use crate::client::{Bench, id_of};
use crate::receiver::{OF_ISSUES, Receiver, listen, over, register};

fn edit(issue: &str, summary: &str) -> Value {
    json!({"command": "editIssue", "issue": issue, "fields": {"summary": summary}})
}

fn fault(trouble: &Value) -> Value {
    json!({"command": "addWebhookFault", "fault": trouble})
}

fn summaries(receiver: &Receiver) -> Vec<String> {
    let summary = |body: &Value| body["issue"]["fields"]["summary"].as_str().unwrap().to_owned();
    receiver.all().iter().map(|got| summary(&got.body)).collect()
}

async fn listening() -> (Bench, Receiver) {
    let (bench, receiver) = (Bench::new().await, Receiver::new().await);
    listen(&bench, &receiver.url(), &OF_ISSUES).await;
    (bench, receiver)
}

#[tokio::test]
async fn a_duplicate_is_the_same_delivery_once_more() {
    let (bench, receiver) = listening().await;
    bench.run(fault(
        &json!({"times": 1, "skip": 1, "trouble": {"kind": "duplicate", "copies": 2}}),
    ));
    bench.run(edit("ENG-1", "once"));
    bench.run(edit("ENG-1", "thrice"));
    bench.run(edit("ENG-1", "and on"));
    let got = receiver.wait(5).await;
    let done = bench
        .sandbox
        .wait_for_deliveries(|all| all.get(1).is_some_and(|delivery| delivery.attempts.len() == 3));
    let all = tokio::time::timeout(std::time::Duration::from_secs(30), done)
        .await
        .unwrap();
    let same = got
        .iter()
        .filter(|got| got.header("x-atlassian-webhook-identifier") == Some(&all[1].identifier));
    assert_eq!((same.count(), all[1].outcome), (3, Outcome::Delivered));
    // A duplicate is no retry.
    assert!(got.iter().all(|got| got.header("x-atlassian-webhook-retry").is_none()));
}

#[tokio::test]
async fn a_delivery_is_lost_or_late() {
    let (bench, receiver) = listening().await;
    bench.run(fault(
        &json!({"event": "jira:issue_created", "trouble": {"kind": "drop"}}),
    ));
    bench.run(fault(
        &json!({"times": 1, "trouble": {"kind": "delay", "milliseconds": 200}}),
    ));
    let began = std::time::Instant::now();
    bench.run(json!({"command": "createIssue", "project": "ENG", "summary": "lost"}));
    bench.run(edit("ENG-1", "late"));
    bench.run(edit("ENG-1", "soon"));
    let all = over(&bench, 3).await;
    let outcomes: Vec<Outcome> = all.iter().map(|delivery| delivery.outcome).collect();
    assert_eq!(outcomes, [Outcome::Dropped, Outcome::Delivered, Outcome::Delivered]);
    assert!(began.elapsed() >= std::time::Duration::from_millis(200));
    assert_eq!(summaries(&receiver), ["soon", "late"]);
}

#[tokio::test]
async fn deliveries_are_kept_back_and_let_go() {
    let (bench, receiver) = listening().await;
    bench.run(fault(&json!({"trouble": {"kind": "hold"}})));
    for summary in ["a", "b"] {
        bench.run(edit("ENG-1", summary));
    }
    let held = bench.sandbox.deliveries();
    assert!(held.iter().all(|delivery| delivery.outcome == Outcome::Held));
    assert!(receiver.all().is_empty());
    bench.run(json!({"command": "clearWebhookFaults"}));
    bench.run(edit("ENG-1", "c"));
    over(&bench, 3).await;
    let mut got = summaries(&receiver);
    got.sort();
    assert_eq!(got, ["a", "b", "c"]);
}

#[tokio::test]
async fn deliveries_come_the_last_one_first() {
    let (bench, receiver) = listening().await;
    bench.run(fault(&json!({"times": 5, "trouble": {"kind": "reverse", "count": 5}})));
    for n in 1..=5 {
        bench.run(edit("ENG-1", &n.to_string()));
    }
    over(&bench, 5).await;
    assert_eq!(summaries(&receiver), ["5", "4", "3", "2", "1"]);
}

#[tokio::test]
async fn a_burst_arrives_whole() {
    let (bench, receiver) = listening().await;
    bench.run(json!({"command": "addIssues", "project": "ENG", "count": 500}));
    bench.run(json!({"command": "changeIssues", "project": "ENG"}));
    let all = over(&bench, 1003).await;
    assert!(all.iter().all(|delivery| delivery.outcome == Outcome::Delivered));
    assert_eq!(receiver.all().len(), 1003);
    match bench.run(json!({"command": "describeDeliveries"})) {
        Answer::Deliveries { deliveries } => assert_eq!(deliveries, all),
        _ => panic!("deliveries are described"),
    }
}

#[tokio::test]
async fn strangers_send_more_or_less_of_what_proves_a_delivery() {
    let (bench, receiver) = listening().await;
    let secret = bench.app.client_secret.clone();
    for (place, token) in [
        json!({"kind": "right"}),
        json!({"kind": "wrongSecret"}),
        json!({"kind": "unsigned"}),
        json!({"kind": "algorithm", "name": "RS256"}),
        json!({"kind": "critical"}),
        json!({"kind": "expired", "seconds": 7200}),
        json!({"kind": "fromFuture", "seconds": 3600}),
        json!({"kind": "altered"}),
    ]
    .into_iter()
    .enumerate()
    {
        bench.run(json!({"command": "forgeWebhook", "issue": "ENG-1", "token": token}));
        let got = receiver.wait(place + 1).await.pop().unwrap();
        let now = bench.sandbox.state(devkit::sandbox::World::now).as_second();
        let (header, claims, is_signed) = got.token(&secret);
        let claim = |name: &str| claims[name].as_i64().unwrap() - now;
        let named = |name: &str| header["alg"] == json!(name);
        let is_as_said = match token["kind"].as_str().unwrap() {
            "right" => is_signed && named("HS256") && (-5..=0).contains(&claim("iat")),
            "unsigned" => !is_signed && named("none") && got.header("authorization").unwrap().ends_with('.'),
            "algorithm" => named("RS256"),
            "critical" => is_signed && header["crit"].is_array(),
            "expired" => is_signed && (-7205..=-7200).contains(&claim("exp")),
            "fromFuture" => is_signed && (3595..=3600).contains(&claim("iat")),
            _ => !is_signed && named("HS256"),
        };
        assert!(is_as_said, "{token}: {header} {claims} {is_signed}");
        assert_eq!(got.body["issue"]["id"], json!(id_of(&bench, "ENG-1").to_string()));
    }
}

#[tokio::test]
async fn a_stranger_says_what_it_likes_where_it_likes() {
    let (bench, receiver) = listening().await;
    let missing = json!({"command": "forgeWebhook", "body": {"webhookEvent": "x"}, "token": {"kind": "missing"},
        "identifier": "seen-before", "retry": 3, "url": format!("{}/elsewhere", receiver.url())});
    bench.run(missing);
    let got = receiver.wait(1).await.pop().unwrap();
    assert_eq!(
        (got.header("authorization"), got.header("x-atlassian-webhook-retry")),
        (None, Some("3"))
    );
    assert_eq!(
        (
            got.header("x-atlassian-webhook-identifier"),
            got.uri.as_str(),
            &got.body
        ),
        (
            Some("seen-before"),
            "/webhooks/jira/elsewhere",
            &json!({"webhookEvent": "x"})
        )
    );
    assert!(over(&bench, 1).await.iter().all(|delivery| delivery.forged));
}

#[tokio::test]
async fn a_stranger_does_not_try_again() {
    let bench = Bench::new().await;
    let receiver = Receiver::answering(&[503]).await;
    listen(&bench, &receiver.url(), &OF_ISSUES).await;
    let Answer::Delivery { number } = bench.run(json!({"command": "forgeWebhook", "issue": "ENG-1"})) else {
        panic!("a delivery was forged");
    };
    let all = over(&bench, 1).await;
    let forged = all.iter().find(|delivery| delivery.number == number).unwrap();
    assert_eq!((forged.attempts.len(), forged.outcome), (1, Outcome::Failed));
    // Nobody is told that the issue changed: it did not.
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn a_retry_has_a_new_token_or_the_first_one() {
    for keeps in [false, true] {
        let bench = Bench::new().await;
        let receiver = Receiver::answering(&[503, 503]).await;
        bench.run(json!({
            "command": "setWebhookDelivery", "minuteMilliseconds": 40, "retriesKeepToken": keeps, "tokenSeconds": 60,
            "claims": {"iss": "sandbox", "exp": null},
        }));
        listen(&bench, &receiver.url(), &OF_ISSUES).await;
        bench.run(edit("ENG-1", "x"));
        receiver.wait(1).await;
        // The secret changes while it waits.
        let former = bench.app.client_secret.clone();
        bench.run(json!({"command": "rotateClientSecret"}));
        let now = bench.sandbox.app(None).unwrap().client_secret;
        let got = receiver.wait(3).await;
        assert!(got[0].token(&former).2);
        let sent = got[0].header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
        assert!(bench.sandbox.secrets().iter().any(|secret| secret == sent));
        let last = got[2].token(if keeps { &former } else { &now });
        assert!(last.2, "keeps: {keeps}");
        let claims = last.1.as_object().unwrap();
        assert_eq!(claims.keys().collect::<Vec<_>>(), ["iat", "iss"]);
    }
}

#[tokio::test]
async fn tokens_are_dated_by_the_sandbox_or_by_the_real_clock() {
    let (bench, receiver) = listening().await;
    bench.run(json!({"command": "advanceClock", "seconds": 86_400}));
    let made = |place: usize| {
        receiver.all()[place].token(&bench.app.client_secret).1["iat"]
            .as_i64()
            .unwrap()
    };
    bench.run(edit("ENG-1", "a"));
    receiver.wait(1).await;
    bench.run(json!({"command": "setWebhookDelivery", "tokensByRealClock": true}));
    bench.run(edit("ENG-1", "b"));
    receiver.wait(2).await;
    let apart = made(0) - made(1);
    assert!((86_340..=86_400).contains(&apart), "{apart}");
}

#[tokio::test]
async fn what_is_not_documented_can_be_one_way_or_the_other() {
    let (bench, receiver) = (Bench::new().await, Receiver::new().await);
    let webhooks = json!([
        {"events": ["jira:issue_updated", "comment_created"], "jqlFilter": "project = ENG"},
        {"events": ["comment_created"], "jqlFilter": "project = ENG"},
    ]);
    register(&bench, &receiver.url(), webhooks).await;
    let comment = json!({"command": "commentOnIssue", "issue": "ENG-1", "text": "x"});
    let matched = |all: &[Delivery]| -> Vec<(String, Vec<u64>)> {
        all.iter()
            .map(|delivery| (delivery.event.clone(), delivery.webhook_ids.clone()))
            .collect()
    };
    bench.run(comment.clone());
    let all = over(&bench, 1).await;
    assert_eq!(matched(&all), [("comment_created".to_owned(), vec![1, 2])]);
    bench.run(json!({"command": "setWebhookRules", "set": {"commentUpdatesIssue": true}}));
    bench.run(comment.clone());
    let all = over(&bench, 3).await;
    assert_eq!(
        matched(&all[1..]),
        [
            ("jira:issue_updated".to_owned(), vec![1]),
            ("comment_created".to_owned(), vec![1, 2])
        ]
    );
    bench.run(json!({"command": "setWebhookRules", "set": {"mixedEventsSilent": true}}));
    bench.run(comment);
    let all = over(&bench, 4).await;
    assert_eq!(matched(&all[3..]), [("comment_created".to_owned(), vec![2])]);
}
