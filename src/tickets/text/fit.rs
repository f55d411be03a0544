//! Puts the tree into the shape that Jira's formats allow: quotes and list items hold paragraphs,
//! lists and code only, and quotes stand in nothing. What may not stand where it stands becomes
//! paragraphs that say the same.

use super::document::{Block, Inline};

/// What stands for a rule where none may stand.
const RULE_AS_TEXT: &str = "---";

/// The same document, with every block where Jira allows it.
pub(super) fn fit(blocks: Vec<Block>) -> Vec<Block> {
    blocks
        .into_iter()
        .map(|block| match block {
            Block::Quote(content) => Block::Quote(nested(content)),
            other => fit_lists(other),
        })
        .collect()
}

/// A table as one paragraph a row.
pub(super) fn table_as_paragraphs(rows: Vec<Vec<Vec<Inline>>>) -> Vec<Block> {
    let mut paragraphs = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        let mut text = Vec::new();
        for (column, cell) in row.into_iter().enumerate() {
            if column > 0 {
                text.push(Inline::plain(" | "));
            }
            match number {
                0 => text.extend(cell.into_iter().map(Inline::into_strong)),
                _ => text.extend(cell),
            }
        }
        paragraphs.push(Block::Paragraph(text));
    }
    paragraphs
}

/// The content of a quote or list item.
fn nested(blocks: Vec<Block>) -> Vec<Block> {
    blocks
        .into_iter()
        .flat_map(|block| match block {
            Block::Heading { text, .. } => {
                vec![Block::Paragraph(text.into_iter().map(Inline::into_strong).collect())]
            }
            Block::Rule => vec![Block::Paragraph(vec![Inline::plain(RULE_AS_TEXT)])],
            Block::Table(rows) => table_as_paragraphs(rows),
            Block::Quote(content) => nested(content).into_iter().map(quoted).collect(),
            other => vec![fit_lists(other)],
        })
        .collect()
}

fn fit_lists(block: Block) -> Block {
    match block {
        Block::List { start, items } => Block::List {
            start,
            items: items.into_iter().map(nested).collect(),
        },
        other => other,
    }
}

/// A block of a quote that may not be one: it says so as Markdown does.
fn quoted(block: Block) -> Block {
    match block {
        Block::Paragraph(mut text) => {
            text.insert(0, Inline::plain("> "));
            Block::Paragraph(text)
        }
        other => other,
    }
}
