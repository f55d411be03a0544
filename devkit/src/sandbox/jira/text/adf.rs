//! Whether a document is valid in Atlassian Document Format: node types, what may stand in what, marks, and text.

use serde_json::{Map, Value};

/// The most characters of text that a field or comment takes.
pub(crate) const LONGEST: usize = 32_767;

/// Nodes that stand in a line.
const INLINE: &[&str] = &[
    "text",
    "hardBreak",
    "mention",
    "emoji",
    "date",
    "status",
    "inlineCard",
    "placeholder",
    "inlineExtension",
    "mediaInline",
];
/// Nodes that stand on their own at the top.
const TOP: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "taskList",
    "decisionList",
    "blockquote",
    "codeBlock",
    "rule",
    "panel",
    "table",
    "expand",
    "mediaSingle",
    "mediaGroup",
    "blockCard",
    "embedCard",
    "extension",
    "bodiedExtension",
    "layoutSection",
];
const IN_LIST_ITEM: &[&str] = &[
    "paragraph",
    "bulletList",
    "orderedList",
    "taskList",
    "codeBlock",
    "mediaSingle",
];
const IN_QUOTE: &[&str] = &[
    "paragraph",
    "bulletList",
    "orderedList",
    "codeBlock",
    "mediaSingle",
    "mediaGroup",
];
const IN_PANEL: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "taskList",
    "decisionList",
    "codeBlock",
    "rule",
    "blockCard",
    "mediaSingle",
    "mediaGroup",
];
const IN_CELL: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "taskList",
    "decisionList",
    "blockquote",
    "codeBlock",
    "rule",
    "panel",
    "mediaSingle",
    "mediaGroup",
    "blockCard",
    "embedCard",
    "nestedExpand",
    "extension",
];

/// What a node takes inside.
struct Content {
    allowed: &'static [&'static str],
    /// Whether there has to be something.
    filled: bool,
}

const fn may(allowed: &'static [&'static str]) -> Content {
    Content { allowed, filled: false }
}

const fn must(allowed: &'static [&'static str]) -> Content {
    Content { allowed, filled: true }
}

/// What a node takes inside; `None` for one that the format does not have.
#[rustfmt::skip] // A table.
fn content_of(node: &str) -> Option<Content> {
    Some(match node {
        "doc" => may(TOP),
        "paragraph" | "heading" | "taskItem" | "decisionItem" => may(INLINE),
        "bulletList" | "orderedList" => must(&["listItem"]),
        "listItem" => must(IN_LIST_ITEM),
        "taskList" => must(&["taskItem", "taskList"]),
        "decisionList" => must(&["decisionItem"]),
        "blockquote" => must(IN_QUOTE),
        "codeBlock" => may(&["text"]),
        "panel" | "expand" | "nestedExpand" => must(IN_PANEL),
        "table" => must(&["tableRow"]),
        "tableRow" => may(&["tableCell", "tableHeader"]),
        "tableCell" | "tableHeader" => must(IN_CELL),
        "mediaSingle" | "mediaGroup" => must(&["media"]),
        "bodiedExtension" | "layoutColumn" => must(TOP),
        "layoutSection" => must(&["layoutColumn"]),
        "text" | "rule" | "hardBreak" | "mention" | "emoji" | "date" | "status" | "inlineCard" | "placeholder"
        | "inlineExtension" | "mediaInline" | "media" | "blockCard" | "embedCard" | "extension" => may(&[]),
        _ => return None,
    })
}

/// Attributes that a node must have.
fn attributes_of(node: &str) -> &'static [&'static str] {
    match node {
        "heading" => &["level"],
        "panel" => &["panelType"],
        "taskList" | "decisionList" => &["localId"],
        "taskItem" | "decisionItem" => &["localId", "state"],
        "mention" => &["id"],
        "emoji" => &["shortName"],
        "date" => &["timestamp"],
        "status" => &["text", "color"],
        "media" => &["type"],
        _ => &[],
    }
}

/// What is wrong with a document; the words are the sandbox's own, Jira does not say.
pub(crate) fn check(document: &Value) -> Result<(), String> {
    let is_document = document.get("type").and_then(Value::as_str) == Some("doc");
    if !is_document || document.get("version") != Some(&Value::from(1)) {
        return Err("the document is not of type doc and version 1".to_owned());
    }
    node(document, None)
}

