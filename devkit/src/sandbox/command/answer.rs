//! What a command answers, and how it fails.

use serde::{Deserialize, Serialize};

use crate::sandbox::faults::active::FaultState;
use crate::sandbox::limits::Spent;
use crate::sandbox::webhooks::Delivery;
use crate::sandbox::world::{Effect, Webhook};

/// What came of a command.
pub(crate) type Applied = Result<Answer, CommandError>;

/// What a command yields.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// It is done, and there is nothing to return.
    Done,
    /// An app's credentials.
    App {
        /// Public id.
        client_id: String,
        /// Secret.
        client_secret: String,
        /// Callback address.
        callback_url: String,
    },
    /// Tokens of a grant.
    Grant {
        /// Number of the grant.
        grant: u64,
        /// Family of the refresh token.
        family: u64,
        /// Refresh token; `None` without `offline_access`.
        refresh_token: Option<String>,
        /// Access token.
        access_token: String,
    },
    /// Where the consent page sends the browser.
    Redirect {
        /// The callback address with `code` and `state`, or with `error`.
        location: String,
    },
    /// An account.
    Account {
        /// Its id.
        account_id: String,
    },
    /// A site.
    Site {
        /// Its cloud id.
        cloud_id: String,
    },
    /// Projects, in the order they were made.
    Projects {
        /// Their numeric ids.
        ids: Vec<u64>,
        /// Their keys.
        keys: Vec<String>,
    },
    /// Issues, in the order they were made.
    Issues {
        /// Their numeric ids.
        ids: Vec<u64>,
    },
    /// A custom field.
    Field {
        /// Its id: `customfield_10044`.
        id: String,
    },
    /// A comment.
    Comment {
        /// Its numeric id.
        id: u64,
    },
    /// Effective writes, oldest first.
    Ledger {
        /// The writes.
        effects: Vec<Effect>,
    },
    /// Webhooks that are registered.
    Webhooks {
        /// The webhooks.
        webhooks: Vec<Webhook>,
    },
    /// Deliveries of webhooks, oldest first.
    Deliveries {
        /// The deliveries.
        deliveries: Vec<Delivery>,
    },
    /// A delivery that is on its way.
    Delivery {
        /// Its number.
        number: u64,
    },
    /// How many things were met.
    Count {
        /// The number.
        count: usize,
    },
    /// An app's points.
    Quota {
        /// Points an hour; `None` without end.
        pool: Option<u64>,
        /// What counts of this hour, in the reading that is set.
        spent: u64,
        /// This hour in both readings.
        this_hour: Spent,
        /// The same since the sandbox started.
        ever: Spent,
    },
    /// A fault that is now up.
    Fault {
        /// Its id.
        id: u64,
    },
    /// All faults that are up.
    Faults {
        /// The faults.
        faults: Vec<FaultState>,
    },
}

/// Why a command was not carried out; nothing has changed then.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CommandError {
    /// No such thing in the sandbox.
    #[error("the sandbox has no {kind} `{name}`")]
    Unknown {
        /// Kind of thing.
        kind: &'static str,
        /// The name it was asked for.
        name: String,
    },
    /// The name or key is in use already.
    #[error("{kind} `{name}` exists already; choose another")]
    Taken {
        /// Kind of thing.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
}

impl CommandError {
    pub(crate) fn unknown(kind: &'static str, name: impl Into<String>) -> Self {
        let name = name.into();
        Self::Unknown { kind, name }
    }
}
