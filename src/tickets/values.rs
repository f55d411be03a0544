//! Values of fields, as the operator sends them and as Jira shows them: whether they say the same. Jira writes documents
//! anew, and shows an option with all that is known of it. Pure.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::text;
use crate::atlassian::issue_fields::time;

/// Digits of a digest.
const DIGITS: usize = 12;
/// Most characters of a value that are shown.
const SHOWN: usize = 60;
/// By what Jira names a value, the most exact first.
const NAMES: [&str; 5] = ["accountId", "id", "key", "value", "name"];

/// Digest of a text.
#[must_use]
pub fn digest(text: &str) -> String {
    let digest = format!("{:x}", Sha256::digest(text));
    digest.chars().take(DIGITS).collect()
}

/// Digest of what Jira shows.
#[must_use]
pub fn digest_of(live: &Value) -> String {
    digest(&normal(live))
}

/// Whether what Jira shows says what was sent, or would be.
#[must_use]
pub fn is_same(wanted: &Value, live: &Value) -> bool {
    if is_empty(wanted) || is_empty(live) {
        return is_empty(wanted) && is_empty(live);
    }
    if is_document(wanted) || is_document(live) {
        return normal(wanted) == normal(live);
    }
    match (wanted, live) {
        (Value::Array(wanted), Value::Array(live)) => {
            let is_there = |one: &Value| live.iter().any(|other| is_same(one, other));
            wanted.len() == live.len() && wanted.iter().all(is_there)
        }
        (Value::Object(wanted), Value::Object(live)) => {
            let is_child_alike = wanted.contains_key("child") || live.get("child").is_none_or(is_empty);
            let is_part = |(name, value): (&String, &Value)| live.get(name).is_some_and(|found| is_same(value, found));
            is_child_alike && wanted.iter().all(is_part)
        }
        (wanted, Value::Object(live)) => NAMES
            .iter()
            .filter_map(|name| live.get(*name))
            .any(|named| is_same(wanted, named)),
        (wanted, live) => scalar(wanted) == scalar(live),
    }
}

/// What Jira shows, as a message names it.
#[must_use]
pub fn shown(live: &Value) -> String {
    let text = match live {
        Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(parts) if !is_document(live) => {
            let named = ["displayName", "name", "value", "key", "id", "accountId"];
            let named = named.iter().find_map(|name| parts.get(*name));
            named.map_or_else(|| live.to_string(), shown)
        }
        Value::Null => String::new(),
        Value::String(_) | Value::Object(_) => text::adf_to_text(live),
        other => other.to_string(),
    };
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= SHOWN {
        return one_line;
    }
    let cut: String = one_line.chars().take(SHOWN - 1).collect();
    format!("{}…", cut.trim_end())
}

