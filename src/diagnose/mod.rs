//! Why a connection works or does not: what Jira answers is gathered into evidence, plain data,
//! and judged by pure functions, one file a subject.

mod declared;
mod evidence;
pub mod examination;
pub mod gather;
pub mod judge;
mod nearest;
pub mod request_type;
#[cfg(test)]
mod testing;

pub use self::{
    declared::{DeclaredSpec, KnownProject, TypeStatuses, identities, is_closed},
    evidence::{
        DeskEvidence, DesksEvidence, DirectoryEvidence, Evidence, JiraResult, PersonEvidence, ProjectsEvidence,
        SiteEvidence, StatusesEvidence,
    },
    nearest::nearest,
};
