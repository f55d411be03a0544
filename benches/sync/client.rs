//! The clients that people use today: installed by their package managers into a folder below Cargo's target folder, and
//! run on the same sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use jira_operator::atlassian::issue_models::FIELDS;
use serde_json::json;
use tokio::process::Command;

use crate::measured::{Measured, since};
use crate::own;
use crate::plan::Client;
use crate::remote::{Failure, Remote};

/// The clients that are installed, or why one is not.
#[derive(Default)]
pub struct Clients(BTreeMap<Client, Result<PathBuf, String>>);

impl Clients {
    /// Lets a client fetch everything; side by side it asks for each project by itself.
    pub async fn run(&mut self, client: Client, in_flight: usize, remote: &Remote) -> Result<Measured, Failure> {
        let folder = self
            .folder(client)
            .await
            .map_err(|why| format!("not installed: {why}"))?;
        let keys: Vec<&str> = remote.place.projects.iter().map(|(_, key)| key.as_str()).collect();
        let queries: Vec<String> = keys
            .chunks(keys.len().div_ceil(in_flight).max(1))
            .map(|keys| format!("project in ({}) ORDER BY updated DESC", keys.join(", ")))
            .collect();
        let task = json!({
            "gateway": remote.place.gateway(),
            "token": remote.place.token,
            "fields": FIELDS,
            "queries": queries,
        });
        let before = remote.spent(None).await?;
        let measured = own::ask(client.program(&folder), &task.to_string()).await?;
        let spent = since(&remote.spent(None).await?, &before);
        Ok(Measured { spent, ..measured })
    }

    /// Where a client is installed. One that could not be is not tried again.
    async fn folder(&mut self, client: Client) -> Result<PathBuf, String> {
        if let Some(known) = self.0.get(&client) {
            return known.clone();
        }
        println!("Installing {} …", client.name());
        let installed = client.install().await.map_err(|error| error.to_string());
        self.0.insert(client, installed.clone());
        installed
    }
}

impl Client {
    /// Its files: the one that names its packages, and the program.
    const fn files(self) -> [&'static str; 2] {
        match self {
            Self::JiraJs => ["package.json", "fetch.js"],
            Self::Dlt => ["requirements.txt", "fetch.py"],
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::JiraJs => "jira-js",
            Self::Dlt => "dlt",
        }
    }

    /// Installs its packages, unless these are there already, and returns where.
    async fn install(self) -> Result<PathBuf, Failure> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("benches/clients")
            .join(self.folder());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("clients")
            .join(self.folder());
        fs::create_dir_all(&folder)?;
        for file in self.files() {
            fs::copy(source.join(file), folder.join(file))?;
        }
        let [packages, _] = self.files();
        let packages = fs::read_to_string(folder.join(packages))?;
        let stamp = folder.join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == packages) {
            return Ok(folder);
        }
        for words in self.steps() {
            step(&folder, words).await?;
        }
        fs::write(stamp, packages)?;
        Ok(folder)
    }

    const fn steps(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::JiraJs => &[&["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]],
            Self::Dlt => &[
                &["python3", "-m", "venv", "venv"],
                &[
                    "venv/bin/pip",
                    "install",
                    "--quiet",
                    "--requirement",
                    "requirements.txt",
                ],
            ],
        }
    }

    fn program(self, folder: &Path) -> Command {
        let (program, script) = match self {
            Self::JiraJs => (PathBuf::from("node"), "fetch.js"),
            Self::Dlt => (folder.join("venv/bin/python"), "fetch.py"),
        };
        let mut command = Command::new(program);
        // What dlt keeps beside its packages stays here, too.
        command
            .arg(script)
            .current_dir(folder)
            .env("DLT_DATA_DIR", folder.join("data"));
        command
    }
}

/// One command of an installation.
async fn step(folder: &Path, words: &[&str]) -> Result<(), Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    // A path is meant from the folder, also before the process is in it.
    let program = if program.contains('/') {
        folder.join(program)
    } else {
        PathBuf::from(program)
    };
    let mut command = Command::new(&program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command
        .output()
        .await
        .map_err(|error| format!("{} cannot be run: {error}", words.join(" ")))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    Err(format!("{}: {last}", words.join(" ")).into())
}
