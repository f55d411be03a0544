//! Sizes that Jira takes, and that this module takes.

use super::error::TextError;

/// Bytes of Markdown that are converted at most. Some Markdown takes time that grows with the
/// square of its size.
pub const MAX_INPUT_BYTES: usize = 32 * 1024;

/// Levels of lists, items and quotes within each other that are converted at most.
pub const MAX_DEPTH: usize = 50;

/// Characters (UTF-16 units) that Jira takes in one description or comment.
pub const MAX_CHARACTERS: usize = 32_767;

/// Characters (UTF-16 units) that Jira takes in a summary.
pub const MAX_SUMMARY_CHARACTERS: usize = 255;

/// Whether Jira takes this as the summary of a ticket: one line of 1 to
/// [`MAX_SUMMARY_CHARACTERS`] characters.
///
/// # Errors
///
/// [`TextError::SummaryEmpty`], [`TextError::SummaryNotOneLine`] or [`TextError::SummaryTooLong`].
pub fn check_summary(summary: &str) -> Result<(), TextError> {
    if summary.trim().is_empty() {
        return Err(TextError::SummaryEmpty);
    }
    if summary.chars().any(breaks_a_line) {
        return Err(TextError::SummaryNotOneLine);
    }
    match length(summary) {
        characters if characters > MAX_SUMMARY_CHARACTERS => Err(TextError::SummaryTooLong {
            characters,
            limit: MAX_SUMMARY_CHARACTERS,
        }),
        _ => Ok(()),
    }
}

/// Refuses Markdown that is too large to convert.
pub(super) fn check_input(markdown: &str) -> Result<(), TextError> {
    if markdown.len() > MAX_INPUT_BYTES {
        return Err(TextError::TooLarge {
            bytes: markdown.len(),
            limit: MAX_INPUT_BYTES,
        });
    }
    Ok(())
}

/// Refuses a converted text that is longer than Jira takes.
pub(super) fn check_length(converted: &str) -> Result<(), TextError> {
    match length(converted) {
        characters if characters > MAX_CHARACTERS => Err(TextError::TooLong {
            characters,
            limit: MAX_CHARACTERS,
        }),
        _ => Ok(()),
    }
}

/// Whether the character ends a line or is none that people see. A tab is white space.
pub(super) fn breaks_a_line(character: char) -> bool {
    (character.is_control() && character != '\t') || matches!(character, '\u{2028}' | '\u{2029}')
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
