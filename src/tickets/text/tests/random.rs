#![allow(clippy::unwrap_used, clippy::panic)]
use serde_json::Value;

use super::super::{
    MAX_INPUT_BYTES, TextError, adf_to_text, markdown_to_adf, markdown_to_wiki, plain_to_adf, plain_to_wiki,
};
use devkit::text::rng::Rng;
use devkit::text::wiki_parser::{self, Node};
use devkit::text::{adf_validator, markdown};

/// Seeds in the suite. `TEXT_SEEDS=from..to` runs others.
fn seeds() -> std::ops::Range<u64> {
    let given = std::env::var("TEXT_SEEDS").ok();
    let given = given.as_deref().and_then(|range| range.split_once(".."));
    let given = given.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    given.unwrap_or(0..1_000)
}

/// Letters and digits in order: what no conversion may lose.
fn words(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// All that is seen but spaces; `|` stands for the cells of a table that became lines.
fn seen(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\u{2060}' | '|'))
        .collect()
}

/// Whether every character of `part` is in `whole`, in order.
fn in_order(part: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|character| rest.any(|other| other == character))
}

/// The text of the Markdown by its own parser, with the blanks that it leaves out.
fn meant(markdown: &str) -> String {
    use pulldown_cmark::{Event, Options, Parser};
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => text.into_string(),
        Event::TaskListMarker(done) => if done { "[x]" } else { "[ ]" }.to_owned(),
        _ => String::new(),
    });
    events.collect()
}

/// A link that shows nothing but its address is how a link is written whose label does not fit.
fn shows_address(text: &str, link: &str) -> bool {
    let plain = |text: &str| seen(text).replace("%21", "!");
    plain(text).trim_start_matches("mailto:") == plain(link).trim_start_matches("mailto:")
}

/// Pieces of text with where they lead; neighbours that lead to the same place are one piece.
#[derive(Default)]
struct Pieces(Vec<(String, Option<String>)>);

impl Pieces {
    fn add(&mut self, text: &str, link: Option<&str>) {
        let link = link.map(|link| link.replace('!', "%21"));
        match self.0.last_mut() {
            Some((before, same)) if *same == link => before.push_str(text),
            _ => self.0.push((text.to_owned(), link)),
        }
    }

    fn end_block(&mut self) {
        self.0.push((String::new(), None));
    }

    fn without_addresses(&self) -> String {
        let shown = self
            .0
            .iter()
            .filter(|(text, link)| !link.as_ref().is_some_and(|link| shows_address(text, link)));
        shown.map(|(text, _)| seen(text)).collect()
    }

    fn links(&self) -> Vec<String> {
        let mut links: Vec<String> = self.0.iter().filter_map(|(_, link)| link.clone()).collect();
        links.sort();
        links.dedup();
        links
    }
}

fn of_adf(node: &Value, pieces: &mut Pieces) {
    match node.get("text").and_then(Value::as_str) {
        Some(text) => pieces.add(text, node.pointer("/marks/0/attrs/href").and_then(Value::as_str)),
        None => pieces.end_block(),
    }
    for child in node.get("content").and_then(Value::as_array).into_iter().flatten() {
        of_adf(child, pieces);
    }
}

fn of_wiki(nodes: &[Node]) -> Pieces {
    let mut pieces = Pieces::default();
    wiki_parser::visit(nodes, &mut |node| match node {
        Node::Text { text, link, .. } => pieces.add(text, link.as_deref()),
        Node::Code(_, code) => pieces.add(code, None),
        _ => pieces.end_block(),
    });
    pieces
}