fn is_document(value: &Value) -> bool {
    value.get("type").and_then(Value::as_str) == Some("doc")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(parts) => {
            let content = parts.get("content").and_then(Value::as_array);
            parts.get("accountId").is_some_and(Value::is_null)
                || is_document(value) && content.is_none_or(|content| content.iter().all(is_blank_block))
        }
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Jira puts an empty paragraph where there is nothing.
fn is_blank_block(block: &Value) -> bool {
    let is_paragraph = block.get("type").and_then(Value::as_str) == Some("paragraph");
    is_paragraph && block.get("content").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// A value in the one form that all of its forms have.
fn normal(value: &Value) -> String {
    if is_empty(value) {
        return String::new();
    }
    if is_document(value) {
        let mut written = Written::default();
        written.node(value);
        return written.finished();
    }
    match value {
        Value::Array(list) => {
            let mut all: Vec<String> = list.iter().map(normal).collect();
            all.sort();
            all.join("\n")
        }
        Value::Object(parts) => {
            let named = NAMES.iter().find_map(|name| parts.get(*name));
            let child = parts.get("child").map_or_else(String::new, normal);
            named.map_or_else(|| value.to_string(), |named| format!("{} {child}", scalar(named)))
        }
        other => scalar(other),
    }
}

/// A text, a number or a moment in the one form that all of its forms have.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let text = text.trim();
            let moment: Option<Timestamp> = text.contains('T').then(|| time(text)).flatten();
            moment.map_or_else(|| text.replace("\r\n", "\n"), |at| at.to_string())
        }
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

/// A document as text with its blocks and marks, without what Jira adds to it.
#[derive(Default)]
struct Written {
    text: String,
    /// Marks of the text that was written last.
    marks: String,
}

/// The attributes that make a difference to who reads it.
const ATTRIBUTES: [&str; 9] = [
    "level",
    "language",
    "href",
    "url",
    "id",
    "state",
    "text",
    "shortName",
    "timestamp",
];

impl Written {
    fn node(&mut self, node: &Value) {
        let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind == "text" {
            let text = node.get("text").and_then(Value::as_str).unwrap_or_default();
            self.marked(&marks(node));
            self.text.push_str(text);
            return;
        }
        if is_blank_block(node) {
            return;
        }
        self.marked("");
        let _ = write!(self.text, "<{kind}{}>", attributes(node.get("attrs")));
        for child in node.get("content").and_then(Value::as_array).into_iter().flatten() {
            self.node(child);
        }
        self.marked("");
        self.text.push_str("</>");
    }

    fn marked(&mut self, marks: &str) {
        if self.marks != marks {
            let _ = write!(self.text, "[{marks}]"); // A text takes everything.
            marks.clone_into(&mut self.marks);
        }
    }

    fn finished(self) -> String {
        self.text
    }
}

fn marks(node: &Value) -> String {
    let all = node.get("marks").and_then(Value::as_array).into_iter().flatten();
    let mut named: Vec<String> = all
        .map(|mark| {
            let kind = mark.get("type").and_then(Value::as_str).unwrap_or_default();
            format!("{kind}{}", attributes(mark.get("attrs")))
        })
        .collect();
    named.sort();
    named.join(" ")
}

fn attributes(attributes: Option<&Value>) -> String {
    let named = |name: &&str| {
        let value = attributes?.get(*name).filter(|value| !is_empty(value))?;
        Some(format!(" {name}={}", scalar(value)))
    };
    ATTRIBUTES.iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn what_jira_adds_makes_no_difference() {
        let high = json!({"self": "https://…", "id": "2", "name": "High", "iconUrl": "x"});
        let dana = json!({"accountId": "712020:a", "displayName": "Dana", "active": true});
        for (wanted, live) in [
            (json!("Slow "), json!("Slow")),
            (json!({"name": "High"}), high.clone()),
            (json!({"id": "2"}), high.clone()),
            (json!("High"), high.clone()),
            (json!({"accountId": "712020:a"}), dana.clone()),
            (json!({"accountId": null}), Value::Null),
            (Value::Null, json!([])),
            (json!(["b", "a"]), json!(["a", "b"])),
            (json!(5), json!(5.0)),
            (
                json!("2027-01-31T09:30:00.000+0000"),
                json!("2027-01-31T10:30:00.000+0100"),
            ),
            (
                json!({"key": "SUP-7"}),
                json!({"id": "7", "key": "SUP-7", "fields": {}}),
            ),
        ] {
            assert!(is_same(&wanted, &live), "{wanted} {live}");
        }
        for (wanted, live) in [
            (json!("Slow"), json!("slow")),
            (json!({"name": "Low"}), high),
            (json!({"accountId": "712020:b"}), dana),
            (json!(["a"]), json!(["a", "b"])),
            (json!({"id": "1"}), json!({"id": "1", "child": {"id": "3"}})),
            (json!("Slow"), Value::Null),
        ] {
            assert!(!is_same(&wanted, &live), "{wanted} {live}");
        }
    }

    #[test]
    fn a_document_that_jira_wrote_anew_is_the_same_and_one_with_other_marks_is_not() {
        let ours = text::markdown_to_adf("**p99** 4.2 s\n\n- see [it](https://a.example/x)").unwrap();
        let rewritten = json!({"version": 1, "type": "doc", "content": [
            {"type": "paragraph", "attrs": {"localId": "7f"}, "content": [
                {"type": "text", "text": "p", "marks": [{"type": "strong"}]},
                {"type": "text", "text": "99", "marks": [{"type": "strong"}]},
                {"type": "text", "text": " 4.2 s"}]},
            {"type": "bulletList", "content": [{"type": "listItem", "content": [{"type": "paragraph", "content": [
                {"type": "text", "text": "see "},
                {"type": "text", "text": "it", "marks": [{"type": "link", "attrs": {"href": "https://a.example/x", "title": ""}}]}]}]}]},
            {"type": "paragraph", "content": []},
        ]});
        assert!(is_same(&ours, &rewritten), "{} {}", normal(&ours), normal(&rewritten));
        assert_eq!(digest_of(&ours), digest_of(&rewritten));
        let other = text::markdown_to_adf("p99 4.2 s\n\n- see [it](https://a.example/x)").unwrap();
        assert!(!is_same(&other, &rewritten));
        assert!(is_same(
            &Value::Null,
            &json!({"type": "doc", "version": 1, "content": [{"type": "paragraph"}]})
        ));
    }

    #[test]
    fn a_message_shows_a_line_of_it() {
        assert_eq!(shown(&json!({"id": "2", "name": "High"})), "High");
        assert_eq!(shown(&json!([{"value": "Web"}, {"value": "Code"}])), "Web, Code");
        assert_eq!(shown(&text::markdown_to_adf("# One\n\ntwo").unwrap()), "One two");
        let long = shown(&json!("a ".repeat(80)));
        assert!(long.chars().count() <= SHOWN && long.ends_with('…'), "{long}");
        assert_eq!(shown(&Value::Null), "");
    }
}
