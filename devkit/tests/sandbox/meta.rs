//! What must be known to make an issue: types, fields, screens, and what only the workflow knows.

use serde_json::{Value, json};

use crate::client::{Bench, answer, text};
use crate::tickets::{create, task};

const TYPES: &str = "/rest/api/3/issue/createmeta/ENG/issuetypes";

/// The field of this id as metadata describe it.
async fn field(bench: &Bench, id: &str) -> Value {
    let (status, page) = answer(bench.get(&format!("{TYPES}/10001?maxResults=200"))).await;
    assert_eq!(status, 200, "{page}");
    let fields = page["fields"].as_array().unwrap();
    assert_eq!(page["total"], json!(fields.len()));
    fields
        .iter()
        .find(|field| field["fieldId"] == id)
        .cloned()
        .unwrap_or_default()
}

fn add(bench: &Bench, new: Value) -> String {
    let mut new = new;
    new["command"] = json!("addField");
    match bench.run(new) {
        devkit::sandbox::Answer::Field { id } => id,
        _ => panic!("no field"),
    }
}

#[tokio::test]
async fn types_and_fields_come_in_pages_to_whoever_may_create() {
    let bench = Bench::new().await;
    let (_, page) = answer(bench.get(&format!("{TYPES}?maxResults=2&startAt=1"))).await;
    let names: Vec<_> = page["issueTypes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| text(&kind["name"]))
        .collect();
    assert_eq!(
        (names, &page["total"]),
        (vec!["Story".to_owned(), "Bug".to_owned()], &json!(5))
    );
    assert_eq!(answer(bench.get(&format!("{TYPES}?maxResults=201"))).await.0, 400);
    assert_eq!(answer(bench.get(&format!("{TYPES}/99"))).await.0, 400);
    let summary = field(&bench, "summary").await;
    assert_eq!(
        (&summary["required"], &summary["hasDefaultValue"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(summary["schema"], json!({"type": "string", "system": "summary"}));
    let priority = field(&bench, "priority").await;
    assert_eq!(
        (
            priority["allowedValues"].as_array().unwrap().len(),
            &priority["defaultValue"]["name"]
        ),
        (5, &json!("Medium"))
    );
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "CREATE_ISSUES"}));
    assert_eq!(answer(bench.get(TYPES)).await.0, 400);
}

#[tokio::test]
async fn a_screen_without_labels_takes_none() {
    let bench = Bench::new().await;
    bench.run(
        json!({"command": "changeScreen", "project": "ENG", "issueType": "Task", "field": "labels", "onScreen": false}),
    );
    assert_eq!(field(&bench, "labels").await, Value::Null);
    let (status, refused) = create(&bench, &task(json!({"labels": ["k8s"]}))).await;
    let message = "Field 'labels' cannot be set. It is not on the appropriate screen, or unknown.";
    assert_eq!((status, &refused["errors"]["labels"]), (400, &json!(message)));
    let mut bug = task(json!({"labels": ["k8s"]}));
    bug["fields"]["issuetype"] = json!({"name": "Bug"});
    assert_eq!(create(&bench, &bug).await.0, 201, "the screen of another type");
    // Who may not set a field does not see it.
    assert_ne!(field(&bench, "reporter").await, Value::Null);
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "MODIFY_REPORTER"}));
    assert_eq!(field(&bench, "reporter").await, Value::Null);
}

#[tokio::test]
async fn required_fields_are_demanded_on_the_screen_or_off_it() {
    let bench = Bench::new().await;
    let id = add(
        &bench,
        json!({"name": "Team", "kind": "select", "options": ["SRE", "Web"], "projects": ["ENG"], "required": true}),
    );
    let team = field(&bench, &id).await;
    assert_eq!(
        (&team["required"], &team["allowedValues"][1]["value"]),
        (&json!(true), &json!("Web"))
    );
    assert_eq!(
        team["schema"]["custom"],
        "com.atlassian.jira.plugin.system.customfieldtypes:select"
    );
    let (status, refused) = create(&bench, &task(json!({}))).await;
    assert_eq!((status, &refused["errors"][&id]), (400, &json!("Team is required.")));
    assert_eq!(create(&bench, &task(json!({&id: {"value": "Web"}}))).await.0, 201);
    bench.run(json!({"command": "changeScreen", "project": "ENG", "field": id, "onScreen": false}));
    assert_eq!(field(&bench, &id).await, Value::Null);
    assert_eq!(
        create(&bench, &task(json!({}))).await.1["errors"][&id],
        "Team is required."
    );
    bench.run(json!({"command": "changeScreen", "project": "ENG", "field": id, "onScreen": true, "default": {"value": "SRE"}}));
    assert_eq!(field(&bench, &id).await["hasDefaultValue"], true);
    assert_eq!(create(&bench, &task(json!({}))).await.0, 201);
    let (_, issue) = answer(bench.get(&format!("/rest/api/3/issue/ENG-5?fields={id}"))).await;
    assert_eq!(issue["fields"][&id]["value"], "SRE");
}

