//! The OAuth grant: where it is kept, when it is refreshed, and how it is never lost.
//!
//! One grant Secret belongs to each credential Secret and is shared by every integration that
//! names it, because two copies of a rotating refresh token kill each other.

pub mod connect;
pub mod credentials;
pub mod disconnect;
mod exchange;
pub mod finding;
pub mod freshness;
pub mod held;
mod hold;
pub mod keeper;
pub mod lane;
mod lanes;
mod leeway;
mod patience;
pub mod publish;
pub mod record;
pub mod secret_form;
pub mod store;
#[cfg(test)]
mod testing;
mod twins;
mod unsaved;
pub mod unused;
