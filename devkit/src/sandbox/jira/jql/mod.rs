//! A subset of JQL: enough for the operator's queries and for the mistakes people make in theirs.

mod compile;
mod field;
mod find;
mod lexer;
mod order;
mod parser;
mod structure;
mod test;
mod time;
mod values;
mod webhook_filter;

pub(super) use compile::{Plan, Searcher, compile};
pub(super) use find::{find, matches};
pub(super) use order::{Cursor, Order, start};
pub(super) use parser::parse;
pub(super) use structure::structure;
pub(super) use webhook_filter::WebhookFilter;
