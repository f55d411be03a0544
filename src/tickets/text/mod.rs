//! Texts of tickets: Markdown to what Jira takes, and what Jira has to plain text.
//!
//! [`markdown_to_adf`] and [`markdown_to_wiki`] read Markdown into the same small tree and write it
//! in the Atlassian Document Format (platform API) or as wiki text (request API of service
//! projects). What Jira's formats cannot hold is written in the nearest form that they can; no word
//! is dropped and nothing is cut: a text that does not fit is refused.
//!
//! [`plain_to_adf`] and [`plain_to_wiki`] do the same for text that is no Markdown.
//!
//! Text stays text. What Markdown did not mean as formatting, mention, image, macro or link is none
//! in Jira either. Web addresses that stand in the text as they are become links, as they do where
//! people write Markdown.

mod adf;
mod document;
mod error;
mod fit;
mod inline;
mod limits;
mod links;
mod plain;
mod read;
mod wiki;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use error::TextError;
pub use limits::check_summary;
#[cfg(test)]
use limits::{MAX_CHARACTERS, MAX_DEPTH, MAX_INPUT_BYTES};
pub use plain::adf_to_text;
use read::Addresses;

/// The document in the Atlassian Document Format that says what this Markdown says. Blank Markdown
/// gives a document without content.
///
/// # Errors
///
/// [`TextError`] if the Markdown is larger than [`MAX_INPUT_BYTES`], nested deeper than
/// [`MAX_DEPTH`], or holds more than [`MAX_CHARACTERS`] characters once converted.
pub fn markdown_to_adf(markdown: &str) -> Result<Value, TextError> {
    let document = adf::write(&fit::fit(read::read(markdown)?));
    limits::check_length(&adf_to_text(&document))?;
    Ok(document)
}

/// The wiki text that says what this Markdown says, for the request API of service projects. Blank
/// Markdown gives an empty text.
///
/// # Errors
///
/// [`TextError`] if the Markdown is larger than [`MAX_INPUT_BYTES`], nested deeper than
/// [`MAX_DEPTH`], or longer than [`MAX_CHARACTERS`] characters once converted.
pub fn markdown_to_wiki(markdown: &str) -> Result<String, TextError> {
    let text = wiki::write(&fit::fit(read::read(markdown)?));
    limits::check_length(&text)?;
    Ok(text)
}

/// The document that shows this text as it is: paragraphs of plain lines, without any formatting
/// or link. For text that is no Markdown, and for one whose converted form Jira refused.
///
/// # Errors
///
/// [`TextError`] if the text is larger than [`MAX_INPUT_BYTES`] or holds more than
/// [`MAX_CHARACTERS`] characters.
pub fn plain_to_adf(text: &str) -> Result<Value, TextError> {
    let document = adf::write(&read::plain(text, Addresses::Text)?);
    limits::check_length(&adf_to_text(&document))?;
    Ok(document)
}

/// Puts plain paragraphs in the place of a document with a form. Whether that changed it; what is no document stays.
pub fn unformat(value: &mut Value) -> bool {
    if value.get("type").and_then(Value::as_str) == Some("doc")
        && let Ok(plain) = plain_to_adf(&adf_to_text(value))
        && plain != *value
    {
        *value = plain;
        return true;
    }
    false
}

/// The wiki text that shows this text as it is: paragraphs of plain lines, without any formatting.
/// Web addresses are links, as Jira would make them links anyway.
///
/// # Errors
///
/// [`TextError`] if the text is larger than [`MAX_INPUT_BYTES`], or longer than
/// [`MAX_CHARACTERS`] characters once converted.
pub fn plain_to_wiki(text: &str) -> Result<String, TextError> {
    let wiki = wiki::write(&read::plain(text, Addresses::Linked)?);
    limits::check_length(&wiki)?;
    Ok(wiki)
}
