//! Checks what the sandbox answers against Atlassian's published `OpenAPI` documents.
//!
//! `cargo run -p devkit --example check_openapi -- FOLDER`, where FOLDER holds the two documents. An extra check for
//! those who have them: they are not part of the repository. Ends with 1 when an answer has a status that the document
//! does not name, a value of another type, or lacks what is required.

#[path = "check_openapi/samples.rs"]
mod samples;
#[path = "check_openapi/schema.rs"]
mod schema;
#[path = "check_openapi/tickets.rs"]
mod tickets;
#[path = "check_openapi/webhooks.rs"]
mod webhooks;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use devkit::sandbox::{Command, Sandbox};
use reqwest::Client;
use serde_json::Value;

use samples::Sample;

const DOCUMENTS: [&str; 2] = ["jira-platform.swagger-v3.v3.json", "jsm-servicedesk.swagger.v3.json"];

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
    let caller = Caller {
        documents,
        base: format!("{}/ex/jira/{site}", sandbox.url()),
        token: tokens.access_token,
        http: Client::new(),
    };
    let mut faults = caller.compare_all(samples::healthy(&account)).await?;
    for command in tickets::fields() {
        sandbox.command(serde_json::from_value::<Command>(command)?)?;
    }
    faults += caller.compare_all(tickets::written(&account)).await?;
    faults += caller.compare_all(webhooks::webhooks()).await?;
    for trouble in samples::troubles() {
        sandbox.command(serde_json::from_value::<Command>(trouble)?)?;
    }
    faults += caller.compare_all(samples::in_trouble()).await?;
    Ok(faults)
}

/// Makes the calls and holds the answers against the documents.
struct Caller {
    documents: Vec<Value>,
    base: String,
    token: String,
    http: Client,
}

impl Caller {
    /// Makes the calls and returns the number of differences found.
    async fn compare_all(&self, samples: Vec<Sample>) -> Result<usize, Box<dyn Error>> {
        let mut faults = 0;
        for sample in samples {
            let url = format!("{}{}", self.base, sample.path);
            let request = self.http.request(sample.method.clone(), url).bearer_auth(&self.token);
            let request = request.header("X-ExperimentalApi", "opt-in");
            let request = if sample.body.is_null() {
                request
            } else {
                request.json(&sample.body)
            };
            let response = request.send().await?;
            let status = response.status().as_u16();
            // Many writes are answered without a body.
            let body = serde_json::from_str(&response.text().await?).unwrap_or_default();
            let found = compare(&self.documents, &sample, status, &body);
            println!("{status} {} {}", sample.method, sample.path);
            for fault in &found {
                println!("    {fault}");
            }
            faults += found.len();
        }
        Ok(faults)
    }
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
