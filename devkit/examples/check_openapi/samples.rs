//! The calls that are made, to the seed's healthy site and to one in trouble.

use reqwest::Method;
use serde_json::{Value, json};

/// A call to the sandbox and the path it has in the documents.
pub(crate) struct Sample {
    pub(crate) method: Method,
    pub(crate) documented: &'static str,
    pub(crate) path: String,
    pub(crate) body: Value,
}

fn get(documented: &'static str, path: &str) -> Sample {
    Sample {
        method: Method::GET,
        documented,
        path: path.to_owned(),
        body: Value::Null,
    }
}

fn post(documented: &'static str, path: &str, body: Value) -> Sample {
    Sample {
        method: Method::POST,
        documented,
        path: path.to_owned(),
        body,
    }
}

/// Calls that succeed and calls that fail, to every endpoint of the sandbox.
pub(crate) fn healthy(account: &str) -> Vec<Sample> {
    let mut samples = platform(account);
    samples.extend(projects());
    samples.extend(issues());
    samples.extend(queries());
    samples.extend(desks());
    samples
}

fn platform(account: &str) -> Vec<Sample> {
    let base = "/rest/api/3";
    vec![
        get("/rest/api/3/myself", &format!("{base}/myself")),
        get("/rest/api/3/serverInfo", &format!("{base}/serverInfo")),
        get("/rest/api/3/permissions", &format!("{base}/permissions")),
        get(
            "/rest/api/3/mypermissions",
            &format!("{base}/mypermissions?permissions=ADMINISTER,EDIT_ISSUES"),
        ),
        get(
            "/rest/api/3/mypermissions",
            &format!("{base}/mypermissions?permissions=NOPE"),
        ),
        get(
            "/rest/api/3/users/search",
            &format!("{base}/users/search?maxResults=1000"),
        ),
        get("/rest/api/3/users", &format!("{base}/users")),
        get("/rest/api/3/user", &format!("{base}/user?accountId={account}")),
        get("/rest/api/3/user", &format!("{base}/user?accountId=nobody")),
        get("/rest/api/3/user/search", &format!("{base}/user/search?query=dana")),
        get("/rest/api/3/user/search", &format!("{base}/user/search")),
        get("/rest/api/3/status", &format!("{base}/status")),
        get(
            "/rest/api/3/user/bulk",
            &format!("{base}/user/bulk?accountId={account}"),
        ),
        get(
            "/rest/api/3/user/assignable/search",
            &format!("{base}/user/assignable/search?project=ENG&query=da"),
        ),
        get(
            "/rest/api/3/user/assignable/search",
            &format!("{base}/user/assignable/search?issueKey=ENG-1&accountId={account}"),
        ),
        get(
            "/rest/api/3/user/assignable/search",
            &format!("{base}/user/assignable/search?project=ENG"),
        ),
        get(
            "/rest/api/3/user/assignable/search",
            &format!("{base}/user/assignable/search?project=NOPE&query=da"),
        ),
    ]
}

/// Calls whose answers differ after [`troubles`].
pub(crate) fn in_trouble() -> Vec<Sample> {
    let desk = "/rest/servicedeskapi/servicedesk/{serviceDeskId}";
    let types = "/rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype";
    let field = "/rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/field";
    let articles = "/rest/servicedeskapi/knowledgebase/article";
    let sup = "/rest/servicedeskapi/servicedesk/SUP";
    let search = "/rest/api/3/search/jql";
    let odd = json!({"jql": "project = ENG", "fields": ["*all"]});
    vec![
        get("/rest/api/3/status", "/rest/api/3/status"),
        post(search, search, odd),
        get("/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/ENG-1"),
        get("/rest/api/3/project/{projectIdOrKey}", "/rest/api/3/project/TMS"),
        get("/rest/api/3/project/{projectIdOrKey}", "/rest/api/3/project/NOPE"),
        get(
            "/rest/api/3/project/{projectIdOrKey}/statuses",
            "/rest/api/3/project/TMS/statuses",
        ),
        get("/rest/api/3/user/search", "/rest/api/3/user/search?query=dana"),
        get(types, &format!("{sup}/requesttype")),
        get(field, &format!("{sup}/requesttype/1/field?expand=hiddenFields")),
        get(desk, "/rest/servicedeskapi/servicedesk/ITS"),
        get(articles, &format!("{articles}?query=a&highlight=true")),
    ]
}

/// Commands, as JSON, that cause what the healthy site does not show.
pub(crate) fn troubles() -> Vec<Value> {
    let hidden = json!({"fieldId": "customfield_10050", "name": "Cost centre", "required": true, "visible": false});
    vec![
        json!({"command": "updateIssue", "issue": "ENG-1", "status": "Done", "parent": "ENG-2", "assignee": "", "priority": ""}),
        json!({"command": "addPageFault", "fault": {"trouble": {"kind": "warn"}}}),
        json!({"command": "setLanguage", "language": "de"}),
        json!({"command": "createProject", "key": "TMS", "template": "team-managed-service"}),
        json!({"command": "hideAllEmails", "hidden": true}),
        json!({"command": "setFormField", "project": "SUP", "field": hidden}),
        json!({"command": "showCanCreate", "shown": false}),
        json!({"command": "removeDesk", "project": "ITS"}),
        json!({"command": "setKnowledgeBase", "licensed": false}),
    ]
}

