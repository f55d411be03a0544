//! The clients that people use today: installed by their package managers into a folder below Cargo's target folder, and
//! run on the same sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jira_operator::atlassian::issue_fields::FIELDS;
use serde_json::json;
use tokio::process::Command;

use crate::measured::Measured;
use crate::plan::Client;
use crate::shared::packages;
use crate::shared::process::{ask, since};
use crate::shared::remote::{Failure, Remote};

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
        let measured = ask(client.program(&folder), &task.to_string()).await?;
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

    /// Installs its packages, and returns where.
    async fn install(self) -> Result<PathBuf, Failure> {
        packages::install(self.folder(), &self.files(), self.steps()).await
    }

    const fn steps(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::JiraJs => packages::NPM,
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
