//! Search and its queries.

use serde_json::json;

use crate::client::{Bench, answer, found, id_of, refused, search, text};

#[tokio::test]
async fn queries_find_what_they_say() {
    let bench = Bench::new().await;
    let update = json!({"command": "updateIssue", "issue": "ENG-2", "status": "Done", "labels": ["k8s"], "assignee": "jira-bot@acme.example"});
    bench.run(update);
    assert_eq!(
        found(&bench, "project = ENG order by key").await,
        ["ENG-1", "ENG-2", "ENG-3"]
    );
    assert_eq!(
        found(&bench, "project in (ENG, OPS) AND statusCategory = Done").await,
        ["ENG-2"]
    );
    assert_eq!(found(&bench, "labels = k8s").await, ["ENG-2"]);
    assert_eq!(found(&bench, "assignee = currentUser()").await, ["ENG-2"]);
    assert_eq!(
        found(&bench, "project = ENG and not status = Done order by key desc").await,
        ["ENG-3", "ENG-1"]
    );
    assert_eq!(
        found(&bench, "(summary ~ slow or summary ~ office) and updated >= -1h").await,
        ["OPS-1", "ENG-2"]
    );
    let now = bench.sandbox.state(|world| world.now().as_millisecond());
    assert_eq!(found(&bench, &format!("updated > {}", now + 60_000)).await.len(), 0);
    assert_eq!(
        found(&bench, "updated >= \"2020-01-01 00:00\" and project = ITS").await,
        ["ITS-1"]
    );
}

#[tokio::test]
async fn one_unknown_project_fails_the_whole_query() {
    let bench = Bench::new().await;
    let message = "The value 'NOPE' does not exist for the field 'project'.";
    assert_eq!(refused(&bench, "project in (ENG, NOPE)").await, message);
    bench.run(json!({"command": "setProjectPrivate", "project": "ENG", "private": true}));
    assert!(refused(&bench, "project in (ENG, OPS)").await.contains("'ENG'"));
    assert!(refused(&bench, "order by key").await.starts_with("Unbounded"));
    assert!(refused(&bench, "colour = red").await.contains("Field 'colour'"));
    assert!(
        refused(&bench, "project = (")
            .await
            .starts_with("Error in the JQL Query")
    );
    // An archived project may be named, and its issues are not found.
    assert!(found(&bench, "project = OLD").await.is_empty());
    let (status, _) = answer(bench.get("/rest/api/3/issue/OLD-1")).await;
    assert_eq!(status, 200);
    assert_eq!(answer(bench.get("/rest/api/3/search?jql=x")).await.0, 410);
}

#[tokio::test]
async fn pages_end_without_a_token_and_ids_come_in_thousands() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "addIssues", "project": "ENG", "count": 257}));
    let (mut token, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let body = json!({"jql": "project = ENG", "fields": ["summary"], "maxResults": 500, "nextPageToken": token});
        let (_, page) = search(&bench, body).await;
        let issues = page["issues"].as_array().unwrap();
        assert!(issues.len() <= 100);
        assert!(issues.iter().all(|issue| issue["fields"]["summary"].is_string()));
        seen.extend(issues.iter().map(|issue| text(&issue["id"])));
        pages += 1;
        token = page.get("nextPageToken").map(text);
        assert_eq!(page["isLast"], json!(token.is_none()));
        if token.is_none() {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!((pages, seen.len()), (3, 260));
    let (_, page) = search(&bench, json!({"jql": "project = ENG", "maxResults": 5000})).await;
    assert_eq!(page["issues"].as_array().unwrap().len(), 260);
    assert_eq!(page["issues"][0].as_object().unwrap().len(), 1, "ids alone by default");
    let wrong = json!({"jql": "project = OPS", "nextPageToken": "1.2.3"});
    assert_eq!(search(&bench, wrong).await.0, 400);
}

#[tokio::test]
async fn times_are_written_in_the_readers_zone_without_a_colon() {
    let bench = Bench::new().await;
    let olga = bench.mint(json!({"command": "mintGrant", "account": "olga@acme.example"}));
    let (_, issue) = answer(bench.get_as(&olga.access_token, "/rest/api/3/issue/OPS-1")).await;
    let updated = text(&issue["fields"]["updated"]);
    let (_, offset) = updated.split_at(updated.len() - 5);
    assert!(offset == "+0100" || offset == "+0200", "{updated}");
}

#[tokio::test]
async fn bulk_fetch_match_parse_and_count_answer() {
    let bench = Bench::new().await;
    let body = json!({"issueIdsOrKeys": ["ENG-2", "eng-1", "NOPE-1"], "fields": ["status"]});
    let (_, body) = answer(bench.post("/rest/api/3/issue/bulkfetch", &body)).await;
    let keys: Vec<_> = body["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| text(&i["key"]))
        .collect();
    assert_eq!(
        (keys, &body["issueErrors"]),
        (vec!["ENG-1".to_owned(), "ENG-2".to_owned()], &json!([]))
    );

    let id: u64 = text(&body["issues"][0]["id"]).parse().unwrap();
    let body = json!({"issueIds": [id, 1], "jqls": ["project = ENG", "project = OPS", "nonsense"]});
    let (_, body) = answer(bench.post("/rest/api/3/jql/match", &body)).await;
    assert_eq!(body["matches"][0]["matchedIssues"], json!([id]));
    assert_eq!(body["matches"][1]["matchedIssues"], json!([]));
    assert_eq!(body["matches"][2]["errors"].as_array().unwrap().len(), 1);

    let body = json!({"queries": ["labels = k8s", "labels ="]});
    let (_, body) = answer(bench.post("/rest/api/3/jql/parse?validation=strict", &body)).await;
    assert!(body["queries"][0].get("errors").is_none() && body["queries"][1].get("errors").is_some());
    let body = json!({"jql": "project = ENG"});
    let (_, body) = answer(bench.post("/rest/api/3/search/approximate-count", &body)).await;
    assert_eq!(body["count"], 3);
}

#[tokio::test]
async fn bulk_fetch_names_what_it_cannot_return_now() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "failIssues", "issues": ["ENG-1"]}));
    let body = json!({"issueIdsOrKeys": ["ENG-1", "ENG-2", "NOPE-1"]});
    let fetch = || async { answer(bench.post("/rest/api/3/issue/bulkfetch", &body)).await.1 };
    let found = fetch().await;
    assert_eq!(found["issues"].as_array().unwrap().len(), 1);
    assert_eq!(text(&found["issueErrors"][0]["id"]), id_of(&bench, "ENG-1").to_string());
    assert_eq!(found["issueErrors"].as_array().unwrap().len(), 1);
    assert_eq!(answer(bench.get("/rest/api/3/issue/ENG-1")).await.0, 200, "alone");
    bench.run(json!({"command": "failIssues", "issues": []}));
    let found = fetch().await;
    assert_eq!(
        (found["issues"].as_array().unwrap().len(), &found["issueErrors"]),
        (2, &json!([]))
    );
}
