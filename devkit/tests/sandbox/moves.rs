//! Moves through a workflow: who may make them, what their screens take, what history tells, and what sets them back.

use devkit::sandbox::Operation;
use serde_json::{Value, json};

use crate::client::{Bench, answer, text};
use crate::tickets::document;

const PATH: &str = "/rest/api/3/issue/ENG-1/transitions";

async fn post(bench: &Bench, body: Value) -> (u16, Value) {
    answer(bench.send("POST", PATH, &body)).await
}

async fn fields(bench: &Bench) -> Value {
    let (_, issue) = answer(bench.get("/rest/api/3/issue/ENG-1")).await;
    issue["fields"].clone()
}

async fn changes(bench: &Bench) -> Vec<Value> {
    let (status, page) = answer(bench.get("/rest/api/3/issue/ENG-1/changelog")).await;
    assert_eq!(status, 200);
    page["values"].as_array().unwrap().clone()
}

fn workflow(bench: &Bench, transitions: &Value) {
    bench.run(json!({"command": "setTransitions", "project": "ENG", "transitions": transitions}));
}

#[tokio::test]
async fn a_move_changes_status_and_resolution_and_is_in_the_history() {
    let bench = Bench::new().await;
    workflow(
        &bench,
        &json!([
            {"name": "Finish", "id": "31", "to": "Done", "from": ["To Do"], "screen": ["resolution", "summary"],
                "required": ["resolution"]},
            {"name": "Reopen", "id": "41", "to": "To Do", "from": ["Done"]},
        ]),
    );
    let (status, refused) = post(&bench, json!({"transition": {"id": "31"}})).await;
    assert_eq!(
        (status, &refused["errors"]["resolution"]),
        (400, &json!("Resolution is required."))
    );
    let body = json!({
        "transition": {"id": "31"}, "fields": {"resolution": {"name": "Fixed"}, "summary": "Built"},
        "update": {"comment": [{"add": {"body": document("Done at last")}}]},
        "properties": [{"key": "jira-operator.dev", "value": {"v": 1}}],
        "historyMetadata": {"type": "jira-operator.dev"},
    });
    assert_eq!(post(&bench, body.clone()).await, (204, Value::Null));
    let now = fields(&bench).await;
    assert_eq!(
        (&now["status"]["name"], &now["status"]["statusCategory"]["key"]),
        (&json!("Done"), &json!("done"))
    );
    assert_eq!(
        (&now["resolution"]["name"], &now["summary"]),
        (&json!("Fixed"), &json!("Built"))
    );
    assert!(now["resolutiondate"].is_string());
    let (_, comments) = answer(bench.get("/rest/api/3/issue/ENG-1/comment")).await;
    assert_eq!(comments["total"], 1);
    let told = changes(&bench).await;
    let items = told[0]["items"].as_array().unwrap();
    let item = |field: &str| items.iter().find(|item| item["fieldId"] == field).unwrap();
    assert_eq!(
        (
            &item("status")["fromString"],
            &item("status")["toString"],
            &item("resolution")["toString"]
        ),
        (&json!("To Do"), &json!("Done"), &json!("Fixed"))
    );
    assert_eq!(told[0]["historyMetadata"]["type"], "jira-operator.dev");
    let bot = bench.account("jira-bot@acme.example");
    assert_eq!((text(&told[0]["author"]["accountId"]), told.len()), (bot, 1));
    let (status, refused) = post(&bench, body).await;
    let message = text(&refused["errorMessages"][0]);
    assert!(
        status == 400 && message.contains("not valid for this issue"),
        "{message}"
    );
    assert_eq!(post(&bench, json!({"transition": {"id": "41"}})).await.0, 204);
    assert!(fields(&bench).await["resolution"].is_null());
    let moved = bench.sandbox.effects();
    let moved = moved.iter().filter(|effect| effect.operation == Operation::Transition);
    assert_eq!(
        moved.map(|effect| effect.changed.clone()).collect::<Vec<_>>(),
        [vec!["resolution", "status", "summary"], vec!["resolution", "status"]]
    );
}

