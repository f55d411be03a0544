//! Calls that write, and that read what was written, each once well and once not.

use reqwest::Method;
use serde_json::{Value, json};

use crate::samples::Sample;

const ISSUE: &str = "/rest/api/3/issue/{issueIdOrKey}";
const REQUEST: &str = "/rest/servicedeskapi/request";
const ONE_REQUEST: &str = "/rest/servicedeskapi/request/{issueIdOrKey}";

fn call(method: Method, documented: &'static str, path: &str, body: Value) -> Sample {
    Sample {
        method,
        documented,
        path: path.to_owned(),
        body,
    }
}

fn get(documented: &'static str, path: &str) -> Sample {
    call(Method::GET, documented, path, Value::Null)
}

fn post(documented: &'static str, path: &str, body: Value) -> Sample {
    call(Method::POST, documented, path, body)
}

fn put(documented: &'static str, path: &str, body: Value) -> Sample {
    call(Method::PUT, documented, path, body)
}

fn delete(documented: &'static str, path: &str, body: Value) -> Sample {
    call(Method::DELETE, documented, path, body)
}

fn document(text: &str) -> Value {
    json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]})
}

/// Commands, as JSON, that give the projects fields to be described.
pub(crate) fn fields() -> Vec<Value> {
    let options = json!(["a", {"value": "p", "children": ["c"]}]);
    let field = |kind: &str| json!({"command": "addField", "name": kind, "kind": kind, "options": options, "projects": ["ENG"]});
    let kinds = [
        "text",
        "textArea",
        "number",
        "select",
        "multiSelect",
        "cascading",
        "users",
        "labels",
        "any",
    ];
    let mut commands: Vec<Value> = kinds.iter().map(|kind| field(kind)).collect();
    let transition = json!({"name": "Finish", "to": "Done", "screen": ["resolution", "summary"], "condition": true});
    commands
        .push(json!({"command": "setTransitions", "project": "ENG", "transitions": [transition, {"name": "Loop"}]}));
    commands.push(json!({"command": "setParts", "project": "ENG", "components": ["API"], "versions": ["1.0"]}));
    let questions = json!([{"id": "12", "label": "When?", "required": true}]);
    commands.push(
        json!({"command": "setForm", "project": "SUP", "requestType": "2", "questions": questions, "enforced": true}),
    );
    commands.push(json!({"command": "commentOnIssue", "issue": "ENG-1", "text": "first"}));
    commands
}

pub(crate) fn written(account: &str) -> Vec<Sample> {
    let mut samples = created(account);
    samples.extend(edited(account));
    samples.extend(commented());
    samples.extend(linked());
    samples.extend(requested(account));
    samples
}

fn created(account: &str) -> Vec<Sample> {
    let create = "/rest/api/3/issue";
    let types = "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes";
    let fields = "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}";
    let meta = "/rest/api/3/issue/createmeta";
    let body = json!({
        "fields": {
            "project": {"key": "ENG"}, "issuetype": {"name": "Task"}, "summary": "x", "description": document("x"),
            "reporter": {"id": account}, "components": [{"name": "API"}], "duedate": "2027-01-04",
        },
        "properties": [{"key": "p", "value": 1}],
        "historyMetadata": {"type": "x"},
    });
    vec![
        get("/rest/api/3/field", "/rest/api/3/field"),
        get(types, &format!("{meta}/ENG/issuetypes")),
        get(types, &format!("{meta}/NOPE/issuetypes")),
        get(types, &format!("{meta}/ENG/issuetypes?maxResults=201")),
        get(fields, &format!("{meta}/ENG/issuetypes/10001?maxResults=200")),
        get(fields, &format!("{meta}/ENG/issuetypes/99")),
        post(create, create, body),
        post(
            create,
            create,
            json!({"fields": {"project": {"key": "ENG"}, "issuetype": {"name": "Task"}}}),
        ),
        post(create, create, json!({"fields": {"project": {"key": "NOPE"}}})),
        get(ISSUE, "/rest/api/3/issue/ENG-4?properties=p"),
    ]
}

fn edited(account: &str) -> Vec<Sample> {
    let assignee = "/rest/api/3/issue/{issueIdOrKey}/assignee";
    let property = "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}";
    let transitions = "/rest/api/3/issue/{issueIdOrKey}/transitions";
    let changelog = "/rest/api/3/issue/{issueIdOrKey}/changelog";
    let issue = "/rest/api/3/issue/ENG-4";
    let labels = json!({"update": {"labels": [{"add": "x"}]}, "fields": {"summary": "y"}});
    vec![
        put(ISSUE, issue, labels.clone()),
        put(ISSUE, &format!("{issue}?returnIssue=true"), labels),
        put(ISSUE, issue, json!({"fields": {"nonsense": 1}})),
        put(ISSUE, "/rest/api/3/issue/NOPE-1", json!({"fields": {}})),
        put(assignee, &format!("{issue}/assignee"), json!({"accountId": account})),
        put(assignee, &format!("{issue}/assignee"), json!({"accountId": "nobody"})),
        put(property, &format!("{issue}/properties/q"), json!({"v": 1})),
        put(property, &format!("{issue}/properties/q"), json!({"v": 2})),
        get(property, &format!("{issue}/properties/q")),
        get(property, &format!("{issue}/properties/none")),
        get(
            "/rest/api/3/issue/{issueIdOrKey}/properties",
            &format!("{issue}/properties"),
        ),
        delete(property, &format!("{issue}/properties/q"), Value::Null),
        get(transitions, &format!("{issue}/transitions?expand=transitions.fields")),
        get(transitions, "/rest/api/3/issue/NOPE-1/transitions"),
        post(
            transitions,
            &format!("{issue}/transitions"),
            json!({"transition": {"id": "9"}}),
        ),
        post(
            transitions,
            &format!("{issue}/transitions"),
            json!({"transition": {"id": "11"}, "fields": {"resolution": {"name": "Fixed"}}}),
        ),
        get(changelog, &format!("{issue}/changelog")),
        get(changelog, &format!("{issue}/changelog?maxResults=1")),
        get(changelog, "/rest/api/3/issue/NOPE-1/changelog"),
        delete(ISSUE, issue, Value::Null),
        delete(ISSUE, issue, Value::Null),
    ]
}

