//! Markdown, wrapped.

/// Columns of a line.
const WIDTH: usize = 100;

/// A paragraph, wrapped.
pub fn fill(text: &str) -> String {
    let mut out = String::new();
    let mut taken = 0;
    for word in words(text) {
        let columns = word.chars().count();
        if taken > 0 && taken + 1 + columns > WIDTH && !opens_a_block(&word) {
            out.push('\n');
            taken = 0;
        } else if taken > 0 {
            out.push(' ');
            taken += 1;
        }
        out.push_str(&word);
        taken += columns;
    }
    out.push('\n');
    out
}

/// The words of a text; code is one, so that a command can be copied from the file.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut code = false;
    for word in text.split_whitespace() {
        match words.last_mut().filter(|_| code) {
            Some(last) => last.extend([" ", word]),
            None => words.push(word.to_owned()),
        }
        code ^= word.matches('`').count() % 2 == 1;
    }
    words
}

/// Whether a line that begins with this word would be something else than text.
fn opens_a_block(word: &str) -> bool {
    let number = word.strip_suffix(['.', ')']);
    word.starts_with(['#', '>', '|'])
        || ["-", "*", "+"].contains(&word)
        || number.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

#[test]
fn no_line_begins_as_a_list_does() {
    let text = format!("{} - b", "a".repeat(WIDTH - 1));
    assert_eq!(fill(&text), format!("{} -\nb\n", "a".repeat(WIDTH - 1)));
    assert_eq!(fill("a\nb"), "a b\n");
    let code = format!("{} `b c`", "a".repeat(WIDTH - 3));
    assert_eq!(fill(&code), code.replace(' ', "\n").replace("b\nc", "b c") + "\n");
}
