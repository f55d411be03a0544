//! Keeps text from being read as wiki formatting.

/// Holds apart two characters that would mean something together, where a backslash cannot:
/// U+2060, which shows nothing and breaks no line.
pub(super) const JOINER: char = '\u{2060}';

/// Macros that one of Jira's readers takes even when their brace is escaped.
const MACROS: [&str; 8] = [
    "adf",
    "anchor",
    "code",
    "quote",
    "noformat",
    "panel",
    "color",
    "loremipsum",
];

/// What follows `(` in a smiley.
const SMILEYS: [&str; 18] = [
    "y)", "n)", "i)", "/)", "x)", "!)", "+)", "-)", "?)", "on)", "off)", "*)", "*y)", "*r)", "*g)", "*b)", "flag)",
    "flagoff)",
];

/// What a character of a text stands between.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// The line up to the character.
    pub before: &'a str,
    /// The line after the character.
    pub after: &'a str,
    /// Whether the character begins a piece of one look: marks of another may stand before it.
    pub first: bool,
    /// The rest of that piece; marks of another may stand after it.
    pub rest: &'a str,
    /// Whether an address is left as it is: it is to be copied, and no link can begin here.
    pub addresses_stay: bool,
}

impl Around<'_> {
    fn previous(&self) -> Option<char> {
        self.before.chars().next_back()
    }

    fn next(&self) -> Option<char> {
        self.after.chars().next()
    }

    fn in_a_word(&self) -> bool {
        let word = |character: Option<char>| character.is_some_and(|c| c.is_ascii_alphanumeric());
        !self.first && !self.rest.is_empty() && word(self.previous()) && word(self.next())
    }
}

/// How to write a character so that it is read as itself; nothing if it may stand as it is.
pub(super) fn escaped(character: char, around: Around<'_>) -> Option<String> {
    let by_backslash = match character {
        '*' | '+' | '^' | '~' | '|' | '[' | ']' | '}' | '!' => true,
        '_' => !around.in_a_word(),
        '-' => !around.in_a_word() || in_an_issue_key(around),
        '?' => around.previous() == Some('?') || around.next() == Some('?'),
        '(' => matches!(around.previous(), Some(':' | ';')) || begins_smiley(around.after),
        ')' => matches!(around.previous(), Some(':' | ';')),
        '{' => return Some(brace(around.after)),
        _ => return joined(character, around),
    };
    by_backslash.then(|| format!("\\{character}"))
}

/// Whether a line or formatted text that begins so would be read as a heading, quote or list.
pub(super) fn begins_a_block(text: &str) -> bool {
    let start: Vec<char> = text
        .trim_start()
        .chars()
        .take(3)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    matches!(start.as_slice(), ['#', ..] | ['h', '1'..='6', '.'] | ['b', 'q', '.'])
}

/// A character that no backslash escapes, held apart from what follows if that matters.
fn joined(character: char, around: Around<'_>) -> Option<String> {
    let apart = match character {
        // What is between it and a letter or digit is nothing that a backslash takes away.
        '\\' => !around.rest.starts_with(char::is_alphanumeric),
        ':' => (begins_address(around) && !around.addresses_stay) || begins_letter_smiley(around),
        '&' => begins_entity(around.after),
        _ => false,
    };
    apart.then(|| format!("{character}{JOINER}"))
}

fn brace(after: &str) -> String {
    let apart = MACROS.iter().any(|name| begins_with(after, name));
    if apart {
        format!("\\{{{JOINER}")
    } else {
        "\\{".to_owned()
    }
}

fn begins_with(text: &str, word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn ends_with(text: &str, word: &str) -> bool {
    let start = text.len().checked_sub(word.len());
    start
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// An issue's key in the text would become a link.
fn in_an_issue_key(around: Around<'_>) -> bool {
    let upper = around
        .previous()
        .is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    upper && around.next().is_some_and(|c| c.is_ascii_digit())
}

fn begins_smiley(after: &str) -> bool {
    SMILEYS.iter().any(|smiley| begins_with(after, smiley))
}

/// `:D` and `:P`, unless a letter or digit of the same piece follows.
fn begins_letter_smiley(around: Around<'_>) -> bool {
    let letter = |text: &str| text.starts_with(['D', 'd', 'P', 'p']);
    let mut rest = around.rest.chars().skip(1);
    letter(around.after) && (around.rest.is_empty() || !rest.next().is_some_and(|next| next.is_ascii_alphanumeric()))
}

/// An address of the web that is no link here, such as `ftp://`, and `mailto:`.
fn begins_address(around: Around<'_>) -> bool {
    let scheme = around.previous().is_some_and(|c| c.is_ascii_alphanumeric());
    (scheme && around.after.starts_with("//")) || ends_with(around.before, "mailto")
}

/// `&amp;` and the like.
fn begins_entity(after: &str) -> bool {
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '#');
    end.is_some_and(|end| end > 0 && after.get(end..).is_some_and(|rest| rest.starts_with(';')))
}
