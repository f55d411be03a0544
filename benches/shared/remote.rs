//! The sandbox from outside: commands, and what its meter shows.

use std::error::Error;

use devkit::sandbox::Spent;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What went wrong, in words for a person.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Where a sandbox is, and who may ask it. Has no `Debug`, so that the token is not printed by accident.
#[derive(Clone, Serialize, Deserialize)]
pub struct Place {
    /// Its address.
    pub url: String,
    /// The site.
    pub cloud_id: String,
    /// An access token of the dedicated account.
    pub token: String,
    /// The projects that the issues are in, as id and key.
    pub projects: Vec<(String, String)>,
}

impl Place {
    /// Where the site's REST API is.
    pub fn gateway(&self) -> String {
        format!("{}/ex/jira/{}", self.url, self.cloud_id)
    }
}

/// The way to a sandbox.
pub struct Remote {
    /// Where it is.
    pub place: Place,
    http: Client,
}

impl Remote {
    /// The way to this sandbox.
    pub fn new(place: Place) -> Self {
        let http = Client::new();
        Self { place, http }
    }

    /// Carries out a command.
    pub async fn command(&self, command: Value) -> Result<Value, Failure> {
        let url = format!("{}/_sandbox/commands", self.place.url);
        let answer = self.http.post(url).json(&command).send().await?;
        let succeeded = answer.status().is_success();
        let answer: Value = answer.json().await?;
        if !succeeded {
            return Err(format!("the sandbox refused {command}: {answer}").into());
        }
        Ok(answer)
    }

    /// What an app, by default the seed's, has spent so far.
    pub async fn spent(&self, client_id: Option<&str>) -> Result<Spent, Failure> {
        let describe = json!({"command": "describeQuota", "clientId": client_id});
        let answer = self.command(describe).await?;
        let ever = answer.get("ever").cloned().unwrap_or_default();
        Ok(serde_json::from_value(ever)?)
    }
}
