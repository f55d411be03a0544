//! Whether a JSON value is a document that Jira takes: Atlassian's schema of the Atlassian Document
//! Format (`@atlaskit/adf-schema`, full) for the nodes that occur in tickets, with the stricter
//! rules that its editor has in code: no line break in text outside of code, an item that begins
//! with a paragraph or code, no node deeper than Jira reads. Of media, extensions and layouts only the
//! attributes that each must have are known.

mod model;

use model::{ANY, Rule, TOP, attribute_fits, marks_of, rule};
use serde_json::{Map, Value};

/// Levels of nodes that are taken.
const MAX_LEVELS: usize = 60;

/// What is wrong with the document, each with where; empty if Jira takes it.
#[must_use]
pub fn violations(document: &Value) -> Vec<String> {
    let mut check = Check::default();
    match document.as_object() {
        Some(fields) if kind(document) == "doc" => {
            if document.get("version") != Some(&Value::from(1)) {
                check.say("doc", "version is not 1");
            }
            if !document.get("content").is_some_and(Value::is_array) {
                check.say("doc", "content is missing");
            }
            check.fields(fields, &["type", "version", "content"], "doc");
            check.children(document, TOP, "doc", 1);
        }
        _ => check.say("", "no document"),
    }
    check.violations
}

#[derive(Default)]
struct Check {
    violations: Vec<String>,
}

impl Check {
    fn say(&mut self, path: &str, what: &str) {
        self.violations.push(format!("{path}: {what}"));
    }

    fn fields(&mut self, fields: &Map<String, Value>, allowed: &[&str], path: &str) {
        for key in fields.keys().filter(|key| !allowed.contains(&key.as_str())) {
            self.say(path, &format!("{key} is not allowed"));
        }
    }

    fn children(&mut self, node: &Value, allowed: &[&str], path: &str, level: usize) {
        for (at, child) in content(node).iter().enumerate() {
            let kind = kind(child);
            let path = format!("{path}/{at}:{kind}");
            if !allowed.contains(&kind) {
                self.say(&path, "may not stand here");
            }
            self.node(child, &path, level);
        }
    }

    fn node(&mut self, node: &Value, path: &str, level: usize) {
        let Some(fields) = node.as_object() else {
            return self.say(path, "no object");
        };
        if level > MAX_LEVELS {
            return self.say(path, "too deep");
        }
        if kind(node) == "text" {
            return self.text(fields, path);
        }
        let Some(rule) = rule(kind(node)) else {
            return self.say(path, "unknown kind");
        };
        let holds = !rule.children.is_empty();
        let allowed: &[&str] = if holds {
            &["type", "attrs", "content", "marks"]
        } else {
            &["type", "attrs", "marks"]
        };
        self.fields(fields, allowed, path);
        let taken = marks_of(kind(node));
        let may_have = !taken.is_empty() || kind(node) == "table";
        let fits = |marks: &Vec<Value>| may_have && marks.iter().all(|mark| taken.contains(&kind(mark)));
        if node
            .get("marks")
            .is_some_and(|marks| !marks.as_array().is_some_and(fits))
        {
            self.say(path, "marks that the node does not take");
        }
        if node.get("content").is_some_and(|content| !content.is_array()) {
            self.say(path, "content is no list");
        }
        if content(node).len() < rule.least {
            self.say(path, "content is missing");
        }
        self.attributes(node, &rule, path);
        self.own_rules(node, path);
        self.children(node, rule.children, path, level + 1);
    }

    fn attributes(&mut self, node: &Value, rule: &Rule, path: &str) {
        let empty = Map::new();
        let attributes = match node.get("attrs") {
            None => &empty,
            Some(Value::Object(attributes)) => attributes,
            Some(_) => return self.say(path, "attrs is no object"),
        };
        let any = rule.attributes == ANY;
        if !any && (!attributes.contains_key("localId") || rule.attributes.contains(&"localId")) {
            self.fields(attributes, rule.attributes, path);
        }
        for name in rule.required.iter().filter(|name| !attributes.contains_key(**name)) {
            self.say(path, &format!("attrs.{name} is missing"));
        }
        let misfits = |(name, value): &(&String, &Value)| !any && !attribute_fits(name, value);
        for (name, value) in attributes.iter().filter(misfits) {
            self.say(path, &format!("attrs.{name} may not be {value}"));
        }
    }

