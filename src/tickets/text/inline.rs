//! Collects the pieces of one line.

use super::document::{Emphasis, Inline, Marks, Span, Style};
use super::{limits, links};

/// Collects pieces of text as Markdown's events bring them, with what is open around them.
#[derive(Default)]
pub(super) struct Line {
    pieces: Vec<Inline>,
    strong: usize,
    italic: usize,
    strike: usize,
    links: Vec<OpenLink>,
}

/// A link or image whose text is being read.
struct OpenLink {
    address: String,
    /// Where it leads; none if the address may not be a link.
    target: Option<String>,
    text: String,
}

/// An emphasis that begins or ends.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    On,
    Off,
}

impl Line {
    pub fn strong(&mut self, turn: Turn) {
        count(&mut self.strong, turn);
    }

    pub fn italic(&mut self, turn: Turn) {
        count(&mut self.italic, turn);
    }

    pub fn strike(&mut self, turn: Turn) {
        count(&mut self.strike, turn);
    }

    pub fn open_link(&mut self, address: String) {
        let target = links::target(&address);
        self.links.push(OpenLink {
            address,
            target,
            text: String::new(),
        });
    }

    /// Ends the innermost link. One without text shows its address; so does one that may not be a
    /// link, since its address is known from nowhere else.
    pub fn close_link(&mut self) {
        let Some(link) = self.links.last() else {
            return;
        };
        let (address, may_link) = (link.address.clone(), link.target.is_some());
        let said = link.text.trim().to_owned();
        if said.is_empty() {
            self.text(&address);
        }
        self.links.pop();
        if !may_link && !said.is_empty() && !address.is_empty() && said != address {
            self.text(&format!(" ({address})"));
        }
    }

    /// Adds text in the current look.
    pub fn text(&mut self, text: &str) {
        let emphasis = Emphasis {
            strong: self.strong > 0,
            italic: self.italic > 0,
            strike: self.strike > 0,
        };
        self.push(text, Style::Prose(emphasis));
    }

    /// Adds a code span.
    pub fn code(&mut self, text: &str) {
        self.push(text, Style::Code);
    }

    /// Adds lines that stand as they are, such as HTML.
    pub fn lines(&mut self, text: &str) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.line_break();
            }
            self.text(line);
        }
    }

    pub fn line_break(&mut self) {
        self.pieces.push(Inline::Break);
    }

    /// Ends the line: its pieces without white space around line breaks and at the ends, with
    /// links where web addresses stand in the text. What is open stays open.
    pub fn take(&mut self) -> Vec<Inline> {
        self.take_unlinked().into_iter().flat_map(link_bare_addresses).collect()
    }

    /// [`Line::take`] without the links that the text does not ask for.
    pub fn take_unlinked(&mut self) -> Vec<Inline> {
        let mut pieces = std::mem::take(&mut self.pieces);
        trim_lines(&mut pieces);
        pieces.retain(|piece| !matches!(piece, Inline::Text(span) if span.text.is_empty()));
        let end = pieces
            .iter()
            .rposition(|piece| *piece != Inline::Break)
            .map_or(0, |at| at + 1);
        pieces.truncate(end);
        let start = pieces.iter().take_while(|piece| **piece == Inline::Break).count();
        pieces.drain(..start);
        pieces
    }

    fn push(&mut self, text: &str, style: Style) {
        let text: String = text.chars().map(visible).collect();
        for link in &mut self.links {
            link.text.push_str(&text);
        }
        let link = self.links.iter().find_map(|link| link.target.clone());
        let marks = Marks { style, link };
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Inline::Text(span)) if span.marks == marks => span.text.push_str(&text),
            _ => self.pieces.push(Inline::Text(Span { text, marks })),
        }
    }
}

fn count(open: &mut usize, turn: Turn) {
    match turn {
        Turn::On => *open += 1,
        Turn::Off => *open = open.saturating_sub(1),
    }
}

/// Control characters may be refused by Jira, and a text node holds no line break.
fn visible(character: char) -> char {
    match character {
        '\n' | '\u{2028}' | '\u{2029}' => ' ',
        _ if limits::breaks_a_line(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

/// Removes white space at the start and end of each line; a piece of nothing else becomes empty.
fn trim_lines(pieces: &mut [Inline]) {
    for line in pieces.split_mut(|piece| *piece == Inline::Break) {
        trim_until_text(line.iter_mut(), |text| text.trim_start_matches([' ', '\t']));
        trim_until_text(line.iter_mut().rev(), |text| text.trim_end_matches([' ', '\t']));
    }
}

fn trim_until_text<'a>(pieces: impl Iterator<Item = &'a mut Inline>, trim: impl Fn(&str) -> &str) {
    for piece in pieces {
        let Inline::Text(span) = piece else { return };
        span.text = trim(&span.text).to_owned();
        if !span.text.is_empty() {
            return;
        }
    }
}

/// The piece, cut so that each web address in its text is a piece of its own that links to it.
fn link_bare_addresses(piece: Inline) -> Vec<Inline> {
    let (text, style) = match piece {
        Inline::Text(Span {
            text,
            marks: Marks {
                style: style @ Style::Prose(_),
                link: None,
            },
        }) => (text, style),
        other => return vec![other],
    };
    let mut pieces = Vec::new();
    let mut add = |text: &str, link: Option<String>| {
        if !text.is_empty() {
            pieces.push(Inline::Text(Span {
                text: text.to_owned(),
                marks: Marks { style, link },
            }));
        }
    };
    let mut rest = text.as_str();
    while let Some((start, end)) = links::find_bare(rest) {
        let (before, from) = rest.split_at(start);
        let (address, after) = from.split_at(end - start);
        add(before, None);
        add(address, links::target(address));
        rest = after;
    }
    add(rest, None);
    pieces
}
