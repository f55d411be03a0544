//! What was changed about the making of issues in a project: its create screens, and what its workflow demands.

use serde_json::Value;

/// What an administrator changed about a field on the create screens of a project.
#[derive(Clone, Debug, Default)]
pub struct ScreenRule {
    /// The field.
    pub field: String,
    /// Id of the issue type it is about; `None` is all.
    pub issue_type: Option<String>,
    /// Whether the screen shows it.
    pub on_screen: Option<bool>,
    /// Whether it has to be filled, on the screen or not.
    pub required: Option<bool>,
    /// The value it has if nobody fills it.
    pub default: Option<Value>,
}

impl ScreenRule {
    pub(super) fn meets(&self, field: &str, issue_type: &str) -> bool {
        let of_type = self.issue_type.as_deref().is_none_or(|own| own == issue_type);
        self.field == field && of_type
    }
}

/// What a workflow demands when an issue is made: metadata do not know of it.
#[derive(Clone, Debug)]
pub struct Validator {
    /// Id of the issue type it is about; `None` is all.
    pub issue_type: Option<String>,
    /// The field that must be filled.
    pub field: String,
    /// What is said if it is not.
    pub message: String,
}

/// What was changed about the making of issues in a project.
#[derive(Clone, Debug, Default)]
pub struct Screens {
    /// Changes to the screens, the latest last.
    pub rules: Vec<ScreenRule>,
    /// What the workflow demands.
    pub validators: Vec<Validator>,
    /// Custom fields that belong to the project.
    pub fields: Vec<String>,
}
