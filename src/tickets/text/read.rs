//! Markdown to the tree.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::document::{Block, Inline};
use super::error::TextError;
use super::inline::{Line, Turn};
use super::limits::{self, MAX_DEPTH};

/// What this Markdown says.
pub(super) fn read(markdown: &str) -> Result<Vec<Block>, TextError> {
    limits::check_input(markdown)?;
    let markdown = markdown.replace("\r\n", "\n").replace('\r', "\n");
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut reader = Reader::default();
    for event in Parser::new_ext(&markdown, options) {
        reader.event(event)?;
    }
    Ok(reader.finish())
}

/// A text that is no Markdown: a paragraph of lines after each blank line.
pub(super) fn plain(text: &str, addresses: Addresses) -> Result<Vec<Block>, TextError> {
    limits::check_input(text)?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let paragraphs = lines
        .split(|line| line.trim().is_empty())
        .filter(|lines| !lines.is_empty());
    let paragraphs = paragraphs.map(|lines| {
        let mut line = Line::default();
        line.lines(&lines.join("\n"));
        Block::Paragraph(match addresses {
            Addresses::Linked => line.take(),
            Addresses::Text => line.take_unlinked(),
        })
    });
    Ok(paragraphs.collect())
}

/// What becomes of web addresses in plain text.
#[derive(Clone, Copy)]
pub(super) enum Addresses {
    Linked,
    Text,
}

/// A list, item or quote whose content is being read.
enum Open {
    List { start: Option<u64>, items: Vec<Vec<Block>> },
    Item(Vec<Block>),
    Quote(Vec<Block>),
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    open: Vec<Open>,
    line: Line,
    code: Option<(Option<String>, String)>,
    table: Vec<Vec<Vec<Inline>>>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Result<(), TextError> {
        match event {
            Event::Start(tag) => self.start(tag)?,
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.line.text(&text),
            },
            Event::Code(text) => self.line.code(&text),
            Event::Html(text) => self.line.lines(&text),
            Event::SoftBreak => self.line.text(" "),
            Event::HardBreak => self.line.line_break(),
            Event::Rule => {
                self.end_line();
                self.add(Block::Rule);
            }
            Event::TaskListMarker(done) => self.line.text(if done { "[x] " } else { "[ ] " }),
            Event::InlineHtml(text)
            | Event::FootnoteReference(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.line.text(&text),
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag<'_>) -> Result<(), TextError> {
        match tag {
            Tag::Emphasis => self.line.italic(Turn::On),
            Tag::Strong => self.line.strong(Turn::On),
            Tag::Strikethrough => self.line.strike(Turn::On),
            Tag::Link {
                link_type: LinkType::Email,
                dest_url,
                ..
            } => {
                self.line.open_link(format!("mailto:{dest_url}"));
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.line.open_link(dest_url.into_string());
            }
            Tag::TableHead | Tag::TableRow => self.table.push(Vec::new()),
            Tag::TableCell => {}
            Tag::BlockQuote(_) => self.open(Open::Quote(Vec::new()))?,
            Tag::List(start) => self.open(Open::List {
                start,
                items: Vec::new(),
            })?,
            Tag::Item => self.open(Open::Item(Vec::new()))?,
            Tag::CodeBlock(kind) => {
                self.end_line();
                self.code = Some((language(&kind), String::new()));
            }
            _ => self.end_line(),
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.line.italic(Turn::Off),
            TagEnd::Strong => self.line.strong(Turn::Off),
            TagEnd::Strikethrough => self.line.strike(Turn::Off),
            TagEnd::Link | TagEnd::Image => self.line.close_link(),
            TagEnd::TableCell => {
                let cell = self.line.take();
                if let Some(row) = self.table.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {}
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.table);
                self.add(Block::Table(rows));
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::Heading(level) => {
                let text = self.line.take();
                if !text.is_empty() {
                    self.add(Block::Heading {
                        level: number(level),
                        text,
                    });
                }
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => self.close(),
            _ => self.end_line(),
        }
    }

    fn open(&mut self, open: Open) -> Result<(), TextError> {
        self.end_line();
        if self.open.len() >= MAX_DEPTH {
            return Err(TextError::TooDeep { limit: MAX_DEPTH });
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self) {
        self.end_line();
        match self.open.pop() {
            Some(Open::Quote(blocks)) if !blocks.is_empty() => self.add(Block::Quote(blocks)),
            Some(Open::List { start, items }) if !items.is_empty() => {
                self.add(Block::List { start, items });
            }
            Some(Open::Item(blocks)) => match self.open.last_mut() {
                Some(Open::List { items, .. }) => items.push(blocks),
                _ => blocks.into_iter().for_each(|block| self.add(block)),
            },
            _ => {}
        }
    }

    /// The text so far is a paragraph: in tight lists no event says so.
    fn end_line(&mut self) {
        let text = self.line.take();
        if !text.is_empty() {
            self.add(Block::Paragraph(text));
        }
    }

    fn end_code(&mut self) {
        if let Some((language, text)) = self.code.take() {
            let text = text.strip_suffix('\n').unwrap_or(&text);
            let text = text.chars().map(visible_in_code).collect();
            self.add(Block::Code { language, text });
        }
    }

    fn add(&mut self, block: Block) {
        match self.open.last_mut() {
            Some(Open::Quote(blocks) | Open::Item(blocks)) => blocks.push(block),
            Some(Open::List { items, .. }) => items.push(vec![block]),
            None => self.blocks.push(block),
        }
    }

    fn finish(mut self) -> Vec<Block> {
        self.end_line();
        self.blocks
    }
}

/// The first word after the fence.
fn language(kind: &CodeBlockKind<'_>) -> Option<String> {
    let CodeBlockKind::Fenced(info) = kind else {
        return None;
    };
    let word = info.split([' ', '\t', ',', '{']).next().unwrap_or_default();
    let usable = !word.is_empty() && !word.chars().any(char::is_control);
    usable.then(|| word.to_owned())
}

fn visible_in_code(character: char) -> char {
    let shown = character == '\n' || !limits::breaks_a_line(character);
    if shown { character } else { char::REPLACEMENT_CHARACTER }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
