//! Issues that are made through the platform's API, and why Jira refuses to.

use serde_json::{Value, json};

use crate::client::{Bench, answer, found, text};

/// A document of one paragraph.
pub(crate) fn document(text: &str) -> Value {
    json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]})
}

/// The fields of a task in ENG, with these beside.
pub(crate) fn task(further: Value) -> Value {
    let mut fields = json!({"project": {"key": "ENG"}, "issuetype": {"name": "Task"}, "summary": "Checkout is slow"});
    if let Value::Object(further) = further {
        fields.as_object_mut().unwrap().extend(further);
    }
    json!({"fields": fields})
}

pub(crate) async fn create(bench: &Bench, body: &Value) -> (u16, Value) {
    answer(bench.post("/rest/api/3/issue", body)).await
}

/// What Jira says of the fields.
async fn refused(bench: &Bench, body: &Value) -> Value {
    let (status, answer) = create(bench, body).await;
    assert_eq!(status, 400, "{answer}");
    answer
}

#[tokio::test]
async fn an_issue_has_its_marks_from_the_first_moment_on() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setIndexLag", "untilReleased": true}));
    let dana = bench.account("dana@acme.example");
    let mut body = task(json!({
        "description": document("p99 4.2 s"), "labels": ["k8s-9f3c", "gitops"], "priority": {"name": "High"},
        "assignee": {"accountId": dana}, "reporter": {"id": dana}, "parent": {"key": "ENG-2"}, "duedate": "2027-01-04",
    }));
    body["properties"] = json!([{"key": "jira-operator.dev", "value": {"v": 1, "K": "9f3c"}}]);
    body["historyMetadata"] = json!({"type": "jira-operator.dev", "cause": {"id": "shop/checkout@4"}});
    let (status, made) = create(&bench, &body).await;
    assert_eq!((status, text(&made["key"])), (201, "ENG-4".to_owned()), "{made}");
    assert!(text(&made["self"]).ends_with(&format!("/rest/api/3/issue/{}", text(&made["id"]))));

    let path = "/rest/api/3/issue/ENG-4?fields=*all&properties=jira-operator.dev,other";
    let (_, issue) = answer(bench.get(path)).await;
    let fields = &issue["fields"];
    assert_eq!(issue["properties"], json!({"jira-operator.dev": {"v": 1, "K": "9f3c"}}));
    assert_eq!(fields["labels"], json!(["k8s-9f3c", "gitops"]));
    assert_eq!(fields["description"], document("p99 4.2 s"));
    assert_eq!(
        (&fields["priority"]["name"], &fields["duedate"]),
        (&json!("High"), &json!("2027-01-04"))
    );
    assert_eq!(fields["reporter"]["accountId"], json!(dana));
    assert_eq!(
        fields["creator"]["accountId"],
        json!(bench.account("jira-bot@acme.example"))
    );
    assert_eq!(fields["parent"]["key"], "ENG-2");

    // The database has it, search does not yet.
    assert!(found(&bench, "labels = k8s-9f3c").await.is_empty());
    let fetch =
        json!({"issueIdsOrKeys": ["ENG-4", "ENG-5"], "fields": ["creator"], "properties": ["jira-operator.dev"]});
    let (_, fetched) = answer(bench.post("/rest/api/3/issue/bulkfetch", &fetch)).await;
    assert_eq!(fetched["issues"].as_array().unwrap().len(), 1);
    assert_eq!(fetched["issues"][0]["properties"]["jira-operator.dev"]["K"], "9f3c");
    bench.run(json!({"command": "releaseIndex"}));
    assert_eq!(
        found(&bench, "labels = k8s-9f3c AND creator = currentUser()").await,
        ["ENG-4"]
    );

    let effect = &bench.sandbox.effects()[0];
    assert_eq!(
        effect.history_metadata.as_ref().unwrap()["cause"]["id"],
        "shop/checkout@4"
    );
    assert_eq!(effect.properties["jira-operator.dev"]["v"], 1);
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let bench = Bench::new().await;
    let long = "x".repeat(256);
    let adf = "Operation value must be an Atlassian Document (see the Atlassian Document Format)";
    for (field, value, message) in [
        ("summary", json!(""), "You must specify a summary of the issue."),
        ("summary", json!(null), "You must specify a summary of the issue."),
        ("summary", json!(long), "Summary can't exceed 255 characters."),
        (
            "summary",
            json!("a\nb"),
            "The summary is invalid because it contains newline characters.",
        ),
        ("summary", json!(7), "Operation value must be a string"),
        ("issuetype", json!({"name": "Nonsense"}), "Specify a valid issue type"),
        ("project", json!({"key": "NOPE"}), "Specify a valid project ID or key"),
        ("description", json!("plain"), adf),
        ("duedate", json!("2027-13-01"), "Error parsing date string: 2027-13-01"),
        (
            "labels",
            json!(["a b"]),
            "The label 'a b' contains spaces which is invalid.",
        ),
        ("labels", json!("a"), "data was not an array"),
        (
            "priority",
            json!({"name": "Nonsense"}),
            "Priority name 'Nonsense' is not valid",
        ),
        (
            "reporter",
            json!({"id": "nobody"}),
            "The reporter specified is not a user.",
        ),
        (
            "parent",
            json!({"key": "OPS-1"}),
            "Given parent issue does not belong to the project of the issue.",
        ),
        (
            "components",
            json!([{"name": "API"}]),
            "Component name 'API' is not valid",
        ),
        (
            "customfield_10999",
            json!("x"),
            "Field 'customfield_10999' cannot be set. It is not on the appropriate screen, or unknown.",
        ),
    ] {
        let answer = refused(&bench, &task(json!({field: value}))).await;
        assert_eq!(answer["errors"][field], json!(message), "{answer}");
        assert_eq!(answer["errorMessages"], json!([]));
    }
    let several = refused(&bench, &task(json!({"summary": "", "duedate": "soon"}))).await;
    assert_eq!(several["errors"].as_object().unwrap().len(), 2);
    assert!(bench.sandbox.effects().is_empty());
}

