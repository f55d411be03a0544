//! Edits of issues, their properties, and who may.

use serde_json::{Value, json};

use crate::client::{Bench, answer, found};
use crate::tickets::document;

async fn put(bench: &Bench, path: &str, body: Value) -> (u16, Value) {
    answer(bench.send("PUT", path, &body)).await
}

async fn fields(bench: &Bench) -> Value {
    let (_, issue) = answer(bench.get("/rest/api/3/issue/ENG-1")).await;
    issue["fields"].clone()
}

#[tokio::test]
async fn labels_are_added_and_removed_one_by_one() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "labelIssue", "issue": "ENG-1", "add": ["theirs"]}));
    let body = json!({
        "update": {"labels": [{"add": "ours"}, {"add": "theirs"}, {"remove": "none"}]},
        "fields": {"summary": "Edited", "description": document("x")},
        "properties": [{"key": "jira-operator.dev", "value": {"v": 1}}],
    });
    let (status, body) = put(&bench, "/rest/api/3/issue/ENG-1", body).await;
    assert_eq!((status, body), (204, Value::Null));
    let now = fields(&bench).await;
    assert_eq!(
        (&now["labels"], &now["summary"]),
        (&json!(["ours", "theirs"]), &json!("Edited"))
    );
    assert_eq!(found(&bench, "labels = ours and labels = theirs").await, ["ENG-1"]);
    let back = json!({"update": {"labels": [{"remove": "ours"}]}});
    let (status, issue) = put(&bench, "/rest/api/3/issue/ENG-1?returnIssue=true", back).await;
    assert_eq!((status, &issue["fields"]["labels"]), (200, &json!(["theirs"])));
    let changed: Vec<_> = bench
        .sandbox
        .effects()
        .into_iter()
        .map(|effect| effect.changed)
        .collect();
    assert_eq!(
        changed,
        [vec!["labels"], vec!["description", "labels", "summary"], vec!["labels"]]
    );
}

#[tokio::test]
async fn an_edit_is_judged_as_a_whole_and_screens_are_not_asked() {
    let bench = Bench::new().await;
    let both = json!({"fields": {"labels": []}, "update": {"labels": [{"add": "x"}]}});
    let (status, refused) = put(&bench, "/rest/api/3/issue/ENG-1", both).await;
    assert!(status == 400 && refused["errors"]["labels"].is_string());
    let (status, refused) = put(
        &bench,
        "/rest/api/3/issue/ENG-1",
        json!({"fields": {"summary": "x", "nonsense": 1}}),
    )
    .await;
    assert!(
        status == 400
            && refused["errors"]["nonsense"]
                .as_str()
                .unwrap()
                .contains("cannot be set")
    );
    assert_eq!(fields(&bench).await["summary"], "Set up the build");
    bench.run(json!({"command": "changeScreen", "project": "ENG", "field": "labels", "onScreen": false}));
    let body = json!({"update": {"labels": [{"add": "x"}]}});
    assert_eq!(put(&bench, "/rest/api/3/issue/ENG-1", body).await.0, 204);
    assert_eq!(
        put(&bench, "/rest/api/3/issue/NOPE-1", json!({"fields": {}})).await.0,
        404
    );
    bench.run(json!({"command": "archiveIssue", "issue": "ENG-1", "archived": true}));
    assert_eq!(
        put(&bench, "/rest/api/3/issue/ENG-1", json!({"fields": {}})).await.0,
        404
    );
    bench.run(json!({"command": "archiveIssue", "issue": "ENG-1", "archived": false}));
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "EDIT_ISSUES"}));
    let (status, refused) = put(&bench, "/rest/api/3/issue/ENG-1", json!({"fields": {"summary": "x"}})).await;
    assert!(status == 400 && refused["errorMessages"][0].as_str().unwrap().contains("permission"));
}

