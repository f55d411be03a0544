//! What happens to issues in the life of a site, one by one and by the thousands.

use devkit::sandbox::Answer;
use serde_json::{Value, json};

use crate::client::{Bench, answer, found, id_of, refused, search, text};

async fn issue(bench: &Bench, key: &str) -> (u16, Value) {
    answer(bench.get(&format!("/rest/api/3/issue/{key}"))).await
}

fn issues(answer: Answer) -> Vec<u64> {
    match answer {
        Answer::Issues { ids } => ids,
        _ => panic!("issues were made"),
    }
}

#[tokio::test]
async fn an_issue_shows_what_a_mirror_needs() {
    let bench = Bench::new().await;
    let wild = "🦀 مرحبا שלום ".repeat(18);
    bench.run(json!({
        "command": "updateIssue", "issue": "ENG-1", "summary": wild, "status": "Done", "priority": "Low",
        "assignee": "dana@acme.example", "reporter": "", "parent": "ENG-2", "issueType": "Bug", "labels": ["a", "b"],
    }));
    let (_, body) = issue(&bench, "eng-1").await;
    let fields = &body["fields"];
    assert_eq!(fields["summary"], json!(wild));
    assert_eq!(
        (&fields["status"]["name"], &fields["status"]["statusCategory"]["key"]),
        (&json!("Done"), &json!("done"))
    );
    assert_eq!(
        (&fields["priority"]["name"], &fields["issuetype"]["name"]),
        (&json!("Low"), &json!("Bug"))
    );
    assert_eq!(
        (&fields["assignee"]["displayName"], &fields["reporter"]),
        (&json!("Dana Developer"), &Value::Null)
    );
    assert_eq!(
        (&fields["parent"]["key"], &fields["labels"]),
        (&json!("ENG-2"), &json!(["a", "b"]))
    );
    assert_eq!(
        (&fields["resolution"]["name"], &fields["project"]["key"]),
        (&json!("Done"), &json!("ENG"))
    );
    assert!(text(&fields["resolutiondate"]).ends_with("+0000"));
    let nulls = [
        "issuetype",
        "priority",
        "assignee",
        "reporter",
        "created",
        "status",
        "summary",
        "labels",
    ];
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "status": "To Do", "nulls": nulls}));
    let (_, body) = issue(&bench, "ENG-1").await;
    assert!(nulls.iter().all(|name| body["fields"][name].is_null()));
    assert!(body["fields"]["resolutiondate"].is_null() && body["fields"]["updated"].is_string());
}

#[tokio::test]
async fn a_moved_issue_answers_under_its_new_key_and_a_deleted_one_not_at_all() {
    let bench = Bench::new().await;
    let id = id_of(&bench, "ENG-2");
    bench.run(json!({"command": "updateIssue", "issue": "ENG-2", "status": "In Review"}));
    bench.run(json!({"command": "moveIssue", "issue": "ENG-2", "project": "OPS"}));
    let (status, body) = issue(&bench, "ENG-2").await;
    assert_eq!(
        (status, &body["key"], text(&body["id"])),
        (200, &json!("OPS-3"), id.to_string())
    );
    // That project has no such status: the issue begins again.
    assert_eq!(body["fields"]["status"]["name"], "To Do");
    let body = json!({"issueIdsOrKeys": ["OPS-1", "ENG-2", "OPS-3", "ENG-9"], "fields": ["summary"]});
    let (_, body) = answer(bench.post("/rest/api/3/issue/bulkfetch", &body)).await;
    let keys: Vec<_> = body["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| text(&issue["key"]))
        .collect();
    assert_eq!(keys, ["OPS-3", "OPS-1"]);
    assert_eq!(found(&bench, "project = ENG order by key").await, ["ENG-1", "ENG-3"]);
    bench.run(json!({"command": "setProjectPrivate", "project": "OPS", "private": true}));
    assert_eq!(issue(&bench, "ENG-2").await.0, 404);
    bench.run(json!({"command": "setProjectPrivate", "project": "OPS", "private": false}));
    bench.run(json!({"command": "deleteIssue", "issue": "OPS-3"}));
    assert_eq!(
        (issue(&bench, "ENG-2").await.0, issue(&bench, &id.to_string()).await.0),
        (404, 404)
    );
}

#[tokio::test]
async fn archived_issues_are_readable_and_not_found_and_trashed_ones_neither() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "archiveProject", "project": "ENG"}));
    assert_eq!(issue(&bench, "ENG-1").await.0, 200);
    assert!(found(&bench, "project in (ENG)").await.is_empty());
    bench.run(json!({"command": "restoreProject", "project": "ENG"}));
    assert_eq!(found(&bench, "project = ENG").await.len(), 3);
    bench.run(json!({"command": "trashProject", "project": "ENG"}));
    assert_eq!(issue(&bench, "ENG-1").await.0, 404);
    assert!(refused(&bench, "project = ENG").await.contains("'ENG'"));
    bench.run(json!({"command": "restoreProject", "project": "ENG"}));
    assert_eq!(found(&bench, "project = ENG").await.len(), 3);
}

