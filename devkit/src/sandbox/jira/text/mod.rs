//! Text: Atlassian Document Format, wiki markup, and plain text.

mod inline;
pub(super) mod plain;
pub(super) mod wiki;
