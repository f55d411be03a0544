//! The sandbox of Jira Cloud as a process of its own, seeded with issues. It ends when its standard input does, and so with
//! the bench, however that ends.

use std::process::Stdio;

use devkit::sandbox::{Command as Order, Sandbox};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::remote::{Failure, Place};

/// The word by which this program becomes a sandbox.
pub const SERVE: &str = "serve";

/// How many projects the issues are in.
const PROJECTS: u32 = 10;

/// A sandbox that runs; ended on drop.
pub struct Ground {
    _process: Child,
    /// Where it is.
    pub place: Place,
}

impl Ground {
    /// Starts one with so many issues.
    pub async fn start(issues: u32) -> Result<Self, Failure> {
        println!("Starting a sandbox of Jira Cloud with {issues} issues …");
        let mut process = Command::new(std::env::current_exe()?)
            .args([SERVE, &issues.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let said = process.stdout.take().ok_or("the sandbox has no standard output")?;
        let line = BufReader::new(said).lines().next_line().await?;
        let line = line.ok_or("the sandbox ended before it was ready; its reason stands above")?;
        Ok(Self {
            _process: process,
            place: serde_json::from_str(&line)?,
        })
    }
}

/// Is a sandbox until standard input ends.
pub async fn serve(issues: &str) -> Result<(), Failure> {
    let sandbox = Sandbox::start().await?;
    sandbox.populate(PROJECTS, issues.parse()?)?;
    // A run of all rows takes longer than the hour that tokens usually last.
    let order: Order = serde_json::from_value(json!({"command": "setExpiresIn", "seconds": 86_400}))?;
    sandbox.command(order)?;
    let app = sandbox.app(None)?;
    let token = sandbox.mint(&app.client_id, None)?.access_token;
    let (cloud_id, projects) = sandbox
        .state(|world| {
            let site = world.site("acme")?;
            let made = site.projects.values().filter(|project| project.key.starts_with('P'));
            let named = made.map(|project| (project.id.to_string(), project.key.clone()));
            let filled: Vec<_> = named.filter(|(_, key)| key.get(1..).is_some_and(is_number)).collect();
            Some((site.cloud_id.clone(), filled))
        })
        .ok_or("the seed has no site acme")?;
    let place = Place {
        url: sandbox.url().to_owned(),
        cloud_id,
        token,
        projects,
    };
    println!("{}", serde_json::to_string(&place)?);
    tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await??;
    Ok(())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
