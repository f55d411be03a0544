#![allow(clippy::unwrap_used, clippy::panic)]
use super::super::markdown_to_wiki;
use devkit::text::wiki_parser::{self, Node};

fn check(cases: &[(&str, &str)]) {
    for (markdown, wiki) in cases {
        let written = markdown_to_wiki(markdown).unwrap();
        // A middle dot stands for the joiner, which shows nothing.
        assert_eq!(written.replace('\u{2060}', "·"), *wiki, "{markdown}");
        let foreign = wiki_parser::foreign(&wiki_parser::read(&written));
        assert_eq!(foreign, Vec::<String>::new(), "{markdown}");
    }
}

#[test]
fn blocks() {
    check(&[
        ("", ""),
        ("a\nb\n\nc", "a b\n\nc"),
        ("a  \nb", "a\nb"),
        ("a\\\n\\\nb", "a\n·\nb"),
        ("# a\n###### b", "h1. a\n\nh6. b"),
        ("a  \nb\n===", "h1. a b"),
        ("> a\n>\n> b", "{quote}\na\n\nb\n{quote}"),
        ("> # a\n> > b", "{quote}\n{*}a{*}\n\n> b\n{quote}"),
        ("a\n\n***\n\nb", "a\n\n----\n\nb"),
        ("<div>\na\n</div>", "<div>\na\n</div>"),
    ]);
}

#[test]
fn formatting() {
    check(&[
        ("**a** *b* ~~c~~ ***d***", "{*}a{*} {_}b{_} {-}c{-} {*}{_}d{_}{*}"),
        ("x**a**y", "x{*}a{*}y"),
        ("**a *b* c**", "{*}a{*} {*}{_}b{_}{*} {*}c{*}"),
        ("**a\nb**", "{*}a b{*}"),
        ("**a  \nb**", "{*}a{*}\n{*}b{*}"),
        ("**a\\*b! [c]**", "{*}a{*}\\*{*}b{*}\\! \\[{*}c{*}\\]"),
        (
            "*snake_case* ~~well-known~~",
            "{_}snake{_}\\_{_}case{_} {-}well{-}\\-{-}known{-}",
        ),
        ("**well-known snake_case**", "{*}well-known snake_case{*}"),
        ("**a**-b- _c_d **e**-f g-", "{*}a{*}\\-b\\- \\_c_d {*}e{*}\\-f g\\-"),
        ("**# a** *h1. b*", "{*}·# a{*} {_}·h1. b{_}"),
    ]);
}

#[test]
fn code_spans() {
    check(&[
        ("`a` b", "{{a}} b"),
        ("`kubectl get -n x {a}`", "{{kubectl get \\-n x \\{a\\}}}"),
        ("`C:\\dir` `a\\`", "{{C:\\dir}} {{a\\·}}"),
        ("`a|b*c[d]`", "{{a\\|b\\*c\\[d\\]}}"),
        ("`curl https://a.example`", "{{curl https://a.example}}"),
        ("`{code}`", "{{\\{·code\\}}}"),
        ("a`b` `c`d é`e`", "ab cd ée"),
        ("**`a`**`b`", "{{ab}}"),
        ("`  ` x", "x"),
    ]);
}

#[test]
fn links() {
    check(&[
        ("[a](http://b)", "[a|http://b]"),
        ("<http://b>", "[http://b]"),
        ("see http://b/c_d.", "see [http://b/c_d]."),
        ("http://b/(y)_c", "[http://b/\\(y)\\_c|http://b/(y)_c]"),
        ("<x@y.example>", "[x@y.example|mailto:x@y.example]"),
        ("<mailto:x@y.example>", "[mailto:x@y.example]"),
        ("**[a](http://b)**", "[{*}a{*}|http://b]"),
        ("[`a`](http://b)", "[a|http://b]"),
        ("[**http://a** b](http://c)", "[http://a b|http://c]"),
        ("[**a: b**](http://c)", "[{*}a: b{*}|http://c]"),
        ("[a|b](http://c)", "a\\|b [http://c]"),
        ("[a \\[b\\]](http://c)", "a \\[b\\] [http://c]"),
        ("[a](http://b/|c|!d!)", "[a|http://b/%7Cc%7C%21d%21]"),
        ("[a](javascript:b)", "a (javascript:b)"),
        ("![a](http://b/c.png)", "[a|http://b/c.png]"),
        ("[h1. a](http://b)", "[·h1. a|http://b]"),
        (
            "ftp://a mailto:b irc://c http://",
            "ftp:·//a mailto:·b irc:·//c http:·//",
        ),
    ]);
}

