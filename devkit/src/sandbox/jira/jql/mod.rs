//! A subset of JQL: enough for the operator's queries and for the mistakes people make in theirs.

mod evaluate;
mod lexer;
mod parser;

pub(super) use evaluate::{Searcher, matching, validate};
pub(super) use parser::{Query, parse};
