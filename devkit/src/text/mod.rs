//! Readers of Jira's forms of text that know nothing of who writes them, and Markdown to try writers with.

pub mod adf_validator;
pub mod markdown;
pub mod rng;
pub mod wiki_parser;