#[test]
fn lists() {
    check(&[
        ("- a\n- b\n\nc", "* a\n* b\n\nc"),
        ("1. a\n2. b", "# a\n# b"),
        ("- a\n  1. b\n     - c\n- d", "* a\n*# b\n*#* c\n* d"),
        ("- a\n\n  b\n- c", "* a\nb\n* c"),
        ("- a\n  - b\n\n  c", "* a\n** b\n* c"),
        ("- - a", "* ·\n** a"),
        ("-", "* ·"),
        ("- [ ] a\n- [x] b", "* \\[ \\] a\n* \\[x\\] b"),
        (
            "- a\n  ```\n  b\n\n  c\n  ```\n- d",
            "* a\n{noformat}\nb\n\nc\n{noformat}\n* d",
        ),
        ("- > a\n- # b\n- ***", "* > a\n* {*}b{*}\n* \\-\\-\\-"),
        ("> - a", "{quote}\n* a\n{quote}"),
    ]);
}

#[test]
fn a_list_deeper_than_jira_reads_goes_on_at_its_greatest_depth() {
    let markdown: String = (0..24).map(|at| format!("{}- x{at}\n", "  ".repeat(at))).collect();
    let wiki = markdown_to_wiki(&markdown).unwrap();
    let marks: Vec<_> = wiki.lines().map(|line| line.find(' ').unwrap_or_default()).collect();
    let expected: Vec<_> = (1..=24).map(|depth: usize| depth.min(20)).collect();
    assert_eq!(marks, expected);
}

#[test]
fn code_blocks() {
    check(&[
        ("```java\nx\n```", "{code:java}\nx\n{code}"),
        ("```JS\nx\n```", "{code:javascript}\nx\n{code}"),
        ("```yaml\na: {b}\n```", "{noformat}\na: {b}\n{noformat}"),
        ("```\n```", "{noformat}\n\n{noformat}"),
        ("```java\n{code}\n```", "{noformat}\n{code}\n{noformat}"),
        ("```\n{noformat}\n```", "{code}\n{noformat}\n{code}"),
        (
            "```\n{CODE:x}\n  {noformat}\n\ny \n```",
            "{{\\{·CODE:x\\}}}\n{{\u{a0}\u{a0}\\{·noformat\\}}}\n{{·}}\n{{y}}",
        ),
        ("> ```\n> {quote}\n> ```", "{quote}\n{{\\{·quote\\}}}\n{quote}"),
        ("```\n*a* [~b] !c!\n```", "{noformat}\n*a* [~b] !c!\n{noformat}"),
    ]);
}

#[test]
fn tables() {
    check(&[
        ("| a | b |\n|---|---|\n| **c** |  |", "||a||b||\n|{*}c{*}| |"),
        ("| a |\n|---|\n| [b](http://c) |", "||a||\n|[b|http://c]|"),
        (
            "| a | b |\n|---|---|\n| `c\\|d` | e |",
            "{*}a{*} \\| {*}b{*}\n\n{{c\\|d}} \\| e",
        ),
        ("| \\[a | b] |\n|---|---|", "\\[{*}a{*} \\| {*}b{*}\\]"),
        ("| [a] | {code} |\n|---|---|", "||\\[a\\]||\\{·code\\}||"),
        ("| !a | b! |\n|---|---|", "||\\!a||b\\!||"),
    ]);
}

