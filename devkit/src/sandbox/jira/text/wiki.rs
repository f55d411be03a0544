//! Wiki markup, which the service desk's API takes, as the document that people then see.

use serde_json::{Value, json};

use super::inline;

/// How deep lists go.
const DEEPEST: usize = 20;

/// The document of a text in wiki markup.
pub(crate) fn document(text: &str) -> Value {
    let lines: Vec<&str> = text.split(['\n', '\r']).map(str::trim_end).collect();
    json!({"type": "doc", "version": 1, "content": blocks(&lines)})
}

fn blocks(lines: &[&str]) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rest = lines.get(at..).unwrap_or_default();
        let (block, taken) = fenced(rest)
            .or_else(|| single(line).map(|block| (Some(block), 1)))
            .or_else(|| list(rest))
            .or_else(|| table(rest))
            .unwrap_or_else(|| paragraph(rest));
        found.extend(block);
        at += taken.max(1);
    }
    found
}

/// A block, if there is something in it, and how many lines it took.
type Taken = (Option<Value>, usize);

/// The name of a macro that begins the line, its parameters, and what follows it.
fn opening<'a>(line: &'a str, names: &[&'static str]) -> Option<(&'static str, &'a str, &'a str)> {
    let inner = line.trim_start().strip_prefix('{')?;
    let (head, rest) = inner.split_once('}')?;
    let (name, parameters) = head.split_once(':').unwrap_or((head, ""));
    let name = names.iter().find(|known| **known == name)?;
    Some((name, parameters, rest))
}

/// Code, a quote or a panel: from its macro to the same macro.
fn fenced(lines: &[&str]) -> Option<Taken> {
    let (name, parameters, rest) = opening(lines.first()?, &["code", "noformat", "quote", "panel"])?;
    let end = format!("{{{name}}}");
    let mut inner = Vec::new();
    let mut taken = lines.len();
    let mut first = Some(rest);
    for (place, line) in lines.iter().enumerate() {
        let line = first.take().unwrap_or(line);
        if let Some((before, _)) = line.split_once(&end) {
            inner.extend((!before.is_empty()).then_some(before));
            taken = place + 1;
            break;
        }
        if place > 0 || !line.is_empty() {
            inner.push(line);
        }
    }
    let block = match name {
        "quote" => json!({"type": "blockquote", "content": quotable(blocks(&inner))}),
        "panel" => json!({"type": "panel", "attrs": {"panelType": "info"}, "content": filled(blocks(&inner))}),
        _ => code(&inner.join("\n"), parameters),
    };
    Some((Some(block), taken))
}

fn code(text: &str, parameters: &str) -> Value {
    let language = parameters
        .split('|')
        .find(|part| !part.is_empty() && !part.contains('='));
    let content: Vec<Value> = match text {
        "" => Vec::new(),
        text => vec![json!({"type": "text", "text": text})],
    };
    match language {
        Some(language) => json!({"type": "codeBlock", "attrs": {"language": language}, "content": content}),
        None => json!({"type": "codeBlock", "content": content}),
    }
}

/// What a quote can hold: headings become paragraphs, other blocks go.
fn quotable(blocks: Vec<Value>) -> Vec<Value> {
    let keep = |mut block: Value| match block.get("type").and_then(Value::as_str)? {
        "heading" => {
            let content = block.get_mut("content").map(Value::take);
            Some(json!({"type": "paragraph", "content": content}))
        }
        "paragraph" | "bulletList" | "orderedList" | "codeBlock" => Some(block),
        _ => None,
    };
    filled(blocks.into_iter().filter_map(keep).collect())
}

fn filled(blocks: Vec<Value>) -> Vec<Value> {
    if blocks.is_empty() {
        return vec![json!({"type": "paragraph", "content": []})];
    }
    blocks
}

/// A block of one line.
fn single(line: &str) -> Option<Value> {
    let line = line.trim_start();
    if line.len() >= 4 && line.bytes().all(|byte| byte == b'-') {
        return Some(json!({"type": "rule"}));
    }
    if let Some(text) = line.strip_prefix("bq. ") {
        let paragraph = json!({"type": "paragraph", "content": inline::parse(text)});
        return Some(json!({"type": "blockquote", "content": [paragraph]}));
    }
    let (level, text) = line.strip_prefix('h')?.split_once(". ")?;
    let level: u8 = level.parse().ok().filter(|level| (1..=6).contains(level))?;
    Some(json!({"type": "heading", "attrs": {"level": level}, "content": inline::parse(text)}))
}

/// The marks in front of an entry of a list, and its text.
fn entry(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let (marks, text) = line.split_once(' ')?;
    let known = (1..=DEEPEST).contains(&marks.len()) && marks.bytes().all(|mark| matches!(mark, b'*' | b'#' | b'-'));
    // Two and three dashes are dashes.
    let dashes = marks.len() > 1 && marks.bytes().all(|mark| mark == b'-');
    (known && !dashes).then_some((marks, text.trim_start()))
}

fn list(lines: &[&str]) -> Option<Taken> {
    entry(lines.first()?)?;
    let entries: Vec<(&str, &str)> = lines.iter().map_while(|line| entry(line)).collect();
    Some((Some(list_of(&entries, 0)), entries.len()))
}

