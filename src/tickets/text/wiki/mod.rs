//! The tree as wiki text.
//!
//! Jira reads wiki text with two programs, one for portals and one that turns it into ADF. They
//! differ; what is written here is read alike by both. Where they leave no way to write something,
//! its text is written without the form.

mod code;
mod escape;
mod line;
mod list;
mod table;

use super::document::Block;

/// The wiki text. The blocks stand where Jira allows them ([`super::fit`]).
pub(in crate::tickets::text) fn write(blocks: &[Block]) -> String {
    write_blocks(blocks, Place::Document)
}

/// Where a block stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Document,
    Quote,
}

fn write_blocks(blocks: &[Block], place: Place) -> String {
    let blocks: Vec<_> = blocks.iter().map(|block| write_block(block, place)).collect();
    blocks.join("\n\n")
}

fn write_block(block: &Block, place: Place) -> String {
    match block {
        Block::Paragraph(text) => line::lines(text),
        Block::Heading { level, text } => format!("h{level}. {}", line::one_line(text)),
        Block::List { start, items } => list::write(start.is_some(), items, place),
        Block::Quote(content) => {
            format!("{{quote}}\n{}\n{{quote}}", write_blocks(content, Place::Quote))
        }
        Block::Code { language, text } => code::write(language.as_deref(), text, place),
        Block::Rule => "----".to_owned(),
        Block::Table(rows) => table::write(rows),
    }
}
