//! Comments through the platform's API: public or internal, with properties, in pages.

use serde_json::{Value, json};

use crate::client::{Bench, answer, text};
use crate::tickets::document;

async fn comment(bench: &Bench, key: &str, body: Value) -> (u16, Value) {
    answer(bench.post(&format!("/rest/api/3/issue/{key}/comment"), &body)).await
}

fn internal(said: bool) -> Value {
    json!([{"key": "sd.public.comment", "value": {"internal": said}}])
}

#[tokio::test]
async fn a_comment_carries_its_properties_from_the_first_moment_on() {
    let bench = Bench::new().await;
    let properties = json!([{"key": "jira-operator.dev", "value": {"K": "9f3c", "name": "runbook"}}]);
    let (status, made) = comment(
        &bench,
        "ENG-1",
        json!({"body": document("x"), "properties": properties}),
    )
    .await;
    assert_eq!((status, &made["jsdPublic"]), (201, &json!(true)), "{made}");
    let id = text(&made["id"]);
    let (_, listed) = answer(bench.post(
        "/rest/api/3/comment/list?expand=properties",
        &json!({"ids": [id.parse::<u64>().unwrap(), 1]}),
    ))
    .await;
    assert_eq!(
        (&listed["total"], &listed["values"][0]["properties"]),
        (&json!(1), &properties)
    );
    let path = format!("/rest/api/3/comment/{id}/properties/jira-operator.dev");
    assert_eq!(answer(bench.get(&path)).await.1["value"]["name"], "runbook");
    assert_eq!(answer(bench.send("PUT", &path, &json!({"name": "other"}))).await.0, 200);
    assert_eq!(answer(bench.send("PUT", &format!("{path}.2"), &json!(1))).await.0, 201);
    let (_, keys) = answer(bench.get(&format!("/rest/api/3/comment/{id}/properties"))).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert_eq!(answer(bench.send("DELETE", &path, &Value::Null)).await.0, 204);
    assert_eq!(answer(bench.get(&path)).await.0, 404);
    assert_eq!(bench.sandbox.effects()[0].properties["jira-operator.dev"]["K"], "9f3c");
}

#[tokio::test]
async fn internal_is_heard_in_service_projects_and_from_agents_alone() {
    let bench = Bench::new().await;
    let body = || json!({"body": document("x"), "properties": internal(true)});
    assert_eq!(comment(&bench, "SUP-1", body()).await.1["jsdPublic"], false);
    assert_eq!(comment(&bench, "ENG-1", body()).await.1["jsdPublic"], true);
    // Who edits only the text leaves the flag alone.
    let (_, made) = comment(&bench, "SUP-1", body()).await;
    let path = format!("/rest/api/3/issue/SUP-1/comment/{}", text(&made["id"]));
    let (status, edited) = answer(bench.send("PUT", &path, &json!({"body": document("y")}))).await;
    assert_eq!(
        (status, &edited["jsdPublic"], &edited["body"]),
        (200, &json!(false), &document("y"))
    );
    bench.run(json!({"command": "removeAgentLicence"}));
    assert_eq!(comment(&bench, "SUP-1", body()).await.1["jsdPublic"], true);
}

#[tokio::test]
async fn comments_are_refused_and_listed_as_documented() {
    let bench = Bench::new().await;
    let (status, refused) = comment(&bench, "ENG-1", json!({"body": "plain"})).await;
    assert_eq!(
        (status, &refused["errors"]["comment"]),
        (400, &json!("Comment body is not valid!"))
    );
    assert_eq!(comment(&bench, "ENG-1", json!({"body": document("")})).await.0, 400);
    for name in ["a", "b", "c"] {
        assert_eq!(comment(&bench, "ENG-1", json!({"body": document(name)})).await.0, 201);
    }
    let (_, page) = answer(bench.get("/rest/api/3/issue/ENG-1/comment?orderBy=-created&maxResults=2")).await;
    assert_eq!(
        (&page["total"], &page["comments"][0]["body"]),
        (&json!(3), &document("c"))
    );
    assert_eq!(
        answer(bench.get("/rest/api/3/issue/ENG-1/comment?orderBy=author"))
            .await
            .0,
        400
    );
    let restricted = json!({"body": document("x"), "visibility": {"type": "role", "value": "Administrators"}});
    assert_eq!(comment(&bench, "ENG-1", restricted).await.0, 201);
    let (_, page) = answer(bench.get("/rest/api/3/issue/ENG-1/comment")).await;
    assert_eq!(page["total"], 3, "for administrators only");
    let (_, issue) = answer(bench.get("/rest/api/3/issue/ENG-1?fields=comment")).await;
    assert_eq!(issue["fields"]["comment"]["comments"].as_array().unwrap().len(), 3);
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "ADD_COMMENTS"}));
    assert_eq!(comment(&bench, "ENG-1", json!({"body": document("x")})).await.0, 400);
    assert_eq!(comment(&bench, "NOPE-1", json!({"body": document("x")})).await.0, 404);
}

#[tokio::test]
async fn ones_own_comments_are_changed_with_a_permission_and_others_with_another() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "commentOnIssue", "issue": "ENG-1", "account": "dana@acme.example", "text": "theirs"}));
    let id = bench.sandbox.effects()[0].comment_id.unwrap();
    let path = format!("/rest/api/3/issue/ENG-1/comment/{id}");
    assert_eq!(
        answer(bench.send("PUT", &path, &json!({"body": document("x")})))
            .await
            .0,
        400
    );
    let property = format!("/rest/api/3/comment/{id}/properties/a");
    assert_eq!(answer(bench.send("PUT", &property, &json!(1))).await.0, 403);
    bench.run(json!({"command": "grantPermission", "project": "ENG", "permission": "EDIT_ALL_COMMENTS"}));
    assert_eq!(
        answer(bench.send("PUT", &path, &json!({"body": document("x")})))
            .await
            .0,
        200
    );
    assert_eq!(answer(bench.send("DELETE", &path, &Value::Null)).await.0, 400);
    bench.run(json!({"command": "deleteComment", "comment": id}));
    assert_eq!(answer(bench.get(&path)).await.0, 404);
}

#[tokio::test]
async fn five_thousand_comments_are_all_that_an_issue_takes() {
    let bench = Bench::new().await;
    for _ in 0..5000 {
        bench.run(json!({"command": "commentOnIssue", "issue": "ENG-1", "text": "x"}));
    }
    assert_eq!(comment(&bench, "ENG-1", json!({"body": document("x")})).await.0, 413);
}
