#![allow(clippy::unwrap_used, clippy::panic)]
use serde_json::{Value, json};

use super::super::markdown_to_adf;
use devkit::text::adf_validator;

/// The content of the document, in a short form: `paragraph(a b[strong])`.
fn short(markdown: &str) -> String {
    let document = markdown_to_adf(markdown).unwrap();
    assert_eq!(adf_validator::violations(&document), Vec::<String>::new(), "{markdown}");
    children(&document)
}

fn children(node: &Value) -> String {
    let content = node.get("content").and_then(Value::as_array).into_iter().flatten();
    content.map(one).collect::<Vec<_>>().join(" ")
}

fn one(node: &Value) -> String {
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    if let Some(text) = node.get("text").and_then(Value::as_str) {
        let marks = node.get("marks").and_then(Value::as_array).into_iter().flatten();
        let marks: Vec<_> = marks.map(mark).collect();
        let marks = if marks.is_empty() {
            String::new()
        } else {
            format!("[{}]", marks.join(","))
        };
        return format!("'{text}'{marks}");
    }
    let attributes = node.get("attrs").map(ToString::to_string).unwrap_or_default();
    match children(node) {
        content if content.is_empty() => format!("{kind}{attributes}"),
        content => format!("{kind}{attributes}({content})"),
    }
}

