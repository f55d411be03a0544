//! Marks around text, and backslashes.

/// The characters before which a backslash disappears.
pub(super) const ESCAPABLE: &str = "-#*_+?^~|%{}[]()!@";

/// What is between these marks, of which the first begins at this byte, if what is around them lets them be marks.
pub(super) fn between<'a>(line: &'a str, at: usize, open: &str, close: &str) -> Option<&'a str> {
    let (before, rest) = line.split_at_checked(at)?;
    let wrapped = open.len() == 3 && open.starts_with('{');
    let word = |c: char| c.is_ascii_alphanumeric() || (!c.is_ascii() && c != '\u{a0}');
    if !wrapped && before.chars().next_back().is_some_and(word) {
        return None;
    }
    let inside = rest.get(open.len()..)?;
    if inside.starts_with(' ') {
        return None;
    }
    let mut at = 0;
    loop {
        let rest = inside.get(at..)?;
        let next = rest.chars().next()?;
        let after = rest.get(close.len()..).and_then(|after| after.chars().next());
        if rest.starts_with(close) && at > 0 && (wrapped || !after.is_some_and(word)) {
            let content = inside.get(..at)?;
            return (!content.ends_with(' ')).then_some(content);
        }
        at += match next {
            '\n' => return None,
            '\\' => 1 + rest.get(1..)?.chars().next()?.len_utf8(),
            other => other.len_utf8(),
        };
    }
}

/// The text without the backslashes that escape something.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(next) if character == '\\' && ESCAPABLE.contains(*next) => {
                plain.push(*next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}
