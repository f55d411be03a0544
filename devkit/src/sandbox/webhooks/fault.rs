//! What goes wrong with deliveries on their way from Jira.

use serde::{Deserialize, Serialize};

use super::delivery::NewDelivery;

/// What happens to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum WebhookTrouble {
    /// It is sent so many more times, as the same delivery.
    Duplicate {
        /// How many more times.
        copies: u32,
    },
    /// It comes so much later than it would.
    Delay {
        /// By how much.
        milliseconds: u64,
    },
    /// It is never sent.
    Drop,
    /// It is kept back until faults are cleared.
    Hold,
    /// So many are collected, and then sent one after the other, the last one first.
    Reverse {
        /// How many.
        count: usize,
    },
}

/// Which deliveries meet trouble, and which.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookFault {
    /// The event; unset meets every event.
    pub event: Option<String>,
    /// How many deliveries it lets pass before it meets the first.
    #[serde(default)]
    pub skip: u32,
    /// How many deliveries it meets before it is spent; unset never ends.
    pub times: Option<u32>,
    /// What happens.
    pub trouble: WebhookTrouble,
}

impl WebhookFault {
    /// What it does to a delivery, if it meets it.
    pub(super) fn meet(&mut self, delivery: &NewDelivery) -> Option<WebhookTrouble> {
        if self.event.as_ref().is_some_and(|event| *event != delivery.event) || self.times == Some(0) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times = self.times.map(|times| times - 1);
        Some(self.trouble)
    }
}
