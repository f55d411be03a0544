//! Projects: paging, archive, trash, former keys.

use serde_json::json;

use crate::client::{Bench, answer, keys};

async fn found(bench: &Bench, query: &str) -> Vec<String> {
    let path = format!("/rest/api/3/project/search?{query}");
    let (status, body) = answer(bench.get(&path)).await;
    assert_eq!(status, 200, "{body}");
    keys(&body)
}

#[tokio::test]
async fn only_live_projects_are_listed_unless_asked() {
    let bench = Bench::new().await;
    assert_eq!(found(&bench, "").await, ["ENG", "ITS", "OPS", "SUP"]);
    assert_eq!(found(&bench, "status=archived").await, ["OLD"]);
    assert_eq!(found(&bench, "status=deleted").await, ["BIN"]);
    assert_eq!(
        found(&bench, "status=live&status=archived&typeKey=software").await,
        ["ENG", "OLD"]
    );
    assert_eq!(found(&bench, "keys=SUP&keys=NOPE").await, ["SUP"]);
    assert_eq!(found(&bench, "query=engin").await, ["ENG"]);

    let (status, old) = answer(bench.get("/rest/api/3/project/OLD")).await;
    assert_eq!((status, &old["archived"]), (200, &json!(true)));
    let (status, body) = answer(bench.get("/rest/api/3/project/BIN")).await;
    assert_eq!(status, 404);
    assert_eq!(body["errorMessages"][0], "No project could be found with key 'BIN'.");
    assert_eq!(answer(bench.get("/rest/api/3/project/eng")).await.0, 404);
}

#[tokio::test]
async fn archive_trash_and_restoration_move_a_project_between_the_lists() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "archiveProject", "project": "ENG"}));
    assert_eq!(found(&bench, "status=archived").await, ["ENG", "OLD"]);
    bench.run(json!({"command": "trashProject", "project": "ENG"}));
    assert_eq!(found(&bench, "status=deleted").await, ["BIN", "ENG"]);
    bench.run(json!({"command": "restoreProject", "project": "ENG"}));
    assert_eq!(found(&bench, "").await, ["ENG", "ITS", "OPS", "SUP"]);
    bench.run(json!({"command": "deleteProject", "project": "ENG"}));
    for status in ["live", "archived", "deleted"] {
        assert!(
            !found(&bench, &format!("status={status}"))
                .await
                .contains(&"ENG".to_owned())
        );
    }
}

#[tokio::test]
async fn two_hundred_and_fifty_projects_come_in_pages_of_a_hundred() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "createProjects", "count": 246}));
    let (mut start, mut seen) = (0, Vec::new());
    loop {
        // More than 100 a page is not given, whatever is asked.
        let path = format!("/rest/api/3/project/search?startAt={start}&maxResults=500");
        let (_, page) = answer(bench.get(&path)).await;
        assert_eq!((&page["total"], &page["maxResults"]), (&json!(250), &json!(100)));
        let keys = keys(&page);
        start += keys.len();
        seen.extend(keys);
        if page["isLast"] == true {
            assert!(page.get("nextPage").is_none());
            break;
        }
        assert!(page["nextPage"].as_str().unwrap().contains(&format!("startAt={start}")));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 250);
}

#[tokio::test]
async fn a_renamed_key_still_finds_the_project() {
    let bench = Bench::new().await;
    let (_, before) = answer(bench.get("/rest/api/3/project/ENG")).await;
    bench.run(json!({"command": "renameProjectKey", "project": "ENG", "key": "DEV"}));
    let (status, after) = answer(bench.get("/rest/api/3/project/ENG")).await;
    assert_eq!(
        (status, &after["key"], &after["id"]),
        (200, &json!("DEV"), &before["id"])
    );
    assert_eq!(found(&bench, "").await, ["DEV", "ITS", "OPS", "SUP"]);
    assert!(found(&bench, "keys=ENG").await.is_empty());
}

#[tokio::test]
async fn statuses_are_grouped_by_issue_type() {
    let bench = Bench::new().await;
    let (_, types) = answer(bench.get("/rest/api/3/project/SUP/statuses")).await;
    let incident = types.as_array().unwrap().iter().find(|kind| kind["name"] == "Incident");
    let statuses = incident.unwrap()["statuses"].as_array().unwrap();
    let waiting = statuses.iter().find(|status| status["name"] == "Waiting for customer");
    assert_eq!(waiting.unwrap()["statusCategory"]["key"], "indeterminate");
}

#[tokio::test]
async fn links_into_the_archive_can_be_read_and_those_into_the_trash_not() {
    let bench = Bench::new().await;
    let issue = async || answer(bench.get("/rest/api/3/issue/ENG-1")).await.0;
    let jql = json!({"jql": "project = ENG"});
    let search = async || answer(bench.post("/rest/api/3/search/jql", &jql)).await;
    assert_eq!(search().await.1["issues"].as_array().unwrap().len(), 3);
    bench.run(json!({"command": "archiveProject", "project": "ENG"}));
    assert_eq!((issue().await, search().await.1["issues"].clone()), (200, json!([])));
    bench.run(json!({"command": "trashProject", "project": "ENG"}));
    assert_eq!((issue().await, search().await.0), (404, 400));
    assert_eq!(answer(bench.get("/rest/api/3/project/ENG")).await.0, 404);
    // A desk goes with its project.
    let desks = "/rest/servicedeskapi/servicedesk";
    bench.run(json!({"command": "archiveProject", "project": "SUP"}));
    assert_eq!(answer(bench.get(desks)).await.1["size"], 1);
    bench.run(json!({"command": "setProjectPrivate", "project": "ITS", "private": true}));
    assert_eq!(answer(bench.get(desks)).await.1["size"], 0);
    bench.run(json!({"command": "addToRole", "project": "ITS", "role": "Service Desk Team"}));
    assert_eq!(answer(bench.get(desks)).await.1["size"], 1);
}
