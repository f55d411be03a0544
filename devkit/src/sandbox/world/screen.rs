//! Create screens: which fields a project asks for when an issue is made, and what its workflow wants beside them.

use serde_json::Value;

use super::field::{Field, REQUEST_TYPE, system_fields};
use super::project::Project;
use super::rights::Lens;
use super::site::Site;

/// A field on the create screen of an issue type.
#[derive(Clone, Debug)]
pub(crate) struct ScreenField {
    pub(crate) field: Field,
    pub(crate) on_screen: bool,
    pub(crate) required: bool,
    pub(crate) has_default: bool,
    pub(crate) default: Option<Value>,
}

/// Permissions without which a field stands on no screen.
const GUARDED: &[(&str, &str)] = &[
    ("reporter", "MODIFY_REPORTER"),
    ("assignee", "ASSIGN_ISSUES"),
    ("duedate", "SCHEDULE_ISSUES"),
];

impl Site {
    /// The field with this id, Jira's own or a custom one.
    pub(crate) fn field(&self, id: &str) -> Option<Field> {
        let custom = self.tickets.fields.get(id).cloned();
        custom.or_else(|| system_fields().find(|field| field.id == id))
    }

    /// The fields that issues of a type in a project can have. A field may be required and on no screen, so that
    /// nobody can fill it when the issue is made.
    pub(crate) fn screen(&self, project: &Project, issue_type: &str, account: &str) -> Vec<ScreenField> {
        let custom = project
            .screens
            .fields
            .iter()
            .filter_map(|id| self.tickets.fields.get(id));
        let request_type = self
            .tickets
            .fields
            .get(REQUEST_TYPE)
            .filter(|_| project.is_service_desk());
        let fields = system_fields().chain(request_type.cloned()).chain(custom.cloned());
        let subtask = project.workflow.issue_type(issue_type).is_some_and(|kind| kind.subtask);
        let place = |field: Field| {
            let permission = GUARDED.iter().find(|(id, _)| *id == field.id);
            let may = permission.is_none_or(|(_, key)| self.holds(project, None, account, key, Lens::Work));
            let mut place = usual(field, subtask);
            for rule in &project.screens.rules {
                if rule.meets(&place.field.id, issue_type) {
                    place.on_screen = rule.on_screen.unwrap_or(place.on_screen);
                    place.required = rule.required.unwrap_or(place.required);
                    place.has_default = place.has_default || rule.default.is_some();
                    place.default = rule.default.clone().or(place.default);
                }
            }
            place.on_screen = place.on_screen && may;
            place
        };
        fields.map(place).collect()
    }
}

/// A field as projects begin with it.
fn usual(field: Field, subtask: bool) -> ScreenField {
    let id = field.id.as_str();
    let required = matches!(id, "project" | "issuetype" | "summary" | "reporter") || (id == "parent" && subtask);
    ScreenField {
        on_screen: !matches!(id, "environment" | REQUEST_TYPE),
        required,
        has_default: matches!(id, "reporter" | "priority"),
        default: None,
        field,
    }
}