    /// What no list of children and attributes says.
    fn own_rules(&mut self, node: &Value, path: &str) {
        let children = content(node);
        match kind(node) {
            "codeBlock" if children.iter().any(|child| child.get("marks").is_some()) => {
                self.say(path, "marks in code");
            }
            "listItem" if !children.first().is_some_and(begins_item) => {
                self.say(path, "does not begin with a paragraph or code");
            }
            "table" if different_widths(children) => self.say(path, "rows of different width"),
            _ => {}
        }
        let in_code = kind(node) == "codeBlock";
        let text = |child: &Value| child.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        for line in children.iter().map(text).filter(|text| text.contains(['\n', '\r'])) {
            if !in_code {
                self.say(path, &format!("line break in text {line:?}"));
            }
        }
    }

    fn text(&mut self, fields: &Map<String, Value>, path: &str) {
        self.fields(fields, &["type", "text", "marks"], path);
        match fields.get("text").and_then(Value::as_str) {
            None => self.say(path, "text is missing"),
            Some("") => self.say(path, "text is empty"),
            Some(_) => {}
        }
        let marks = match fields.get("marks") {
            None => return,
            Some(Value::Array(marks)) => marks,
            Some(_) => return self.say(path, "marks is no list"),
        };
        let names: Vec<&str> = marks.iter().map(kind).collect();
        for (at, mark) in marks.iter().enumerate() {
            let name = kind(mark);
            if names.iter().take(at).any(|other| *other == name) {
                self.say(path, &format!("{name} twice"));
            }
            self.mark(mark, path);
        }
        if names.contains(&"code") && names.iter().any(|name| !["code", "link", "annotation"].contains(name)) {
            self.say(path, &format!("code beside {names:?}"));
        }
    }

    fn mark(&mut self, mark: &Value, path: &str) {
        let Some(fields) = mark.as_object() else {
            return self.say(path, "mark is no object");
        };
        let (allowed, required): (&[&str], &str) = match kind(mark) {
            "em" | "strong" | "strike" | "code" | "underline" => return self.fields(fields, &["type"], path),
            "link" => (&["href", "title", "id", "collection", "occurrenceKey"], "href"),
            "textColor" | "backgroundColor" => (&["color"], "color"),
            "subsup" => (&["type"], "type"),
            "annotation" => (&["id", "annotationType"], "id"),
            other => return self.say(path, &format!("unknown mark {other}")),
        };
        self.fields(fields, &["type", "attrs"], path);
        let Some(attributes) = mark.get("attrs").and_then(Value::as_object) else {
            return self.say(path, "mark without attrs");
        };
        self.fields(attributes, allowed, path);
        let value = attributes.get(required).and_then(Value::as_str).unwrap_or_default();
        if value.is_empty() {
            self.say(path, &format!("mark without {required}"));
        }
    }
}

fn begins_item(child: &Value) -> bool {
    matches!(kind(child), "paragraph" | "codeBlock" | "mediaSingle")
}

fn different_widths(rows: &[Value]) -> bool {
    let widths: Vec<_> = rows.iter().map(|row| content(row).len()).collect();
    widths
        .first()
        .is_some_and(|first| widths.iter().any(|width| width != first))
        && !rows
            .iter()
            .flat_map(content)
            .any(|cell| cell.pointer("/attrs/colspan").is_some())
        && !rows
            .iter()
            .flat_map(content)
            .any(|cell| cell.pointer("/attrs/rowspan").is_some())
}

fn kind(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn content(node: &Value) -> &[Value] {
    node.get("content").and_then(Value::as_array).map_or(&[], Vec::as_slice)
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
            assert_eq!(violations(&document), Vec::<String>::new(), "{document}");
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
            assert!(!violations(&document).is_empty(), "{document}");
        }
        for document in [
            json!("text"),
            json!({"type": "doc", "content": []}),
            json!({"version": 1, "content": []}),
        ] {
            assert!(!violations(&document).is_empty(), "{document}");
        }
    }
}
