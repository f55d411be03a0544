//! The directory: who is listed, who is found, and what lacking the permission looks like.

use serde_json::{Value, json};

use crate::client::{Bench, answer, text};

async fn users(bench: &Bench, path: &str) -> Vec<Value> {
    let (status, body) = answer(bench.get(path)).await;
    assert_eq!(status, 200, "{body}");
    body.as_array().unwrap().clone()
}

#[tokio::test]
async fn the_directory_is_mostly_apps_and_holds_the_inactive() {
    let bench = Bench::new().await;
    let everybody = users(&bench, "/rest/api/3/users/search?maxResults=1000").await;
    let apps = everybody.iter().filter(|user| user["accountType"] == "app").count();
    assert!(apps * 10 > everybody.len() * 7, "{apps} of {}", everybody.len());
    assert!(everybody.iter().any(|user| user["active"] == false));
    let page = users(&bench, "/rest/api/3/users/search?startAt=40&maxResults=10").await;
    assert_eq!(page.len(), everybody.len() - 40);
}

#[tokio::test]
async fn search_finds_the_beginning_of_names_and_hidden_addresses_by_the_whole() {
    let bench = Bench::new().await;
    let search = async |query: &str| {
        let found = users(&bench, &format!("/rest/api/3/user/search?query={query}")).await;
        found.iter().map(|user| text(&user["displayName"])).collect::<Vec<_>>()
    };
    let mut developers = search("devel").await;
    developers.sort();
    // The developer of the other site is not known here.
    assert_eq!(developers, ["Dana Developer", "Devin Developer"]);
    assert_eq!(search("dana@").await, ["Dana Developer"]);
    assert!(search("devin@").await.is_empty());
    assert_eq!(search("devin@acme.example").await, ["Devin Developer"]);
    assert!(search("lou").await.is_empty(), "the inactive are not found");
}

#[tokio::test]
async fn without_browse_users_search_is_silently_empty() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setGlobalPermission", "permission": "USER_PICKER", "held": false}));
    assert!(users(&bench, "/rest/api/3/user/search?query=dana").await.is_empty());
    assert_eq!(answer(bench.get("/rest/api/3/users/search")).await.0, 403);
    assert_eq!(answer(bench.get("/rest/api/3/myself")).await.0, 200);
}

#[tokio::test]
async fn accounts_are_looked_up_by_id() {
    let bench = Bench::new().await;
    let id = |name: &str| bench.sandbox.state(|w| w.account(name).unwrap().account_id.clone());
    let (dana, left) = (id("dana@acme.example"), id("left@acme.example"));
    let (_, user) = answer(bench.get(&format!("/rest/api/3/user?accountId={left}"))).await;
    assert_eq!(user["active"], false);
    assert_eq!(answer(bench.get("/rest/api/3/user?accountId=nobody")).await.0, 404);
    let path = format!("/rest/api/3/user/bulk?accountId={dana}&accountId={left}&accountId=nobody");
    let (_, page) = answer(bench.get(&path)).await;
    assert_eq!((&page["total"], &page["maxResults"]), (&json!(2), &json!(10)));
    let assignable = users(&bench, "/rest/api/3/user/assignable/search?project=OPS&query=").await;
    let names: Vec<_> = assignable.iter().map(|user| text(&user["displayName"])).collect();
    assert!(names.contains(&"Olga Operations".to_owned()) && !names.contains(&"Dana Developer".to_owned()));
}
