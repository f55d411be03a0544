//! Blocks.

use super::{Node, body, inline, macro_at};

/// Marks that a list item has at most.
const MAX_MARKS: usize = 20;

pub(super) fn blocks(text: &str) -> Vec<Node> {
    read(text, true)
}

/// The blocks of a text; the text of an item or cell holds no lists and tables of its own.
fn read(text: &str, whole: bool) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n']);
        if rest.is_empty() {
            return nodes;
        }
        let (node, after) = block(rest, whole);
        nodes.push(node);
        // Each block takes something: it began with what is no space.
        rest = after;
    }
}

fn block(text: &str, whole: bool) -> (Node, &str) {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(found) = block_macro(text) {
        return found;
    }
    if let Some((level, heading)) = heading(line) {
        return (Node::Heading(level, inline::read(heading)), after);
    }
    if let Some(quoted) = line.strip_prefix("bq.") {
        return (Node::Foreign(format!("bq.{quoted}")), after);
    }
    let dashes = line.trim_end();
    if dashes == "----" || dashes == "-----" {
        return (Node::Rule, after);
    }
    if whole && item_marks(line).is_some() {
        return list(text);
    }
    if whole && line.starts_with('|') {
        return table(text);
    }
    paragraph(text, whole)
}

fn block_macro(text: &str) -> Option<(Node, &str)> {
    let (name, attributes, after) = macro_at(text)?;
    let lower = name.to_ascii_lowercase();
    let (inside, rest) = body(name, after).unwrap_or(("", after));
    let node = match lower.as_str() {
        "quote" => Node::Quote(blocks(inside)),
        "code" | "noformat" => {
            let language = attributes.trim_start_matches(':').to_owned();
            Node::Code(language, inside.trim_matches('\n').to_owned())
        }
        _ => return None,
    };
    Some((node, rest))
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let rest = line.strip_prefix(['h', 'H'])?;
    let level = rest
        .chars()
        .next()?
        .to_digit(10)
        .filter(|level| (1..=6).contains(level))?;
    let text = rest.get(1..)?.strip_prefix('.')?;
    Some((u8::try_from(level).ok()?, text.trim_start()))
}

/// The marks of the item that the line begins, and its text.
fn item_marks(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(' ');
    let end = line.find(|c| !matches!(c, '*' | '#' | '-'))?;
    let (marks, rest) = line.split_at_checked(end)?;
    let text = rest.strip_prefix(' ')?;
    (!marks.is_empty() && marks.len() <= MAX_MARKS).then_some((marks, text))
}

fn list(text: &str) -> (Node, &str) {
    let mut items: Vec<(&str, String)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if is_blank(line) {
            break;
        }
        let found = item_marks(line);
        let taken = found.map_or(rest, |(_, text)| rest.get(line.len() - text.len()..).unwrap_or(rest));
        let (content, after_content) = line_with_macros(taken).unwrap_or((line, after));
        match (found, items.last_mut()) {
            (Some((marks, _)), _) => items.push((marks, content.to_owned())),
            (None, Some((_, text))) => {
                text.push('\n');
                text.push_str(content);
            }
            (None, None) => break,
        }
        rest = after_content;
    }
    let depth = 1;
    (nested(&items, depth), rest)
}

/// A line, with all of each macro that begins in it. In lists and tables Jira finds macros even
/// where their brace is escaped.
fn line_with_macros(text: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let end = rest.find(['\n', '{']).unwrap_or(rest.len());
        let found = rest.get(end..)?;
        at += end;
        if !found.starts_with('{') {
            return Some((text.get(..at)?, found.strip_prefix('\n').unwrap_or("")));
        }
        let over = macro_at(found).and_then(|(name, _, after)| {
            let known = ["code", "noformat", "quote", "panel", "color", "adf"];
            let known = known.contains(&name.to_ascii_lowercase().as_str());
            body(name, after)
                .filter(|_| known)
                .map(|(_, rest)| found.len() - rest.len())
        });
        at += over.unwrap_or(1);
    }
}

/// The list of the items whose marks are this many; deeper ones are lists in the item before them.
fn nested(items: &[(&str, String)], depth: usize) -> Node {
    let mark = items.first().and_then(|(marks, _)| marks.chars().nth(depth - 1));
    let mut list: Vec<Vec<Node>> = Vec::new();
    let mut rest = items;
    while let Some(((marks, text), others)) = rest.split_first() {
        if marks.len() <= depth {
            list.push(read(text, false));
            rest = others;
            continue;
        }
        let deeper = rest.iter().take_while(|(marks, _)| marks.len() > depth).count();
        let (inside, after) = rest.split_at_checked(deeper).unwrap_or((rest, &[]));
        if list.is_empty() {
            list.push(Vec::new());
        }
        if let Some(item) = list.last_mut() {
            item.push(nested(inside, depth + 1));
        }
        rest = after;
    }
    Node::List(mark == Some('#'), list)
}

fn table(text: &str) -> (Node, &str) {
    let mut rows = Vec::new();
    let mut rest = text;
    while rest.starts_with('|') {
        let Some((line, after)) = line_with_macros(rest) else {
            break;
        };
        rows.push(cells(line));
        rest = after;
    }
    (Node::Table(rows), rest)
}

/// The cells of a row. Each `|` outside of a link ends one, escaped or not.
fn cells(line: &str) -> Vec<(bool, Vec<Node>)> {
    let mut cells = Vec::new();
    let mut rest = line;
    while let Some(after) = rest.strip_prefix('|') {
        let (header, after) = after.strip_prefix('|').map_or((false, after), |after| (true, after));
        let end = cell_end(after);
        let (cell, next) = after.split_at_checked(end).unwrap_or((after, ""));
        let is_edge = cell.is_empty() && next.is_empty();
        if !is_edge {
            cells.push((header, read(cell, false)));
        }
        rest = next;
    }
    cells
}

fn cell_end(text: &str) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        match rest.chars().next() {
            None | Some('|') => break,
            Some('[') => {
                let inside = rest.get(1..).unwrap_or_default();
                let end = inside.find(['[', ']', '\n']).filter(|end| *end > 0);
                let closed = end.filter(|end| inside.get(*end..).is_some_and(|rest| rest.starts_with(']')));
                at += closed.map_or(1, |end| end + 2);
            }
            Some(other) => at += other.len_utf8(),
        }
    }
    at.min(text.len())
}

/// Lines up to a blank one or to one that begins another block.
fn paragraph(text: &str, whole: bool) -> (Node, &str) {
    let mut content = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let begun = !content.is_empty();
        if is_blank(line) || (begun && begins_block(rest, line.trim_start(), whole)) {
            break;
        }
        if begun {
            content.push(Node::Break);
        }
        content.extend(inline::read(line.trim_start()));
        rest = after;
    }
    (Node::Paragraph(content), rest)
}

fn begins_block(text: &str, line: &str, whole: bool) -> bool {
    let dashes = line.trim_end();
    block_macro(text).is_some()
        || heading(line).is_some()
        || line.starts_with("bq.")
        || dashes == "----"
        || dashes == "-----"
        || (whole && (item_marks(line).is_some() || line.starts_with('|')))
}

/// A no-break space is text.
fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\t']).is_empty()
}
