//! The parts of Atlassian's answers that are used. Everything that may be missing is optional,
//! unknown fields and values are normal: enums there grow without notice.

use serde::{Deserialize, Serialize};

use super::{issue_fields::IssueStatus, lenient::NumericId};

/// Answer of `/_edge/tenant_info`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TenantInfo {
    /// Id of the site.
    pub cloud_id: String,
}

/// A site that a grant reaches, from `/oauth/token/accessible-resources`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct AccessibleResource {
    /// The cloudId.
    pub id: String,
    /// Address of the site.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub url: String,
    /// Name of the site.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub name: String,
    /// Scopes granted there. The same site appears again for Confluence, with its scopes.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub scopes: Vec<String>,
}

/// Answer of `/rest/api/3/myself`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Myself {
    /// Atlassian account id.
    pub account_id: String,
    /// atlassian, app, customer or unknown.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub account_type: String,
    /// For apps: service, agent or unknown.
    pub app_type: Option<String>,
    /// Display name, chosen by the account's owner.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub display_name: String,
    /// Absent when the profile hides it.
    pub email_address: Option<String>,
    /// False once deactivated.
    #[serde(default = "yes", deserialize_with = "super::lenient::or_true")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// A person, an app or a customer, from the user searches and `/rest/api/3/user/bulk`.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Atlassian account id.
    pub account_id: String,
    /// atlassian, app, customer or unknown.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub account_type: String,
    /// Display name, chosen by the account's owner.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub display_name: String,
    /// Absent when the profile hides it.
    pub email_address: Option<String>,
    /// False once deactivated.
    #[serde(default = "yes", deserialize_with = "super::lenient::or_true")]
    pub active: bool,
}

impl User {
    /// The address, where the profile shows it: a hidden one is absent, null or empty.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.email_address.as_deref().filter(|address| !address.is_empty())
    }

    /// Whether it is a customer of service desks only, who has no place among those who work on issues.
    #[must_use]
    pub fn is_customer(&self) -> bool {
        self.account_type == "customer" || is_customer_id(&self.account_id)
    }
}

/// Whether an account id is that of somebody who only uses the customer portal.
#[must_use]
pub fn is_customer_id(account_id: &str) -> bool {
    account_id.starts_with("qm:")
}

/// A page of `/rest/api/3/user/bulk`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    /// Whether it is the last page.
    pub is_last: Option<bool>,
    /// The users.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub values: Vec<User>,
}

/// A status, from `/rest/api/3/status` or grouped by issue type from
/// `/rest/api/3/project/{projectIdOrKey}/statuses`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status {
    /// Id.
    #[serde(deserialize_with = "super::lenient::id")]
    pub id: String,
    /// Name, in the account's language.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub name: String,
}

/// An issue type of a project, with its statuses.
#[derive(Clone, Debug, Deserialize)]
pub struct IssueTypeStatuses {
    /// Id of the type.
    #[serde(default, deserialize_with = "super::lenient::maybe_id")]
    pub id: String,
    /// Name of the type, in the account's language.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub name: String,
    /// Whether it is for subtasks.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub subtask: bool,
    /// The statuses.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub statuses: Vec<IssueStatus>,
}

/// A project, from `/rest/api/3/project/search` or `/rest/api/3/project/{projectIdOrKey}`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Numeric id as text; it never changes.
    #[serde(deserialize_with = "super::lenient::id")]
    pub id: String,
    /// Key now.
    pub key: String,
    /// Name.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub name: String,
    /// software, business, `service_desk` and others.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub project_type_key: String,
    /// classic or next-gen.
    pub style: Option<String>,
    /// Archived projects carry true.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub archived: bool,
    /// Projects in the trash carry true.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub deleted: bool,
}

/// A page of `/rest/api/3/project/search`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectPage {
    /// The projects.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub values: Vec<Project>,
    /// Whether it is the last page.
    pub is_last: Option<bool>,
    /// How many there are on all pages.
    pub total: Option<usize>,
}

/// Answer of `POST /rest/api/3/permissions/check`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionGrants {
    /// Global permissions held.
    pub global_permissions: Option<Vec<String>>,
    /// One entry a permission.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub project_permissions: Vec<PermissionGrant>,
}

/// The projects in which one permission is held.
#[derive(Clone, Debug, Deserialize)]
pub struct PermissionGrant {
    /// Key of the permission.
    pub permission: String,
    /// Ids of projects.
    #[serde(default, deserialize_with = "super::lenient::or_default")]
    pub projects: Vec<NumericId>,
}