#[tokio::test]
async fn a_timer_touches_an_issue_for_ever() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "touchIssue", "issue": "ENG-1", "everySeconds": 30}));
    for _ in 0..3 {
        bench.run(json!({"command": "advanceClock", "seconds": 60}));
        let now = bench.sandbox.state(|world| world.now().as_millisecond());
        assert_eq!(found(&bench, &format!("updated >= {}", now - 30_000)).await, ["ENG-1"]);
    }
    bench.run(json!({"command": "touchIssue", "issue": "ENG-1"}));
    bench.run(json!({"command": "advanceClock", "seconds": 90}));
    assert!(!found(&bench, "updated >= -1m").await.contains(&"ENG-1".to_owned()));
}

#[tokio::test]
async fn thousands_of_issues_are_made_changed_and_deleted_at_once() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "createProject", "key": "BIG_ONE"}));
    let add = json!({"command": "addIssues", "project": "BIG_ONE", "count": 10_000, "spreadSeconds": 864_000, "varied": true});
    let ids = issues(bench.run(add));
    assert_eq!(ids.len(), 10_000);
    let count = async |jql: &str| {
        let (_, body) = answer(bench.post("/rest/api/3/search/approximate-count", &json!({"jql": jql}))).await;
        body["count"].as_u64().unwrap()
    };
    assert_eq!(count("project = BIG_ONE").await, 10_000);
    // Evenly over ten days: a day is a tenth.
    let day = count("project = BIG_ONE and updated >= -1d").await;
    assert!((995..=1005).contains(&day), "{day}");
    let open = count("project = BIG_ONE and statusCategory != done").await;
    assert!((7000..=8000).contains(&open), "{open}");
    let now = bench.sandbox.state(|world| world.now().as_millisecond());
    let change = json!({"command": "changeIssues", "project": "BIG_ONE", "percent": 1, "set": {"labels": ["moved"]}});
    let changed = issues(bench.run(change));
    assert_eq!((changed.len(), count("labels = moved").await), (100, 100));
    assert_eq!(count(&format!("project = BIG_ONE and updated >= {now}")).await, 100);
    let some = json!({"command": "deleteIssues", "ids": &changed[..7]});
    assert_eq!(issues(bench.run(some)).len(), 7);
    assert_eq!(count("project = BIG_ONE").await, 9_993);
    let (_, page) = search(
        &bench,
        json!({"jql": "project = BIG_ONE order by id asc", "maxResults": 5000}),
    )
    .await;
    let (_, rest) = search(
        &bench,
        json!({"jql": "project = BIG_ONE order by id asc", "maxResults": 5000, "nextPageToken": page["nextPageToken"]}),
    )
    .await;
    let size = |page: &Value| page["issues"].as_array().unwrap().len();
    assert_eq!((size(&page), size(&rest)), (5000, 4993));
}

#[tokio::test]
async fn ten_thousand_people_are_mostly_apps() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "addAccounts", "count": 10_000, "appsPercent": 75}));
    for start in [1000, 9000] {
        let path = format!("/rest/api/3/users/search?maxResults=1000&startAt={start}");
        let (_, body) = answer(bench.get(&path)).await;
        assert_eq!(body.as_array().unwrap().len(), 1000);
    }
    let apps = bench.sandbox.state(|world| {
        world
            .accounts
            .values()
            .filter(|a| a.display_name.starts_with("App "))
            .count()
    });
    assert_eq!(apps, 7500);
}

