//! Dynamic webhooks: registrations through the API, and what deliveries tell of what happened.

pub(super) mod registering;
pub(super) mod registrations;

mod dispatch;
mod news;
mod payload;

pub(crate) use dispatch::{dispatch, forge};
