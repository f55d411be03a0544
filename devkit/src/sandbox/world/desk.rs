//! Service desks: request types, the forms behind them, and who may open the portal.

use serde::{Deserialize, Serialize};

/// The service desk of a project.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Id of the desk, also that of its portal.
    pub id: u64,
    /// What customers may ask for.
    pub request_types: Vec<RequestType>,
    /// Titles of the articles in the linked knowledge base; `None` without one.
    pub articles: Option<Vec<String>>,
    /// Whether everybody with portal access may open the portal, or only those with a role in the project.
    pub open: bool,
}

impl Desk {
    /// The request type with this id or name.
    #[must_use]
    pub fn request_type(&self, id_or_name: &str) -> Option<&RequestType> {
        let mut types = self.request_types.iter();
        types.find(|kind| kind.is(id_or_name))
    }
}

/// A request type of a service desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestType {
    /// Numeric id, the site's own count. Files leave it out.
    #[serde(default)]
    pub id: u64,
    /// Name.
    pub name: String,
    /// Id of the issue type behind it.
    pub issue_type_id: String,
    /// Groups in the portal; none hides it there.
    #[serde(default)]
    pub group_ids: Vec<String>,
    /// Restricted ones are shown to the desk's administrators only.
    #[serde(default)]
    pub restricted: bool,
    /// Whether requests of this type can be made at all, as they cannot when its issue type left the project.
    #[serde(default = "yes")]
    pub creatable: bool,
    /// The form.
    #[serde(default = "usual_fields")]
    pub fields: Vec<FormField>,
    /// Questions of the form that an app of the desk adds to it; metadata of the request type do not know of them.
    #[serde(default)]
    pub questions: Vec<FormQuestion>,
    /// Whether requests are refused while required questions are not answered. Else they come without that form.
    #[serde(default)]
    pub enforced: bool,
}

/// A question of a form beside the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormQuestion {
    /// Its id.
    pub id: String,
    /// The question.
    pub label: String,
    /// Whether it has to be answered.
    #[serde(default)]
    pub required: bool,
}

impl RequestType {
    /// Whether this is its id or name.
    #[must_use]
    pub fn is(&self, id_or_name: &str) -> bool {
        self.name == id_or_name || self.id.to_string() == id_or_name
    }
}

/// A field of a request type's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormField {
    /// `summary`, `customfield_10050` and so on.
    pub field_id: String,
    /// The question that customers read.
    pub name: String,
    /// Whether it has to be answered.
    #[serde(default)]
    pub required: bool,
    /// Whether the form shows it. Hidden ones are shown to the desk's administrators only.
    #[serde(default = "yes")]
    pub visible: bool,
    /// Values that a hidden field is filled with.
    #[serde(default)]
    pub preset_values: Vec<String>,
}

impl FormField {
    fn shown(field_id: &str, name: &str, required: bool) -> Self {
        Self {
            field_id: field_id.to_owned(),
            name: name.to_owned(),
            required,
            visible: true,
            preset_values: Vec::new(),
        }
    }
}

fn yes() -> bool {
    true
}

/// The form that a new request type begins with.
pub(crate) fn usual_fields() -> Vec<FormField> {
    vec![
        FormField::shown("summary", "Summary", true),
        FormField::shown("description", "Description", false),
    ]
}