#[tokio::test]
async fn a_command_that_fails_has_changed_nothing() {
    let bench = Bench::new().await;
    let fails = |text: Value| bench.sandbox.command(crate::client::command(text)).is_err();
    // Only one of the projects has such a status.
    assert!(fails(
        json!({"command": "changeIssues", "set": {"status": "In Review", "summary": "new"}})
    ));
    assert!(fails(
        json!({"command": "addIssues", "project": "OPS", "count": 5, "set": {"status": "In Review"}})
    ));
    assert!(fails(json!({"command": "changeIssues", "ids": [1]})));
    assert!(fails(
        json!({"command": "moveIssue", "issue": "OPS-1", "project": "OPS"})
    ));
    assert!(found(&bench, "summary ~ new").await == ["ITS-1"]);
    assert_eq!(found(&bench, "project = OPS order by key").await, ["OPS-1", "OPS-2"]);
}

#[tokio::test]
async fn a_perfect_mirror_is_what_search_finds_once_it_has_caught_up() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "trashProject", "project": "ITS"}));
    bench.sandbox.populate(3, 100).unwrap();
    bench.run(json!({"command": "setProjectPrivate", "project": "P2", "private": true}));
    bench.run(json!({"command": "archiveProject", "project": "P3"}));
    bench.run(json!({"command": "setIndexLag", "untilReleased": true}));
    bench.run(json!({"command": "moveIssue", "issue": "P1-7", "project": "ENG"}));
    let (id, mirror) = (id_of(&bench, "ENG-4"), bench.sandbox.readable_issues(None));
    assert_eq!(mirror[&id].0, "ENG-4");
    let body = json!({"jql": "created > 0 order by id", "maxResults": 5000, "fields": ["key"]});
    let keys = async || {
        let (_, page) = search(&bench, body.clone()).await;
        let issues = page["issues"].as_array().unwrap().clone();
        issues.iter().map(|issue| text(&issue["key"])).collect::<Vec<_>>()
    };
    assert!(keys().await.contains(&"P1-7".to_owned()));
    bench.run(json!({"command": "releaseIndex"}));
    let mut found = keys().await;
    let mut held: Vec<String> = mirror.into_values().map(|(key, _)| key).collect();
    found.sort_unstable();
    held.sort_unstable();
    assert_eq!(found, held);
    assert_eq!(held.iter().filter(|key| key.starts_with("P1-")).count(), 33);
}

#[tokio::test]
async fn an_issue_may_be_hidden_while_its_project_is_open() {
    let bench = Bench::new().await;
    let id = id_of(&bench, "ENG-2");
    let hide = |hidden: bool| bench.run(json!({"command": "hideIssue", "issue": "ENG-2", "hidden": hidden}));
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "parent": "ENG-2"}));
    let before = issue(&bench, "ENG-2").await.1;
    hide(true);
    assert_eq!(issue(&bench, "ENG-2").await.0, 404);
    assert_eq!(found(&bench, "project = ENG order by key").await, ["ENG-1", "ENG-3"]);
    assert!(refused(&bench, "key in (ENG-1, ENG-2)").await.contains("'ENG-2'"));
    assert!(!bench.sandbox.readable_issues(None).contains_key(&id));
    assert_eq!(issue(&bench, "ENG-1").await.1["fields"]["parent"], Value::Null);
    let body = json!({"issueIdsOrKeys": [id.to_string(), "ENG-1"], "fields": ["summary"]});
    let (_, body) = answer(bench.post("/rest/api/3/issue/bulkfetch", &body)).await;
    assert_eq!(body["issues"].as_array().unwrap().len(), 1);
    let body = json!({"issueIds": [id], "jqls": ["project = ENG"]});
    let (_, body) = answer(bench.post("/rest/api/3/jql/match", &body)).await;
    assert_eq!(body["matches"][0]["matchedIssues"], json!([]));
    let body = json!({"jql": "project = ENG", "reconcileIssues": [id]});
    assert_eq!(search(&bench, body).await.1["issues"].as_array().unwrap().len(), 2);
    hide(false);
    assert_eq!(issue(&bench, "ENG-2").await.1, before);
}
