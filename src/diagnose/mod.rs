//! Why a connection works or does not: what Jira answers is gathered into evidence, plain data,
//! and judged by pure functions, one file a subject.

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod backing;
#[cfg(test)]
mod backing_person;
pub mod evidence;
pub mod examination;
pub mod gather;
pub mod judge;
pub mod nearest;
#[cfg(test)]
mod properties;
pub mod request_type;