fn mark(mark: &Value) -> String {
    let kind = mark.get("type").and_then(Value::as_str).unwrap_or_default();
    match mark.pointer("/attrs/href").and_then(Value::as_str) {
        Some(href) => format!("{kind}={href}"),
        None => kind.to_owned(),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (markdown, document) in cases {
        assert_eq!(short(markdown), *document, "{markdown}");
    }
}

#[test]
fn a_document_has_its_version() {
    let document = markdown_to_adf("**p99 4.2 s**").unwrap();
    let text = json!({"type": "text", "text": "p99 4.2 s", "marks": [{"type": "strong"}]});
    let paragraph = json!({"type": "paragraph", "content": [text]});
    assert_eq!(document, json!({"type": "doc", "version": 1, "content": [paragraph]}));
    assert_eq!(
        markdown_to_adf(" \n").unwrap(),
        json!({"type": "doc", "version": 1, "content": []})
    );
}

#[test]
fn lines_and_breaks() {
    check(&[
        ("a\nb", "paragraph('a b')"),
        ("a\r\nb\r\n\r\nc", "paragraph('a b') paragraph('c')"),
        ("a  \nb\\\nc", "paragraph('a' hardBreak 'b' hardBreak 'c')"),
        ("*a*\nb", "paragraph('a'[em] ' b')"),
        ("a\u{2028}b\u{7}c", "paragraph('a b\u{fffd}c')"),
        ("&nbsp;x &amp; y", "paragraph('\u{a0}x & y')"),
    ]);
}

#[test]
fn marks() {
    check(&[
        ("*a* **b** ~~c~~", "paragraph('a'[em] ' ' 'b'[strong] ' ' 'c'[strike])"),
        ("***a***", "paragraph('a'[em,strong])"),
        ("**a**_b_", "paragraph('a'[strong] 'b'[em])"),
        ("**a** **b**", "paragraph('a'[strong] ' ' 'b'[strong])"),
        ("**a\\*b**", "paragraph('a*b'[strong])"),
        (
            "**a `b` ~~c~~**",
            "paragraph('a '[strong] 'b'[code] ' '[strong] 'c'[strong,strike])",
        ),
        ("[`a`](http://b)", "paragraph('a'[link=http://b,code])"),
        ("`` a`b ``", "paragraph('a`b'[code])"),
        ("`a\nb`", "paragraph('a b'[code])"),
        ("****", "rule"),
        ("2*3*4 snake_case_x", "paragraph('2' '3'[em] '4 snake_case_x')"),
    ]);
}

#[test]
fn links_and_images() {
    check(&[
        ("[a](http://b \"t\")", "paragraph('a'[link=http://b])"),
        (
            "[**a** b](mailto:x@y.example)",
            "paragraph('a'[link=mailto:x@y.example,strong] ' b'[link=mailto:x@y.example])",
        ),
        (
            "<https://a.example>",
            "paragraph('https://a.example'[link=https://a.example])",
        ),
        ("<x@y.example>", "paragraph('x@y.example'[link=mailto:x@y.example])"),
        ("[a](javascript:alert(1))", "paragraph('a (javascript:alert(1))')"),
        ("[a](ftp://h/x) [b](/c) [](d)", "paragraph('a (ftp://h/x) b (/c) d')"),
        (
            "[a](http:///b) [c](https://)",
            "paragraph('a (http:///b) c (https://)')",
        ),
        ("[a]() b", "paragraph('a b')"),
        (
            "![alt](https://a.example/i.png)",
            "paragraph('alt'[link=https://a.example/i.png])",
        ),
        (
            "![](https://a.example/i.png)",
            "paragraph('https://a.example/i.png'[link=https://a.example/i.png])",
        ),
        ("![alt](i.png)", "paragraph('alt (i.png)')"),
        (
            "[![alt](https://a.example/i.png)](https://b.example)",
            "paragraph('alt'[link=https://b.example])",
        ),
        ("[a](<http://b/c d|e>)", "paragraph('a'[link=http://b/c%20d%7Ce])"),
        ("[a](http://[::1]/)", "paragraph('a (http://[::1]/)')"),
        (
            "(see https://a.example/b_c.)",
            "paragraph('(see ' 'https://a.example/b_c'[link=https://a.example/b_c] '.)')",
        ),
        (
            "`https://a.example` xhttps://a.example",
            "paragraph('https://a.example'[code] ' xhttps://a.example')",
        ),
        (
            "**https://a.example**",
            "paragraph('https://a.example'[link=https://a.example,strong])",
        ),
    ]);
}

#[test]
fn headings_rules_and_quotes() {
    check(&[
        (
            "# a\n###### b **c**",
            "heading{\"level\":1}('a') heading{\"level\":6}('b ' 'c'[strong])",
        ),
        ("#", ""),
        ("a\n---\nb\n\n---", "heading{\"level\":2}('a') paragraph('b') rule"),
        ("> a\n>\n> b", "blockquote(paragraph('a') paragraph('b'))"),
        (">", ""),
        (
            "> - a\n>\n> ```\n> b\n> ```",
            "blockquote(bulletList(listItem(paragraph('a'))) codeBlock('b'))",
        ),
    ]);
}

#[test]
fn what_may_not_stand_in_a_quote_becomes_paragraphs() {
    check(&[
        ("> # a `b`", "blockquote(paragraph('a '[strong] 'b'[code]))"),
        ("> a\n>\n> ---", "blockquote(paragraph('a') paragraph('---'))"),
        ("> a\n> > b", "blockquote(paragraph('a') paragraph('> ' 'b'))"),
        ("> > > a", "blockquote(paragraph('> ' '> ' 'a'))"),
        (
            "> | a | b |\n> |---|---|\n> | c | d |",
            "blockquote(paragraph('a'[strong] ' | ' 'b'[strong]) paragraph('c' ' | ' 'd'))",
        ),
    ]);
}

#[test]
fn lists() {
    check(&[
        (
            "- a\n- b",
            "bulletList(listItem(paragraph('a')) listItem(paragraph('b')))",
        ),
        (
            "1. a\n2. b",
            "orderedList(listItem(paragraph('a')) listItem(paragraph('b')))",
        ),
        ("7. a", "orderedList{\"order\":7}(listItem(paragraph('a')))"),
        ("0. a", "orderedList{\"order\":0}(listItem(paragraph('a')))"),
        (
            "- a\n  1. b\n     - c\n",
            "bulletList(listItem(paragraph('a') orderedList(listItem(paragraph('b') bulletList(listItem(paragraph('c')))))))",
        ),
        ("- a\n\n  b", "bulletList(listItem(paragraph('a') paragraph('b')))"),
        ("- a\n  b", "bulletList(listItem(paragraph('a b')))"),
        ("-", "bulletList(listItem(paragraph))"),
        (
            "- - a",
            "bulletList(listItem(paragraph bulletList(listItem(paragraph('a')))))",
        ),
        (
            "- ```sh\n  x\n  ```",
            "bulletList(listItem(codeBlock{\"language\":\"sh\"}('x')))",
        ),
        (
            "- [ ] a\n- [x] b",
            "bulletList(listItem(paragraph('[ ] a')) listItem(paragraph('[x] b')))",
        ),
    ]);
}

#[test]
fn what_may_not_stand_in_an_item_becomes_paragraphs() {
    check(&[
        ("- # a", "bulletList(listItem(paragraph('a'[strong])))"),
        (
            "- > a\n  > - b",
            "bulletList(listItem(paragraph('> ' 'a') bulletList(listItem(paragraph('b')))))",
        ),
        ("- a\n\n  ***", "bulletList(listItem(paragraph('a') paragraph('---')))"),
        (
            "- | a |\n  |---|\n  | b |",
            "bulletList(listItem(paragraph('a'[strong]) paragraph('b')))",
        ),
    ]);
}

#[test]
fn code() {
    check(&[
        ("```rust\na\n\n b\n```", "codeBlock{\"language\":\"rust\"}('a\n\n b')"),
        ("```\n```", "codeBlock"),
        ("```java\n```", "codeBlock{\"language\":\"java\"}"),
        ("``` sh -x\n{code}\n```", "codeBlock{\"language\":\"sh\"}('{code}')"),
        ("    a\n    b", "codeBlock('a\nb')"),
        ("```\r\na\r\nb\r\n```", "codeBlock('a\nb')"),
        ("```\na\u{1}\n```", "codeBlock('a\u{fffd}')"),
    ]);
}

#[test]
fn tables() {
    check(&[
        (
            "| a | **b** |\n|---|---|\n| c |  |",
            "table(tableRow(tableHeader(paragraph('a')) tableHeader(paragraph('b'[strong]))) \
             tableRow(tableCell(paragraph('c')) tableCell(paragraph)))",
        ),
        (
            "| a |\n|---|\n| `b\\|c` |\n| d | e |",
            "table(tableRow(tableHeader(paragraph('a'))) tableRow(tableCell(paragraph('b|c'[code]))) \
             tableRow(tableCell(paragraph('d'))))",
        ),
    ]);
}

#[test]
fn html_is_text() {
    check(&[
        ("a <b>x</b><br>", "paragraph('a <b>x</b><br>')"),
        (
            "<div>\n*a*\n</div>",
            "paragraph('<div>' hardBreak '*a*' hardBreak '</div>')",
        ),
        ("<script>alert(1)</script>", "paragraph('<script>alert(1)</script>')"),
        ("a <b\nc>", "paragraph('a <b c>')"),
        ("a <!-- b -->", "paragraph('a <!-- b -->')"),
    ]);
}

#[test]
fn the_validator_finds_what_jira_refuses() {
    let doc = |content: Value| json!({"type": "doc", "version": 1, "content": content});
    let paragraph = |content: Value| doc(json!([{"type": "paragraph", "content": content}]));
    let text = |marks: Value| paragraph(json!([{"type": "text", "text": "a", "marks": marks}]));
    let item =
        |content: Value| doc(json!([{"type": "bulletList", "content": [{"type": "listItem", "content": content}]}]));
    for refused in [
        json!("a"),
        json!({"type": "doc", "content": []}),
        json!({"type": "paragraph", "content": []}),
        doc(json!([{"type": "text", "text": "a"}])),
        doc(json!([{"type": "unheard-of"}])),
        paragraph(json!([{"type": "text", "text": ""}])),
        paragraph(json!([{"type": "text", "text": "a\nb"}])),
        paragraph(json!([{"type": "paragraph"}])),
        text(json!([{"type": "code"}, {"type": "strong"}])),
        text(json!([{"type": "em"}, {"type": "em"}])),
        text(json!([{"type": "link"}])),
        text(json!([{"type": "link", "attrs": {"href": ""}}])),
        text(json!([{"type": "blink"}])),
        text(json!([{"type": "em", "attrs": {}}])),
        doc(json!([{"type": "heading"}])),
        doc(json!([{"type": "heading", "attrs": {"level": 7}}])),
        doc(json!([{"type": "rule", "content": []}])),
        doc(json!([{"type": "bulletList", "content": []}])),
        doc(json!([{"type": "blockquote"}])),
        doc(json!([{"type": "blockquote", "content": [{"type": "rule"}]}])),
        doc(json!([{"type": "paragraph", "attrs": {"color": "red"}}])),
        item(json!([{"type": "heading", "attrs": {"level": 1}}])),
        item(json!([{"type": "bulletList", "content": [{"type": "listItem", "content": [{"type": "paragraph"}]}]}])),
        item(json!([])),
        doc(json!([{"type": "codeBlock", "content": [{"type": "text", "text": "a", "marks": [{"type": "em"}]}]}])),
        doc(json!([{"type": "codeBlock", "content": [{"type": "hardBreak"}]}])),
        doc(
            json!([{"type": "table", "content": [{"type": "tableRow", "content": [{"type": "tableCell", "content": []}]}]}]),
        ),
        paragraph(json!([{"type": "mention", "attrs": {}}])),
    ] {
        assert!(!adf_validator::violations(&refused).is_empty(), "{refused}");
    }
}

#[test]
fn the_validator_takes_what_people_write() {
    for taken in [
        json!({"type": "paragraph", "content": [{"type": "mention", "attrs": {"id": "1", "text": "@a", "accessLevel": ""}}]}),
        json!({"type": "panel", "attrs": {"panelType": "info"}, "content": [{"type": "paragraph"}]}),
        json!({"type": "taskList", "attrs": {"localId": "1"}, "content": [
            {"type": "taskItem", "attrs": {"localId": "2", "state": "DONE"}, "content": [{"type": "text", "text": "a"}]}]}),
        json!({"type": "expand", "attrs": {"title": "a"}, "content": [{"type": "rule"}]}),
        json!({"type": "blockCard", "attrs": {"url": "https://a.example"}}),
        json!({"type": "codeBlock", "attrs": {"language": "go"}, "content": [{"type": "text", "text": "a\nb"}]}),
    ] {
        let document = json!({"type": "doc", "version": 1, "content": [taken]});
        assert_eq!(adf_validator::violations(&document), Vec::<String>::new(), "{document}");
    }
}
