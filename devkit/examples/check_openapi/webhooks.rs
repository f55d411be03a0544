//! Calls about webhooks, each once well and once not.

use reqwest::Method;
use serde_json::{Value, json};

use crate::samples::Sample;

const WEBHOOK: &str = "/rest/api/3/webhook";
const REFRESH: &str = "/rest/api/3/webhook/refresh";

fn call(method: Method, documented: &'static str, path: &str, body: Value) -> Sample {
    Sample {
        method,
        documented,
        path: path.to_owned(),
        body,
    }
}

pub(crate) fn webhooks() -> Vec<Sample> {
    let all = |filter: &str| json!({"events": ["jira:issue_updated"], "jqlFilter": filter});
    let filtered = json!({
        "events": ["issue_property_set"], "jqlFilter": "project = ENG", "issuePropertyKeysFilter": ["a"],
        "fieldIdsFilter": ["summary"],
    });
    let url = "https://hooks.acme.example/webhooks/jira";
    let wanted = json!({"url": url, "webhooks": [all("project != null"), all("labels = x"), filtered]});
    let ids = json!({"webhookIds": [1, 99]});
    let post = |body: Value| call(Method::POST, WEBHOOK, WEBHOOK, body);
    let get = |documented, path: &str| call(Method::GET, documented, path, Value::Null);
    vec![
        post(wanted),
        post(json!({"url": "https://other.acme.example", "webhooks": [all("project = ENG")]})),
        post(json!({"url": url})),
        get(WEBHOOK, WEBHOOK),
        get(WEBHOOK, "/rest/api/3/webhook?maxResults=1"),
        get("/rest/api/3/webhook/failed", "/rest/api/3/webhook/failed"),
        call(Method::PUT, REFRESH, REFRESH, ids.clone()),
        call(Method::PUT, REFRESH, REFRESH, json!({})),
        call(Method::DELETE, WEBHOOK, WEBHOOK, ids),
        call(Method::DELETE, WEBHOOK, WEBHOOK, json!({})),
    ]
}
