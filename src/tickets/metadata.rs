//! What a ticket of an issue type or a request type takes: its fields, and the values that they allow.

use serde_json::Value;

use crate::atlassian::{
    desk_models::{Form, FormField},
    ticket_models::{CreateField, FieldSchema},
};

/// Most allowed values that a message lists.
const LISTED: usize = 12;

/// What can be said of a new ticket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TicketMetadata {
    /// What the issue type or the request type is called.
    pub type_name: String,
    /// Its id.
    pub type_id: String,
    /// Of a request: the id of its service desk.
    pub desk: Option<String>,
    /// Whether requests can be raised on behalf of others.
    pub can_raise_on_behalf: bool,
    /// The fields.
    pub fields: Vec<TicketField>,
}

/// A field of a new ticket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TicketField {
    /// Its id, such as `customfield_10044`.
    pub id: String,
    /// Its name, in the language of the account.
    pub name: String,
    /// Whether a ticket has to have a value in it, and has none where none is set.
    pub is_needed: bool,
    /// The values that it takes, where there are only some.
    pub allowed: Vec<AllowedValue>,
    /// Which kind of values it takes.
    pub kind: FieldKind,
}

/// A value that a field takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedValue {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What can be chosen below it.
    pub children: Vec<Self>,
}

/// Which kind of values a field takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// Text with a form.
    Document,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// One of the allowed values.
    Choice,
    /// One of the allowed values and one below it.
    Cascade,
    /// A person.
    Person,
    /// Several values, each of a kind.
    Many(ItemKind),
    /// Something else: sent as it is.
    #[default]
    Other,
}

/// Which kind of values a field takes several of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Text without spaces, such as labels.
    Word,
    /// One of the allowed values.
    Choice,
    /// A person.
    Person,
    /// Something else: sent as it is.
    Other,
}

impl FieldKind {
    fn of(schema: &FieldSchema) -> Self {
        match schema.kind.as_str() {
            "string" if schema.custom.ends_with(":textarea") => Self::Document,
            "string" if ["description", "environment"].contains(&schema.system.as_str()) => Self::Document,
            "string" => Self::Text,
            "number" => Self::Number,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "option-with-child" => Self::Cascade,
            "option" | "priority" | "version" | "component" | "resolution" | "securitylevel" => Self::Choice,
            "user" => Self::Person,
            "array" => Self::Many(match schema.items.as_str() {
                "string" if schema.custom.ends_with(":multicheckboxes") => ItemKind::Choice,
                "string" => ItemKind::Word,
                "option" | "version" | "component" => ItemKind::Choice,
                "user" => ItemKind::Person,
                _ => ItemKind::Other,
            }),
            _ => Self::Other,
        }
    }
}

impl AllowedValue {
    fn of(value: &Value) -> Option<Self> {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| match value.get(*name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            });
            found.filter(|text| !text.is_empty())
        };
        // Jira has an id and a value or a name; a form has the id as the value, and a label.
        let label = text(&["label"]);
        let id = text(if label.is_some() {
            &["value", "id"]
        } else {
            &["id", "value"]
        })?;
        let children = value.get("children").and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            name: label.or_else(|| text(&["value", "name"])).unwrap_or_else(|| id.clone()),
            children: children.filter_map(Self::of).collect(),
            id,
        })
    }
}

impl From<&CreateField> for TicketField {
    fn from(field: &CreateField) -> Self {
        Self {
            id: field.field_id.clone(),
            name: field.name.clone(),
            is_needed: field.required && !field.has_default_value,
            allowed: field.allowed_values.iter().filter_map(AllowedValue::of).collect(),
            kind: FieldKind::of(&field.schema),
        }
    }
}

impl From<&FormField> for TicketField {
    fn from(field: &FormField) -> Self {
        Self {
            id: field.field_id.clone(),
            name: field.name.clone(),
            is_needed: field.required && field.default_values.is_empty() && field.preset_values.is_empty(),
            allowed: field.valid_values.iter().filter_map(AllowedValue::of).collect(),
            kind: FieldKind::of(&field.jira_schema),
        }
    }
}

/// How the kind of the field ends that holds the request type of an issue: it is never set by a person.
const REQUEST_TYPE: &str = ":vp-origin";

impl TicketMetadata {
    /// Of an issue type, by the fields that can be set at creation.
    #[must_use]
    pub fn of_type(type_id: &str, type_name: &str, fields: &[CreateField]) -> Self {
        let fields = fields
            .iter()
            .filter(|field| !field.schema.custom.ends_with(REQUEST_TYPE));
        Self {
            type_name: type_name.to_owned(),
            type_id: type_id.to_owned(),
            fields: fields.map(TicketField::from).collect(),
            ..Self::default()
        }
    }

