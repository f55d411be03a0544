//! The independent server as a process.

use std::{env, path::PathBuf, process::Stdio, sync::Arc};

use jira_operator::atlassian::{
    endpoints::{self, Endpoints},
    oauth::{OAuthApp, TokenEndpoint},
    secret::Secret,
};
use rand::distr::{Alphanumeric, SampleString};
use reqwest::Client;
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdin, Command},
};
use url::Url;

/// Where the server's packages are installed, with `server.mjs` beside them.
const FOLDER: &str = "INDEPENDENT_SERVER";
/// The one callback address. Nobody listens there: the code is read off the redirect.
pub const REDIRECT_URI: &str = "http://127.0.0.1/connect/callback";

/// What the server says that it did.
#[derive(Debug, Deserialize)]
pub struct Counts {
    /// Exchanges that succeeded.
    pub grants: u32,
    /// Refresh tokens that were replaced.
    pub consumed: u32,
    /// Grants that it ended.
    pub revoked: u32,
    /// Why it refused exchanges; its clients do not see it.
    pub refusals: Vec<String>,
}

/// A running server, and the app that it knows. Ends when dropped.
pub struct Server {
    pub issuer: Url,
    pub app: OAuthApp,
    pub http: Client,
    pub tokens: TokenEndpoint,
    _child: Child,
    /// The server ends with its standard input.
    _stdin: ChildStdin,
}

impl Server {
    /// Starts one on a free loopback port, with a client secret that nobody else knows.
    pub async fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let folder = env::var_os(FOLDER).map(PathBuf::from);
        let folder =
            folder.ok_or_else(|| format!("{FOLDER} is not set; .ci/independent installs the server and sets it"))?;
        let app = OAuthApp {
            client_id: "independent".to_owned(),
            client_secret: Secret::new(Alphanumeric.sample_string(&mut rand::rng(), 48)),
        };
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(folder)
            .env("CLIENT_ID", &app.client_id)
            .env("CLIENT_SECRET", app.client_secret.expose())
            .env("REDIRECT_URI", REDIRECT_URI)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().ok_or("the server has no standard input")?;
        let stdout = child.stdout.take().ok_or("the server has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let issuer = lines.next_line().await?.ok_or("the server ended at its start")?;
        let issuer = Url::parse(&issuer)?;
        // It goes on writing, and would not survive a pipe that nobody reads.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let http = endpoints::http_client()?;
        let endpoints = Endpoints {
            auth: issuer.clone(),
            api: issuer.clone(),
            site: None,
        };
        Ok(Self {
            tokens: TokenEndpoint::new(http.clone(), Arc::new(endpoints)),
            issuer,
            app,
            http,
            _child: child,
            _stdin: stdin,
        })
    }

    /// An address of the server.
    pub fn url(&self, path: &str) -> Url {
        self.issuer.join(path).expect("a path")
    }

    /// What it did so far.
    pub async fn counts(&self) -> Counts {
        let answer = self
            .http
            .get(self.url("/counts"))
            .send()
            .await
            .expect("the server answers");
        answer.json().await.expect("its counts")
    }
}
