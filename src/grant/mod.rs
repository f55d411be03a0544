//! The OAuth grant: where it is kept, when it is refreshed, and how it is never lost.
//!
//! One grant Secret belongs to each credential Secret and is shared by every integration that
//! names it, because two copies of a rotating refresh token kill each other.

mod access;
pub mod active;
pub mod codec;
pub mod connect;
mod copies;
pub mod credentials;
pub mod disconnect;
mod exchange;
pub mod findings;
pub mod freshness;
pub mod gc;
pub mod grants;
mod leeway;
mod lock_wait;
pub mod publish;
pub mod record;
pub mod slot;
mod slots;
pub mod store;
#[cfg(test)]
mod testing;
mod unsaved;
