//! What random histories of tickets share, whether the controller alone or the whole operator lives through them: what
//! may happen, how it happens in the cluster and in Jira, and what the ledger of effective writes has to say of it.

pub mod colleagues;
pub mod edits;
pub mod end;
pub mod faults;
pub mod fields_end;
pub mod histories;
pub mod ledger;
pub mod mishaps;
pub mod moves;
pub mod objects;
pub mod people;
pub mod steps;
pub mod talk;
pub mod wants;
