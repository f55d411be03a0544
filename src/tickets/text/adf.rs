//! The tree in the Atlassian Document Format.

use serde_json::{Value, json};

use super::document::{Block, Inline, Marks, Span, Style};

/// The document. The blocks stand where ADF allows them ([`super::fit`]).
pub(super) fn write(blocks: &[Block]) -> Value {
    json!({"type": "doc", "version": 1, "content": nodes(blocks)})
}

fn nodes(blocks: &[Block]) -> Vec<Value> {
    blocks.iter().map(node).collect()
}

fn node(block: &Block) -> Value {
    match block {
        Block::Paragraph(text) => with_content(json!({"type": "paragraph"}), line(text)),
        Block::Heading { level, text } => {
            with_content(json!({"type": "heading", "attrs": {"level": level}}), line(text))
        }
        Block::List { start, items } => list(*start, items),
        Block::Quote(blocks) => json!({"type": "blockquote", "content": nodes(blocks)}),
        Block::Code { language, text } => code(language.as_deref(), text),
        Block::Rule => json!({"type": "rule"}),
        Block::Table(rows) => {
            let rows: Vec<_> = rows.iter().enumerate().map(|(at, row)| table_row(at, row)).collect();
            json!({"type": "table", "content": rows})
        }
    }
}

fn list(start: Option<u64>, items: &[Vec<Block>]) -> Value {
    let items: Vec<_> = items.iter().map(|blocks| item(blocks)).collect();
    match start {
        None => json!({"type": "bulletList", "content": items}),
        Some(1) => json!({"type": "orderedList", "content": items}),
        Some(first) => {
            json!({"type": "orderedList", "attrs": {"order": first}, "content": items})
        }
    }
}

/// An item begins with a paragraph or with code, never with a list.
fn item(blocks: &[Block]) -> Value {
    let mut content = nodes(blocks);
    if !matches!(blocks.first(), Some(Block::Paragraph(_) | Block::Code { .. })) {
        content.insert(0, json!({"type": "paragraph"}));
    }
    json!({"type": "listItem", "content": content})
}

fn code(language: Option<&str>, text: &str) -> Value {
    let empty = match language {
        Some(language) => json!({"type": "codeBlock", "attrs": {"language": language}}),
        None => json!({"type": "codeBlock"}),
    };
    match text {
        "" => empty,
        text => with_content(empty, vec![json!({"type": "text", "text": text})]),
    }
}

fn table_row(number: usize, cells: &[Vec<Inline>]) -> Value {
    let kind = if number == 0 { "tableHeader" } else { "tableCell" };
    let cells: Vec<_> = cells
        .iter()
        .map(|cell| {
            let paragraph = with_content(json!({"type": "paragraph"}), line(cell));
            json!({"type": kind, "content": [paragraph]})
        })
        .collect();
    json!({"type": "tableRow", "content": cells})
}

/// A node with no content has no `content`.
fn with_content(mut node: Value, content: Vec<Value>) -> Value {
    if let (Some(fields), false) = (node.as_object_mut(), content.is_empty()) {
        fields.insert("content".to_owned(), Value::Array(content));
    }
    node
}

fn line(pieces: &[Inline]) -> Vec<Value> {
    pieces
        .iter()
        .map(|piece| match piece {
            Inline::Text(span) => text(span),
            Inline::Break => json!({"type": "hardBreak"}),
        })
        .collect()
}

fn text(span: &Span) -> Value {
    match marks(&span.marks) {
        marks if marks.is_empty() => json!({"type": "text", "text": span.text}),
        marks => json!({"type": "text", "text": span.text, "marks": marks}),
    }
}

/// The marks in the order in which Jira itself writes them.
fn marks(marks: &Marks) -> Vec<Value> {
    let link = marks
        .link
        .iter()
        .map(|href| json!({"type": "link", "attrs": {"href": href}}));
    let names = match marks.style {
        Style::Code => vec!["code"],
        Style::Prose(emphasis) => {
            let all = [
                (emphasis.italic, "em"),
                (emphasis.strong, "strong"),
                (emphasis.strike, "strike"),
            ];
            all.into_iter().filter_map(|(set, name)| set.then_some(name)).collect()
        }
    };
    link.chain(names.into_iter().map(|name| json!({"type": name})))
        .collect()
}
