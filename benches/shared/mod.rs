//! What the benches share: their frame, the sandbox as a process, the operator as one, and the clients of others.

pub mod cluster;
pub mod frame;
pub mod ground;
pub mod markdown;
pub mod packages;
pub mod process;
pub mod remote;
