//! How long a message is, and how a longer one is cut short.

/// Longest message in characters: more than a person reads at one glance belongs in the
/// documentation.
pub const LONGEST_MESSAGE: usize = 299;

/// A message of any length within its bounds, and ending as a sentence ends.
pub(super) fn whole_sentence(message: String) -> String {
    if message.chars().count() <= LONGEST_MESSAGE {
        return message;
    }
    format!("{}.", shortened(&message, LONGEST_MESSAGE - 1))
}

/// At most so many characters of the text, cut between words where it has some.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let kept: String = text.chars().take(room).collect();
    let inside_word = text.chars().nth(room).is_some_and(|next| !next.is_whitespace());
    let whole = kept.trim_end().rsplit_once(char::is_whitespace).filter(|_| inside_word);
    let whole = whole.map_or(kept.as_str(), |(whole, _)| whole);
    format!("{}…", whole.trim_end_matches([' ', ',', ';', ':']))
}

/// The text with what is to stand at its end; where there is no room the text is cut short.
pub(super) fn with_short_tail(text: &str, tail: &str) -> String {
    let room = LONGEST_MESSAGE.saturating_sub(tail.chars().count());
    format!("{}{tail}", shortened(text, room))
}
