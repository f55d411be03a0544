//! The manifest that `template` prints: what a ticket of a type needs, what it takes besides, and which values are
//! allowed. Pure.

use serde_json::Value;
use textwrap::{Options, WordSplitter, fill};

use crate::{
    api::{GROUP, VERSION},
    cli::context::clean,
    tickets::{AllowedValue, FieldKind, ItemKind, TicketField, TicketMetadata, settable},
};

/// Columns of a comment.
const COLUMNS: usize = 80;
/// Most allowed values that a comment lists.
const LISTED: usize = 60;
/// Longest name of the object.
const LONGEST_NAME: usize = 63;
/// Words that YAML takes for something else than text.
const NO_TEXT: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// What every spec may say besides, each with its hint.
const AROUND: [(&str, &str); 3] = [
    (
        "Pages elsewhere, at most 20. The account needs Link issues.",
        "links: [{url: \"https://example.com\", title: Page}]",
    ),
    (
        "What becomes of the ticket that an object of this name had before, by Adopt, AdoptUnresolved (one that is done is \
         followed by another) or Ignore (there is always another).",
        "policy: {existing: Adopt}",
    ),
    (
        "Seconds after which the object, not the ticket, is deleted once it is done.",
        "ttlSecondsAfterDone: 604800",
    ),
];

/// What the manifest is made of.
pub struct TicketTemplate<'a> {
    /// Namespace of the integration.
    pub namespace: &'a str,
    /// Its name.
    pub integration: &'a str,
    /// Key of the project.
    pub project: &'a str,
    /// What it begins with, as a comment.
    pub head: &'a [String],
    /// What the type takes.
    pub metadata: &'a TicketMetadata,
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, indent: usize, text: &str) {
        self.0.push_str(&" ".repeat(indent));
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn comment(&mut self, indent: usize, text: &str) {
        let start = format!("{}# ", " ".repeat(indent));
        let page = Options::new(COLUMNS)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(false)
            .initial_indent(&start)
            .subsequent_indent(&start);
        self.0.push_str(&fill(&clean(text), page));
        self.0.push('\n');
    }
}

