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

#[tokio::test]
async fn without_browse_users_people_can_still_be_looked_up_where_work_is_assigned() {
    let bench = Bench::new().await;
    let id = bench
        .sandbox
        .state(|w| w.account("dana@acme.example").unwrap().account_id.clone());
    bench.run(json!({"command": "setGlobalPermission", "permission": "USER_PICKER", "held": false}));
    let assignable = format!("/rest/api/3/user/assignable/search?project=ENG&accountId={id}");
    assert_eq!(users(&bench, &assignable).await.len(), 1);
    let (status, page) = answer(bench.get(&format!("/rest/api/3/user/bulk?accountId={id}"))).await;
    assert_eq!((status, &page["total"]), (200, &json!(1)));
    assert_eq!(
        answer(bench.get(&format!("/rest/api/3/user?accountId={id}"))).await.0,
        403
    );
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "ASSIGN_ISSUES"}));
    assert!(users(&bench, &assignable).await.is_empty());
}

#[tokio::test]
async fn assignable_people_are_asked_for_by_name_or_id() {
    let bench = Bench::new().await;
    let path = "/rest/api/3/user/assignable/search";
    let search = async |query: &str| users(&bench, &format!("{path}?{query}")).await.len();
    let id = |name: &str| bench.sandbox.state(|w| w.account(name).unwrap().account_id.clone());
    let (dana, olga) = (id("dana@acme.example"), id("olga@acme.example"));
    assert_eq!(search("project=ENG&query=dana@acme.example").await, 1);
    assert_eq!(search(&format!("project=ENG&accountId={dana}")).await, 1);
    assert_eq!(search(&format!("issueKey=ENG-1&accountId={dana}")).await, 1);
    // Olga works elsewhere.
    assert_eq!(search(&format!("project=ENG&accountId={olga}")).await, 0);
    assert_eq!(search(&format!("project=OPS&accountId={olga}")).await, 1);
    for wrong in [
        "project=ENG".to_owned(),
        "query=dana".to_owned(),
        format!("project=ENG&query=dana&accountId={dana}"),
    ] {
        assert_eq!(answer(bench.get(&format!("{path}?{wrong}"))).await.0, 400, "{wrong}");
    }
    assert_eq!(
        answer(bench.get(&format!("{path}?project=NOPE&query=dana"))).await.0,
        404
    );
    // Whoever leaves the role can no longer be assigned, and is still in the directory.
    bench.run(json!({"command": "removeFromGroup", "group": "engineering", "account": "dana@acme.example"}));
    assert_eq!(search(&format!("project=ENG&accountId={dana}")).await, 0);
    let found = users(&bench, "/rest/api/3/user/search?query=dana@acme.example").await;
    assert_eq!(found[0]["active"], true);
}

#[tokio::test]
async fn an_account_can_be_in_nobodys_directory() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "addAccount", "email": "stranger@acme.example", "sites": []}));
    let id = bench
        .sandbox
        .state(|w| w.account("stranger@acme.example").unwrap().account_id.clone());
    assert!(
        users(&bench, "/rest/api/3/user/search?query=stranger@acme.example")
            .await
            .is_empty()
    );
    let (_, page) = answer(bench.get(&format!("/rest/api/3/user/bulk?accountId={id}"))).await;
    assert_eq!(page["total"], 0);
    bench.run(json!({"command": "grantProductAccess", "account": "stranger@acme.example"}));
    assert_eq!(
        users(&bench, "/rest/api/3/user/search?query=stranger@acme.example")
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn all_addresses_can_be_hidden_at_once() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "hideAllEmails", "hidden": true}));
    let everybody = users(&bench, "/rest/api/3/users/search?maxResults=1000").await;
    let shown = everybody
        .iter()
        .filter(|user| user.get("emailAddress").is_some())
        .count();
    assert_eq!(shown, 1, "a managed service account's address is always visible");
    let (_, me) = answer(bench.get("/rest/api/3/myself")).await;
    assert!(me.get("emailAddress").is_none());
    assert_eq!(
        users(&bench, "/rest/api/3/user/search?query=dana@acme.example")
            .await
            .len(),
        1
    );
}