#[test]
fn text_stays_text() {
    check(&[
        ("{code}x{code}", "\\{·code\\}x\\{·code\\}"),
        ("{color:red}a{color}", "\\{·color:red\\}a\\{·color\\}"),
        (
            "{html}a{html} {{b}} {*}c{*}",
            "\\{html\\}a\\{html\\} \\{\\{b\\}\\} \\{\\}{_}c{_}\\{\\}",
        ),
        (
            "[~dana] [~accountid:1] @dana",
            "\\[\\~dana\\] \\[\\~accountid:1\\] @dana",
        ),
        ("!a.png! !http://b/c.png!", "\\!a.png\\! \\![http://b/c.png]\\!"),
        ("[a|http://b] [^c.txt]", "\\[a\\|[http://b]\\] \\[\\^c.txt\\]"),
        ("||a|| |b|", "\\|\\|a\\|\\| \\|b\\|"),
        ("a - b -- c --- d -e- f-g", "a \\- b \\-\\- c \\-\\-\\- d \\-e\\- f-g"),
        ("+a+ ^b^ ~c ??d?? e?", "\\+a\\+ \\^b\\^ \\~c \\?\\?d\\?\\? e?"),
        ("\\*a\\* \\_b\\_ c_d 2\\*3", "\\*a\\* \\_b\\_ c_d 2\\*3"),
        (
            ":) :-) :( ;) :D :P :Data (!) (x) (y) (see)",
            ":\\) :\\-) :\\( ;\\) :·D :·P :Data \\(\\!) \\(x) \\(y) (see)",
        ),
        ("h1. a", "·h1. a"),
        ("bq. a", "·bq. a"),
        ("\\# a", "·# a"),
        ("a #b", "a #b"),
        ("C:\\dir\\x \\\\\\\\server\\share", "C:\\dir\\x \\·\\server\\share"),
        ("a\\\\\\*b", "a\\·\\*b"),
        ("&amp;lt; R&amp;D;", "&·lt; R&·D;"),
        ("ENG-12 UTF-8 well-known", "ENG\\-12 UTF\\-8 well-known"),
        ("100% a@b.example", "100% a@b.example"),
    ]);
}

#[test]
fn the_parser_sees_what_jira_would() {
    for foreign in [
        "{code} a",
        "a {panel} b",
        "[~dana]",
        "[^file.txt]",
        "!image.png!",
        "a :) b",
        "(!)",
        "x ENG-12",
        "http://a",
        "mailto:a@b",
        "+a+",
        "^a^",
        "~a~",
        "??a??",
        "a -- b",
        "a\\\\b",
        "bq. a",
        "{color:red}a{color}",
        "&lt;",
        "{*}h1. a{*}",
        "*a [~b] c*",
        "[a b]",
        "[{*}http://a{*}|http://b]",
    ] {
        let node = wiki_parser::read(foreign);
        let code = node.iter().any(|node| matches!(node, Node::Code(..)));
        assert!(code || !wiki_parser::foreign(&node).is_empty(), "{foreign}: {node:?}");
    }
    let text = |text: &str, marks: &[&'static str]| Node::Text {
        text: text.to_owned(),
        marks: marks.to_vec(),
        link: None,
    };
    assert_eq!(
        wiki_parser::read("h2. a *b*"),
        vec![Node::Heading(2, vec![text("a ", &[]), text("b", &["strong"])])]
    );
    assert_eq!(
        wiki_parser::read("*a \\_b_ c*"),
        vec![Node::Paragraph(vec![
            text("a ", &["strong"]),
            text("b", &["em", "strong"]),
            text(" c", &["strong"])
        ])]
    );
    let item = |content| vec![Node::Paragraph(vec![content])];
    assert_eq!(
        wiki_parser::read("* a\n# b\n\n|\\|a|"),
        vec![
            Node::List(false, vec![item(text("a", &[])), item(text("b", &[]))]),
            Node::Table(vec![vec![
                (false, item(text("\\", &[]))),
                (false, item(text("a", &[])))
            ]]),
        ]
    );
}