fn node(value: &Value, parent: Option<&str>) -> Result<(), String> {
    let own = value.as_object().ok_or_else(|| format!("{value} is no node"))?;
    let kind = own.get("type").and_then(Value::as_str).unwrap_or_default();
    let rules = content_of(kind).ok_or_else(|| format!("there is no node `{kind}`"))?;
    let known = ["type", "attrs", "content", "marks", "text", "version"];
    if let Some(other) = own.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("`{kind}` has an unknown part `{other}`"));
    }
    attributes(own, kind)?;
    marks(own, kind, parent)?;
    if kind == "text" {
        return text(own, parent);
    }
    let children: &[Value] = match own.get("content") {
        None => &[],
        Some(Value::Array(children)) => children,
        Some(_) => return Err(format!("the content of `{kind}` is no list")),
    };
    if rules.filled && children.is_empty() {
        return Err(format!("`{kind}` is empty"));
    }
    for (place, child) in children.iter().enumerate() {
        let name = child.get("type").and_then(Value::as_str).unwrap_or_default();
        let first_of_item =
            kind == "listItem" && place == 0 && !matches!(name, "paragraph" | "codeBlock" | "mediaSingle");
        if !rules.allowed.contains(&name) || first_of_item || (kind == "taskList" && place == 0 && name != "taskItem") {
            return Err(format!("`{name}` may not stand there in `{kind}`"));
        }
        node(child, Some(kind))?;
    }
    Ok(())
}

fn text(own: &Map<String, Value>, parent: Option<&str>) -> Result<(), String> {
    let text = own.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| "a text node has no text".to_owned())?;
    if text.is_empty() {
        return Err("a text node is empty".to_owned());
    }
    // Code keeps its lines; elsewhere a line ends with a hardBreak.
    if parent != Some("codeBlock") && text.contains(['\n', '\r']) {
        return Err("a text node has a line break".to_owned());
    }
    Ok(())
}

fn attributes(own: &Map<String, Value>, kind: &str) -> Result<(), String> {
    let attributes = own.get("attrs");
    if attributes.is_some_and(|attributes| !attributes.is_object()) {
        return Err(format!("the attributes of `{kind}` are no object"));
    }
    let get = |name: &str| attributes.and_then(|attributes| attributes.get(name));
    if let Some(missing) = attributes_of(kind).iter().find(|name| get(name).is_none()) {
        return Err(format!("`{kind}` has no `{missing}`"));
    }
    let text = |name: &str| get(name).and_then(Value::as_str);
    let right = match kind {
        "heading" => get("level")
            .and_then(Value::as_u64)
            .is_some_and(|level| (1..=6).contains(&level)),
        "panel" => ["info", "note", "tip", "warning", "error", "success", "custom"]
            .contains(&text("panelType").unwrap_or_default()),
        "taskItem" => ["TODO", "DONE"].contains(&text("state").unwrap_or_default()),
        "orderedList" => get("order").is_none_or(Value::is_u64),
        "codeBlock" => get("language").is_none_or(Value::is_string),
        "inlineCard" | "blockCard" => get("url").or_else(|| get("data")).is_some(),
        _ => true,
    };
    right
        .then_some(())
        .ok_or_else(|| format!("an attribute of `{kind}` has a wrong value"))
}

