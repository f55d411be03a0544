//! What Jira answers about the moves of an issue: those there are, and those there were.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{
    issue_fields::{IssueStatus, IssueUser, time},
    lenient::{id, maybe_id, or_default, or_true},
    ticket_models::CreateField,
};

/// Answer of `transitions`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Transitions {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) transitions: Vec<Transition>,
}

/// A move from where an issue is.
#[allow(clippy::struct_excessive_bools)] // As Jira answers it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Its id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Its name, in the language of the account.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The status that it leads to.
    #[serde(default, deserialize_with = "or_default")]
    pub to: IssueStatus,
    /// Whether it leads to where the issue is.
    #[serde(default, deserialize_with = "or_default")]
    pub looped: bool,
    /// Whether issues are created by it.
    #[serde(default, deserialize_with = "or_default")]
    pub is_initial: bool,
    /// Whether its conditions are met.
    #[serde(default = "yes", deserialize_with = "or_true")]
    pub is_available: bool,
    /// Whether it has a screen.
    #[serde(default, deserialize_with = "or_default")]
    pub has_screen: bool,
    /// The fields of its screen by their ids.
    #[serde(default, deserialize_with = "or_default")]
    fields: BTreeMap<String, Value>,
}

const fn yes() -> bool {
    true
}

impl Transition {
    /// The fields of its screen.
    #[must_use]
    pub fn fields(&self) -> Vec<CreateField> {
        let read = |(id, field): (&String, &Value)| {
            let mut field = field.as_object()?.clone();
            field.insert("fieldId".to_owned(), id.clone().into());
            serde_json::from_value(field.into()).ok()
        };
        self.fields.iter().filter_map(read).collect()
    }
}

/// A page of `changelog`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Changelog {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) values: Vec<Change>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) total: usize,
}

/// A change of an issue.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Change {
    /// Who made it; none where nobody is named.
    #[serde(default, deserialize_with = "or_default")]
    pub author: Option<IssueUser>,
    #[serde(default, deserialize_with = "or_default")]
    created: String,
    #[serde(default, deserialize_with = "or_default")]
    items: Vec<ChangedField>,
}

/// A field that changed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedField {
    #[serde(default, deserialize_with = "or_default")]
    field_id: String,
    #[serde(default, deserialize_with = "or_default")]
    field: String,
    #[serde(default, deserialize_with = "maybe_id")]
    to: String,
    #[serde(default, deserialize_with = "or_default")]
    from_string: String,
    #[serde(default, deserialize_with = "or_default")]
    to_string: String,
}

impl Change {
    /// When it was made, by Jira's clock.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        time(&self.created)
    }

    /// Whether it changed a field, by its id.
    #[must_use]
    pub fn touches(&self, field: &str) -> bool {
        let is_it = |item: &ChangedField| item.field_id == field || (item.field_id.is_empty() && item.field == field);
        self.items.iter().any(is_it)
    }

    /// Whether it added a label: Jira's history tells all of them as words, before and after.
    #[must_use]
    pub fn adds_label(&self, label: &str) -> bool {
        let has = |words: &str| words.split_whitespace().any(|word| word == label);
        let adds = |item: &ChangedField| has(&item.to_string) && !has(&item.from_string);
        self.items
            .iter()
            .filter(|item| [&item.field_id, &item.field].into_iter().any(|name| name == "labels"))
            .any(adds)
    }

    /// Id of the status that it led to, where it was a move.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        let of_status = |item: &&ChangedField| [&item.field_id, &item.field].into_iter().any(|name| name == "status");
        self.items.iter().find(of_status).map(|item| item.to.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_transition_that_says_little_is_available_and_has_no_screen() {
        let bare: Transition = serde_json::from_value(json!({"id": 31, "name": "Close"})).unwrap();
        assert!(bare.is_available && !bare.has_screen && !bare.looped && bare.fields().is_empty());
        let full: Transition = serde_json::from_value(json!({
            "id": "31", "isAvailable": false, "hasScreen": true, "to": {"id": "5", "name": "Done"},
            "fields": {"resolution": {"required": true, "name": "Resolution", "key": "resolution",
                "allowedValues": [{"id": "1", "name": "Fixed"}]}, "odd": 5},
        }))
        .unwrap();
        let fields = full.fields();
        assert!(!full.is_available && fields.len() == 1);
        assert!(
            fields
                .iter()
                .all(|field| field.field_id == "resolution" && field.required)
        );
    }

    #[test]
    fn a_move_is_told_from_other_changes() {
        let change = |items: Value| -> Change {
            let change = json!({"created": "2026-11-30T10:00:00.250+0000", "items": items});
            serde_json::from_value(change).unwrap()
        };
        let moved = change(json!([{"field": "summary"}, {"fieldId": "status", "from": "1", "to": "5"}]));
        assert_eq!(moved.status(), Some("5"));
        assert!(moved.touches("summary") && moved.touches("status") && !moved.touches("labels"));
        assert_eq!(moved.at(), "2026-11-30T10:00:00.250Z".parse().ok());
        assert_eq!(change(json!([{"fieldId": "summary", "to": null}])).status(), None);
    }
}
