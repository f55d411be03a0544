//! Why a text cannot be sent to Jira.

use thiserror::Error;

/// Why a text cannot be sent to Jira. Each message says what to change; none quotes the text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TextError {
    /// The Markdown is larger than what is converted.
    #[error("the text has {bytes} bytes, at most {limit} are taken; shorten it, or link to the rest")]
    TooLarge {
        /// Bytes of the Markdown.
        bytes: usize,
        /// Bytes that are taken at most.
        limit: usize,
    },
    /// Lists and quotes stand in each other too deeply.
    #[error("lists and quotes are nested more than {limit} levels deep; write them flatter")]
    TooDeep {
        /// Levels that are taken at most; a list and its item are two.
        limit: usize,
    },
    /// The converted text is longer than Jira takes.
    #[error(
        "the text has {characters} characters once it is converted for Jira, which takes {limit}; \
         shorten it, or link to the rest"
    )]
    TooLong {
        /// Characters (UTF-16 units, as Jira counts) of the converted text.
        characters: usize,
        /// Characters that Jira takes at most.
        limit: usize,
    },
    /// The summary says nothing.
    #[error("the summary is empty; write one line that says what the ticket is about")]
    SummaryEmpty,
    /// The summary has a line break or another control character.
    #[error("the summary has a line break or control character; write it as one line")]
    SummaryNotOneLine,
    /// The summary is longer than Jira takes.
    #[error(
        "the summary has {characters} characters, Jira takes {limit}; shorten it and move the rest \
         to the description"
    )]
    SummaryTooLong {
        /// Characters (UTF-16 units, as Jira counts) of the summary.
        characters: usize,
        /// Characters that Jira takes at most.
        limit: usize,
    },
}
