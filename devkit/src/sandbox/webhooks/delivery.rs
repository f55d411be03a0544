//! A delivery: what is sent where, how often that was tried, and how it ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sandbox::world::Flow;

/// One try to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When its end was known, by the real clock.
    pub at: Timestamp,
    /// The value of `X-Atlassian-Webhook-Retry`; 0 for the first try, which goes without the header.
    pub retry: u32,
    /// What was answered.
    pub status: Option<u16>,
    /// Why nothing was.
    pub error: Option<String>,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is about to be sent, for the first time or again.
    Waiting,
    /// A fault holds it back.
    Held,
    /// A 2xx was answered.
    Delivered,
    /// An answer after which Jira does not try again: it is lost.
    Refused,
    /// All tries failed: it is lost.
    Failed,
    /// A fault lost it.
    Dropped,
    /// Too many were waiting: it is lost.
    Overflowed,
}

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its place in the order of deliveries, from 0.
    pub number: u64,
    /// The value of `X-Atlassian-Webhook-Identifier`.
    pub identifier: String,
    /// The site.
    pub cloud_id: String,
    /// The app.
    pub client_id: String,
    /// The account that registered the webhooks.
    pub account_id: String,
    /// Where to, as registered.
    pub url: String,
    /// The event.
    pub event: String,
    /// Id of the issue.
    pub issue_id: Option<u64>,
    /// Id of the comment.
    pub comment_id: Option<u64>,
    /// The webhooks that matched.
    pub webhook_ids: Vec<u64>,
    /// The value of `X-Atlassian-Webhook-Flow`.
    pub flow: Flow,
    /// Whether a stranger sends it, and not Jira.
    pub forged: bool,
    /// The tries so far, those of duplicates too.
    pub attempts: Vec<Attempt>,
    /// How it stands.
    pub outcome: Outcome,
}

impl Delivery {
    /// Whether nothing more will be tried for it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self.outcome, Outcome::Waiting | Outcome::Held)
    }
}

/// A delivery to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewDelivery {
    pub(crate) cloud_id: String,
    pub(crate) client_id: String,
    pub(crate) account_id: String,
    pub(crate) url: String,
    pub(crate) event: String,
    pub(crate) issue_id: Option<u64>,
    pub(crate) comment_id: Option<u64>,
    pub(crate) webhook_ids: Vec<u64>,
    pub(crate) flow: Flow,
    /// JSON.
    pub(crate) body: String,
}

/// One try that is to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) number: u64,
    pub(super) retry: u32,
    /// Whether it is a duplicate, which decides nothing.
    pub(super) is_copy: bool,
}

impl Step {
    /// The first try of a delivery.
    pub(super) fn first(number: u64) -> Self {
        Self {
            number,
            retry: 0,
            is_copy: false,
        }
    }
}
