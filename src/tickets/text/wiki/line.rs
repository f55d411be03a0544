//! Lines of text: formatting, links and code within them.

use super::super::document::{Emphasis, Inline, Marks, Span, Style};
use super::escape::{self, Around, JOINER};

/// [`JOINER`] as text.
const JOINED: &str = "\u{2060}";

/// The text, with its line breaks.
pub(super) fn lines(pieces: &[Inline]) -> String {
    let lines = pieces
        .split(|piece| *piece == Inline::Break)
        .map(|pieces| match line(pieces) {
            // An empty line would end the paragraph, or the list that it is in.
            line if line.trim().is_empty() => JOINER.to_string(),
            line => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text with spaces for its line breaks, where no line may end.
pub(super) fn one_line(pieces: &[Inline]) -> String {
    let space = Inline::plain(" ");
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| if *piece == Inline::Break { &space } else { piece })
        .cloned()
        .collect();
    line(&pieces)
}

fn line(pieces: &[Inline]) -> String {
    let spans: Vec<&Span> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Inline::Text(span) => Some(span),
            Inline::Break => None,
        })
        .collect();
    let text: String = spans.iter().map(|span| span.text.as_str()).collect();
    let mut writer = Writer {
        text: &text,
        at: 0,
        addresses_stay: false,
        out: String::new(),
    };
    for run in spans.chunk_by(|one, next| one.marks.link == next.marks.link) {
        match run.first().and_then(|span| span.marks.link.as_deref()) {
            Some(address) => writer.link(run, address),
            None => run.iter().for_each(|span| writer.span(span)),
        }
    }
    let line = writer.out;
    if escape::begins_a_block(&line) {
        format!("{JOINER}{line}")
    } else {
        line
    }
}

/// Writes a line whose characters are escaped by what stands around them.
struct Writer<'a> {
    /// The whole line, unescaped.
    text: &'a str,
    /// Bytes of it that are written.
    at: usize,
    /// Whether an address in the text is left as it is: it is to be copied, and no link can begin
    /// there.
    addresses_stay: bool,
    out: String,
}

