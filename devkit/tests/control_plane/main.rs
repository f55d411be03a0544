//! The control plane launcher against what it promises: a cluster at work, an API server that can be
//! restarted and frozen, two of them side by side, and nothing left behind however it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cluster;
mod observe;
mod shutdown;
