//! Checks what the sandbox answers against Atlassian's published `OpenAPI` documents.
//!
//! `cargo run -p devkit --example check_openapi -- FOLDER`, where FOLDER holds the two documents. An extra check for
//! those who have them: they are not part of the repository. Ends with 1 when an answer has a status that the document
//! does not name, a value of another type, or lacks what is required.

#[path = "check_openapi/schema.rs"]
mod schema;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use devkit::sandbox::{Command, Sandbox};
use reqwest::{Client, Method};
use serde_json::{Value, json};

const DOCUMENTS: [&str; 2] = ["jira-platform.swagger-v3.v3.json", "jsm-servicedesk.swagger.v3.json"];

/// A call to the sandbox and the path it has in the documents.
struct Sample {
    method: Method,
    documented: &'static str,
    path: String,
    body: Value,
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
fn samples(account: &str) -> Vec<Sample> {
    let mut samples = platform(account);
    samples.extend(projects());
    samples.extend(issues());
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
        get(
            "/rest/api/3/user/bulk",
            &format!("{base}/user/bulk?accountId={account}"),
        ),
        get(
            "/rest/api/3/user/assignable/search",
            &format!("{base}/user/assignable/search?project=ENG&query=da"),
        ),
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
    let matching = "/rest/api/3/jql/match";
    let parse = "/rest/api/3/jql/parse";
    let one = "/rest/api/3/issue/{issueIdOrKey}";
    let jql = json!({"jql": "project = ENG", "fields": ["*all"], "maxResults": 2});
    vec![
        post(search, search, jql),
        post(search, search, json!({"jql": "project = NOPE"})),
        get(
            search,
            "/rest/api/3/search/jql?jql=project%20%3D%20ENG&fields=status,summary",
        ),
        post(count, count, json!({"jql": "project = ENG"})),
        post(fetch, fetch, json!({"issueIdsOrKeys": ["ENG-1", "NOPE-1"]})),
        post(
            matching,
            matching,
            json!({"issueIds": [10000], "jqls": ["project = ENG", "nonsense"]}),
        ),
        post(
            parse,
            "/rest/api/3/jql/parse?validation=strict",
            json!({"queries": ["labels = a", "labels ="]}),
        ),
        get(one, "/rest/api/3/issue/ENG-1"),
        get(one, "/rest/api/3/issue/NOPE-1"),
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
    vec![
        get(list, &format!("{list}?limit=1")),
        get(one, &format!("{list}/SUP")),
        get(one, &format!("{list}/NOPE")),
        get(types, &format!("{list}/SUP/requesttype")),
        get(field, &format!("{list}/SUP/requesttype/1/field")),
        get(field, &format!("{list}/SUP/requesttype/99/field")),
        post(check, &format!("{list}/SUP/requesttype/permissions/check"), asked),
        get(articles, &format!("{list}/SUP/knowledgebase/article?query=password")),
        get(articles, &format!("{list}/SUP/knowledgebase/article")),
        get(everywhere, &format!("{everywhere}?query=password&highlight=false")),
    ]
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("check_openapi: name the folder with {}", DOCUMENTS.join(" and "));
        return ExitCode::FAILURE;
    };
    match check(Path::new(&folder)).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(faults) => {
            eprintln!("check_openapi: {faults} differences");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("check_openapi: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes every call and returns the number of differences found.
async fn check(folder: &Path) -> Result<usize, Box<dyn Error>> {
    let mut documents = Vec::new();
    for name in DOCUMENTS {
        let text = std::fs::read_to_string(folder.join(name))?;
        documents.push(serde_json::from_str::<Value>(&text)?);
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = Sandbox::start().await?;
    let app = sandbox.app(None)?;
    let scope = "read:knowledgebase:jira-service-management".to_owned();
    let tokens = sandbox.mint(&app.client_id, Some("admin@acme.example"))?;
    sandbox.command(Command::AddScope { client_id: None, scope })?;
    let read = |world: &devkit::sandbox::World| {
        let site = world.site("acme").map(|site| site.cloud_id.clone());
        let account = world.account("dana@acme.example");
        (site, account.map(|account| account.account_id.clone()))
    };
    let (Some(site), Some(account)) = sandbox.state(read) else {
        return Err("the seed lacks its first site or person".into());
    };
    let http = Client::new();
    let mut faults = 0;
    for sample in samples(&account) {
        let url = format!("{}/ex/jira/{site}{}", sandbox.url(), sample.path);
        let request = http
            .request(sample.method.clone(), url)
            .bearer_auth(&tokens.access_token);
        let request = request.header("X-ExperimentalApi", "opt-in");
        let request = if sample.body.is_null() {
            request
        } else {
            request.json(&sample.body)
        };
        let response = request.send().await?;
        let status = response.status().as_u16();
        let found = compare(&documents, &sample, status, &response.json().await?);
        println!("{status} {} {}", sample.method, sample.path);
        for fault in &found {
            println!("    {fault}");
        }
        faults += found.len();
    }
    Ok(faults)
}

/// The differences between an answer and its document.
fn compare(documents: &[Value], sample: &Sample, status: u16, body: &Value) -> Vec<String> {
    let method = sample.method.as_str().to_lowercase();
    let operation = |document: &&Value| {
        let path = document.get("paths")?.get(sample.documented)?;
        path.get(&method).cloned()
    };
    let found = documents
        .iter()
        .find_map(|document| Some((document, operation(&document)?)));
    let Some((document, operation)) = found else {
        return vec![format!("no document has {} {}", sample.method, sample.documented)];
    };
    let answer = operation.get("responses").and_then(|all| all.get(status.to_string()));
    let Some(answer) = answer else {
        return vec![format!("the document names no status {status}")];
    };
    let content = answer
        .get("content")
        .and_then(|content| content.get("application/json"));
    // Many refusals are documented without a body.
    let Some(wanted) = content.and_then(|content| content.get("schema")) else {
        return Vec::new();
    };
    let mut found = schema::differences(document, wanted, body);
    // The parameter `expand` documents these, and the schema of the answer forgets them.
    found.retain(|fault| !fault.contains(".projectKeys is not documented"));
    found
}
