//! The parts of Jira Service Management's answers that are used, as lenient as the others.

use serde::{Deserialize, Serialize};

/// A page of a list under `/rest/servicedeskapi`. Shorter than asked for is normal.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeskPage<T> {
    /// The entries.
    #[serde(default = "Vec::new")]
    pub values: Vec<T>,
    /// Whether it is the last page.
    #[serde(default)]
    pub is_last_page: Option<bool>,
}

/// A service desk, from `/rest/servicedeskapi/servicedesk`. That it is listed does not make the
/// account its agent.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceDesk {
    /// Id of the desk.
    pub id: String,
    /// Id of its project.
    #[serde(default)]
    pub project_id: String,
    /// Key of its project.
    #[serde(default)]
    pub project_key: String,
}

/// A request type. Restricted ones are listed to project administrators only.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RequestType {
    /// Id.
    pub id: String,
    /// Name, in the account's language.
    #[serde(default)]
    pub name: String,
    /// Portal groups; in none it is hidden in the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_ids: Option<Vec<String>>,
    /// Whether the account may raise a request of the type; left out at times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_create_request: Option<bool>,
    /// OPEN or RESTRICTED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restriction_status: Option<String>,
}

/// Answer of `POST …/requesttype/permissions/check`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestTypePermissions {
    /// Ids of the types that the account may raise requests of.
    #[serde(default)]
    pub can_create_request: Vec<super::models::NumericId>,
}

/// The form of a request type, from `…/requesttype/{id}/field`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    /// Its fields; hidden ones are listed to the desk's administrators only.
    #[serde(default)]
    pub request_type_fields: Vec<FormField>,
    /// Whether the account may raise requests for others.
    #[serde(default)]
    pub can_raise_on_behalf_of: Option<bool>,
}

/// A field of a form.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FormField {
    /// Id of the field.
    #[serde(default)]
    pub field_id: String,
    /// Name, in the account's language.
    #[serde(default)]
    pub name: String,
    /// Whether a request needs it.
    #[serde(default)]
    pub required: bool,
    /// Whether the form shows it.
    #[serde(default = "shown")]
    pub visible: bool,
    /// Values that it has without anybody's doing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_values: Vec<serde_json::Value>,
    /// Values that the form gives it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preset_values: Vec<serde_json::Value>,
}

fn shown() -> bool {
    true
}
