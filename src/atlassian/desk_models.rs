//! The parts of Jira Service Management's answers that are used, as lenient as the others.

use serde::{Deserialize, Serialize};

use super::ticket_models::FieldSchema;

/// A page of a list under `/rest/servicedeskapi`. Shorter than asked for is normal.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeskPage<T> {
    /// The entries.
    #[serde(
        default = "Vec::new",
        deserialize_with = "super::lenient::or_default",
        bound(deserialize = "T: Deserialize<'de>")
    )]
    pub values: Vec<T>,
    /// Whether it is the last page.
    pub is_last_page: Option<bool>,
    /// How many were read for the page; of those the caller may see fewer.
    pub limit: Option<usize>,
}

/// A service desk, from `/rest/servicedeskapi/servicedesk`. That it is listed does not make the
/// account its agent.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceDesk {
    /// Id of the desk.
    #[serde(deserialize_with = "super::lenient::id")]
    pub id: String,
    /// Id of its project.
    #[serde(default, deserialize_with = "super::lenient::maybe_id")]
    pub project_id: String,
    /// Key of its project.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub project_key: String,
}

impl ServiceDesk {
    /// The desk of a project, by the identifier that Jira takes for its id.
    #[must_use]
    pub fn of_project(project_id: &str) -> Self {
        Self {
            id: format!("projectId:{project_id}"),
            project_id: project_id.to_owned(),
            project_key: String::new(),
        }
    }
}

/// A request type. Restricted ones are listed to project administrators only.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RequestType {
    /// Id.
    #[serde(deserialize_with = "super::lenient::id")]
    pub id: String,
    /// Name, in the account's language.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub name: String,
    /// Portal groups; in none it is hidden in the portal.
    #[serde(default, deserialize_with = "super::lenient::maybe_ids")]
    pub group_ids: Option<Vec<String>>,
    /// Whether the account may raise a request of the type; left out at times.
    pub can_create_request: Option<bool>,
    /// The form, where the list was asked to expand it.
    pub fields: Option<Form>,
    /// OPEN or RESTRICTED.
    pub restriction_status: Option<String>,
}

/// A request, as the service desk's API shows it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerRequest {
    /// Its address in the customer portal.
    #[serde(default, rename = "_links", deserialize_with = "super::lenient::web_link")]
    pub portal_url: Option<String>,
    /// What kind of request it is.
    #[serde(default, deserialize_with = "super::lenient::or_odd")]
    pub request_type: Option<RequestType>,
}

/// Answer of `POST …/requesttype/permissions/check`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestTypePermissions {
    /// Ids of the types that the account may raise requests of.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub can_create_request: Vec<super::lenient::NumericId>,
}

/// The form of a request type, from `…/requesttype/{id}/field`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    /// Its fields; hidden ones are listed to the desk's administrators only.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub request_type_fields: Vec<FormField>,
    /// Whether the account may raise requests for others.
    pub can_raise_on_behalf_of: Option<bool>,
}

/// A field of a form.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FormField {
    /// Id of the field.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub field_id: String,
    /// Name, in the account's language.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub name: String,
    /// Whether a request needs it.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub required: bool,
    /// Whether the form shows it.
    #[serde(default = "shown", deserialize_with = "super::lenient::or_true")]
    pub visible: bool,
    /// Values that it has without anybody's doing.
    #[serde(
        default,
        deserialize_with = "super::lenient::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub default_values: Vec<serde_json::Value>,
    /// Values that the form gives it.
    #[serde(
        default,
        deserialize_with = "super::lenient::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub preset_values: Vec<serde_json::Value>,
    /// The values that it takes, where there are only some.
    #[serde(
        default,
        deserialize_with = "super::lenient::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub valid_values: Vec<serde_json::Value>,
    /// Which kind of values it takes.
    #[serde(
        default,
        deserialize_with = "super::lenient::or_default",
        skip_serializing_if = "FieldSchema::is_empty"
    )]
    pub jira_schema: FieldSchema,
}

fn shown() -> bool {
    true
}
