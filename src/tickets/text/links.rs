//! Addresses: which may be links, and where they stand in a text.

/// What an address may begin with to become a link.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// What an address that stands in the text as it is begins with.
const BARE_SCHEMES: [&str; 2] = ["https://", "http://"];

/// The address as the target of a link, written so that neither format can misread it; nothing
/// unless it leads to the web or to a mailbox.
pub(super) fn target(address: &str) -> Option<String> {
    let address = address.trim();
    let scheme = SCHEMES.iter().find(|scheme| starts_with(address, scheme))?;
    let rest = address.get(scheme.len()..).filter(|rest| !rest.is_empty())?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // Wiki text cannot hold the brackets of an IPv6 address, and encoded they are no host.
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || matches!(c, '[' | ']')) {
        return None;
    }
    Some(address.chars().map(encoded).collect())
}

/// The first web address in a text that is not part of a word, as (start, end) in bytes.
pub(super) fn find_bare(text: &str) -> Option<(usize, usize)> {
    text.char_indices().find_map(|(start, first)| {
        if !first.eq_ignore_ascii_case(&'h') || !at_word_start(text, start) {
            return None;
        }
        let candidate = text.get(start..)?;
        let scheme = BARE_SCHEMES.iter().find(|scheme| starts_with(candidate, scheme))?;
        let rest = candidate.get(scheme.len()..)?;
        let end = rest.find(ends_bare).unwrap_or(rest.len());
        let rest = without_closing_punctuation(rest.get(..end)?);
        let begins_with_host = rest.starts_with(char::is_alphanumeric);
        begins_with_host.then(|| (start, start + scheme.len() + rest.len()))
    })
}

fn at_word_start(text: &str, at: usize) -> bool {
    text.get(..at)
        .and_then(|before| before.chars().next_back())
        .is_none_or(|c| !c.is_alphanumeric())
}

fn starts_with(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// Characters that no address holds unencoded.
fn ends_bare(character: char) -> bool {
    character.is_whitespace() || character.is_control() || must_be_encoded(character)
}

fn must_be_encoded(character: char) -> bool {
    matches!(
        character,
        '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '[' | ']'
    )
}

/// Punctuation at the end belongs to the sentence, and so does a closing parenthesis that the
/// address did not open.
fn without_closing_punctuation(mut address: &str) -> &str {
    while let Some(last) = address.chars().next_back() {
        let unopened = last == ')' && address.matches(')').count() > address.matches('(').count();
        let belongs = !unopened && !matches!(last, '.' | ',' | ':' | ';' | '!' | '?' | '*' | '_' | '~' | '\'');
        if belongs {
            break;
        }
        address = address.get(..address.len() - last.len_utf8()).unwrap_or_default();
    }
    address
}

fn encoded(character: char) -> String {
    if character.is_whitespace() || character.is_control() || must_be_encoded(character) {
        let mut bytes = [0; 4];
        character
            .encode_utf8(&mut bytes)
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect()
    } else {
        character.to_string()
    }
}
