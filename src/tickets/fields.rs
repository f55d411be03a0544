//! What `spec.fields` says, as Jira takes it: fields by name or id, values by the kind of the field.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{
    metadata::{AllowedValue, FieldKind, ItemKind, TicketField, TicketMetadata},
    text,
};
use crate::{
    api::reason::Reason::{self, FieldAmbiguous, FieldUnknown, FieldValueInvalid},
    diagnose::nearest,
};

/// What is set by a field of spec of its own, by the ids of Jira's fields.
const OWN: [(&str, &str); 9] = [
    ("project", "spec.project"),
    ("issuetype", "spec.type or spec.requestType"),
    ("reporter", "spec.reporter"),
    ("assignee", "spec.assignee"),
    ("labels", "spec.labels"),
    ("parent", "spec.parent"),
    ("summary", "spec.summary"),
    ("priority", "spec.priority"),
    ("description", "spec.description"),
];
/// What restricts who sees an issue.
const SECURITY: &str = "security";

/// What is wrong with a field of spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The reason of the condition.
    pub reason: Reason,
    /// What is wrong, as a sentence.
    pub what: String,
}

/// How text with a form is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// As an Atlassian document.
    Document,
    /// As wiki markup, which request forms take.
    Wiki,
}

/// Turns values into what Jira takes.
pub struct FieldConversion<'a> {
    /// What the ticket takes.
    pub metadata: &'a TicketMetadata,
    /// How text with a form is sent.
    pub text_form: TextForm,
    /// Account ids by e-mail address, of those who have one.
    pub accounts: &'a BTreeMap<String, String>,
}

/// The field that a name or an id means.
///
/// # Errors
/// A sentence, where none or several are meant, or it may not be set here.
pub fn find<'m>(metadata: &'m TicketMetadata, name: &str) -> Result<&'m TicketField, FieldProblem> {
    let refused = |reason, what| Err(FieldProblem { reason, what });
    let by_name = || {
        metadata
            .fields
            .iter()
            .filter(|field| field.name.to_lowercase() == name.trim().to_lowercase())
    };
    let found = metadata
        .field(name)
        .map_or_else(|| by_name().collect(), |field| vec![field]);
    let id = found.first().map_or(name, |field| field.id.as_str());
    if let Some((_, own)) = OWN.iter().find(|(own, _)| *own == id) {
        return refused(FieldUnknown, format!("spec.fields cannot set {name}: use {own}."));
    }
    if id == SECURITY {
        let what = format!("spec.fields cannot set {name}: it restricts who sees the ticket.");
        return refused(FieldUnknown, what);
    }
    match found.as_slice() {
        [field] => Ok(field),
        [] => {
            let near = nearest(name, metadata.fields.iter().map(|field| field.name.as_str()));
            let near = near.map_or_else(String::new, |near| format!(" Did you mean {near}?"));
            let what = format!(
                "{} has no field {name} that can be set at creation.{near}",
                metadata.type_name
            );
            refused(FieldUnknown, what)
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|field| field.id.as_str()).collect();
            refused(
                FieldAmbiguous,
                format!("{name} is the name of several fields: use one of {}.", ids.join(", ")),
            )
        }
    }
}

/// The fields that `spec.fields` can set, each with what means it and no other: its name, else its id.
#[must_use]
pub fn settable(metadata: &TicketMetadata) -> Vec<(&str, &TicketField)> {
    let of = |field: &&TicketField| find(metadata, &field.id).is_ok();
    let means = |name: &str, field: &TicketField| find(metadata, name).is_ok_and(|found| found.id == field.id);
    let all = metadata.fields.iter().filter(of);
    all.map(|field| {
        let name = if means(&field.name, field) {
            &field.name
        } else {
            &field.id
        };
        (name.as_str(), field)
    })
    .collect()
}

/// Whether a value says nothing, as in a manifest that is yet to be filled in.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// The e-mail addresses that the values of fields for people name.
#[must_use]
pub fn addresses(metadata: &TicketMetadata, fields: &BTreeMap<String, Value>) -> Vec<String> {
    let of_people = fields.iter().filter(|(name, _)| {
        find(metadata, name)
            .is_ok_and(|field| matches!(field.kind, FieldKind::Person | FieldKind::Many(ItemKind::Person)))
    });
    let texts = of_people.flat_map(|(_, value)| items(value));
    texts
        .filter_map(Value::as_str)
        .filter(|text| text.contains('@'))
        .map(str::to_lowercase)
        .collect()
}

/// A value, or the values of a list.
fn items(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |list| list.iter().collect())
}

