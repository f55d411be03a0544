//! The Atlassian Document Format as plain text.

use serde_json::Value;

/// Levels that are read; what lies deeper is left out.
const MAX_LEVELS: usize = 200;

const MILLISECONDS_A_DAY: i64 = 86_400_000;

/// The text of a document or node of the Atlassian Document Format, for people to read: each block
/// on its own line, table cells with `|` between them, a mention as `@name`. Formatting is left
/// out, unknown nodes give the text that is in them. A JSON string is its own text, so that fields
/// and comments that come as wiki text can be passed as they are.
#[must_use]
pub fn adf_to_text(document: &Value) -> String {
    if let Value::String(text) = document {
        return text.clone();
    }
    let mut text = Text::default();
    text.node(document, 0);
    text.finished
}

#[derive(Default)]
struct Text {
    finished: String,
    /// A block has ended: what comes next is on a new line.
    block_ended: bool,
}

impl Text {
    fn node(&mut self, node: &Value, level: usize) {
        if level > MAX_LEVELS {
            return;
        }
        match kind(node) {
            "text" => self.push(string(node, "text")),
            "hardBreak" => self.push("\n"),
            "tableRow" => self.row(node, level),
            kind if is_inline(kind) => self.push(&inline(kind, node)),
            "taskItem" => {
                self.end_block();
                let done = attribute(node, "state") == "DONE";
                self.push(if done { "[x] " } else { "[ ] " });
                self.children(node, level);
                self.end_block();
            }
            _ => {
                self.end_block();
                self.push(first_of(node, &["text", "url", "alt"]));
                self.children(node, level);
                self.end_block();
            }
        }
    }

    fn children(&mut self, node: &Value, level: usize) {
        for child in node.get("content").and_then(Value::as_array).into_iter().flatten() {
            self.node(child, level + 1);
        }
    }

    fn row(&mut self, row: &Value, level: usize) {
        self.end_block();
        let cells = row.get("content").and_then(Value::as_array).into_iter().flatten();
        for (column, cell) in cells.enumerate() {
            let mut text = Self::default();
            text.node(cell, level + 1);
            if column > 0 {
                self.push(" | ");
            }
            self.push(&text.finished.replace('\n', " "));
        }
        self.end_block();
    }

    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.block_ended) {
            self.finished.push('\n');
        }
        self.finished.push_str(text);
    }

    fn end_block(&mut self) {
        self.block_ended = !self.finished.is_empty();
    }
}

fn is_inline(kind: &str) -> bool {
    matches!(
        kind,
        "mention" | "emoji" | "date" | "status" | "inlineCard" | "placeholder" | "mediaInline"
    )
}

/// The text of an inline node that has no content.
fn inline(kind: &str, node: &Value) -> String {
    match kind {
        "mention" => mention(node),
        "emoji" => first_of(node, &["text", "shortName"]).to_owned(),
        "date" => date(attribute(node, "timestamp")),
        _ => first_of(node, &["text", "url", "alt"]).to_owned(),
    }
}

fn mention(node: &Value) -> String {
    let name = first_of(node, &["text", "id"]);
    format!("@{}", name.trim_start_matches('@'))
}

/// Milliseconds since 1970 as a day, e.g. `2026-11-30`; what is no such number stays as it is.
fn date(timestamp: &str) -> String {
    let Ok(milliseconds) = timestamp.parse::<i64>() else {
        return timestamp.to_owned();
    };
    let days = milliseconds.div_euclid(MILLISECONDS_A_DAY);
    // Counted from 1 March of the year 0, so that leap days come last: 146,097 days in 400 years.
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn kind(node: &Value) -> &str {
    string(node, "type")
}

fn string<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn attribute<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get("attrs").map_or("", |attrs| string(attrs, key))
}

fn first_of<'a>(node: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter()
        .map(|key| attribute(node, key))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}
