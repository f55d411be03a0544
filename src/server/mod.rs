//! What the operator serves: probes and metrics.

pub mod health;