fn commented() -> Vec<Sample> {
    let all = "/rest/api/3/issue/{issueIdOrKey}/comment";
    let one = "/rest/api/3/issue/{issueIdOrKey}/comment/{id}";
    let property = "/rest/api/3/comment/{commentId}/properties/{propertyKey}";
    let keys = "/rest/api/3/comment/{commentId}/properties";
    let comments = "/rest/api/3/issue/ENG-1/comment";
    // The one that a command made, behind the fields, their options and the parts of the project.
    let id = FIRST_COMMENT;
    let body = json!({"body": document("x"), "properties": [{"key": "p", "value": 1}]});
    vec![
        post(all, comments, body.clone()),
        post(all, comments, json!({"body": "plain"})),
        post(all, "/rest/api/3/issue/NOPE-1/comment", body),
        get(all, &format!("{comments}?expand=properties")),
        get(all, &format!("{comments}?orderBy=author")),
        get(one, &format!("{comments}/{id}")),
        get(one, &format!("{comments}/1")),
        put(one, &format!("{comments}/{id}"), json!({"body": document("y")})),
        post(
            "/rest/api/3/comment/list",
            "/rest/api/3/comment/list",
            json!({"ids": [id]}),
        ),
        post(
            "/rest/api/3/comment/list",
            "/rest/api/3/comment/list",
            json!({"ids": []}),
        ),
        put(property, &format!("/rest/api/3/comment/{id}/properties/p"), json!(1)),
        get(property, &format!("/rest/api/3/comment/{id}/properties/p")),
        get(keys, &format!("/rest/api/3/comment/{id}/properties")),
        delete(property, &format!("/rest/api/3/comment/{id}/properties/p"), Value::Null),
        delete(property, &format!("/rest/api/3/comment/{id}/properties/p"), Value::Null),
        delete(one, &format!("{comments}/{id}"), Value::Null),
    ]
}

/// The number of the first comment after [`fields`].
const FIRST_COMMENT: u64 = 10_078;

fn linked() -> Vec<Sample> {
    let links = "/rest/api/3/issue/{issueIdOrKey}/remotelink";
    let path = "/rest/api/3/issue/ENG-1/remotelink";
    let between = "/rest/api/3/issueLink";
    let link =
        json!({"globalId": "g", "object": {"url": "https://x.example", "title": "x", "status": {"resolved": true}}});
    let pair =
        |kind: &str| json!({"type": {"name": kind}, "inwardIssue": {"key": "ENG-1"}, "outwardIssue": {"key": "ENG-2"}});
    vec![
        post(links, path, link.clone()),
        post(links, path, link),
        post(links, path, json!({"object": {"url": "https://x.example"}})),
        get(links, path),
        get(links, &format!("{path}?globalId=g")),
        get(links, &format!("{path}?globalId=none")),
        delete(links, &format!("{path}?globalId=g"), Value::Null),
        delete(links, path, Value::Null),
        post(between, between, pair("Relates")),
        post(between, between, pair("Nonsense")),
        get("/rest/api/3/issueLinkType", "/rest/api/3/issueLinkType"),
        get(ISSUE, "/rest/api/3/issue/ENG-1"),
    ]
}

fn requested(account: &str) -> Vec<Sample> {
    let comments = "/rest/servicedeskapi/request/{issueIdOrKey}/comment";
    let comment = "/rest/servicedeskapi/request/{issueIdOrKey}/comment/{commentId}";
    let participants = "/rest/servicedeskapi/request/{issueIdOrKey}/participant";
    let made = "/rest/servicedeskapi/request/SUP-3";
    let ask =
        |kind: &str, values: Value| json!({"serviceDeskId": "12", "requestTypeId": kind, "requestFieldValues": values});
    let people = json!({"accountIds": [account]});
    vec![
        post(
            REQUEST,
            REQUEST,
            ask("1", json!({"summary": "x", "description": "*y*"})),
        ),
        post(REQUEST, REQUEST, ask("1", json!({}))),
        post(REQUEST, REQUEST, ask("2", json!({"summary": "x"}))),
        get(ONE_REQUEST, made),
        get(ONE_REQUEST, "/rest/servicedeskapi/request/ENG-1"),
        post(
            comments,
            &format!("{made}/comment"),
            json!({"body": "*x*", "public": false}),
        ),
        post(comments, &format!("{made}/comment"), json!({"body": "x"})),
        post(
            comments,
            "/rest/servicedeskapi/request/ENG-1/comment",
            json!({"body": "x", "public": true}),
        ),
        get(comments, &format!("{made}/comment")),
        get(comment, &format!("{made}/comment/1")),
        post(participants, &format!("{made}/participant"), people.clone()),
        post(
            participants,
            &format!("{made}/participant"),
            json!({"accountIds": ["nobody"]}),
        ),
        get(participants, &format!("{made}/participant")),
        delete(participants, &format!("{made}/participant"), people.clone()),
        delete(participants, &format!("{made}/participant"), people),
        get(ISSUE, "/rest/api/3/issue/SUP-3"),
    ]
}
