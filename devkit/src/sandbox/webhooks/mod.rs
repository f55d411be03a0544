//! Deliveries of webhooks: the outbox, its one task, and what can go wrong on the way. Only loopback is ever reached.

mod address;
mod delivery;
mod fault;
mod forged;
mod outbox;
mod queue;
mod request;
mod sender;
mod settings;
mod token;

pub use delivery::{Attempt, Delivery, Outcome};
pub use fault::{WebhookFault, WebhookTrouble};
pub use forged::{ForgedDelivery, ForgedToken};
pub use settings::DeliveryChange;

pub(crate) use delivery::NewDelivery;
pub(crate) use outbox::Outbox;
pub(crate) use sender::run;
