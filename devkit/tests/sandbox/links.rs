//! Links: to things outside of Jira by their global ids, and between issues.

use serde_json::{Value, json};

use crate::client::{Bench, answer};

const LINKS: &str = "/rest/api/3/issue/ENG-1/remotelink";

fn link(id: &str, title: &str) -> Value {
    json!({"globalId": id, "object": {"url": "https://grafana.acme.example/d/1", "title": title}})
}

#[tokio::test]
async fn a_remote_link_is_one_by_its_global_id() {
    let bench = Bench::new().await;
    let id = "jira-operator=9f3c&n=1";
    let (status, made) = answer(bench.post(LINKS, &link(id, "Dashboard"))).await;
    let (again, same) = answer(bench.post(LINKS, &link(id, "Renamed"))).await;
    assert_eq!((status, again, &made["id"]), (201, 200, &same["id"]));
    assert!(made["id"].is_u64());
    assert_eq!(answer(bench.post(LINKS, &link("other", "x"))).await.0, 201);
    let (_, all) = answer(bench.get(LINKS)).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let query: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let (_, one) = answer(bench.get(&format!("{LINKS}?globalId={query}"))).await;
    assert_eq!(
        (&one["globalId"], &one["object"]["title"]),
        (&json!(id), &json!("Renamed"))
    );
    let gone = answer(bench.send("DELETE", &format!("{LINKS}?globalId={query}"), &Value::Null))
        .await
        .0;
    assert_eq!(gone, 204);
    assert_eq!(answer(bench.get(&format!("{LINKS}?globalId={query}"))).await.0, 404);
    let (status, refused) = answer(bench.post(LINKS, &json!({"object": {"url": "https://x.example"}}))).await;
    assert_eq!(
        (status, &refused["errors"]["title"]),
        (400, &json!("'title' is required."))
    );
    assert_eq!(answer(bench.post(LINKS, &link(&"x".repeat(256), "x"))).await.0, 400);
}

#[tokio::test]
async fn links_take_a_permission_and_a_site_that_has_them() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "LINK_ISSUES"}));
    assert_eq!(answer(bench.post(LINKS, &link("a", "x"))).await.0, 403);
    bench.run(json!({"command": "grantPermission", "project": "ENG", "permission": "LINK_ISSUES"}));
    bench.run(json!({"command": "setIssueLinking", "active": false}));
    assert_eq!(answer(bench.post(LINKS, &link("a", "x"))).await.0, 404);
    assert_eq!(answer(bench.get(LINKS)).await.0, 403);
}

#[tokio::test]
async fn issues_are_linked_once() {
    let bench = Bench::new().await;
    let body = json!({"type": {"name": "Relates"}, "inwardIssue": {"key": "ENG-1"}, "outwardIssue": {"key": "ENG-2"}});
    for _ in 0..2 {
        assert_eq!(
            answer(bench.post("/rest/api/3/issueLink", &body)).await,
            (201, Value::Null)
        );
    }
    let (_, issue) = answer(bench.get("/rest/api/3/issue/ENG-2?fields=issuelinks")).await;
    let links = issue["fields"]["issuelinks"].as_array().unwrap();
    assert_eq!((links.len(), &links[0]["inwardIssue"]["key"]), (1, &json!("ENG-1")));
    let (_, issue) = answer(bench.get("/rest/api/3/issue/ENG-1?fields=issuelinks")).await;
    assert_eq!(issue["fields"]["issuelinks"][0]["outwardIssue"]["key"], "ENG-2");
    let wrong =
        json!({"type": {"name": "Nonsense"}, "inwardIssue": {"key": "ENG-1"}, "outwardIssue": {"key": "ENG-2"}});
    assert_eq!(answer(bench.post("/rest/api/3/issueLink", &wrong)).await.0, 404);
    let (_, kinds) = answer(bench.get("/rest/api/3/issueLinkType")).await;
    assert!(
        kinds["issueLinkTypes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|kind| kind["name"] == "Relates")
    );
}
