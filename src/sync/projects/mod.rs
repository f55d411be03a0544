//! The projects of a site as `JiraProject` objects: what they are to be, how they are written, and whether Jira
//! still answers about them as it did.

pub mod apply;
mod known;
mod plan;
mod planned;
mod removal;
mod stored_project;
mod unchanged;
pub mod workflows;

pub use known::browsed;
pub use plan::{ProjectPlan, plan};
pub use planned::{PlanInputs, PlannedProject};
pub use removal::ProjectRemoval;
pub use unchanged::{KnownState, is_unchanged};
