//! What people and automation do to tickets beside us.

use serde_json::{Value, json};

use crate::client::{Bench, answer, found};
use crate::tickets::{create, task};

async fn issue(bench: &Bench, key: &str) -> Value {
    answer(bench.get(&format!("/rest/api/3/issue/{key}?properties=*all")))
        .await
        .1
}

#[tokio::test]
async fn a_clone_is_the_persons_and_copies_what_is_set() {
    let bench = Bench::new().await;
    let mut body = task(json!({"labels": ["k8s-9f3c"], "priority": {"name": "High"}}));
    body["properties"] = json!([{"key": "p", "value": 1}]);
    create(&bench, &body).await;
    let clone = json!({"command": "cloneIssue", "issue": "ENG-4", "account": "dana@acme.example"});
    bench.run(clone.clone());
    let first = issue(&bench, "ENG-5").await;
    assert_eq!(first["fields"]["summary"], "CLONE - Checkout is slow");
    assert_eq!(first["fields"]["creator"]["emailAddress"], "dana@acme.example");
    assert_eq!(
        (&first["fields"]["labels"], &first["properties"]),
        (&json!(["k8s-9f3c"]), &json!({}))
    );
    assert_eq!(
        found(&bench, "labels = k8s-9f3c and creator = currentUser()").await,
        ["ENG-4"]
    );
    bench
        .run(json!({"command": "setUndocumented", "set": {"cloneCopiesProperties": true, "cloneCopiesLabels": false}}));
    bench.run(clone);
    let second = issue(&bench, "ENG-6").await;
    assert_eq!(
        (&second["fields"]["labels"], &second["properties"]["p"]),
        (&json!([]), &json!(1))
    );
    assert_eq!(second["fields"]["priority"]["name"], "High");
}

#[tokio::test]
async fn people_make_edit_label_and_comment() {
    let bench = Bench::new().await;
    bench.run(json!({
        "command": "createIssue", "project": "SUP", "account": "alex@acme.example", "requestType": "Ask a question",
        "summary": "Cannot log in", "fields": {"description": "Since\nnoon"},
    }));
    let made = issue(&bench, "SUP-3").await;
    let fields = &made["fields"];
    assert_eq!(
        (&fields["creator"]["displayName"], &fields["reporter"]["displayName"]),
        (&json!("Alex Agent"), &json!("Alex Agent"))
    );
    assert_eq!(fields["customfield_10010"]["requestType"]["name"], "Ask a question");
    assert_eq!(fields["description"]["content"].as_array().unwrap().len(), 2);
    bench.run(json!({"command": "editIssue", "issue": "SUP-3", "account": "alex@acme.example", "fields": {"assignee": "andrea@acme.example", "priority": "1"}}));
    bench.run(json!({"command": "labelIssue", "issue": "SUP-3", "add": ["a", "b"]}));
    bench.run(json!({"command": "labelIssue", "issue": "SUP-3", "remove": ["a"]}));
    bench.run(json!({"command": "setIssueProperty", "issue": "SUP-3", "key": "p", "value": {"x": 1}}));
    bench.run(json!({"command": "commentOnIssue", "issue": "SUP-3", "account": "alex@acme.example", "text": "hm", "internal": true}));
    let now = issue(&bench, "SUP-3").await;
    let fields = &now["fields"];
    assert_eq!(
        (&fields["assignee"]["displayName"], &fields["priority"]["id"]),
        (&json!("Andrea Agent"), &json!("1"))
    );
    assert_eq!(
        (&fields["labels"], &now["properties"]["p"]["x"]),
        (&json!(["b"]), &json!(1))
    );
    assert_eq!(fields["comment"]["comments"][0]["jsdPublic"], false);
    bench.run(json!({"command": "setIssueProperty", "issue": "SUP-3", "key": "p"}));
    assert_eq!(issue(&bench, "SUP-3").await["properties"], json!({}));
}

#[tokio::test]
async fn automation_sets_back_what_others_change() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "revertField", "issue": "ENG-1", "field": "summary"}));
    let edit = |summary: &str| {
        bench.send(
            "PUT",
            "/rest/api/3/issue/ENG-1",
            &json!({"fields": {"summary": summary}}),
        )
    };
    assert_eq!(answer(edit("Ours")).await.0, 204);
    assert_eq!(issue(&bench, "ENG-1").await["fields"]["summary"], "Set up the build");
    let effects = bench.sandbox.effects();
    assert_eq!(
        (effects.len(), effects[1].client_id.is_none(), &effects[1].changed),
        (2, true, &vec!["summary".to_owned()])
    );
    bench.run(json!({"command": "revertField", "issue": "ENG-1", "field": "summary", "off": true}));
    answer(edit("Ours")).await;
    assert_eq!(issue(&bench, "ENG-1").await["fields"]["summary"], "Ours");
}
