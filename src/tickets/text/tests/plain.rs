#![allow(clippy::unwrap_used, clippy::panic)]
use serde_json::{Value, json};

use super::super::{TextError, adf_to_text, markdown_to_adf, plain_to_adf, plain_to_wiki};

#[test]
fn documents_are_read_as_lines() {
    for (markdown, text) in [
        ("", ""),
        ("a\n\nb", "a\nb"),
        ("a  \nb", "a\nb"),
        ("# a\n> b\n\n- c\n  - d\n\n1. e", "a\nb\nc\nd\ne"),
        ("```\nx\n\ny\n```\nz", "x\n\ny\nz"),
        ("a **b** `c` [d](http://e)", "a b c d"),
        ("| a | b |\n|---|---|\n| c | d |\n\ne", "a | b\nc | d\ne"),
        ("a\n\n---\n\nb", "a\nb"),
    ] {
        assert_eq!(adf_to_text(&markdown_to_adf(markdown).unwrap()), text, "{markdown}");
    }
}

#[test]
fn what_people_put_into_texts_is_read() {
    let node = |inline: Value| {
        json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [
        {"type": "text", "text": "a "}, inline, {"type": "text", "text": " b"}]}]})
    };
    for (inline, text) in [
        (
            json!({"type": "mention", "attrs": {"id": "1", "text": "@Dana Fox"}}),
            "a @Dana Fox b",
        ),
        (
            json!({"type": "mention", "attrs": {"id": "1", "text": "Dana"}}),
            "a @Dana b",
        ),
        (json!({"type": "mention", "attrs": {"id": "557058:1"}}), "a @557058:1 b"),
        (
            json!({"type": "emoji", "attrs": {"shortName": ":smile:", "text": "😄"}}),
            "a 😄 b",
        ),
        (json!({"type": "emoji", "attrs": {"shortName": ":tick:"}}), "a :tick: b"),
        (
            json!({"type": "date", "attrs": {"timestamp": "1796083200000"}}),
            "a 2026-12-01 b",
        ),
        (
            json!({"type": "date", "attrs": {"timestamp": "951782400000"}}),
            "a 2000-02-29 b",
        ),
        (json!({"type": "date", "attrs": {"timestamp": "-1"}}), "a 1969-12-31 b"),
        (json!({"type": "date", "attrs": {"timestamp": "soon"}}), "a soon b"),
        (
            json!({"type": "status", "attrs": {"text": "DONE", "color": "green"}}),
            "a DONE b",
        ),
        (
            json!({"type": "inlineCard", "attrs": {"url": "https://x.example"}}),
            "a https://x.example b",
        ),
        (json!({"type": "hardBreak"}), "a \n b"),
        (
            json!({"type": "new", "content": [{"type": "text", "text": "inside"}]}),
            "a \ninside\n b",
        ),
    ] {
        assert_eq!(adf_to_text(&node(inline.clone())), text, "{inline}");
    }
    let tasks = json!({"type": "taskList", "content": [
        {"type": "taskItem", "attrs": {"state": "DONE"}, "content": [{"type": "text", "text": "a"}]},
        {"type": "taskItem", "attrs": {"state": "TODO"}, "content": [{"type": "text", "text": "b"}]}]});
    assert_eq!(adf_to_text(&tasks), "[x] a\n[ ] b");
    let image = json!({"type": "mediaSingle", "content": [{"type": "media", "attrs": {"alt": "a picture"}}]});
    assert_eq!(adf_to_text(&image), "a picture");
}

#[test]
fn anything_else_is_read_without_a_panic() {
    assert_eq!(adf_to_text(&json!("h1. wiki")), "h1. wiki");
    for odd in [
        json!(null),
        json!(1),
        json!([1]),
        json!({}),
        json!({"type": 1, "content": 2}),
        json!({"type": "text"}),
        json!({"type": "doc", "content": [null, 1, "x", {"type": "paragraph", "content": {"a": 1}}]}),
        json!({"type": "mention"}),
        json!({"type": "date", "attrs": {"timestamp": "9223372036854775807"}}),
    ] {
        let _ = adf_to_text(&odd);
    }
    let mut deep = json!({"type": "text", "text": "x"});
    for _ in 0..100_000 {
        deep = json!({"type": "new", "content": [deep]});
        if deep.to_string().len() > 20_000 {
            break;
        }
    }
    assert_eq!(adf_to_text(&deep), "");
}

#[test]
fn plain_text_is_shown_as_it_is() {
    let text = "Requested by a_b*c@ext.example:\n\n# *no* [~dana] {code}\r\nhttps://a.example/x";
    let line = |text: &str| json!({"type": "text", "text": text});
    let first = json!({"type": "paragraph", "content": [line("Requested by a_b*c@ext.example:")]});
    let second = [
        line("# *no* [~dana] {code}"),
        json!({"type": "hardBreak"}),
        line("https://a.example/x"),
    ];
    let document = json!({"type": "doc", "version": 1, "content": [first, {"type": "paragraph", "content": second}]});
    assert_eq!(plain_to_adf(text).unwrap(), document);
    assert_eq!(
        plain_to_wiki(text).unwrap().replace('\u{2060}', "·"),
        "Requested by a_b\\*c@ext.example:\n\n·# \\*no\\* \\[\\~dana\\] \\{·code\\}\n[https://a.example/x]"
    );
    let too_large = TextError::TooLarge {
        bytes: 40_000,
        limit: 32_768,
    };
    assert_eq!(plain_to_adf(&"a".repeat(40_000)), Err(too_large));
}
