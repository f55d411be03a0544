//! Comments of tickets beside people: what they change in Jira stands, customers read what is meant for them, and many at
//! once are made in order.

use std::sync::Arc;

use devkit::sandbox::{Effect, Operation};
use jira_operator::api::{
    condition::ConditionType::CommentsSent,
    issue::{JiraIssueStatus, SentComment},
};
use serde_json::{Value, json};

use super::{
    Scenario, scenario,
    tickets_comments::{bug, made, request, until_sent, until_shown},
};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        tickets::{ticket, writing},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::comments_that_people_changed_stand", people),
        scenario("tickets::comments_are_read_by_those_whom_they_are_for", customers),
        scenario("tickets::comments_that_are_too_long_are_named_and_not_cut", long),
        scenario("tickets::comments_of_a_hundred_at_once_keep_their_order", hundred),
    ]
}

/// An administrator, and so an agent.
const ADA: &str = "admin@acme.example";
/// No agent of the service project.
const DANA: &str = "dana@acme.example";

/// Somebody who works with Jira's API.
struct Person {
    /// Begins the addresses of the API.
    base: String,
    token: String,
}

impl Person {
    async fn named(harness: &Harness, email: &str) -> Self {
        let app = harness.sandbox.create_app().expect("an app");
        let tokens = harness.sandbox.mint(&app.client_id, Some(email)).expect("tokens");
        let integration = harness.integration("acme").await;
        let site = integration
            .status
            .and_then(|status| status.site)
            .expect("it is connected");
        Self {
            base: format!("{}/ex/jira/{}", harness.sandbox.url(), site.cloud_id),
            token: tokens.access_token,
        }
    }

