//! JQL text into words, quoted strings, operators and brackets.

/// A piece of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word or number.
    Word(String),
    /// A string in quotes.
    Quoted(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `~` or `!~`.
    Operator(&'static str),
    Open,
    Close,
    Comma,
}

const OPERATORS: &[&str] = &["!=", "!~", "<=", ">=", "=", "<", ">", "~"];

/// Splits a query into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, tail) = match first {
            '(' => (Token::Open, skip(rest, 1)),
            ')' => (Token::Close, skip(rest, 1)),
            ',' => (Token::Comma, skip(rest, 1)),
            '"' | '\'' => quoted(rest, first)?,
            _ => match OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                Some(operator) => (Token::Operator(operator), skip(rest, operator.len())),
                None => word(rest)?,
            },
        };
        tokens.push(token);
        rest = tail.trim_start();
    }
    Ok(tokens)
}

fn skip(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

fn quoted(text: &str, quote: char) -> Result<(Token, &str), String> {
    let mut value = String::new();
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if escaped {
            value.push(letter);
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == quote {
            return Ok((Token::Quoted(value), skip(text, at + 1)));
        } else {
            value.push(letter);
        }
    }
    Err(format!(
        "Error in the JQL Query: The quoted string '{value}' has not been completed."
    ))
}

fn word(text: &str) -> Result<(Token, &str), String> {
    let ends = |letter: char| letter.is_whitespace() || "(),=!<>~\"'".contains(letter);
    let (word, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
    if word.is_empty() || word.contains(['#', '@', '&', '|', ';', '{', '}', '?', '*']) {
        return Err(format!(
            "Error in the JQL Query: The character in '{text}' is a reserved JQL character. You must enclose it in a string."
        ));
    }
    Ok((Token::Word(word.to_owned()), rest))
}
