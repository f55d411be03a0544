//! Connecting: from the wish for a grant to the grant in its Secret. Pages and terminal share it.
//!
//! A person opens a link that only the object's readers have (`link`), consents at Atlassian,
//! and comes back with a code and a state (`flow`). The code is exchanged, the result judged
//! (`judge`) and stored (`service`).

mod callback_query;
mod failed_consent_words;
mod flow;
mod judge;
mod key;
pub mod link;
mod outcome;
mod public_url;
mod service;

pub use self::{
    callback_query::CallbackQuery,
    failed_consent_words::OutcomeText,
    flow::{FlowStage, Flows, PendingConsent, StateRejected},
    key::{Key, KeyError, Keys, nonce},
    outcome::{ConnectFailure, ConnectOutcome},
    public_url::{CALLBACK, DEFAULT_PUBLIC_URL, PublicUrl},
    service::{Connector, authorize, exchange_only, grant_key},
};
