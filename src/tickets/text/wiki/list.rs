//! Lists.

use super::super::document::Block;
use super::escape::JOINER;
use super::{Place, code, line};

/// Deeper items are written at this depth: Jira takes more marks for text.
const MAX_MARKS: usize = 20;

/// The list, one line or more an item.
pub(super) fn write(numbered: bool, items: &[Vec<Block>], place: Place) -> String {
    let mut lines = Vec::new();
    List {
        marks: String::new(),
        place,
    }
    .nested(numbered)
    .items(items, &mut lines);
    lines.join("\n")
}

struct List {
    /// What each item begins with: a mark for each list around it.
    marks: String,
    place: Place,
}

impl List {
    fn nested(&self, numbered: bool) -> Self {
        let mut marks = self.marks.clone();
        if marks.len() < MAX_MARKS {
            marks.push(if numbered { '#' } else { '*' });
        }
        Self {
            marks,
            place: self.place,
        }
    }

    fn items(&self, items: &[Vec<Block>], lines: &mut Vec<String>) {
        for item in items {
            self.item(item, lines);
        }
    }

    /// What follows a nested list would become part of its last item, so it begins an item of its
    /// own.
    fn item(&self, blocks: &[Block], lines: &mut Vec<String>) {
        let mut begun = false;
        for block in blocks {
            if let Block::List { start, items } = block {
                if lines.is_empty() || !begun {
                    lines.push(self.begin(&JOINER.to_string()));
                }
                self.nested(start.is_some()).items(items, lines);
                begun = false;
                continue;
            }
            let text = self.text(block);
            lines.push(if begun { text } else { self.begin(&text) });
            begun = true;
        }
        if blocks.is_empty() {
            lines.push(self.begin(&JOINER.to_string()));
        }
    }

    fn begin(&self, text: &str) -> String {
        format!("{} {text}", self.marks)
    }

    fn text(&self, block: &Block) -> String {
        match block {
            Block::Code { language, text } => code::write(language.as_deref(), text, self.place),
            Block::Paragraph(text) => line::lines(text),
            other => super::write_block(other, self.place),
        }
    }
}
