//! Text: Atlassian Document Format, wiki markup, and plain text.

pub(super) mod adf;
mod inline;
pub(super) mod plain;
pub(super) mod wiki;