impl TicketTemplate<'_> {
    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> String {
        let mut out = Lines::default();
        for text in self.head {
            out.comment(0, text);
        }
        out.line(0, &format!("apiVersion: {GROUP}/{VERSION}"));
        out.line(0, "kind: JiraIssue");
        out.line(0, "metadata:");
        out.comment(2, "The ticket is found again by it: another name, another ticket.");
        out.line(2, &format!("name: {}", self.name()));
        out.line(2, &format!("namespace: {}", self.namespace));
        out.line(0, "spec:");
        out.line(2, &format!("integration: {}", scalar(self.integration)));
        out.line(2, &format!("project: {}", scalar(self.project)));
        let kind = if self.metadata.desk.is_some() {
            "requestType"
        } else {
            "type"
        };
        out.line(2, &format!("{kind}: {}", scalar(&self.metadata.type_name)));
        out.comment(2, "Needed: one line of at most 255 characters.");
        out.line(2, &format!("summary: {}", scalar(&self.metadata.type_name)));
        let own = self.own();
        for (name, value, hint, _) in own.iter().filter(|(.., needed)| *needed) {
            out.comment(2, &format!("Needed: {hint}"));
            out.line(2, &format!("{name}: {value}"));
        }
        self.fields(&mut out);
        for (name, value, hint, _) in own.iter().filter(|(.., needed)| !needed) {
            out.comment(2, &capitalised(hint));
            out.line(2, &format!("# {name}: {value}"));
        }
        for (hint, line) in AROUND {
            out.comment(2, hint);
            out.line(2, &format!("# {line}"));
        }
        out.0
    }

    /// A name that Kubernetes takes, of project and type.
    fn name(&self) -> String {
        let both = format!("{}-{}", self.project, self.metadata.type_name).to_lowercase();
        let letters = both.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        let words: String = letters.collect();
        let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
        let name: String = words.join("-").chars().take(LONGEST_NAME).collect();
        name.trim_matches('-').to_owned()
    }

    /// The fields of spec that have a place of their own: name, value, hint, and whether it is needed.
    fn own(&self) -> Vec<(&'static str, String, String, bool)> {
        let metadata = self.metadata;
        let is_request = metadata.desk.is_some();
        let field = |id: &str| metadata.field(id);
        // Jira sets the one by itself, and the operator the other.
        let is_given = |id: &str| ["reporter", "labels"].contains(&id);
        let needed = |id: &str| field(id).is_some_and(|field| field.is_needed && !is_given(id));
        let mut own = Vec::new();
        let mut add = |name, value: String, hint: String| own.push((name, value, hint, needed(name)));
        let person = "{email: somebody@example.com}".to_owned();
        if field("description").is_some() || is_request {
            add(
                "description",
                "To be written.".to_owned(),
                "text in Markdown.".to_owned(),
            );
        }
        if let Some(priority) = field("priority") {
            let first = priority.allowed.first().map_or("High", |value| value.name.as_str());
            add("priority", scalar(first), hint(priority));
        }
        if field("parent").is_some() {
            add(
                "parent",
                format!("{}-1", self.project),
                "the key of an issue.".to_owned(),
            );
        }
        if field("labels").is_some() || is_request {
            add("labels", "[kubernetes]".to_owned(), "words without spaces.".to_owned());
        }
        if field("reporter").is_some() || metadata.can_raise_on_behalf {
            add("reporter", person.clone(), "who asks.".to_owned());
        }
        if field("assignee").is_some() || is_request {
            add("assignee", person.clone(), "who works on it.".to_owned());
        }
        if is_request {
            add("participants", format!("[{person}]"), "who takes part.".to_owned());
        }
        own
    }

    /// The other fields, those that are needed first.
    fn fields(&self, out: &mut Lines) {
        let (needed, other): (Vec<_>, Vec<_>) = settable(self.metadata)
            .into_iter()
            .partition(|(_, field)| field.is_needed);
        if needed.is_empty() && other.is_empty() {
            return;
        }
        out.line(2, if needed.is_empty() { "# fields:" } else { "fields:" });
        for (name, field) in needed {
            out.comment(4, &format!("Needed: {}", hint(field)));
            out.line(4, &format!("{}: \"\"", scalar(name)));
        }
        for (name, field) in other {
            out.comment(4, &capitalised(&hint(field)));
            out.line(4, &format!("# {}: {}", scalar(name), example(field)));
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Which values a field takes.
fn hint(field: &TicketField) -> String {
    let values = choices(&field.allowed);
    let of_them = |what: &str| {
        if values.is_empty() {
            format!("the name of {what}.")
        } else {
            format!("{what}: {values}.")
        }
    };
    match field.kind {
        FieldKind::Text => "text.".to_owned(),
        FieldKind::Document => "text in Markdown.".to_owned(),
        FieldKind::Number => "a number.".to_owned(),
        FieldKind::Date => "a date such as 2027-01-31.".to_owned(),
        FieldKind::DateTime => "a time such as 2027-01-31T09:30:00Z.".to_owned(),
        FieldKind::Choice => of_them("one value of these"),
        FieldKind::Cascade => of_them("a list of one value, and one of those in its parentheses"),
        FieldKind::Person => "the e-mail address of a person, or an account id.".to_owned(),
        FieldKind::Many(ItemKind::Word) => "a list of words without spaces.".to_owned(),
        FieldKind::Many(ItemKind::Choice) => of_them("a list of values of these"),
        FieldKind::Many(ItemKind::Person) => "a list of e-mail addresses or account ids.".to_owned(),
        FieldKind::Many(ItemKind::Other) | FieldKind::Other => "a value as Jira's REST API takes it.".to_owned(),
    }
}

/// The allowed values, with those below them.
fn choices(allowed: &[AllowedValue]) -> String {
    let name = |value: &AllowedValue| match value.children.as_slice() {
        [] => scalar(&value.name),
        below => format!("{} ({})", scalar(&value.name), choices(below)),
    };
    let names: Vec<String> = allowed.iter().take(LISTED).map(name).collect();
    let more = match allowed.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.join(", ") + &more
}

/// A value that a field takes.
fn example(field: &TicketField) -> String {
    let first = field.allowed.first();
    let chosen = first.map_or_else(|| "\"\"".to_owned(), |value| scalar(&value.name));
    match field.kind {
        FieldKind::Number => "1".to_owned(),
        FieldKind::Date => "2027-01-31".to_owned(),
        FieldKind::DateTime => "2027-01-31T09:30:00Z".to_owned(),
        FieldKind::Choice => chosen,
        FieldKind::Cascade => {
            let below = first.and_then(|value| value.children.first());
            let below = below.map_or_else(String::new, |value| format!(", {}", scalar(&value.name)));
            format!("[{chosen}{below}]")
        }
        FieldKind::Person => "somebody@example.com".to_owned(),
        FieldKind::Many(ItemKind::Word) => "[kubernetes]".to_owned(),
        FieldKind::Many(ItemKind::Choice) => format!("[{chosen}]"),
        FieldKind::Many(ItemKind::Person) => "[somebody@example.com]".to_owned(),
        FieldKind::Many(ItemKind::Other) => "[{}]".to_owned(),
        FieldKind::Other => "{}".to_owned(),
        FieldKind::Text | FieldKind::Document => "text".to_owned(),
    }
}

/// Text as YAML has it: in quotes where it would be taken for something else.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " _-./@".contains(c);
    let begins_as_text = text.chars().next().is_some_and(char::is_alphabetic);
    let is_plain = begins_as_text && text.chars().all(plain) && text.trim() == text;
    if is_plain && !NO_TEXT.contains(&text.to_lowercase().as_str()) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests;