#[tokio::test]
async fn a_move_is_refused_for_what_its_screen_workflow_or_permission_forbids() {
    let bench = Bench::new().await;
    workflow(
        &bench,
        &json!([
            {"name": "Start", "id": "11", "to": "In Progress"},
            {"name": "Close", "id": "12", "to": "Done", "unlisted": ["resolution"], "required": ["resolution"]},
            {"name": "Approve", "id": "13", "to": "Done", "condition": false},
            {"name": "Check", "id": "14", "to": "Done", "refusal": "All checks must have passed."},
            {"name": "Comment", "id": "15"},
        ]),
    );
    let refused = async |body: Value| {
        let (status, refused) = post(&bench, body).await;
        assert_eq!(status, 400);
        refused
    };
    let id = |id: &str| json!({"transition": {"id": id}});
    assert!(!text(&refused(json!({})).await["errorMessages"][0]).is_empty());
    let body = json!({"transition": {"id": "11"}, "fields": {"summary": "x"}});
    assert!(text(&refused(body).await["errors"]["summary"]).contains("cannot be set"));
    let comment = json!([{"add": {"body": document("x")}}]);
    let body = json!({"transition": {"id": "11"}, "update": {"comment": comment}});
    assert!(refused(body).await["errors"]["comment"].is_string());
    assert!(text(&refused(id("13")).await["errorMessages"][0]).contains("not valid"));
    assert_eq!(
        refused(id("14")).await["errorMessages"],
        json!(["All checks must have passed."])
    );
    // What no list tells of is demanded, and taken.
    let (_, listed) = answer(bench.get(&format!("{PATH}?expand=transitions.fields&transitionId=12"))).await;
    assert_eq!(listed["transitions"][0]["fields"], json!({}));
    assert!(refused(id("12")).await["errors"]["resolution"].is_string());
    let unknown = json!({"transition": {"id": "12"}, "fields": {"resolution": {"name": "Nonsense"}}});
    assert!(refused(unknown).await["errors"]["resolution"].is_string());
    bench.run(json!({"command": "meetCondition", "project": "ENG", "transition": "Approve", "met": true}));
    let before = fields(&bench).await;
    assert_eq!(
        post(&bench, id("15")).await.0,
        204,
        "a looped one leads nowhere, and counts"
    );
    assert_eq!(fields(&bench).await["status"], before["status"]);
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "TRANSITION_ISSUES"}));
    assert!(text(&refused(id("13")).await["errorMessages"][0]).contains("permission"));
    bench.run(json!({"command": "grantPermission", "project": "ENG", "permission": "TRANSITION_ISSUES"}));
    assert_eq!(post(&bench, id("13")).await.0, 204);
    assert_eq!(
        answer(bench.send("POST", "/rest/api/3/issue/NOPE-1/transitions", &id("13")))
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn people_move_issues_and_automation_moves_them_back() {
    let bench = Bench::new().await;
    let dana = json!({"command": "transitionIssue", "issue": "ENG-1", "account": "dana@acme.example", "to": "Done"});
    bench.run(dana.clone());
    assert_eq!(fields(&bench).await["status"]["name"], "Done");
    bench.run(json!({"command": "transitionIssue", "issue": "ENG-1", "account": "dana@acme.example", "to": "To Do"}));
    bench.run(json!({"command": "revertField", "issue": "ENG-1", "field": "status", "afterSeconds": 60}));
    bench.run(dana.clone());
    assert_eq!(fields(&bench).await["status"]["name"], "Done");
    bench.run(json!({"command": "advanceClock", "seconds": 61}));
    let now = fields(&bench).await;
    assert_eq!(
        (&now["status"]["name"], &now["resolution"]),
        (&json!("To Do"), &Value::Null)
    );
    let authors: Vec<String> = changes(&bench)
        .await
        .iter()
        .map(|change| text(&change["author"]["displayName"]))
        .collect();
    assert_eq!(
        authors,
        [
            "Dana Developer",
            "Dana Developer",
            "Dana Developer",
            "Automation for Jira"
        ]
    );
    bench.run(json!({"command": "revertField", "issue": "ENG-1", "field": "status"}));
    bench.run(dana.clone());
    assert_eq!(fields(&bench).await["status"]["name"], "To Do", "at once");
    bench.run(json!({"command": "revertField", "issue": "ENG-1", "field": "status", "off": true}));
    bench.run(dana);
    assert_eq!(fields(&bench).await["status"]["name"], "Done");
    let (_, page) = answer(bench.get("/rest/api/3/issue/ENG-1/changelog?startAt=2&maxResults=1")).await;
    assert_eq!(
        (&page["total"], &page["isLast"], page["values"].as_array().map(Vec::len)),
        (&json!(7), &json!(false), Some(1))
    );
}