    /// Of a request type, by its form.
    #[must_use]
    pub fn of_form(desk: &str, type_id: &str, type_name: &str, form: &Form) -> Self {
        Self {
            type_name: type_name.to_owned(),
            type_id: type_id.to_owned(),
            desk: Some(desk.to_owned()),
            can_raise_on_behalf: form.can_raise_on_behalf_of != Some(false),
            // What the form hides nobody can fill in, whether Jira shows it or not.
            fields: form
                .request_type_fields
                .iter()
                .filter(|field| field.visible)
                .map(TicketField::from)
                .collect(),
        }
    }

    /// The field with this id.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&TicketField> {
        self.fields.iter().find(|field| field.id == id)
    }
}

impl TicketField {
    /// The allowed values, as a message lists them.
    #[must_use]
    pub fn choices(&self) -> String {
        let all: Vec<&str> = self.allowed.iter().map(|value| value.name.as_str()).collect();
        match all.get(..LISTED) {
            Some(first) if all.len() > LISTED => format!("{} and {} more", first.join(", "), all.len() - LISTED),
            _ => all.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn field(field: Value) -> TicketField {
        TicketField::from(&serde_json::from_value::<CreateField>(field).unwrap())
    }

    #[test]
    fn a_field_with_a_default_is_not_needed() {
        let needed = |required: bool, has_default: bool| {
            field(json!({"fieldId": "a", "required": required, "hasDefaultValue": has_default})).is_needed
        };
        assert!(needed(true, false));
        assert!(!needed(true, true) && !needed(false, false));
        let form: Form = serde_json::from_value(json!({"requestTypeFields": [
            {"fieldId": "summary", "required": true}, {"fieldId": "a", "required": true, "presetValues": ["1"]}]}))
        .unwrap();
        let metadata = TicketMetadata::of_form("10", "25", "Report an incident", &form);
        assert!(metadata.field("summary").unwrap().is_needed && !metadata.field("a").unwrap().is_needed);
    }

    #[test]
    fn allowed_values_are_read_in_jiras_form_and_in_that_of_request_types() {
        let jira = field(json!({"fieldId": "a", "allowedValues": [
            {"id": "1", "value": "Web", "children": [{"id": "3", "value": "Front"}]}, {"id": "2", "name": "High"}, {"self": "x"}]}));
        assert_eq!(jira.choices(), "Web, High");
        assert_eq!(jira.allowed[0].children[0].id, "3");
        let desk: FormField = serde_json::from_value(
            json!({"fieldId": "a", "validValues": [{"value": "10", "label": "Web", "children": []}]}),
        )
        .unwrap();
        let desk = TicketField::from(&desk);
        assert_eq!(
            (desk.allowed[0].id.as_str(), desk.allowed[0].name.as_str()),
            ("10", "Web")
        );
    }

    #[test]
    fn long_lists_of_values_are_cut() {
        let values: Vec<Value> = (0..20)
            .map(|id| json!({"id": id.to_string(), "value": format!("v{id}")}))
            .collect();
        let listed = field(json!({"fieldId": "a", "allowedValues": values})).choices();
        assert!(listed.ends_with("v11 and 8 more"), "{listed}");
    }

    #[test]
    fn every_type_of_jira_has_a_kind() {
        let kind = |schema: Value| field(json!({"fieldId": "a", "schema": schema})).kind;
        let custom = |kind: &str, of: &str| json!({"type": kind, "custom": format!("com.atlassian.jira.plugin.system.customfieldtypes:{of}")});
        assert_eq!(kind(custom("string", "textarea")), FieldKind::Document);
        assert_eq!(
            kind(json!({"type": "string", "system": "environment"})),
            FieldKind::Document
        );
        assert_eq!(kind(custom("string", "textfield")), FieldKind::Text);
        assert_eq!(kind(custom("option", "select")), FieldKind::Choice);
        assert_eq!(kind(custom("option-with-child", "cascadingselect")), FieldKind::Cascade);
        assert_eq!(
            kind(json!({"type": "array", "items": "version"})),
            FieldKind::Many(ItemKind::Choice)
        );
        assert_eq!(
            kind(json!({"type": "array", "items": "string"})),
            FieldKind::Many(ItemKind::Word)
        );
        assert_eq!(kind(json!({"type": "sd-servicelevelagreement"})), FieldKind::Other);
    }
}
