//! The HTTP servers: probes and metrics on one listener, the connect pages on another.

pub mod connect;
pub mod health;
mod listener;