fn projects() -> Vec<Sample> {
    let search = "/rest/api/3/project/search";
    let one = "/rest/api/3/project/{projectIdOrKey}";
    let check = "/rest/api/3/permissions/check";
    let of = "/rest/api/3/permissions/project";
    let asked = json!({
        "globalPermissions": ["ADMINISTER", "USER_PICKER"],
        "projectPermissions": [{"permissions": ["EDIT_ISSUES"], "projects": [10000, 99], "issues": [10000]}],
    });
    let unknown = json!({"projectPermissions": [{"permissions": ["NOPE"], "projects": [1]}]});
    vec![
        get(
            search,
            &format!("{search}?maxResults=2&expand=lead,issueTypes,projectKeys,insight,description"),
        ),
        get(search, &format!("{search}?status=archived")),
        get(search, &format!("{search}?status=deleted")),
        get(one, "/rest/api/3/project/SUP"),
        get(one, "/rest/api/3/project/OLD"),
        get(one, "/rest/api/3/project/NOPE"),
        get(
            "/rest/api/3/project/{projectIdOrKey}/statuses",
            "/rest/api/3/project/ENG/statuses",
        ),
        post(check, check, asked),
        post(check, check, unknown),
        post(of, of, json!({"permissions": ["EDIT_ISSUES"]})),
        post(of, of, json!({"permissions": ["NOPE"]})),
    ]
}

fn issues() -> Vec<Sample> {
    let search = "/rest/api/3/search/jql";
    let count = "/rest/api/3/search/approximate-count";
    let fetch = "/rest/api/3/issue/bulkfetch";
    let one = "/rest/api/3/issue/{issueIdOrKey}";
    let jql =
        json!({"jql": "project = ENG", "fields": ["*all"], "maxResults": 2, "expand": "names", "properties": ["a"]});
    let unknown = json!({"jql": "project = ENG", "startAt": 0});
    vec![
        post(search, search, jql),
        post(search, search, json!({"jql": "project = NOPE"})),
        post(search, search, unknown),
        get(
            search,
            "/rest/api/3/search/jql?jql=project%20%3D%20ENG&fields=status,summary",
        ),
        post(count, count, json!({"jql": "project = ENG"})),
        post(count, count, json!({"jql": "order by key"})),
        post(fetch, fetch, json!({"issueIdsOrKeys": ["ENG-1", "NOPE-1"]})),
        post(fetch, fetch, json!({"issueIdsOrKeys": []})),
        get(one, "/rest/api/3/issue/ENG-1"),
        get(one, "/rest/api/3/issue/NOPE-1"),
    ]
}

/// Questions about queries.
fn queries() -> Vec<Sample> {
    let matching = "/rest/api/3/jql/match";
    let parse = "/rest/api/3/jql/parse";
    let warned = "/rest/api/3/jql/parse?validation=warn";
    let long =
        "project = ENG and (labels in (a, EMPTY) or assignee = currentUser()) and not status = 3 order by key desc";
    vec![
        post(
            matching,
            matching,
            json!({"issueIds": [10000], "jqls": ["project = ENG", "nonsense"]}),
        ),
        post(matching, matching, json!({"issueIds": [10000]})),
        post(
            parse,
            "/rest/api/3/jql/parse?validation=strict",
            json!({"queries": [long, "labels =", "resolved is EMPTY"]}),
        ),
        post(parse, warned, json!({"queries": ["project = NOPE"]})),
        post(parse, warned, json!({"queries": []})),
    ]
}

fn desks() -> Vec<Sample> {
    let list = "/rest/servicedeskapi/servicedesk";
    let one = "/rest/servicedeskapi/servicedesk/{serviceDeskId}";
    let types = "/rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype";
    let field = "/rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/field";
    let check = "/rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/permissions/check";
    let articles = "/rest/servicedeskapi/servicedesk/{serviceDeskId}/knowledgebase/article";
    let everywhere = "/rest/servicedeskapi/knowledgebase/article";
    let asked = json!({"requestTypeIds": [1], "permissions": ["canCreateRequest"]});
    let stranger = json!({"requestTypeIds": [1], "permissions": ["canCreateRequest"], "accountId": "nobody"});
    vec![
        get(list, &format!("{list}?limit=1")),
        get(one, &format!("{list}/SUP")),
        get(one, &format!("{list}/NOPE")),
        get(types, &format!("{list}/SUP/requesttype")),
        get(field, &format!("{list}/SUP/requesttype/1/field")),
        get(field, &format!("{list}/SUP/requesttype/99/field")),
        get("/rest/servicedeskapi/requesttype", "/rest/servicedeskapi/requesttype"),
        post(check, &format!("{list}/SUP/requesttype/permissions/check"), asked),
        post(check, &format!("{list}/SUP/requesttype/permissions/check"), stranger),
        get(articles, &format!("{list}/SUP/knowledgebase/article?query=password")),
        get(articles, &format!("{list}/SUP/knowledgebase/article")),
        get(everywhere, &format!("{everywhere}?query=password&highlight=false")),
    ]
}
