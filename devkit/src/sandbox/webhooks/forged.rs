//! Deliveries that a stranger sends, with more or less of what proves that Jira sent them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The token of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum ForgedToken {
    /// As Jira makes it, as if it had been overheard.
    Right,
    /// None.
    Missing,
    /// Signed by another secret.
    #[default]
    WrongSecret,
    /// Not signed, and said so: `alg` is `none`.
    Unsigned,
    /// Signed as Jira signs, under the name of another algorithm.
    Algorithm {
        /// The name.
        name: String,
    },
    /// Signed well, with a `crit` that nobody understands.
    Critical,
    /// Signed well, and ended so many seconds ago.
    Expired {
        /// How many.
        seconds: i64,
    },
    /// Signed well, and made so many seconds from now.
    FromFuture {
        /// How many.
        seconds: i64,
    },
    /// Changed after it was signed.
    Altered,
}

/// A delivery that Jira did not make. It is tried once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForgedDelivery {
    /// The site it pretends to be from.
    pub site: Option<String>,
    /// The app it pretends to be for.
    pub client_id: Option<String>,
    /// Where to; left out, where the app's webhooks go.
    pub url: Option<String>,
    /// The event, by default `jira:issue_updated`.
    pub event: Option<String>,
    /// The issue it is about; or `body`.
    pub issue: Option<String>,
    /// The whole body.
    pub body: Option<Value>,
    /// `X-Atlassian-Webhook-Identifier`; left out, a new one.
    pub identifier: Option<String>,
    /// `X-Atlassian-Webhook-Retry`; left out, none.
    pub retry: Option<u32>,
    /// Its token, by default signed by another secret.
    #[serde(default)]
    pub token: ForgedToken,
}
