//! How deliveries are made: waits, tokens, and where hosts really are.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Settings of deliveries; what is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveryChange {
    /// How long a minute between tries lasts (60,000 at first): tries are 5 to 15 of them apart.
    pub minute_milliseconds: Option<u64>,
    /// How long deliveries of the primary flow wait (0 at first; Jira says up to 30 s).
    pub primary_milliseconds: Option<u64>,
    /// How long those of the secondary flow wait (0 at first; Jira says up to 15 min).
    pub secondary_milliseconds: Option<u64>,
    /// How long a connection is waited for (5,000 at first, as Jira does).
    pub connect_milliseconds: Option<u64>,
    /// How long an answer is waited for (20,000 at first, as Jira does).
    pub answer_milliseconds: Option<u64>,
    /// How long a token lives (900 at first).
    pub token_seconds: Option<i64>,
    /// Claims that tokens have beside `iat` and `exp`, or in their place; null takes one away.
    pub claims: Option<Map<String, Value>>,
    /// Whether tries after the first have its token, and not a new one (off at first).
    pub retries_keep_token: Option<bool>,
    /// Whether tokens are dated by the real clock, and not by the sandbox's (off at first).
    pub tokens_by_real_clock: Option<bool>,
}

/// The settings.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) minute: Duration,
    pub(super) primary: Duration,
    pub(super) secondary: Duration,
    pub(super) connect: Duration,
    pub(super) answer: Duration,
    pub(super) token_seconds: i64,
    pub(super) claims: Map<String, Value>,
    pub(super) retries_keep_token: bool,
    pub(super) tokens_by_real_clock: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            minute: Duration::from_mins(1),
            primary: Duration::ZERO,
            secondary: Duration::ZERO,
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(20),
            token_seconds: 900,
            claims: Map::new(),
            retries_keep_token: false,
            tokens_by_real_clock: false,
        }
    }
}

impl Settings {
    pub(super) fn change(&mut self, change: DeliveryChange) {
        let waits = [
            (&mut self.minute, change.minute_milliseconds),
            (&mut self.primary, change.primary_milliseconds),
            (&mut self.secondary, change.secondary_milliseconds),
            (&mut self.connect, change.connect_milliseconds),
            (&mut self.answer, change.answer_milliseconds),
        ];
        for (wait, milliseconds) in waits {
            *wait = milliseconds.map_or(*wait, Duration::from_millis);
        }
        self.token_seconds = change.token_seconds.unwrap_or(self.token_seconds);
        self.claims = change.claims.unwrap_or_else(|| std::mem::take(&mut self.claims));
        self.retries_keep_token = change.retries_keep_token.unwrap_or(self.retries_keep_token);
        self.tokens_by_real_clock = change.tokens_by_real_clock.unwrap_or(self.tokens_by_real_clock);
    }
}