impl Writer<'_> {
    fn span(&mut self, span: &Span) {
        let code = match span.marks.style {
            Style::Code => self.code(&span.text),
            Style::Prose(_) => None,
        };
        let written = code.unwrap_or_else(|| self.prose(&span.text, emphasis(&span.marks)));
        self.out.push_str(&written);
        self.at += span.text.len();
    }

    /// A link, as `[label|address]`. A label with brackets or `|` stands in front of it instead.
    fn link(&mut self, run: &[&Span], address: &str) {
        let label: String = run.iter().map(|span| span.text.as_str()).collect();
        let shows_address = label == address || label.trim().is_empty();
        let address = address.replace('!', "%21");
        let fits = !label.contains(['[', ']', '|']) && label.matches('!').count() < 2;
        // An address in emphasised text would be a link of its own, within the label too.
        let plain = label.contains("://") || label.to_ascii_lowercase().contains("mailto:");
        self.addresses_stay = fits;
        let mut written = String::new();
        for span in run {
            let emphasis = if plain {
                Emphasis::default()
            } else {
                emphasis(&span.marks)
            };
            written.push_str(&self.prose(&span.text, emphasis));
            self.at += span.text.len();
        }
        self.addresses_stay = false;
        // Jira does not show a `mailto:` that a label begins with.
        let apart = escape::begins_a_block(&written) || written.starts_with("mailto:");
        let joiner = if apart { JOINED } else { "" };
        let link = if shows_address {
            bare(&address)
        } else if fits {
            ["[", joiner, &written, "|", &address, "]"].concat()
        } else {
            [&written, " ", &bare(&address)].concat()
        };
        self.out.push_str(&link);
    }

    /// `{{code}}`, if what stands around it lets it be read so.
    fn code(&mut self, text: &str) -> Option<String> {
        let content = text.trim_matches([' ', '\t']);
        let (start, rest) = text.split_once(content).filter(|_| !content.is_empty())?;
        let word = |c: char| c.is_ascii_alphanumeric() || (!c.is_ascii() && c != '\u{a0}');
        let after = self.text.get(self.at + text.len()..)?.chars().next();
        let before = self.out.chars().next_back();
        let apart = |character: Option<char>| character.is_none_or(|c| !word(c));
        if (start.is_empty() && !apart(before)) || (rest.is_empty() && !apart(after)) {
            return None;
        }
        self.addresses_stay = true;
        let at = self.at + start.len();
        let written: String = content
            .char_indices()
            .map(|(offset, character)| {
                self.escaped(at, content, offset, character)
                    .unwrap_or_else(|| character.to_string())
            })
            .collect();
        self.addresses_stay = false;
        Some(format!("{start}{{{{{written}}}}}{rest}"))
    }

    /// Text with emphasis. Jira reads emphasised text twice, so a character that has to be escaped
    /// stands outside of the emphasis.
    fn prose(&self, text: &str, emphasis: Emphasis) -> String {
        let mut written = String::new();
        let mut run = String::new();
        for (offset, character) in text.char_indices() {
            let ends = (emphasis.italic && character == '_') || (emphasis.strike && character == '-');
            let escaped = self
                .escaped(self.at, text, offset, character)
                .or_else(|| ends.then(|| format!("\\{character}")));
            match escaped {
                Some(escaped) => {
                    written.push_str(&emphasised(&std::mem::take(&mut run), emphasis));
                    written.push_str(&escaped);
                }
                None => run.push(character),
            }
        }
        written.push_str(&emphasised(&run, emphasis));
        written
    }

    /// How to write a character of a span, which begins at this byte of the line; nothing if it
    /// may stand as it is.
    fn escaped(&self, start: usize, span: &str, offset: usize, character: char) -> Option<String> {
        let rest = span.get(offset + character.len_utf8()..).unwrap_or_default();
        let (before, after) = self.text.split_at_checked(start + offset).unwrap_or_default();
        let after = after.strip_prefix(character).unwrap_or_default();
        let around = Around {
            before,
            after,
            first: offset == 0,
            rest,
            addresses_stay: self.addresses_stay,
        };
        escape::escaped(character, around)
    }
}

/// A link that shows its address.
fn bare(address: &str) -> String {
    let writer = Writer {
        text: address,
        at: 0,
        addresses_stay: true,
        out: String::new(),
    };
    let label = writer.prose(address, Emphasis::default());
    // Jira takes a `mailto:` off and reads the rest as a line.
    let begins_a_block = label.strip_prefix("mailto:").is_some_and(escape::begins_a_block);
    if begins_a_block {
        ["[", JOINED, &label, "|", address, "]"].concat()
    } else if label == address {
        ["[", address, "]"].concat()
    } else {
        ["[", &label, "|", address, "]"].concat()
    }
}

/// The emphasis of prose. Jira shows no code inside a link, so there it is prose.
fn emphasis(marks: &Marks) -> Emphasis {
    match marks.style {
        Style::Prose(emphasis) => emphasis,
        Style::Code => Emphasis::default(),
    }
}

/// The text between the marks of its emphasis, which stand next to its words.
fn emphasised(text: &str, emphasis: Emphasis) -> String {
    let content = text.trim_matches([' ', '\t']);
    let marks = [(emphasis.strong, '*'), (emphasis.italic, '_'), (emphasis.strike, '-')];
    let marks: Vec<char> = marks
        .into_iter()
        .filter_map(|(set, mark)| set.then_some(mark))
        .collect();
    if marks.is_empty() || content.is_empty() {
        return text.to_owned();
    }
    let open: String = marks.iter().map(|mark| format!("{{{mark}}}")).collect();
    let close: String = marks.iter().rev().map(|mark| format!("{{{mark}}}")).collect();
    let start = if escape::begins_a_block(content) {
        JOINER.to_string()
    } else {
        String::new()
    };
    let (before, after) = text.split_once(content).unwrap_or_default();
    format!("{before}{open}{start}{content}{close}{after}")
}
