//! Documents as plain text, for the service desk's API and for counting.

use serde_json::{Value, json};

/// The most characters of text that a field or comment takes.
pub(crate) const LONGEST: usize = 32_767;

/// The text of a document, a block to a line.
pub(crate) fn of(document: &Value) -> String {
    let mut text = String::new();
    walk(document, &mut text);
    text.trim_end().to_owned()
}

fn walk(node: &Value, text: &mut String) {
    let attribute = |name: &str| node.pointer(&format!("/attrs/{name}")).and_then(Value::as_str);
    match node.get("type").and_then(Value::as_str).unwrap_or_default() {
        "text" => text.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
        "hardBreak" => text.push('\n'),
        "mention" => {
            text.push('@');
            text.push_str(attribute("text").or_else(|| attribute("id")).unwrap_or_default());
        }
        "emoji" => text.push_str(attribute("shortName").unwrap_or_default()),
        "inlineCard" | "blockCard" => text.push_str(attribute("url").unwrap_or_default()),
        _ => {
            for child in node.get("content").and_then(Value::as_array).into_iter().flatten() {
                walk(child, text);
            }
            let is_line = matches!(
                node.get("type").and_then(Value::as_str),
                Some("paragraph" | "heading" | "codeBlock" | "taskItem" | "rule")
            );
            if is_line {
                text.push('\n');
            }
        }
    }
}

/// How long a document's text is.
pub(crate) fn length(document: &Value) -> usize {
    of(document).chars().count()
}

/// Plain text as a document, a line to a paragraph.
pub(crate) fn document(text: &str) -> Value {
    let lines = text.lines().map(str::trim_end);
    let paragraph = |line: &str| match line {
        "" => json!({"type": "paragraph", "content": []}),
        line => json!({"type": "paragraph", "content": [{"type": "text", "text": line}]}),
    };
    let content: Vec<Value> = lines.map(paragraph).collect();
    json!({"type": "doc", "version": 1, "content": content})
}