#[tokio::test]
async fn people_are_changed_with_their_own_permissions() {
    let bench = Bench::new().await;
    let dana = bench.account("dana@acme.example");
    let path = "/rest/api/3/issue/ENG-1/assignee";
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "EDIT_ISSUES"}));
    assert_eq!(
        put(&bench, path, json!({"accountId": dana})).await.0,
        204,
        "Assign Issues is enough"
    );
    assert_eq!(fields(&bench).await["assignee"]["accountId"], json!(dana));
    assert_eq!(put(&bench, path, json!({"accountId": null})).await.0, 204);
    assert_eq!(fields(&bench).await["assignee"], Value::Null);
    assert_eq!(put(&bench, path, json!({"accountId": "nobody"})).await.0, 400);
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "ASSIGN_ISSUES"}));
    assert_eq!(put(&bench, path, json!({"accountId": dana})).await.0, 403);
    bench.run(json!({"command": "grantPermission", "project": "ENG", "permission": "EDIT_ISSUES"}));
    let (status, refused) = put(
        &bench,
        "/rest/api/3/issue/ENG-1",
        json!({"fields": {"assignee": {"id": dana}}}),
    )
    .await;
    assert!(status == 400 && refused["errors"]["assignee"].is_string());
}

#[tokio::test]
async fn properties_are_set_read_and_taken_away_by_themselves() {
    let bench = Bench::new().await;
    let path = "/rest/api/3/issue/ENG-1/properties/jira-operator.dev";
    let before = fields(&bench).await["updated"].clone();
    assert_eq!(answer(bench.get(path)).await.0, 404);
    assert_eq!(put(&bench, path, json!({"v": 1})).await.0, 201);
    assert_eq!(put(&bench, path, json!({"v": 2})).await.0, 200);
    let (_, property) = answer(bench.get(path)).await;
    assert_eq!(property, json!({"key": "jira-operator.dev", "value": {"v": 2}}));
    let (_, keys) = answer(bench.get("/rest/api/3/issue/ENG-1/properties")).await;
    assert_eq!(keys["keys"][0]["key"], "jira-operator.dev");
    assert_eq!(put(&bench, path, json!("x".repeat(32_768))).await.0, 400);
    let (_, page) = answer(bench.post(
        "/rest/api/3/search/jql",
        &json!({"jql": "key = ENG-1", "properties": ["jira-operator.dev"]}),
    ))
    .await;
    assert_eq!(page["issues"][0]["properties"]["jira-operator.dev"]["v"], 2);
    assert_eq!(fields(&bench).await["updated"], before);
    assert_eq!(answer(bench.send("DELETE", path, &Value::Null)).await.0, 204);
    assert_eq!(answer(bench.send("DELETE", path, &Value::Null)).await.0, 404);
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "EDIT_ISSUES"}));
    assert_eq!(put(&bench, path, json!(1)).await.0, 403);
}

#[tokio::test]
async fn keys_are_asked_for_by_range() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "addIssues", "project": "ENG", "count": 9}));
    assert_eq!(found(&bench, "key > ENG-10 order by key").await, ["ENG-11", "ENG-12"]);
    assert_eq!(
        found(&bench, "project = ENG and issuekey <= ENG-2 order by key desc").await,
        ["ENG-2", "ENG-1"]
    );
    let now = bench.sandbox.state(|world| world.now().as_millisecond());
    let query = format!("project = ENG and created <= {now} order by created desc, key desc");
    assert_eq!(found(&bench, &query).await[0], "ENG-12");
    // The bot makes nothing by commands.
    assert!(found(&bench, "creator = currentUser()").await.is_empty());
}

#[tokio::test]
async fn issues_are_deleted_by_whoever_may() {
    let bench = Bench::new().await;
    let path = "/rest/api/3/issue/ENG-1";
    assert_eq!(answer(bench.send("DELETE", path, &Value::Null)).await.0, 403);
    bench.run(json!({"command": "grantPermission", "project": "ENG", "permission": "DELETE_ISSUES"}));
    assert_eq!(answer(bench.send("DELETE", path, &Value::Null)).await.0, 204);
    assert_eq!(answer(bench.get(path)).await.0, 404);
}
