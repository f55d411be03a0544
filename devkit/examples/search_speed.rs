//! Measures what the sandbox takes to answer from a site of 50,000 issues.
//!
//! `cargo run --release -p devkit --example search_speed`. Each figure is the middle of several calls over one loopback
//! connection, the reading of the answer included.

use std::error::Error;
use std::time::{Duration, Instant};

use devkit::sandbox::{Command, Sandbox};
use reqwest::Client;
use serde_json::{Value, json};

/// How often each call is made.
const TIMES: usize = 15;
const FIELDS: [&str; 10] = [
    "summary",
    "status",
    "issuetype",
    "priority",
    "assignee",
    "reporter",
    "labels",
    "created",
    "updated",
    "project",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = Sandbox::start().await?;
    let tokens = sandbox.mint(&sandbox.app(None)?.client_id, None)?;
    let run = |command: Value| -> Result<(), Box<dyn Error>> {
        sandbox.command(serde_json::from_value::<Command>(command)?)?;
        Ok(())
    };
    run(json!({"command": "setQuota", "off": true}))?;
    run(json!({"command": "setBurst", "off": true}))?;
    let begin = Instant::now();
    sandbox.populate(10, 50_000)?;
    println!("{:>9.1?}  50,000 issues made", begin.elapsed());
    let begin = Instant::now();
    run(json!({"command": "changeIssues", "percent": 1}))?;
    println!("{:>9.1?}  1 % of them changed", begin.elapsed());
    let site = sandbox.state(|world| world.site("acme").map(|site| site.cloud_id.clone()));
    let caller = Caller {
        url: format!("{}/ex/jira/{}/rest/api/3", sandbox.url(), site.unwrap_or_default()),
        token: tokens.access_token,
        http: Client::new(),
    };
    measure(&sandbox, &caller).await
}

async fn measure(sandbox: &Sandbox, caller: &Caller) -> Result<(), Box<dyn Error>> {
    let all = "project in (P1,P2,P3,P4,P5,P6,P7,P8,P9,P10)";
    let now = sandbox.state(|world| world.now().as_millisecond());
    let fields = json!(FIELDS);
    let (_, page) = caller
        .search(json!({"jql": all, "fields": fields, "maxResults": 100}))
        .await?;
    let token = page.get("nextPageToken").cloned().unwrap_or_default();
    let later = json!({"jql": all, "fields": fields, "maxResults": 100, "nextPageToken": token});
    let window = |n: i64| {
        format!(
            "{all} and updated >= {} and updated < {now} order by updated",
            now - 600_000 - n
        )
    };
    caller
        .tell("a later page of 100 with ten fields", |_| ("search/jql", later.clone()))
        .await?;
    caller
        .tell("a first page of 100, the result worked out anew", |n| {
            let jql = format!("{all} and updated >= {n} order by updated");
            ("search/jql", json!({"jql": jql, "fields": fields, "maxResults": 100}))
        })
        .await?;
    caller
        .tell("5,000 ids, the result worked out anew", |n| {
            let jql = format!("{all} and created >= {n}");
            ("search/jql", json!({"jql": jql, "maxResults": 5000}))
        })
        .await?;
    caller
        .tell("5,000 ids of the same result", |_| {
            ("search/jql", json!({"jql": all, "maxResults": 5000}))
        })
        .await?;
    caller
        .tell("what changed in the last ten minutes", |n| {
            (
                "search/jql",
                json!({"jql": window(n), "fields": fields, "maxResults": 100}),
            )
        })
        .await?;
    let keys: Vec<String> = (1..=100).map(|n| format!("P3-{n}")).collect();
    caller
        .tell("100 issues by bulkfetch with ten fields", |_| {
            ("issue/bulkfetch", json!({"issueIdsOrKeys": keys, "fields": fields}))
        })
        .await?;
    Ok(())
}

/// Makes the calls.
struct Caller {
    url: String,
    token: String,
    http: Client,
}

impl Caller {
    async fn call(&self, path: &str, body: &Value) -> Result<(Duration, String), Box<dyn Error>> {
        let request = self.http.post(format!("{}/{path}", self.url)).bearer_auth(&self.token);
        let begin = Instant::now();
        let response = request.json(body).send().await?.error_for_status()?;
        let text = response.text().await?;
        Ok((begin.elapsed(), text))
    }

    async fn search(&self, body: Value) -> Result<(Duration, Value), Box<dyn Error>> {
        let (taken, text) = self.call("search/jql", &body).await?;
        Ok((taken, serde_json::from_str(&text)?))
    }

    /// Makes a call several times and prints the time that the middle one took.
    async fn tell(&self, what: &str, body: impl Fn(i64) -> (&'static str, Value)) -> Result<(), Box<dyn Error>> {
        let mut times = Vec::new();
        let mut size = 0;
        for n in (0..).take(TIMES) {
            let (path, body) = body(n);
            let (taken, text) = self.call(path, &body).await?;
            size = text.len();
            times.push(taken);
        }
        times.sort_unstable();
        let middle = times.get(TIMES / 2).copied().unwrap_or_default();
        println!("{middle:>9.1?}  {what} ({} KiB)", size / 1024);
        Ok(())
    }
}
