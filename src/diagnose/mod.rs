//! Why a connection works or does not: what Jira answers is gathered into evidence, plain data,
//! and judged by pure functions, one file a subject.

pub mod evidence;
pub mod examine;
pub mod gather;
pub mod judge;
pub mod nearest;
mod request_type;