fn check(markdown: &str, context: &str) {
    let (adf, wiki) = match (markdown_to_adf(markdown), markdown_to_wiki(markdown)) {
        (Ok(adf), Ok(wiki)) => (adf, wiki),
        (_, Err(TextError::TooLong { .. } | TextError::TooLarge { .. })) => return,
        refused => panic!("{context}: {refused:?}\n{markdown}"),
    };
    let violations = adf_validator::violations(&adf);
    assert!(violations.is_empty(), "{context}: {violations:?}\n{markdown}\n{adf}");
    let text = adf_to_text(&adf);
    assert!(
        in_order(&words(&meant(markdown)), &words(&text)),
        "{context}: ADF lost text\n{markdown}\n{text}"
    );

    let read = wiki_parser::read(&wiki);
    assert_eq!(
        wiki_parser::foreign(&read),
        Vec::<String>::new(),
        "{context}\n{markdown}\n{wiki}"
    );
    let mut from_adf = Pieces::default();
    of_adf(&adf, &mut from_adf);
    let from_wiki = of_wiki(&read);
    let context = format!("{context}: wiki text and ADF differ\n{markdown}\n{wiki}");
    assert_eq!(from_wiki.without_addresses(), from_adf.without_addresses(), "{context}");
    assert_eq!(from_wiki.links(), from_adf.links(), "{context}");
}

#[test]
fn random_markdown_becomes_valid_documents_that_say_the_same() {
    for seed in seeds() {
        check(&markdown::random(&mut Rng::new(seed)), &format!("seed {seed}"));
    }
}

/// Characters and words that mean something somewhere.
const ALPHABET: &[&str] = &[
    "a",
    "B",
    "1",
    "é",
    " ",
    "\n",
    "*",
    "_",
    "-",
    "+",
    "^",
    "~",
    "|",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "!",
    "#",
    "?",
    "\\",
    "`",
    ">",
    "<",
    "&",
    ";",
    ":",
    "/",
    ".",
    "=",
    "%",
    "@",
    "\"",
    "'",
    "\t",
    "h1.",
    "bq.",
    "http:",
    "https://x.y/",
    "code",
    "mailto:",
    "~user",
    "D",
    "**",
    "~~",
    "``",
    "|-|",
    "\n- ",
    "\n| ",
    "\n\n",
    "{code}",
    "{quote}",
    "amp;",
    "\u{a0}",
];

fn characters(rng: &mut Rng) -> String {
    (0..=rng.below(60)).map(|_| rng.pick(ALPHABET)).collect()
}

#[test]
fn random_characters_become_valid_documents_that_say_the_same() {
    for seed in seeds() {
        check(&characters(&mut Rng::new(seed)), &format!("seed {seed}"));
    }
}

#[test]
fn the_wiki_parser_reads_any_text_to_its_end() {
    for seed in seeds() {
        let text = characters(&mut Rng::new(seed));
        let _ = wiki_parser::text(&wiki_parser::read(&text));
    }
}

#[test]
fn random_plain_text_is_shown_as_it_is() {
    for seed in seeds() {
        let text = markdown::random(&mut Rng::new(seed));
        let adf = plain_to_adf(&text).unwrap();
        assert_eq!(
            adf_validator::violations(&adf),
            Vec::<String>::new(),
            "seed {seed}\n{text}"
        );
        assert!(!adf.to_string().contains("\"marks\""), "seed {seed}\n{text}\n{adf}");
        assert_eq!(seen(&adf_to_text(&adf)), seen(&text), "seed {seed}");
        let wiki = plain_to_wiki(&text).unwrap();
        let read = wiki_parser::read(&wiki);
        assert_eq!(
            wiki_parser::foreign(&read),
            Vec::<String>::new(),
            "seed {seed}\n{text}\n{wiki}"
        );
        let shown = wiki_parser::text(&read).replace("%21", "!");
        assert!(
            in_order(&words(&text), &words(&shown)),
            "seed {seed}\n{text}\n{wiki}\n{shown}"
        );
        let paragraphs = read.iter().all(|node| matches!(node, Node::Paragraph(_)));
        assert!(paragraphs, "seed {seed}\n{text}\n{wiki}");
    }
}

#[test]
fn long_random_markdown_is_converted_or_refused() {
    for seed in seeds().take(20) {
        let mut rng = Rng::new(seed);
        let mut text = String::new();
        while text.len() < MAX_INPUT_BYTES - 2_000 {
            text.push_str(&markdown::random(&mut rng));
            text.push_str("\n\n");
        }
        check(&text, &format!("seed {seed}"));
    }
}