    async fn put(&self, path: &str, body: &Value) {
        let sent = reqwest::Client::new().put(format!("{}{path}", self.base));
        let answer = sent
            .bearer_auth(&self.token)
            .json(body)
            .send()
            .await
            .expect("Jira answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// The comments of a request as this person reads them: their texts, and whether they are public.
    async fn reads(&self, key: &str) -> Vec<(String, bool)> {
        let url = format!("{}/rest/servicedeskapi/request/{key}/comment", self.base);
        let answer = reqwest::Client::new().get(url).bearer_auth(&self.token).send().await;
        let page: Value = answer.expect("Jira answers").json().await.expect("JSON");
        let all = page["values"].as_array().expect("a page").iter();
        let one = |comment: &Value| {
            let text = comment["body"].as_str().unwrap_or_default();
            (text.to_owned(), comment["public"] == true)
        };
        all.map(one).collect()
    }
}

fn document(text: &str) -> Value {
    json!({"type": "doc", "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]})
}

fn sent(status: &JiraIssueStatus) -> Vec<SentComment> {
    status.comments.clone().unwrap_or_default().sent
}

fn id(status: &JiraIssueStatus, name: &str) -> String {
    let found = sent(status).into_iter().find(|sent| sent.name == name);
    found.expect("it was made").id
}

/// Waits until the app has made so many comments.
async fn until_made(harness: &Harness, count: usize) -> Vec<Effect> {
    let started = std::time::Instant::now();
    loop {
        let all = made(harness);
        if all.len() >= count {
            assert_eq!(all.len(), count, "{all:?}");
            return all;
        }
        assert!(
            started.elapsed() < crate::harness::observe::PATIENCE,
            "{all:?}\n{}",
            harness.log_tail()
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

async fn people(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-comments-people").await;
    let two = |text: &str| json!([{"name": "edited", "body": text}, {"name": "deleted", "body": text}]);
    let one = |text: &str| json!([{"name": "opened", "body": text}]);
    harness.apply_ticket("bug", bug(two("First"))).await;
    harness.apply_ticket("laptop", request(one("First"))).await;
    let (of_bug, of_request) = (
        until_sent(&harness, "bug", 2).await,
        until_sent(&harness, "laptop", 1).await,
    );
    let ada = Person::named(&harness, ADA).await;
    let edited = format!("/rest/api/3/issue/{}/comment/{}", of_bug.key, id(&of_bug, "edited"));
    ada.put(&edited, &json!({"body": document("Words of Ada")})).await;
    let deleted: u64 = id(&of_bug, "deleted").parse().expect("a number");
    harness.command(json!({"command": "deleteComment", "comment": deleted}));
    let opened = format!(
        "/rest/api/3/issue/{}/comment/{}",
        of_request.key,
        id(&of_request, "opened")
    );
    let open = json!({"body": document("First, for everybody"),
        "properties": [{"key": "sd.public.comment", "value": {"internal": false}}]});
    ada.put(&opened, &open).await;
    harness.request("acme").await;
    until_shown(&harness, "bug", &["Words of Ada"]).await;
    until_shown(&harness, "laptop", &["First, for everybody"]).await;
    assert_eq!(made(&harness).len(), 3, "what people did stands");
    // What the spec says anew is said beside it.
    harness.apply_ticket("bug", bug(two("Second"))).await;
    harness.apply_ticket("laptop", request(one("Second"))).await;
    let all = until_made(&harness, 6).await;
    until_sent(&harness, "bug", 2).await;
    until_sent(&harness, "laptop", 1).await;
    harness.request("acme").await;
    until_shown(&harness, "bug", &["Second", "Second", "Words of Ada"]).await;
    until_shown(&harness, "laptop", &["First, for everybody"]).await;
    let of_request = all.iter().filter(|effect| effect.issue_key == of_request.key);
    assert!(
        of_request.clone().all(|effect| effect.internal == Some(true)),
        "{all:?}"
    );
    let bot = all.first().and_then(|effect| effect.account_id.clone());
    let edits = harness.written_tickets(Operation::EditComment);
    assert!(edits.iter().all(|edit| edit.account_id != bot), "{edits:?}");
    assert_eq!(
        harness.written_tickets(Operation::DeleteComment),
        Vec::<Effect>::new(),
        "the app deleted none"
    );
    harness.close().await;
}

async fn customers(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-comments-customers").await;
    let mut spec = request(json!([
        {"name": "note", "body": "Only for *agents*"},
        {"name": "answer", "body": "It is on its way", "visibility": "Public"},
    ]));
    spec["reporter"] = json!({"email": DANA});
    harness.apply_ticket("laptop", spec.clone()).await;
    let key = until_sent(&harness, "laptop", 2).await.key;
    let (ada, dana) = (Person::named(&harness, ADA).await, Person::named(&harness, DANA).await);
    let public = |reader: Vec<(String, bool)>| -> Vec<bool> { reader.into_iter().map(|(_, public)| public).collect() };
    assert_eq!(public(ada.reads(&key).await), [false, true]);
    assert_eq!(dana.reads(&key).await, [("It is on its way".to_owned(), true)]);
    // It stays so where it is changed.
    spec["comments"][0]["body"] = json!("Changed, and only for agents");
    harness.apply_ticket("laptop", spec).await;
    harness.until_event("laptop", "CommentUpdated").await;
    until_sent(&harness, "laptop", 2).await;
    let read = ada.reads(&key).await;
    assert!(
        read.iter().any(|(text, public)| text.contains("Changed") && !public),
        "{read:?}"
    );
    assert_eq!(dana.reads(&key).await, [("It is on its way".to_owned(), true)]);
    harness.close().await;
}

async fn long(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-long-comments").await;
    let over = json!([{"name": "log", "body": "x".repeat(32_001)}]);
    let said = harness.apply_refused(&ticket("bug", bug(over))).await;
    assert!(said.contains("32000"), "{said}");
    // As markup it is longer than Jira takes; as a document it is not.
    let braces = "{".repeat(20_000);
    let both = || json!([{"name": "log", "body": braces}, {"name": "short", "body": "Short"}]);
    harness.apply_ticket("laptop", request(both())).await;
    let said = harness
        .until_ticket_reason("laptop", CommentsSent, "CommentRefused")
        .await;
    assert!(
        said.message.contains("log") && said.message.contains("32767"),
        "{}",
        said.message
    );
    assert_eq!(made(&harness).len(), 1, "the short one");
    harness.apply_ticket("bug", bug(both())).await;
    let key = until_sent(&harness, "bug", 2).await.key;
    let texts = harness.sandbox.state(|world| {
        let site = world.site("acme")?;
        let (_, issue) = site.issue(&key)?;
        let comments = site.comments(issue.id).iter();
        Some(
            comments
                .map(|comment| comment.body.to_string().matches('{').count())
                .collect::<Vec<_>>(),
        )
    });
    let longest = texts.and_then(|texts| texts.into_iter().max()).unwrap_or_default();
    assert!(longest >= 20_000, "{longest}: nothing is cut");
    harness.close().await;
}

async fn hundred(cluster: Arc<Cluster>) {
    const OF_EACH: usize = 25;
    let harness = writing(&cluster, "tickets-hundred-comments").await;
    let names: Vec<String> = (0..OF_EACH).map(|number| format!("c{number:02}")).collect();
    let all: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "body": format!("This is {name}")}))
        .collect();
    let objects = ["bug-1", "bug-2", "ask-1", "ask-2"];
    for name in objects {
        let spec = if name.starts_with("bug") {
            bug(json!(all))
        } else {
            request(json!(all))
        };
        harness.apply_ticket(name, spec).await;
    }
    for name in objects {
        let status = until_sent(&harness, name, OF_EACH).await;
        let mut made = sent(&status);
        made.sort_by_key(|sent| sent.id.parse::<u64>().expect("a number"));
        let in_jira: Vec<&str> = made.iter().map(|sent| sent.name.as_str()).collect();
        assert_eq!(in_jira, names, "in the order of the spec");
    }
    assert_eq!(made(&harness).len(), objects.len() * OF_EACH);
    let limited = harness
        .sandbox
        .requests()
        .into_iter()
        .filter(|call| call.status == Some(429));
    assert_eq!(limited.count(), 0);
    harness.close().await;
}