/// A list of entries that are at least so deep.
fn list_of(entries: &[(&str, &str)], depth: usize) -> Value {
    let mut items: Vec<Value> = Vec::new();
    let mut at = 0;
    while let Some((marks, text)) = entries.get(at) {
        if marks.len() <= depth + 1 {
            let paragraph = json!({"type": "paragraph", "content": inline::parse(text)});
            items.push(json!({"type": "listItem", "content": [paragraph]}));
            at += 1;
            continue;
        }
        let deeper = entries.iter().skip(at).take_while(|(marks, _)| marks.len() > depth + 1);
        let count = deeper.count();
        let inner = list_of(entries.get(at..at + count).unwrap_or_default(), depth + 1);
        if items.is_empty() {
            items.push(json!({"type": "listItem", "content": [{"type": "paragraph", "content": []}]}));
        }
        let last = items
            .last_mut()
            .and_then(|item| item.get_mut("content")?.as_array_mut());
        if let Some(content) = last {
            content.push(inner);
        }
        at += count;
    }
    let numbered = entries.first().and_then(|(marks, _)| marks.as_bytes().get(depth)) == Some(&b'#');
    let kind = if numbered { "orderedList" } else { "bulletList" };
    json!({"type": kind, "content": items})
}

fn table(lines: &[&str]) -> Option<Taken> {
    let rows = lines.iter().take_while(|line| line.trim_start().starts_with('|'));
    let rows: Vec<Vec<Value>> = rows.map(|line| cells(line.trim())).collect();
    let taken = rows.len();
    // All rows of a table are as wide.
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let row = |mut cells: Vec<Value>| {
        cells.resize_with(width, || cell("tableCell", ""));
        json!({"type": "tableRow", "content": cells})
    };
    let content: Vec<Value> = rows.into_iter().map(row).collect();
    let table = (width > 0).then(|| json!({"type": "table", "content": content}));
    (taken > 0).then_some((table, taken))
}

fn cell(kind: &str, text: &str) -> Value {
    let paragraph = json!({"type": "paragraph", "content": inline::parse(text)});
    json!({"type": kind, "attrs": {}, "content": [paragraph]})
}

fn cells(line: &str) -> Vec<Value> {
    let mut cells = Vec::new();
    let mut rest = line;
    while let Some(inner) = rest.strip_prefix('|').filter(|inner| !inner.is_empty()) {
        let (header, inner) = match inner.strip_prefix('|') {
            Some(inner) => (true, inner),
            None => (false, inner),
        };
        if inner.is_empty() {
            break;
        }
        let end = cell_end(inner);
        let (text, after) = inner.split_at_checked(end).unwrap_or((inner, ""));
        cells.push(cell(if header { "tableHeader" } else { "tableCell" }, text.trim()));
        rest = after;
    }
    cells
}

/// Where a cell ends: at a bar that is neither escaped nor inside of a link.
fn cell_end(text: &str) -> usize {
    let (mut escaped, mut depth) = (false, 0_usize);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Lines up to an empty one or another block; each ends where it ends.
fn paragraph(lines: &[&str]) -> Taken {
    let mut content: Vec<Value> = Vec::new();
    let mut taken = 0;
    for line in lines {
        let other = || taken > 0 && (single(line).is_some() || entry(line).is_some() || line.starts_with('|'));
        let fence = || opening(line, &["code", "noformat", "quote", "panel"]).is_some();
        if line.trim().is_empty() || other() || (taken > 0 && fence()) {
            break;
        }
        if taken > 0 {
            content.push(json!({"type": "hardBreak"}));
        }
        content.extend(inline::parse(line.trim_start()));
        taken += 1;
    }
    let block = (taken > 0).then(|| json!({"type": "paragraph", "content": content}));
    (block, taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::adf_validator::violations;

    fn types(document: &Value) -> Vec<&str> {
        let content = document.get("content").and_then(Value::as_array);
        content
            .into_iter()
            .flatten()
            .filter_map(|node| node.get("type")?.as_str())
            .collect()
    }

    #[test]
    fn blocks_are_told_apart_and_always_valid() {
        let text = "h2. Title\nTwo\nlines\n\n* a\n** b\n*# c\n# d\n----\n{code:rust}\nlet x = 1;\n\n{code}\n\
            {quote}\nh1. said\n{quote}\nbq. short\n||h1||h2||\n|a\\|b|[t|https://x.example]|\n{panel:title=x}\np\n{panel}";
        let found = document(text);
        assert_eq!(violations(&found), Vec::<String>::new(), "{found}");
        assert_eq!(
            types(&found),
            [
                "heading",
                "paragraph",
                "bulletList",
                "rule",
                "codeBlock",
                "blockquote",
                "blockquote",
                "table",
                "panel"
            ]
        );
        let code = found.pointer("/content/4/content/0/text");
        assert_eq!(code, Some(&"let x = 1;\n".into()));
        let cells = found.pointer("/content/7/content/1/content").and_then(Value::as_array);
        assert_eq!(cells.map(Vec::len), Some(2), "{found}");
    }

    #[test]
    fn odd_text_is_still_a_document() {
        for text in [
            "",
            "{code}",
            "{quote}",
            "|",
            "||",
            "*",
            "** deep\n* up",
            "{panel}{panel}",
            "- -- ---",
            "\\",
            "h9. x",
        ] {
            let found = document(text);
            assert_eq!(violations(&found), Vec::<String>::new(), "{text:?}: {found}");
        }
    }

    #[test]
    fn whatever_people_type_becomes_a_valid_document() {
        const SIGNS: &[u8] = b"**__--+^~{}{}[]||!\\\\##hq. 1 \n\nabc:/?(x){code}https://x.y ";
        let mut seed = 42_u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(seed >> 33).unwrap_or_default() % below
        };
        for _ in 0..5000 {
            let length = next(80);
            let bytes = (0..length).filter_map(|_| SIGNS.get(next(SIGNS.len())).copied());
            let text: String = bytes.map(char::from).collect();
            let found = document(&text);
            assert_eq!(violations(&found), Vec::<String>::new(), "{text:?}: {found}");
        }
        let deep = format!("{} x\n{}", "*".repeat(40_000), "*_".repeat(9000));
        assert_eq!(violations(&document(&deep)), Vec::<String>::new());
    }
}