#[tokio::test]
async fn values_are_judged_by_the_kind_of_the_field() {
    let bench = Bench::new().await;
    let dana = bench.account("dana@acme.example");
    let kinds = json!([
        ["text", "a", 7, "Operation value must be a string"],
        ["number", 4.2, "4.2", "Operation value must be a number"],
        ["dateTime", "2027-01-04T10:00:00.000+0100", "2027-01-04", "Error parsing time: 2027-01-04"],
        ["select", {"value": "a"}, {"value": "z"}, "Option value 'z' is not valid"],
        ["select", {"value": "b"}, "b", "Could not find valid 'id' or 'value' in the Parent Option object."],
        ["multiSelect", [{"value": "a"}, {"value": "b"}], {"value": "a"}, "data was not an array"],
        ["cascading", {"value": "p", "child": {"value": "c"}}, {"value": "p", "child": {"value": "z"}}, "Option value 'z' is not valid"],
        ["user", {"accountId": dana}, {"accountId": "nobody"}, "User 'nobody' does not exist."],
        ["users", [{"accountId": dana}], [{"accountId": "nobody"}], "User 'nobody' does not exist."],
        ["labels", ["x"], ["x y"], "The label 'x y' contains spaces which is invalid."],
        ["url", "https://x.example", "no address", "The URL is invalid"],
        ["textArea", {"type": "doc", "version": 1, "content": []}, "plain", "Operation value must be an Atlassian Document (see the Atlassian Document Format)"],
    ]);
    for case in kinds.as_array().unwrap() {
        let options = json!(["a", "b", {"value": "p", "children": ["c"]}]);
        let id = add(
            &bench,
            json!({"name": "Odd", "kind": case[0], "options": options, "projects": ["ENG"]}),
        );
        let (status, made) = create(&bench, &task(json!({&id: case[1]}))).await;
        assert_eq!(status, 201, "{case}: {made}");
        let (status, refused) = create(&bench, &task(json!({&id: case[2]}))).await;
        assert_eq!((status, &refused["errors"][&id]), (400, &case[3]), "{case}");
    }
    let (_, fields) = answer(bench.get("/rest/api/3/field")).await;
    let odd = fields
        .as_array()
        .unwrap()
        .iter()
        .filter(|field| field["name"] == "Odd")
        .count();
    assert_eq!(odd, kinds.as_array().unwrap().len(), "names may be the same");
    assert!(
        fields
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["schema"]["custom"] == "com.atlassian.servicedesk:vp-origin")
    );
}

#[tokio::test]
async fn a_validator_of_the_workflow_is_in_no_metadata() {
    let bench = Bench::new().await;
    let message = "A due date is needed for tasks.";
    bench.run(json!({"command": "addValidator", "project": "ENG", "issueType": "Task", "field": "duedate", "message": message}));
    assert_eq!(field(&bench, "duedate").await["required"], false);
    let (status, refused) = create(&bench, &task(json!({}))).await;
    assert_eq!(
        (status, refused),
        (400, json!({"errorMessages": [message], "errors": {}}))
    );
    assert_eq!(create(&bench, &task(json!({"duedate": "2027-01-04"}))).await.0, 201);
}

#[tokio::test]
async fn transitions_say_whereto_and_what_for() {
    let bench = Bench::new().await;
    let list = async |query: &str| {
        let (_, body) = answer(bench.get(&format!("/rest/api/3/issue/ENG-1/transitions{query}"))).await;
        body["transitions"].as_array().unwrap().clone()
    };
    let all = list("").await;
    assert_eq!(
        all.len(),
        4,
        "a simple workflow leads everywhere, also to where the issue is"
    );
    assert!(
        all.iter()
            .all(|one| one["isGlobal"] == true && one["hasScreen"] == false && one.get("fields").is_none())
    );
    bench.run(json!({"command": "setTransitions", "project": "ENG", "transitions": [
        {"name": "Start", "to": "In Progress", "from": ["To Do"]},
        {"name": "Finish", "to": "Done", "from": ["To Do"], "screen": ["resolution"], "required": ["resolution"]},
        {"name": "Approve", "to": "Done", "from": ["To Do"], "condition": false},
        {"name": "Comment", "from": ["To Do"]},
        {"name": "Reopen", "to": "To Do", "from": ["Done"]},
    ]}));
    let names = |all: &[Value]| all.iter().map(|one| text(&one["name"])).collect::<Vec<_>>();
    let all = list("?expand=transitions.fields").await;
    assert_eq!(names(&all), ["Start", "Finish", "Comment"]);
    assert_eq!(
        (&all[1]["hasScreen"], &all[1]["fields"]["resolution"]["required"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&all[2]["looped"], &all[2]["to"]["name"]),
        (&json!(true), &json!("To Do"))
    );
    let all = list("?includeUnavailableTransitions=true").await;
    assert_eq!(
        (names(&all).len(), &all[2]["isAvailable"], &all[2]["isConditional"]),
        (4, &json!(false), &json!(true))
    );
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "TRANSITION_ISSUES"}));
    assert!(list("").await.is_empty(), "no refusal");
}
