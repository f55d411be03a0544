//! Tickets through random histories: the controller of tickets in two processes of this one, which share objects in
//! memory, and Jira as the sandbox. At no step is a ticket created beside one that can be found, and after quiet spec,
//! status and the ledger of effective writes agree. `TICKET_SEEDS` and `TICKET_STEPS` make it longer; `TICKET_SEED`
//! repeats one.

// A test that finds something else than it expects ends with a panic; that is its report.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value
)]

mod api_server;
mod history;
#[allow(dead_code)]
#[path = "../model/mod.rs"]
mod model;
mod process;
mod stage;
mod stored;
mod surroundings;
mod trace;