impl FieldConversion<'_> {
    /// Everything that `spec.fields` sets, by the ids of Jira's fields; and everything that is wrong with it.
    #[must_use]
    pub fn all(&self, fields: &BTreeMap<String, Value>) -> (Map<String, Value>, Vec<FieldProblem>) {
        let (mut set, mut problems) = (Map::new(), Vec::new());
        for (name, value) in fields {
            // What has to have a value has none.
            if is_blank(value) && find(self.metadata, name).is_ok_and(|field| field.is_needed) {
                continue;
            }
            match find(self.metadata, name).and_then(|field| Ok((field, self.value(field, value)?))) {
                Ok((field, _)) if set.contains_key(&field.id) => problems.push(FieldProblem {
                    reason: FieldAmbiguous,
                    what: format!(
                        "spec.fields sets {} twice, by its name and by its id {}.",
                        field.name, field.id
                    ),
                }),
                Ok((field, value)) => {
                    set.insert(field.id.clone(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
        (set, problems)
    }

    fn value(&self, field: &TicketField, value: &Value) -> Result<Value, FieldProblem> {
        if value.is_object() || value.is_null() {
            return Ok(value.clone());
        }
        match (field.kind, value) {
            (FieldKind::Many(kind), value) => {
                let values = items(value).into_iter();
                values
                    .map(|one| self.item(field, kind, one))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Value::Array)
            }
            (FieldKind::Cascade, Value::Array(way)) => cascade(field, way),
            (FieldKind::Cascade, one) => cascade(field, std::slice::from_ref(one)),
            (_, Value::Array(_)) => Err(invalid(field, value, "one value, not a list")),
            (kind, value) => self.single(field, kind, value),
        }
    }

    fn item(&self, field: &TicketField, kind: ItemKind, value: &Value) -> Result<Value, FieldProblem> {
        match kind {
            _ if value.is_object() => Ok(value.clone()),
            ItemKind::Word => match text_of(value).filter(|text| !text.contains(char::is_whitespace)) {
                Some(text) => Ok(text.into()),
                None => Err(invalid(field, value, "text without spaces")),
            },
            ItemKind::Choice => self.single(field, FieldKind::Choice, value),
            ItemKind::Person => self.single(field, FieldKind::Person, value),
            ItemKind::Other => Ok(value.clone()),
        }
    }

    fn single(&self, field: &TicketField, kind: FieldKind, value: &Value) -> Result<Value, FieldProblem> {
        let text = text_of(value);
        let wants = |what: &str| invalid(field, value, what);
        match kind {
            FieldKind::Text => text.map(Value::from).ok_or_else(|| wants("text")),
            FieldKind::Document => self.document(field, &text.ok_or_else(|| wants("text"))?),
            FieldKind::Number => number(value).ok_or_else(|| wants("a number")),
            FieldKind::Date => date(value.as_str()).ok_or_else(|| wants("a date such as 2027-01-31")),
            FieldKind::DateTime => {
                date_time(value.as_str()).ok_or_else(|| wants("a time such as 2027-01-31T09:30:00Z"))
            }
            FieldKind::Choice => choice(&field.allowed, value)
                .map(|chosen| json!({"id": chosen.id}))
                .ok_or_else(|| wants(&one_of(field))),
            FieldKind::Person => self.person(field, &text.ok_or_else(|| wants("an e-mail address or an account id"))?),
            FieldKind::Cascade | FieldKind::Many(_) | FieldKind::Other => Ok(value.clone()),
        }
    }

    fn document(&self, field: &TicketField, markdown: &str) -> Result<Value, FieldProblem> {
        let sent = match self.text_form {
            TextForm::Document => text::markdown_to_adf(markdown),
            TextForm::Wiki => text::markdown_to_wiki(markdown).map(Value::from),
        };
        sent.map_err(|error| FieldProblem {
            reason: Reason::TextTooLong,
            what: format!("{}: {error}", field.name),
        })
    }

    fn person(&self, field: &TicketField, text: &str) -> Result<Value, FieldProblem> {
        if !text.contains('@') {
            return Ok(json!({"accountId": text}));
        }
        let account = self.accounts.get(&text.to_lowercase());
        account.map(|id| json!({"accountId": id})).ok_or_else(|| FieldProblem {
            reason: FieldValueInvalid,
            what: format!("{} names {text}, who has no account that shows this address; pin one in spec.users of the JiraIntegration.", field.name),
        })
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => text
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Value::from),
        _ => None,
    }
}

fn date(text: Option<&str>) -> Option<Value> {
    let date: Date = text?.trim().parse().ok()?;
    Some(date.strftime("%Y-%m-%d").to_string().into())
}

/// As Jira takes it: with milliseconds, and an offset without a colon.
fn date_time(text: Option<&str>) -> Option<Value> {
    let time: Timestamp = text?.trim().parse().ok()?;
    let zoned = time.to_zoned(TimeZone::UTC);
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%.3f%z").to_string().into())
}

/// The allowed value that is meant: by its name, case aside, or as `id:10001`.
fn choice<'v>(allowed: &'v [AllowedValue], meant: &Value) -> Option<&'v AllowedValue> {
    let meant = text_of(meant)?;
    match meant.strip_prefix("id:") {
        Some(id) => allowed.iter().find(|value| value.id == id.trim()),
        None => allowed
            .iter()
            .find(|value| value.name.to_lowercase() == meant.trim().to_lowercase()),
    }
}

fn cascade(field: &TicketField, way: &[Value]) -> Result<Value, FieldProblem> {
    let all = Value::Array(way.to_vec());
    let wants = |what: String| invalid(field, &all, &what);
    let (first, second) = match way {
        [first] => (first, None),
        [first, second] => (first, Some(second)),
        _ => return Err(wants("a list of a value and one below it".to_owned())),
    };
    let parent = choice(&field.allowed, first).ok_or_else(|| wants(one_of(field)))?;
    let Some(second) = second else {
        return Ok(json!({"id": parent.id}));
    };
    let child = choice(&parent.children, second).ok_or_else(|| {
        let below: Vec<&str> = parent.children.iter().map(|child| child.name.as_str()).collect();
        wants(format!("below {} one of: {}", parent.name, below.join(", ")))
    })?;
    Ok(json!({"id": parent.id, "child": {"id": child.id}}))
}

fn one_of(field: &TicketField) -> String {
    if field.allowed.is_empty() {
        return "a value that Jira lists for it, and it lists none: write it as an object, as Jira takes it".to_owned();
    }
    format!("one of: {}", field.choices())
}

fn invalid(field: &TicketField, value: &Value, wanted: &str) -> FieldProblem {
    let shown: String = value.to_string().chars().take(64).collect();
    FieldProblem {
        reason: FieldValueInvalid,
        what: format!("{} ({}) is {shown}, and must be {wanted}.", field.name, field.id),
    }
}

#[cfg(test)]
mod tests;