fn marks(own: &Map<String, Value>, kind: &str, parent: Option<&str>) -> Result<(), String> {
    let marks = match own.get("marks") {
        None => return Ok(()),
        Some(Value::Array(marks)) => marks,
        Some(_) => return Err(format!("the marks of `{kind}` are no list")),
    };
    let names: Vec<&str> = marks.iter().filter_map(|mark| mark.get("type")?.as_str()).collect();
    let allowed: &[&str] = match kind {
        "text" if parent == Some("codeBlock") => &[],
        "text" if names.contains(&"code") => &["code", "link", "annotation"],
        "text" => &[
            "strong",
            "em",
            "strike",
            "underline",
            "link",
            "subsup",
            "textColor",
            "backgroundColor",
            "annotation",
        ],
        "paragraph" | "heading" => &["alignment", "indentation"],
        "codeBlock" | "expand" | "layoutSection" => &["breakout"],
        "media" | "mediaSingle" | "mediaInline" => &["link", "border", "annotation"],
        _ => &[],
    };
    if names.len() != marks.len() || names.iter().any(|name| !allowed.contains(name)) {
        return Err(format!("`{kind}` does not take the marks {}", names.join(", ")));
    }
    let repeated = names
        .iter()
        .enumerate()
        .any(|(place, name)| names.iter().skip(place + 1).any(|other| other == name));
    let right = |mark: &Value| {
        let get = |name: &str| mark.pointer(&format!("/attrs/{name}")).and_then(Value::as_str);
        match mark.get("type").and_then(Value::as_str) {
            Some("link") => get("href").is_some_and(|href| !href.is_empty()),
            Some("subsup") => matches!(get("type"), Some("sub" | "sup")),
            Some("textColor" | "backgroundColor") => get("color").is_some_and(|colour| colour.starts_with('#')),
            _ => true,
        }
    };
    let right = !repeated && marks.iter().all(right);
    right
        .then_some(())
        .ok_or_else(|| format!("a mark of `{kind}` is wrong or there twice"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn doc(content: &Value) -> Value {
        json!({"type": "doc", "version": 1, "content": content})
    }

    fn paragraph(text: &str) -> Value {
        json!({"type": "paragraph", "content": [{"type": "text", "text": text}]})
    }

    #[test]
    fn what_markdown_needs_is_valid() {
        let marked = json!([{"type": "paragraph", "content": [
            {"type": "text", "text": "a", "marks": [{"type": "strong"}, {"type": "em"}]},
            {"type": "hardBreak"},
            {"type": "text", "text": "b", "marks": [{"type": "code"}, {"type": "link", "attrs": {"href": "https://x"}}]},
        ]}]);
        let item = json!({"type": "listItem", "content": [paragraph("x"), {"type": "bulletList", "content": [
            {"type": "listItem", "content": [paragraph("y")]},
        ]}]});
        let cell = json!({"type": "tableHeader", "attrs": {}, "content": [paragraph("h")]});
        for content in [
            json!([]),
            json!([{"type": "paragraph"}, {"type": "rule"}, {"type": "codeBlock"}]),
            marked,
            json!([{"type": "heading", "attrs": {"level": 6}, "content": []}]),
            json!([{"type": "orderedList", "attrs": {"order": 3}, "content": [item]}]),
            json!([{"type": "codeBlock", "attrs": {"language": "rust"}, "content": [{"type": "text", "text": "a\nb"}]}]),
            json!([{"type": "blockquote", "content": [paragraph("q")]}]),
            json!([{"type": "table", "content": [{"type": "tableRow", "content": [cell]}]}]),
            json!([{"type": "taskList", "attrs": {"localId": "1"}, "content": [
                {"type": "taskItem", "attrs": {"localId": "2", "state": "TODO"}, "content": [{"type": "text", "text": "t"}]},
            ]}]),
        ] {
            let document = doc(&content);
            assert_eq!(check(&document), Ok(()), "{document}");
        }
    }

    #[test]
    fn what_jira_refuses_is_not_valid() {
        for content in [
            json!([paragraph("")]),
            json!([paragraph("a\nb")]),
            json!([{"type": "text", "text": "bare"}]),
            json!([{"type": "heading", "attrs": {"level": 7}}]),
            json!([{"type": "heading"}]),
            json!([{"type": "bulletList", "content": []}]),
            json!([{"type": "bulletList", "content": [paragraph("x")]}]),
            json!([{"type": "bulletList", "content": [{"type": "listItem", "content": [{"type": "heading", "attrs": {"level": 1}}]}]}]),
            json!([{"type": "blockquote", "content": [{"type": "heading", "attrs": {"level": 1}}]}]),
            json!([{"type": "blockquote", "content": [{"type": "blockquote", "content": [paragraph("x")]}]}]),
            json!([{"type": "codeBlock", "content": [{"type": "text", "text": ""}]}]),
            json!([{"type": "codeBlock", "content": [{"type": "text", "text": "x", "marks": [{"type": "strong"}]}]}]),
            json!([{"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": [{"type": "code"}, {"type": "strong"}]}]}]),
            json!([{"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": [{"type": "link"}]}]}]),
            json!([{"type": "paragraph", "content": [{"type": "image"}]}]),
            json!([{"type": "paragraph", "colour": "red"}]),
            json!("text"),
        ] {
            let document = doc(&content);
            assert!(check(&document).is_err(), "{document}");
        }
        for document in [
            json!("text"),
            json!({"type": "doc", "content": []}),
            json!({"version": 1, "content": []}),
        ] {
            assert!(check(&document).is_err(), "{document}");
        }
    }
}
