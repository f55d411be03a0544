//! The mirror of issues, followed through random histories of a site: the engine in this process,
//! Jira as the sandbox, the mirror in memory. After each step nothing was removed that lives, and after
//! quiet the mirror equals the site. `MIRROR_SEEDS` and `MIRROR_STEPS` make it longer; `MIRROR_SEED`
//! repeats one.

// A test that finds something else than it expects ends with a panic; that is its report.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value
)]

mod clock;
mod crash;
mod history;
mod incidents;
mod initial_sync;
mod late_index;
mod memory_mirror;
mod removals;
// What happens every day is for the whole operator.
mod known_pitfalls;
#[allow(dead_code)]
#[path = "../model/mod.rs"]
mod model;
mod names;
mod pages;
mod project_status;
mod refusals;
mod replay;
mod scale;
mod scans;
mod setup;
mod site;
