//! Text set to a width: paragraphs, what stands beside a mark, and what a terminal must not obey.

use textwrap::{Options, WordSplitter, core::display_width, fill};

/// How text is set.
#[derive(Clone, Copy, Debug)]
pub struct PageLayout {
    /// Columns that a line may have.
    pub width: usize,
    /// Whether marks are coloured.
    pub colour: bool,
}

/// Fewest columns that text is wrapped to: below, every word would stand alone.
pub const NARROWEST: usize = 40;

/// Sentences for people, wrapped. A long word stays whole, because it is an address or a path to be copied.
#[must_use]
pub fn prose(text: &str, page: PageLayout) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    fill(&clean(&words.join(" ")), at_spaces(page.width).break_words(false)) + "\n"
}

/// Something that is set by itself: text to be wrapped after what it starts with, or lines that stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands before the first line; further lines are indented by as much.
    pub start: String,
    /// The text.
    pub text: String,
    /// Whether it stays as it is.
    pub verbatim: bool,
}

impl Block {
    /// Text that is wrapped.
    #[must_use]
    pub fn text(start: &str, text: &str) -> Self {
        Self {
            start: start.to_owned(),
            text: text.to_owned(),
            verbatim: false,
        }
    }

    /// A line that stays as it is.
    #[must_use]
    pub fn line(text: &str) -> Self {
        Self {
            start: "    ".to_owned(),
            text: text.to_owned(),
            verbatim: true,
        }
    }
}

/// The blocks, a blank line before each paragraph.
#[must_use]
pub fn blocks(blocks: &[Block], page: PageLayout) -> String {
    let mut out = String::new();
    for block in blocks {
        if block.start.is_empty() && !out.is_empty() {
            out.push('\n');
        }
        if block.verbatim {
            out.extend([block.start.as_str(), &clean(&block.text), "\n"]);
        } else {
            hanging(&mut out, &block.start, &block.text, page);
        }
    }
    out
}

/// Writes the text indented.
pub fn paragraph(out: &mut String, text: &str, indent: usize, page: PageLayout) {
    hanging(out, &" ".repeat(indent), text, page);
}

/// Writes the text after `start`, further lines indented by as many columns as `start` takes. A word
/// that is longer than a line is broken itself.
pub fn hanging(out: &mut String, start: &str, text: &str, page: PageLayout) {
    let indent = " ".repeat(display_width(start));
    let width = page.width.max(indent.len() + NARROWEST / 2);
    let options = at_spaces(width).initial_indent(start).subsequent_indent(&indent);
    out.push_str(&fill(&clean(text), options));
    out.push('\n');
}

/// Lines break at spaces, and not at the hyphens of names.
fn at_spaces<'a>(width: usize) -> Options<'a> {
    Options::new(width).word_splitter(WordSplitter::NoHyphenation)
}

/// Without what a terminal would take for a command: messages quote names from Jira and from files.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_wrapped_and_what_is_to_be_copied_stays_whole() {
        let page = PageLayout {
            width: 20,
            colour: false,
        };
        let link = "https://example.com/a/long/link";
        let text = prose(&format!("Open this link now: {link} and wait for it."), page);
        assert_eq!(text, format!("Open this link now:\n{link}\nand wait for it.\n"));
    }

    #[test]
    fn columns_are_counted_and_not_letters() {
        let page = PageLayout {
            width: 20,
            colour: false,
        };
        let wide = "\u{7533}\u{8acb} ".repeat(20);
        let text = prose(&wide, page);
        let widest = text.lines().map(display_width).max().unwrap_or(0);
        assert!((15..=20).contains(&widest), "{widest} columns:\n{text}");
    }

    #[test]
    fn items_are_indented_after_their_mark_and_code_stays() {
        let page = PageLayout {
            width: 20,
            colour: false,
        };
        let all = [
            Block::text("", "A heading"),
            Block::text("- ", "some words that do not fit"),
            Block::line("a long line of code that stays"),
            Block::text("", "Then."),
        ];
        let expected = "A heading\n- some words that do\n  not fit\n    a long line of code that stays\n\nThen.\n";
        assert_eq!(blocks(&all, page), expected);
    }
}
