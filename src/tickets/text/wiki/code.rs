//! Blocks of code.

use super::super::document::{Inline, Marks, Span, Style};
use super::escape::JOINER;
use super::{Place, line};

/// Languages that both of Jira's readers know; any other is read as Java, or shown as an error.
const LANGUAGES: [&str; 23] = [
    "actionscript",
    "ada",
    "c",
    "c++",
    "css",
    "erlang",
    "go",
    "groovy",
    "haskell",
    "html",
    "java",
    "javascript",
    "json",
    "lua",
    "perl",
    "php",
    "python",
    "r",
    "ruby",
    "scala",
    "sql",
    "swift",
    "xml",
];

/// The block in a macro that its content cannot end; without one, line by line.
pub(super) fn write(language: Option<&str>, text: &str, place: Place) -> String {
    let language = language.map(str::to_ascii_lowercase).map(in_full);
    let known = language.filter(|language| LANGUAGES.contains(&language.as_str()));
    let holds = |name: &str| text.to_ascii_lowercase().contains(&format!("{{{name}"));
    let ends_quote = place == Place::Quote && holds("quote");
    match known {
        Some(language) if !holds("code") && !ends_quote => {
            format!("{{code:{language}}}\n{text}\n{{code}}")
        }
        _ if !holds("noformat") && !ends_quote => format!("{{noformat}}\n{text}\n{{noformat}}"),
        _ if !holds("code") && !ends_quote => format!("{{code}}\n{text}\n{{code}}"),
        _ => line_by_line(text),
    }
}

/// The language by the name that Jira has for it.
fn in_full(language: String) -> String {
    match language.as_str() {
        "cpp" => "c++".to_owned(),
        "golang" => "go".to_owned(),
        "js" => "javascript".to_owned(),
        "py" => "python".to_owned(),
        "rb" => "ruby".to_owned(),
        _ => language,
    }
}

/// Lines of inline code; spaces at the start are kept by writing them as no-break spaces.
fn line_by_line(text: &str) -> String {
    let mut pieces = Vec::new();
    for (number, code) in text.split('\n').enumerate() {
        if number > 0 {
            pieces.push(Inline::Break);
        }
        let content = code.trim_start_matches([' ', '\t']);
        let indent = code.chars().take(code.chars().count() - content.chars().count());
        let text: String = indent.map(|_| '\u{a0}').chain(content.trim_end().chars()).collect();
        let text = if text.trim().is_empty() {
            JOINER.to_string()
        } else {
            text
        };
        pieces.push(Inline::Text(Span {
            text,
            marks: Marks {
                style: Style::Code,
                link: None,
            },
        }));
    }
    line::lines(&pieces)
}
