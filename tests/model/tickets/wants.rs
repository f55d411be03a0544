//! What the specs of a history say of the fields of their tickets, one spec after the other.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::objects::{Wish, is_request, wish};

/// The fields, by number.
pub const PLACES: [&str; 5] = ["summary", "description", "priority", "labels", AREA];
/// Where the changes of one label are counted.
pub const LABEL: &str = "label ";
/// A field of the site's own.
pub const AREA: &str = "fields.Area";
/// Priorities that specs ask for, and people.
const PRIORITIES: [(&str, &str); 2] = [("High", "2"), ("Low", "4")];

/// What a spec says, by place; labels one by one.
pub type Said = BTreeMap<String, String>;

/// See the module.
#[derive(Default)]
pub struct Wants {
    /// By object and place, which of the values is wanted.
    values: BTreeMap<(&'static str, usize), u8>,
    /// Descriptions that were edited otherwise.
    touched: BTreeMap<&'static str, String>,
    /// What each spec said that was applied, the newest last.
    said: BTreeMap<&'static str, Vec<Said>>,
}

impl Wants {
    /// The spec is to say something else of a field.
    pub fn spell(&mut self, name: &'static str, field: u8, value: u8) {
        let field = usize::from(field) % PLACES.len();
        if PLACES.get(field) == Some(&"description") {
            self.touched.remove(name);
        }
        self.values.insert((name, field), value);
    }

    /// A person edits the description in the spec.
    pub fn touch(&mut self, name: &'static str, text: String) {
        self.touched.insert(name, text);
    }

    /// The fields of a spec but for its summary, as a patch: null is what goes.
    pub fn spec(&self, name: &'static str) -> Value {
        if matches!(wish(name), Wish::TakeOver | Wish::Invalid) {
            return json!({});
        }
        let value = |place: usize| self.values.get(&(name, place)).copied().unwrap_or_default() % 4;
        let described = match value(1) {
            0 => None,
            number => Some(format!("Text {number} of **{name}**")),
        };
        let described = self.touched.get(name).cloned().or(described);
        let mut spec = json!({"description": described});
        if is_request(name) {
            return spec;
        }
        let priority = value(2)
            .checked_sub(1)
            .and_then(|of| PRIORITIES.get(usize::from(of) % 2));
        let labels = match value(3) {
            0 => json!(["gitops"]),
            1 => json!(["gitops", "team-a"]),
            2 => json!(["team-b"]),
            _ => Value::Null,
        };
        let area = match value(4) {
            0 => Value::Null,
            number => json!({"Area": if number % 2 == 1 { "South" } else { "North" }}),
        };
        spec["priority"] = json!(priority.map(|(word, _)| *word));
        spec["labels"] = labels;
        spec["fields"] = area;
        spec
    }

    /// Such a spec is applied.
    pub fn applied(&mut self, name: &'static str, spec: &Value) {
        if matches!(wish(name), Wish::TakeOver | Wish::Invalid) {
            return;
        }
        let said = said(spec);
        let all = self.said.entry(name).or_default();
        if all.last() != Some(&said) {
            all.push(said);
        }
    }

    /// How many specs there were.
    pub fn count(&self, name: &str) -> usize {
        self.said.get(name).map_or(0, Vec::len)
    }

    /// What the newest one says.
    pub fn now(&self, name: &str) -> Said {
        self.said
            .get(name)
            .and_then(|all| all.last())
            .cloned()
            .unwrap_or_default()
    }

    /// What was said of a place by one spec after the other, from the last of so many on.
    pub fn since(&self, name: &str, count: usize, place: &str) -> Vec<Option<&str>> {
        let all = self.said.get(name).map_or(&[][..], Vec::as_slice);
        let later = all.iter().skip(count.saturating_sub(1));
        later.map(|said| said.get(place).map(String::as_str)).collect()
    }
}

fn said(spec: &Value) -> Said {
    let text = |place: &str| spec[place].as_str();
    let mut said = Said::new();
    for place in ["summary", "description"] {
        said.extend(text(place).map(|text| (place.to_owned(), words(&json!(text)))));
    }
    let priority = PRIORITIES.iter().find(|(word, _)| text("priority") == Some(*word));
    said.extend(priority.map(|(_, id)| ("priority".to_owned(), (*id).to_owned())));
    let area = spec["fields"]["Area"].as_str();
    said.extend(area.map(|area| (AREA.to_owned(), area.to_owned())));
    let labels = spec["labels"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    said.extend(labels.map(|label| (format!("{LABEL}{label}"), "there".to_owned())));
    said
}

/// A text, or a document, without what its form adds.
pub fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().filter(char::is_ascii_alphanumeric).collect(),
        Value::Object(node) => match node.get("text") {
            Some(text) => words(text),
            None => node.get("content").map(words).unwrap_or_default(),
        },
        Value::Array(nodes) => nodes.iter().map(words).collect(),
        _ => String::new(),
    }
}
