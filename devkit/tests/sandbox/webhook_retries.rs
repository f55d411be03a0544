//! A delivery that fails is tried again as documented, and reaches nothing but this machine.

use devkit::sandbox::{Delivery, Outcome};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::client::Bench;
use crate::receiver::{OF_ISSUES, Receiver, listen, over};

fn edit(issue: &str, summary: &str) -> Value {
    json!({"command": "editIssue", "issue": issue, "fields": {"summary": summary}})
}

/// Lets a minute of waiting last no longer than this.
fn compress(bench: &Bench, milliseconds: u64) {
    bench.run(json!({"command": "setWebhookDelivery", "minuteMilliseconds": milliseconds}));
}

fn retries(delivery: &Delivery) -> Vec<(u32, Option<u16>)> {
    let attempts = delivery.attempts.iter();
    attempts.map(|attempt| (attempt.retry, attempt.status)).collect()
}

#[tokio::test]
async fn what_is_overloaded_or_down_is_tried_again_under_the_same_identifier() {
    let bench = Bench::new().await;
    let receiver = Receiver::answering(&[503, 429, 408, 409, 425]).await;
    compress(&bench, 2);
    listen(&bench, &receiver.url(), &OF_ISSUES).await;
    bench.run(edit("ENG-1", "late"));
    let delivery = over(&bench, 1).await.remove(0);
    let wanted = [
        (0, Some(503)),
        (1, Some(429)),
        (2, Some(408)),
        (3, Some(409)),
        (4, Some(425)),
        (5, Some(200)),
    ];
    assert_eq!(
        (retries(&delivery), delivery.outcome),
        (wanted.to_vec(), Outcome::Delivered)
    );
    let got = receiver.wait(6).await;
    let counts: Vec<Option<&str>> = got.iter().map(|got| got.header("x-atlassian-webhook-retry")).collect();
    assert_eq!(counts, [None, Some("1"), Some("2"), Some("3"), Some("4"), Some("5")]);
    let first = &got[0];
    let identifier = first.header("x-atlassian-webhook-identifier");
    assert!(
        got.iter()
            .all(|got| got.header("x-atlassian-webhook-identifier") == identifier)
    );
    assert!(
        got.iter()
            .all(|got| got.body == first.body && got.token(&bench.app.client_secret).2)
    );
}

#[tokio::test]
async fn after_five_retries_and_after_other_refusals_a_delivery_is_lost() {
    let bench = Bench::new().await;
    let receiver = Receiver::answering(&[500; 6]).await;
    compress(&bench, 2);
    listen(&bench, &receiver.url(), &OF_ISSUES).await;
    bench.run(edit("ENG-1", "lost"));
    let delivery = over(&bench, 1).await.remove(0);
    assert_eq!((delivery.attempts.len(), delivery.outcome), (6, Outcome::Failed));
    for status in [400, 401, 403, 404, 413, 302] {
        let receiver = Receiver::answering(&[status]).await;
        bench.run(json!({"command": "forgetWebhooks"}));
        listen(&bench, &receiver.url(), &OF_ISSUES).await;
        bench.run(edit("ENG-1", &status.to_string()));
        let delivery = over(&bench, 1).await.pop().unwrap();
        assert_eq!(
            (retries(&delivery), delivery.outcome),
            (vec![(0, Some(status))], Outcome::Refused)
        );
    }
}

#[tokio::test]
async fn nobody_at_the_port_and_an_answer_that_never_comes_are_tried_again() {
    let bench = Bench::new().await;
    compress(&bench, 2);
    bench.run(json!({"command": "setWebhookDelivery", "answerMilliseconds": 50}));
    let closed = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = closed.local_addr().unwrap().port();
    listen(&bench, &format!("http://127.0.0.1:{port}/"), &OF_ISSUES).await;
    // It listens and never answers: the connection stands.
    bench.run(edit("ENG-1", "slow"));
    let delivery = over(&bench, 1).await.remove(0);
    let errors: Vec<_> = delivery
        .attempts
        .iter()
        .filter_map(|attempt| attempt.error.clone())
        .collect();
    assert_eq!((errors.len(), delivery.outcome), (6, Outcome::Failed));
    assert_eq!(errors[0], "no answer in time");
    drop(closed);
    bench.run(edit("ENG-1", "gone"));
    let delivery = over(&bench, 2).await.remove(1);
    let error = delivery.attempts[0].error.as_deref().unwrap();
    assert!(error.starts_with("no connection"), "{error}");
}

#[tokio::test]
async fn a_host_that_failed_for_half_an_hour_gets_a_single_try() {
    let bench = Bench::new().await;
    compress(&bench, 0);
    let receiver = Receiver::answering(&[500, 500, 200, 500]).await;
    listen(&bench, &receiver.url(), &OF_ISSUES).await;
    for (summary, outcome) in [
        ("a", Outcome::Failed),
        ("b", Outcome::Failed),
        ("c", Outcome::Delivered),
    ] {
        bench.run(edit("ENG-1", summary));
        let delivery = over(&bench, 1).await.pop().unwrap();
        assert_eq!((delivery.attempts.len(), delivery.outcome), (1, outcome), "{summary}");
    }
    // Since it was well, it has its half hour again.
    compress(&bench, 20);
    bench.run(edit("ENG-1", "d"));
    let delivery = over(&bench, 4).await.pop().unwrap();
    assert_eq!((delivery.attempts.len(), delivery.outcome), (2, Outcome::Delivered));
}

#[tokio::test]
async fn a_host_is_a_port_of_this_machine_only_if_a_command_says_so() {
    let bench = Bench::new().await;
    let receiver = Receiver::new().await;
    compress(&bench, 2);
    let host = "hooks.acme.example";
    listen(&bench, &format!("https://{host}/webhooks/jira/x"), &OF_ISSUES).await;
    bench.run(edit("ENG-1", "nowhere"));
    let delivery = over(&bench, 1).await.remove(0);
    assert_eq!((delivery.attempts.len(), delivery.outcome), (6, Outcome::Failed));
    assert!(delivery.attempts[0].error.as_deref().unwrap().contains(host));
    bench.run(json!({"command": "mapWebhookHost", "host": "Hooks.acme.example", "port": receiver.port}));
    bench.run(edit("ENG-1", "there"));
    let got = receiver.wait(1).await.remove(0);
    assert_eq!((got.header("host"), got.uri.as_str()), (Some(host), "/webhooks/jira/x"));
}

#[tokio::test]
async fn what_is_under_way_ends_with_the_sandbox() {
    let bench = Bench::new().await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    listen(&bench, &format!("http://127.0.0.1:{port}/"), &OF_ISSUES).await;
    bench.run(edit("ENG-1", "never answered"));
    let (mut stream, _) = listener.accept().await.unwrap();
    drop(bench);
    let mut request = String::new();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_to_string(&mut request));
    ended.await.unwrap().unwrap();
    assert!(request.starts_with("POST / HTTP/1.1"), "{request}");
}