#[tokio::test]
async fn a_document_that_is_not_valid_fails_the_whole() {
    let bench = Bench::new().await;
    for text in ["", "a\nb"] {
        let answer = refused(&bench, &task(json!({"description": document(text)}))).await;
        assert_eq!(answer, json!({"errorMessages": ["INVALID_INPUT"], "errors": {}}));
    }
    let long = refused(&bench, &task(json!({"description": document(&"x".repeat(32_768))}))).await;
    assert!(text(&long["errors"]["description"]).contains("32,767"));
}

#[tokio::test]
async fn who_may_not_create_is_told_so_by_a_400() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "CREATE_ISSUES"}));
    let answer = refused(&bench, &task(json!({}))).await;
    let message = "You do not have permission to create issues in this project.";
    assert_eq!(answer, json!({"errorMessages": [message], "errors": {}}));
}

#[tokio::test]
async fn people_are_set_by_whoever_may() {
    let bench = Bench::new().await;
    let (dana, olga) = (bench.account("dana@acme.example"), bench.account("olga@acme.example"));
    let answer = refused(&bench, &task(json!({"assignee": {"accountId": olga}}))).await;
    assert_eq!(
        answer["errors"]["assignee"],
        json!(format!("User '{olga}' cannot be assigned issues."))
    );
    for (permission, field) in [("MODIFY_REPORTER", "reporter"), ("ASSIGN_ISSUES", "assignee")] {
        bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": permission}));
        let answer = refused(&bench, &task(json!({field: {"accountId": dana}}))).await;
        assert!(text(&answer["errors"][field]).contains("cannot be set"), "{answer}");
    }
    // Without them the caller is the reporter, and nobody the assignee.
    assert_eq!(create(&bench, &task(json!({}))).await.0, 201);
    bench.run(json!({"command": "grantPermission", "project": "ENG", "permission": "ASSIGN_ISSUES"}));
    bench.run(json!({"command": "setDefaultAssignee", "project": "ENG", "lead": true}));
    let answer = refused(&bench, &task(json!({"assignee": null}))).await;
    assert_eq!(answer["errors"]["assignee"], "Issues must be assigned.");
    assert_eq!(create(&bench, &task(json!({}))).await.0, 201);
    let fields = async |key: &str| {
        let (_, issue) = crate::client::answer(bench.get(&format!("/rest/api/3/issue/{key}"))).await;
        (
            issue["fields"]["reporter"]["emailAddress"].clone(),
            issue["fields"]["assignee"]["accountId"].clone(),
        )
    };
    assert_eq!(fields("ENG-4").await, (json!("jira-bot@acme.example"), Value::Null));
    assert_eq!(fields("ENG-5").await, (json!("jira-bot@acme.example"), json!(dana)));
}

#[tokio::test]
async fn refusals_come_in_the_accounts_language_unless_another_is_forced() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setLocale", "locale": "de_DE"}));
    let body = task(json!({"summary": ""}));
    let german = "Sie müssen eine Zusammenfassung des Vorgangs angeben.";
    assert_eq!(refused(&bench, &body).await["errors"]["summary"], german);
    let send = |forced: bool| {
        let request = bench.post("/rest/api/3/issue", &body).header("Accept-Language", "en");
        if forced {
            request.header("X-Force-Accept-Language", "true")
        } else {
            request
        }
    };
    assert_eq!(
        answer(send(false)).await.1["errors"]["summary"],
        german,
        "the header alone is ignored"
    );
    let english = "You must specify a summary of the issue.";
    assert_eq!(answer(send(true)).await.1["errors"]["summary"], english);
}
